"""Jobs on this machine: real processes, a real MLflow store, and every way for a job to end."""

import os
import signal
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from core.errors import InvalidInputError, NotFoundError, UnavailableError
from core.labels.classes import DEFAULT_CLASSES
from core.learning.jobs import JobKind, JobRequest, JobState
from tests.mlflow_template import fresh_settings
from utils.job_folders import JobFolders, WorkerProcess
from utils.jobs_local import LocalJobs
from utils.mlflow_store import MlflowStore
from utils.settings import Settings

# An app that stops leaves its jobs running: that is the point of several tests.
pytestmark = pytest.mark.filterwarnings(r"ignore:subprocess \d+ is still running:ResourceWarning")

WORKER = (sys.executable, "-u", str(Path(__file__).with_name("waiting_job.py")))
COMMANDS = {"train": WORKER, "inference": WORKER}


def engine(settings: Settings) -> LocalJobs:
    return LocalJobs(settings, MlflowStore.from_settings(settings), commands=COMMANDS)


def request(name="A job", volume="stack", **parameters) -> JobRequest:
    return JobRequest(
        kind=JobKind.TRAIN,
        name=name,
        user="anna",
        algorithm="U-Net",
        parameters=parameters,
        volume=volume,
        data_uri="http://127.0.0.1:8000/stack",
        slices=list(range(10)),
        classes=DEFAULT_CLASSES,
    )


def wait_for(condition, *, deadline_s=180.0):
    """Poll until `condition` gives something true, and return it."""
    end = time.monotonic() + deadline_s
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return found


def reach(jobs: LocalJobs, job_id: str, state: JobState, *, deadline_s=180.0):
    """Wait for the state; workers are niced, so on a busy machine even their start takes long."""

    def reached():
        view = jobs.job(job_id)
        assert view.state is state or not view.state.ended, view
        return view if view.state is state else None

    return wait_for(reached, deadline_s=deadline_s)


def process_of(settings: Settings, job_id: str) -> WorkerProcess:
    return wait_for(lambda: JobFolders(settings.state_dir / "jobs").process(job_id))


@pytest.fixture
def settings(tmp_path):
    return fresh_settings(
        tmp_path / "state", data_tiled_api_key="secret-data-key", mask_tiled_api_key="secret-mask-key"
    )


@pytest.fixture
def jobs(settings):
    """An engine whose jobs do not outlive the test."""
    with closing(engine(settings)) as local:
        yield local
    folders = JobFolders(settings.state_dir / "jobs")
    for job_id in folders.open_jobs():
        process = folders.process(job_id)
        if process is not None:
            process.signal_group(signal.SIGKILL)


def test_a_job_runs_to_its_end_and_tells_what_it_does(jobs):
    before = time.time()
    job_id = jobs.submit(request(steps=5, wait=False))
    done = reach(jobs, job_id, JobState.DONE)
    assert (done.name, done.user, done.algorithm, done.volume) == ("A job", "anna", "U-Net", "stack")
    assert done.classes == DEFAULT_CLASSES
    assert done.slices_done == (0, 1, 2, 3, 4)
    assert done.progress == 1.0
    assert before - 1 < done.created <= done.started <= done.ended
    assert jobs.metric_history(job_id, "loss") == [(step, 1 / (step + 1)) for step in range(5)]
    assert "Step 4" in jobs.log(job_id)


def test_a_running_job_shows_its_progress(jobs):
    job_id = jobs.submit(request(steps=5, wait=True))
    view = wait_for(lambda: view if (view := jobs.job(job_id)).slices_done else None)
    assert view.state is JobState.RUNNING
    assert view.progress == pytest.approx(0.5)
    assert view.message == "Step 4"
    assert view.slices_done == (0, 1, 2, 3, 4)


@pytest.mark.alone
def test_a_running_job_is_cancelled_within_three_seconds(jobs, settings):
    job_id = jobs.submit(request(wait=True))
    reach(jobs, job_id, JobState.RUNNING)
    process = process_of(settings, job_id)
    jobs.cancel(job_id)
    reach(jobs, job_id, JobState.CANCELLED, deadline_s=3)
    wait_for(lambda: not process.alive())


def test_a_job_that_does_not_listen_is_killed(jobs, settings):
    job_id = jobs.submit(request(deaf=True, wait=True))
    wait_for(lambda: "At work" in jobs.job(job_id).message)
    jobs.cancel(job_id)
    reach(jobs, job_id, JobState.CANCELLED, deadline_s=10)
    assert not process_of(settings, job_id).alive()


