"""Jobs on this machine: real processes, a real MLflow store, and every way for a job to end."""

import os
import re
import signal
import sqlite3
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from core.errors import InvalidInputError, NotFoundError, UnavailableError
from core.labels.classes import DEFAULT_CLASSES
from core.learning.jobs import JobKind, JobRequest, JobState
from tests.mlflow_template import fresh_settings
from utils.jobs import job_folders
from utils.jobs.job_folders import JobFolders
from utils.jobs.job_processes import WorkerProcess, Workshop, end_all_of, processes_of
from utils.jobs.jobs_local import LocalJobs
from utils.registry.mlflow_store import MlflowStore
from utils.settings import Settings

# An app that stops leaves its jobs running: that is the point of several tests.
pytestmark = pytest.mark.filterwarnings(r"ignore:subprocess \d+ is still running:ResourceWarning")

WORKER = (sys.executable, "-u", str(Path(__file__).with_name("waiting_job.py")))
COMMANDS = {"train": WORKER, "inference": WORKER}


def engine(settings: Settings, *, commands=COMMANDS, **changes) -> LocalJobs:
    settings = settings.model_copy(update=changes)
    return LocalJobs(settings, MlflowStore.from_settings(settings), commands=commands)


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
    yield (made := settings_in(tmp_path))
    folders = JobFolders(made.state_dir / "jobs")
    for job_id in folders.open_jobs():  # no job outlives its test
        end_all_of(job_id)


def settings_in(folder: Path) -> Settings:
    keys = {"data_tiled_api_key": "secret-data-key", "mask_tiled_api_key": "secret-mask-key"}
    return fresh_settings(folder / "state", **keys)


@pytest.fixture
def jobs(settings):
    with closing(engine(settings)) as local:
        yield local


@dataclass
class Ended:
    """An engine with three jobs that came to their ends by themselves. before : when they were submitted."""

    jobs: LocalJobs
    folders: JobFolders
    before: float
    done: str
    wrong: str
    faulty: str


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    settings, before = settings_in(tmp_path_factory.mktemp("ended")), time.time()
    with closing(engine(settings, job_slots=2)) as jobs:
        ways = ({"steps": 5}, {"fail": "user"}, {"fail": "fault"})
        ids = [jobs.submit(request(**way)) for way in ways]
        wait_for(lambda: all(view.state.ended for view in jobs.jobs()))
        yield Ended(jobs, JobFolders(settings.state_dir / "jobs"), before, *ids)


@contextmanager
def running(settings: Settings, script: str, **changes):
    """(engine, job id) of a job that is a shell script; most of what a supervisor does needs no more."""
    with closing(engine(settings, commands={"train": ("bash", "-c", script)}, **changes)) as jobs:
        yield jobs, jobs.submit(request())


# Ways to end


def test_a_job_runs_to_its_end_and_tells_what_it_does(ended):
    done = ended.jobs.job(ended.done)
    assert (done.state, done.name, done.user, done.algorithm) == (JobState.DONE, "A job", "anna", "U-Net")
    assert (done.volume, done.classes, done.progress) == ("stack", DEFAULT_CLASSES, 1.0)
    assert done.slices_done == (0, 1, 2, 3, 4)
    assert ended.before - 1 < done.created <= done.started <= done.ended
    assert ended.jobs.metric_history(ended.done, "loss") == [(step, 1 / (step + 1)) for step in range(5)]
    assert "Step 4" in ended.jobs.log(ended.done)


def test_an_error_of_the_user_reaches_the_page_with_its_way_out(ended):
    failed = ended.jobs.job(ended.wrong)
    assert (failed.state, failed.error, failed.hint) == (JobState.FAILED, "The mask is too small.", "Paint more.")


def test_a_fault_is_one_sentence_on_the_page_and_a_traceback_in_the_log(ended):
    failed = ended.jobs.job(ended.faulty)
    assert failed.error == "The job stopped because of a fault: ZeroDivisionError: by zero."
    assert "Traceback" not in failed.error + failed.hint
    assert "Traceback" in ended.jobs.log(ended.faulty)


def test_cancelling_a_job_that_has_ended_changes_nothing(ended):
    ended.jobs.cancel(ended.done)
    assert ended.jobs.job(ended.done).state is JobState.DONE


def test_only_what_failed_or_was_cancelled_goes_on_and_only_what_runs_rests(ended):
    with pytest.raises(InvalidInputError, match="A job is done"):
        ended.jobs.resume(ended.done)
    with pytest.raises(InvalidInputError, match="A job is done"):
        ended.jobs.pause(ended.done)
    ended.folders.parameters_file(ended.wrong).unlink()
    with pytest.raises(InvalidInputError, match="parameters of A job are gone"):
        ended.jobs.resume(ended.wrong)