def test_a_killed_job_goes_on_and_keeps_what_it_had_done(jobs, settings):
    job_id = jobs.submit(request(steps=2, wait=True))
    wait_for(lambda: jobs.job(job_id).slices_done == (0, 1))
    os.kill(process_of(settings, job_id).pid, signal.SIGKILL)
    reach(jobs, job_id, JobState.FAILED)
    jobs.resume(job_id)
    again = reach(jobs, job_id, JobState.RUNNING)
    assert (again.error, again.hint, again.ended) == ("", "", 0)
    assert again.slices_done == (0, 1)
    jobs.cancel(job_id)
    reach(jobs, job_id, JobState.CANCELLED)
    jobs.resume(job_id)
    reach(jobs, job_id, JobState.RUNNING)


def test_a_job_whose_machine_was_started_anew_goes_on_by_itself(jobs, settings, monkeypatch):
    job_id = jobs.submit(request(wait=True))
    first = process_of(settings, job_id)
    reach(jobs, job_id, JobState.RUNNING)
    monkeypatch.setattr(psutil, "boot_time", lambda: first.started + 0.001)
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: process_of(settings, job_id).pid != first.pid)
    assert reach(jobs, job_id, JobState.RUNNING).error == ""


def test_only_what_failed_or_was_cancelled_goes_on(jobs, settings):
    job_id = jobs.submit(request())
    reach(jobs, job_id, JobState.DONE)
    with pytest.raises(InvalidInputError, match="A job is done"):
        jobs.resume(job_id)
    failed = jobs.submit(request(fail="user"))
    reach(jobs, failed, JobState.FAILED)
    JobFolders(settings.state_dir / "jobs").parameters_file(failed).unlink()
    with pytest.raises(InvalidInputError, match="parameters of A job are gone"):
        jobs.resume(failed)


def test_jobs_take_turns_and_a_waiting_one_is_cancelled_without_having_run(jobs, settings):
    first, second, third = (jobs.submit(request(name=name, wait=True)) for name in ("one", "two", "three"))
    reach(jobs, first, JobState.RUNNING)
    assert jobs.job(second).state is JobState.QUEUED
    jobs.cancel(second)
    reach(jobs, second, JobState.CANCELLED)
    assert JobFolders(settings.state_dir / "jobs").process(second) is None
    jobs.cancel(first)
    reach(jobs, third, JobState.RUNNING)


def test_cancelling_a_job_that_has_ended_changes_nothing(jobs):
    job_id = jobs.submit(request())
    reach(jobs, job_id, JobState.DONE)
    jobs.cancel(job_id)
    assert jobs.job(job_id).state is JobState.DONE


def test_a_killed_worker_is_a_failed_job_with_a_sentence(jobs, settings):
    job_id = jobs.submit(request(wait=True))
    wait_for(lambda: "At work" in jobs.job(job_id).message)
    os.kill(process_of(settings, job_id).pid, signal.SIGKILL)
    failed = reach(jobs, job_id, JobState.FAILED)
    assert failed.error == "The job's process was killed (SIGKILL) before it was done."
    assert "At work" in failed.hint


def test_an_error_of_the_user_reaches_the_page_with_its_way_out(jobs):
    job_id = jobs.submit(request(fail="user"))
    failed = reach(jobs, job_id, JobState.FAILED)
    assert (failed.error, failed.hint) == ("The mask is too small.", "Paint more.")


def test_a_fault_is_one_sentence_on_the_page_and_a_traceback_in_the_log(jobs):
    job_id = jobs.submit(request(fail="fault"))
    failed = reach(jobs, job_id, JobState.FAILED)
    assert failed.error == "The job stopped because of a fault: ZeroDivisionError: by zero."
    assert "Traceback" not in failed.error + failed.hint
    assert "Traceback" in jobs.log(job_id)


def test_a_running_job_survives_a_restart_of_the_app(jobs, settings):
    job_id = jobs.submit(request(steps=2, wait=True))
    reach(jobs, job_id, JobState.RUNNING)
    process = process_of(settings, job_id)
    jobs.close()
    with closing(engine(settings)) as restarted:
        view = wait_for(lambda: view if (view := restarted.job(job_id)).slices_done else None)
        assert view.state is JobState.RUNNING
        assert process.alive()
        restarted.cancel(job_id)
        reach(restarted, job_id, JobState.CANCELLED, deadline_s=5)