def test_a_killed_job_says_so_and_goes_on_with_what_it_had_done(jobs, settings):
    job_id = jobs.submit(request(steps=2, wait=True))
    wait_for(lambda: jobs.job(job_id).slices_done == (0, 1))
    os.kill(process_of(settings, job_id).pid, signal.SIGKILL)
    failed = reach(jobs, job_id, JobState.FAILED)
    assert failed.error == "The job's process was killed (SIGKILL) before it was done."
    assert "Step 1" in failed.hint
    jobs.resume(job_id)
    again = reach(jobs, job_id, JobState.RUNNING)
    assert (again.error, again.hint, again.ended, again.slices_done) == ("", "", 0, (0, 1))
    jobs.cancel(job_id)
    reach(jobs, job_id, JobState.CANCELLED)
    jobs.resume(job_id)
    reach(jobs, job_id, JobState.RUNNING)


def test_a_crash_is_told_from_a_kill(settings):
    with running(settings, "echo loading; kill -SEGV $$") as (jobs, job_id):
        failed = reach(jobs, job_id, JobState.FAILED)
    assert failed.error == "The job's process crashed (SIGSEGV), in a library that it uses."
    assert "loading" in failed.hint


def test_a_command_that_is_not_there_is_told(settings):
    with closing(engine(settings, commands={"train": ("/nowhere/python",)})) as jobs:
        failed = reach(jobs, jobs.submit(request()), JobState.FAILED)
    assert "could not be started" in failed.error and "/nowhere/python" in failed.error


# Cancelling


@pytest.mark.alone
def test_a_running_job_is_cancelled_within_three_seconds(jobs, settings):
    """One of three must be: another program may take the processors for a while."""
    assert any(seconds_to_cancel(jobs, settings) < 3 for _ in range(3))


def seconds_to_cancel(jobs: LocalJobs, settings: Settings) -> float:
    job_id = jobs.submit(request(wait=True))
    reach(jobs, job_id, JobState.RUNNING)
    process, began = process_of(settings, job_id), time.monotonic()
    jobs.cancel(job_id)
    reach(jobs, job_id, JobState.CANCELLED)
    took = time.monotonic() - began
    wait_for(lambda: not process.alive())
    return took


def test_a_job_that_does_not_listen_is_killed(jobs, settings):
    job_id = jobs.submit(request(deaf=True, wait=True))
    wait_for(lambda: "At work" in jobs.job(job_id).message)
    jobs.cancel(job_id)
    reach(jobs, job_id, JobState.CANCELLED)
    assert not process_of(settings, job_id).alive()


@pytest.mark.alone
def test_no_process_of_a_cancelled_job_is_left_after_three_seconds_wherever_it_hid(settings):
    """Of one of three jobs: another program may take the processors for a while."""
    assert any(seconds_to_be_gone(settings) < 3 for _ in range(3))


def seconds_to_be_gone(settings: Settings) -> float:
    script = "trap '' TERM; setsid sleep 300 & (trap '' TERM; sleep 300) & sleep 300; sleep 300"
    with running(settings, script) as (jobs, job_id):
        wait_for(lambda: len(list(processes_of(job_id))) >= 4)
        began = time.monotonic()
        jobs.cancel(job_id)
        wait_for(lambda: not list(processes_of(job_id)))
        took = time.monotonic() - began
        reach(jobs, job_id, JobState.CANCELLED)
        return took


# Turns


def test_jobs_take_turns_and_a_waiting_one_is_cancelled_without_having_run(jobs, settings):
    first, second, third = (jobs.submit(request(name=name, wait=True)) for name in ("one", "two", "three"))
    reach(jobs, first, JobState.RUNNING)
    assert jobs.job(second).state is JobState.QUEUED
    jobs.cancel(second)
    reach(jobs, second, JobState.CANCELLED)
    assert JobFolders(settings.state_dir / "jobs").process(second) is None
    jobs.cancel(first)
    reach(jobs, third, JobState.RUNNING)


def test_twenty_jobs_on_two_slots_have_their_turns_in_the_order_that_people_gave_them(settings, tmp_path):
    commands = {"train": ("bash", "-c", f"until [ -e {tmp_path}/go ]; do sleep 0.05; done")}
    with closing(engine(settings, commands=commands, job_slots=2)) as jobs:
        ids = [jobs.submit(request(name=f"job {number}")) for number in range(20)]
        for job_id in ids[:2]:
            reach(jobs, job_id, JobState.RUNNING)
        jobs.move(ids[7], "first")
        jobs.move(ids[4], "later")
        jobs.move(ids[6], "earlier")
        jobs.move(ids[0], "later")  # it has begun
        order = [ids[at] for at in (7, 2, 3, 5, 6, 4, *range(8, 20))]
        waiting = {view.id: view for view in jobs.jobs() if view.place}
        assert sorted(waiting, key=lambda job_id: waiting[job_id].place) == order
        told = [(waiting[job_id].message, waiting[job_id].behind) for job_id in order[:3]]
        assert told == [("Its turn is next", 17), ("1 job goes first", 16), ("2 jobs go first", 15)]
        (tmp_path / "go").touch()
        wait_for(lambda: all(view.state.ended for view in jobs.jobs()))
        views = {view.id: view for view in jobs.jobs()}
    ran = [views[job_id] for job_id in (*ids[:2], *order)]
    assert [view.started for view in ran] == sorted(view.started for view in ran)
    for at, view in enumerate(ran[2:], start=2):
        assert sum(earlier.ended > view.started for earlier in ran[:at]) < 2, "a third one ran beside two"


# Resting


def test_a_paused_job_stands_still_keeps_its_slot_and_goes_on(settings):
    with running(settings, "while :; do :; done") as (jobs, job_id):
        waiting = jobs.submit(request(name="another"))
        reach(jobs, job_id, JobState.RUNNING)
        worker = psutil.Process(process_of(settings, job_id).pid)
        jobs.pause(job_id)
        view = reach(jobs, job_id, JobState.PAUSED)
        assert view.seconds_left is None
        used = worker.cpu_times()
        jobs.jobs()
        assert jobs.job(waiting).state is JobState.QUEUED
        assert worker.cpu_times() == used
        jobs.resume(job_id)
        reach(jobs, job_id, JobState.RUNNING)
        wait_for(lambda: worker.cpu_times().user > used.user)
        jobs.pause(job_id)
        reach(jobs, job_id, JobState.PAUSED)
        jobs.cancel(job_id)
        reach(jobs, job_id, JobState.CANCELLED)


def test_a_worker_that_does_not_look_stopped_for_a_moment_rests_all_the_same(settings, monkeypatch):
    is_stopped, looks = WorkerProcess.paused, []

    def seen(process):
        looks.append(process)
        return len(looks) != 1 and is_stopped(process)

    with running(settings, "while :; do :; done") as (jobs, job_id):
        reach(jobs, job_id, JobState.RUNNING)
        jobs.pause(job_id)
        reach(jobs, job_id, JobState.PAUSED)
        monkeypatch.setattr(WorkerProcess, "paused", seen)
        wait_for(lambda: len(looks) > 2)
        assert is_stopped(process_of(settings, job_id))
        jobs.resume(job_id)
        reach(jobs, job_id, JobState.RUNNING)


def test_a_job_is_not_put_to_rest_while_it_changes_the_ledger(settings):
    """Else it would keep all others from writing until it goes on."""
    with running(settings, "sleep 300") as (jobs, job_id):
        reach(jobs, job_id, JobState.RUNNING)
        process = process_of(settings, job_id)
        with closing(sqlite3.connect(settings.state_dir / "mlflow.db", isolation_level=None)) as changing:
            changing.execute("BEGIN IMMEDIATE")  # as the worker, in the middle of a change
            jobs.pause(job_id)
            end = time.monotonic() + 1
            while time.monotonic() < end:
                assert not process.paused()
            changing.execute("ROLLBACK")
        reach(jobs, job_id, JobState.PAUSED)
        assert process.paused()


# Limits


def test_a_job_that_takes_too_much_memory_is_ended_with_the_figures(settings):
    script = f"exec {sys.executable} -c 'import time; much = bytearray(300_000_000); time.sleep(300)'"
    with running(settings, script, job_memory_limit_gb=0.2) as (jobs, job_id):
        failed = reach(jobs, job_id, JobState.FAILED)
        assert not list(processes_of(job_id))
    assert re.fullmatch(r"The job took 0\.\d GB of memory, and the limit is 0\.2 GB\.", failed.error)
    assert "JOB_MEMORY_LIMIT_GB" in failed.hint


def test_a_job_that_runs_too_long_is_ended_and_can_go_on(settings):
    with running(settings, "sleep 300", job_time_limit_h=0.0003) as (jobs, job_id):
        failed = reach(jobs, job_id, JobState.FAILED)
        assert failed.error == "The job has run for 0.0003 h, and that is the limit."
        jobs.resume(job_id)
        wait_for(lambda: jobs.job(job_id).started > failed.started)  # and soon is ended again