def test_a_job_that_vanished_while_the_app_was_down_has_failed(jobs, settings):
    job_id = jobs.submit(request(wait=True))
    reach(jobs, job_id, JobState.RUNNING)
    process = process_of(settings, job_id)
    jobs.close()
    os.kill(process.pid, signal.SIGKILL)
    with closing(engine(settings)) as restarted:
        failed = reach(restarted, job_id, JobState.FAILED)
    assert failed.error == "The job's process ended before it was done."


def test_queued_jobs_are_taken_up_by_the_next_app_without_a_page(jobs, settings):
    first, second = jobs.submit(request(wait=True)), jobs.submit(request())
    reach(jobs, first, JobState.RUNNING)
    jobs.close()
    process_of(settings, first).signal_group(signal.SIGTERM)
    with closing(engine(settings)):
        store = MlflowStore.from_settings(settings)
        with closing(LocalJobs(settings, store, commands=COMMANDS)) as watcher:
            reach(watcher, second, JobState.DONE)


def test_two_apps_start_a_job_once_and_each_can_cancel_it(jobs, settings):
    with closing(engine(settings)) as other:
        job_id = other.submit(request(wait=True))
        jobs.jobs()
        reach(other, job_id, JobState.RUNNING)
        assert len([p for p in psutil.process_iter(["cmdline"]) if _works_on(p, job_id)]) == 1
        jobs.cancel(job_id)
        reach(other, job_id, JobState.CANCELLED, deadline_s=5)


def _works_on(process: psutil.Process, job_id: str) -> bool:
    return any(job_id in part for part in process.info["cmdline"] or ())


def test_a_number_taken_by_another_process_is_not_mistaken_for_the_worker():
    ours = WorkerProcess.of(os.getpid())
    assert ours.alive()
    assert WorkerProcess(ours.pid, ours.started - 1).alive(), "the clock was set right by a second"
    assert not WorkerProcess(ours.pid, ours.started - 5).alive()


def test_keys_reach_the_worker_by_its_environment_only(jobs, settings):
    job_id = jobs.submit(request(wait=True))
    reach(jobs, job_id, JobState.RUNNING)
    worker = psutil.Process(process_of(settings, job_id).pid)
    assert worker.environ()["DATA_TILED_API_KEY"] == "secret-data-key"
    assert not any("secret" in part for part in worker.cmdline())
    for path in (settings.state_dir / "jobs" / job_id).iterdir():
        assert "secret" not in path.read_text()


def test_jobs_are_listed_newest_first_and_by_volume(jobs):
    ids = [jobs.submit(request(volume=volume)) for volume in ("a", "b", "a")]
    assert [view.id for view in jobs.jobs("a")] == [ids[2], ids[0]]
    assert [view.id for view in jobs.jobs()] == ids[::-1]


@pytest.mark.alone
def test_listing_two_hundred_jobs_takes_under_fifty_milliseconds_in_the_mean(jobs):
    for number in range(200):
        jobs._ledger.create(request(name=f"job {number}"))
    jobs.jobs()
    began, count = time.monotonic(), 0
    while time.monotonic() - began < 2:
        assert len(jobs.jobs()) == 200
        count += 1
    assert count >= 2 / 0.050


def test_an_unnamed_job_and_one_without_slices_are_refused(jobs):
    with pytest.raises(InvalidInputError, match="no name"):
        jobs.submit(request(name=" "))
    with pytest.raises(InvalidInputError, match="no slice"):
        jobs.submit(JobRequest(**{**vars(request()), "slices": []}))


@pytest.mark.parametrize("job_id", ["0" * 32, "../../etc/passwd", ""])
def test_a_job_that_is_not_there_is_not_found(jobs, job_id):
    with pytest.raises(NotFoundError):
        jobs.job(job_id)


def test_a_broken_store_is_reported_soon(tmp_path):
    (tmp_path / "mlflow.db").write_text("this is no database" * 100)
    with closing(engine(Settings(_env_file=None, state_dir=tmp_path))) as local:
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="does not answer"):
            local.jobs()
        with pytest.raises(UnavailableError, match="does not answer"):
            local.submit(request())
        assert time.monotonic() - began < 5