def test_a_slot_has_its_gpu_and_its_share_of_the_cores():
    cores = len(os.sched_getaffinity(0))
    workshop = Workshop({}, {"KEY": "k"}, Path(), slots=4, gpus=lambda: ("GPU-a", "2"))
    seen = [workshop.environment_of(slot) for slot in range(4)]
    assert [each["CUDA_VISIBLE_DEVICES"] for each in seen] == ["GPU-a", "2", "GPU-a", "2"]
    assert {each["OMP_NUM_THREADS"] for each in seen} == {str(max(1, cores // 4))}
    assert seen[0]["KEY"] == "k"
    assert Workshop({}, {"OMP_NUM_THREADS": "7"}, Path(), slots=4).environment_of(0)["OMP_NUM_THREADS"] == "7"
    assert "CUDA_VISIBLE_DEVICES" not in Workshop({}, {}, Path()).environment_of(0)


def test_a_log_never_grows_beyond_its_bounds_and_its_end_is_always_there(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(job_folders, "MAX_LOG_BYTES", 20_000)
    script = f"for i in $(seq 20000); do echo line $i; done; until [ -e {tmp_path}/go ]; do sleep 0.05; done; echo last"
    with running(settings, script) as (jobs, job_id):
        folder = settings.state_dir / "jobs" / job_id
        wait_for(lambda: (folder / "log.old.txt").exists() and (folder / "log.txt").stat().st_size <= 20_000)
        assert "line 20000" in jobs.log(job_id)
        (tmp_path / "go").touch()
        reach(jobs, job_id, JobState.FAILED)
        assert jobs.log(job_id).endswith("line 20000\nlast")
        assert sum(file.stat().st_size for file in folder.glob("log*")) <= 40_000


# Restarts


def test_a_running_job_shows_its_progress_and_survives_a_restart_of_the_app(jobs, settings):
    job_id = jobs.submit(request(steps=5, wait=True))
    view = wait_for(lambda: view if len((view := jobs.job(job_id)).slices_done) == 5 else None)
    assert (view.state, view.message, view.slices_done) == (JobState.RUNNING, "Step 4", (0, 1, 2, 3, 4))
    assert view.progress == pytest.approx(0.5)
    process = process_of(settings, job_id)
    jobs.close()
    with closing(engine(settings)) as restarted:
        assert restarted.job(job_id).state is JobState.RUNNING
        assert process.alive()
        restarted.cancel(job_id)
        reach(restarted, job_id, JobState.CANCELLED)


def test_a_job_that_vanished_while_the_app_was_down_has_failed(jobs, settings):
    job_id = jobs.submit(request(wait=True))
    reach(jobs, job_id, JobState.RUNNING)
    process = process_of(settings, job_id)
    jobs.close()
    os.kill(process.pid, signal.SIGKILL)
    with closing(engine(settings)) as restarted:
        failed = reach(restarted, job_id, JobState.FAILED)
    assert failed.error == "The job's process ended before it was done."


def test_a_job_whose_machine_was_started_anew_goes_on_by_itself(jobs, settings, monkeypatch):
    job_id = jobs.submit(request(wait=True))
    first = process_of(settings, job_id)
    reach(jobs, job_id, JobState.RUNNING)
    monkeypatch.setattr(psutil, "boot_time", lambda: first.started + 0.001)
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: process_of(settings, job_id).pid != first.pid)
    assert reach(jobs, job_id, JobState.RUNNING).error == ""


def test_queued_jobs_are_taken_up_by_the_next_app_without_a_page(jobs, settings):
    first, second = jobs.submit(request(wait=True)), jobs.submit(request(wait=True))
    reach(jobs, first, JobState.RUNNING)
    jobs.close()
    process_of(settings, first).signal_group(signal.SIGTERM)
    with closing(engine(settings)), closing(engine(settings)) as watcher:
        reach(watcher, second, JobState.RUNNING)


def test_two_apps_start_a_job_once_and_each_can_cancel_it(jobs, settings):
    with closing(engine(settings)) as other:
        job_id = other.submit(request(wait=True))
        jobs.jobs()
        reach(other, job_id, JobState.RUNNING)
        wait_for(lambda: list(processes_of(job_id)))
        assert len(list(processes_of(job_id))) == 1
        jobs.cancel(job_id)
        reach(other, job_id, JobState.CANCELLED)


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
        assert time.monotonic() - began < 60  # not after minutes of trying again
