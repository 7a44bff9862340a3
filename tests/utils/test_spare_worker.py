"""A worker that is ready before its job: what it does with one, and what becomes of it without."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from core.learning.jobs import JobState
from scripts.spare_worker import READY
from tests.mlflow_template import fresh_settings
from tests.utils.test_jobs_local import process_of, reach, request, wait_for
from utils.jobs import jobs_local
from utils.jobs.job_folders import JobFolders
from utils.jobs.job_processes import Watch, WorkerProcess, end_all_of, processes_of
from utils.jobs.jobs_local import LocalJobs
from utils.registry.mlflow_store import MlflowStore
from utils.settings import ROOT

pytestmark = pytest.mark.filterwarnings(r"ignore:subprocess \d+ is still running:ResourceWarning")
SPARE = (sys.executable, "-u", str(Path(__file__).with_name("waiting_spare.py")))


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs_local, "SPARE", SPARE)
    yield (made := fresh_settings(tmp_path / "state", job_spare=True))
    folders = JobFolders(made.state_dir / "jobs")
    for job_id in folders.open_jobs():
        process = folders.process(job_id)
        end_all_of(process.mark if process else job_id)


def engine(settings) -> LocalJobs:
    return LocalJobs(settings, MlflowStore.from_settings(settings))


def waiting_of(jobs: LocalJobs) -> psutil.Process:
    """The worker that waits, as soon as there is one."""
    jobs.jobs()  # as a page does
    found = wait_for(lambda: jobs._supervisor._workshop.spare._waiting)
    return psutil.Process(found.process.pid)


def test_a_job_is_done_by_the_worker_that_waited_and_the_next_one_waits_already(settings):
    with closing(engine(settings)) as jobs:
        waited = waiting_of(jobs)
        job_id = jobs.submit(request(steps=2, wait=True))
        wait_for(lambda: jobs.job(job_id).slices_done == (0, 1))
        process = process_of(settings, job_id)
        assert process.pid == waited.pid and waited.nice() == 5
        assert "Step 1" in jobs.log(job_id)
        assert waiting_of(jobs).pid != waited.pid
        jobs.pause(job_id)
        reach(jobs, job_id, JobState.PAUSED)
        jobs.resume(job_id)
        reach(jobs, job_id, JobState.RUNNING)
        jobs.cancel(job_id)
        reach(jobs, job_id, JobState.CANCELLED)
        wait_for(lambda: not list(processes_of(process.mark)))


def test_the_time_it_waited_is_not_the_jobs():
    ours = WorkerProcess.of(os.getpid())
    assert time.time() - ours.started > 1 > Watch.over(ours).ran_s


def test_it_ends_with_the_app_but_a_job_that_has_begun_goes_on(settings):
    jobs = engine(settings)
    waiting_of(jobs)
    job_id = jobs.submit(request(steps=1, wait=True))
    wait_for(lambda: jobs.job(job_id).slices_done)
    waited = waiting_of(jobs)
    jobs.close()
    assert not waited.is_running()
    with closing(engine(settings)) as restarted:
        assert process_of(settings, job_id).alive()
        restarted.cancel(job_id)
        reach(restarted, job_id, JobState.CANCELLED)


def test_one_that_died_while_it_waited_costs_the_job_nothing_but_its_imports(settings):
    with closing(engine(settings)) as jobs:
        waited = waiting_of(jobs)
        waited.send_signal(signal.SIGKILL)
        waited.wait(timeout=240)
        job_id = jobs.submit(request())
        assert process_of(settings, job_id).mark == ""
        jobs.cancel(job_id)
        reach(jobs, job_id, JobState.CANCELLED)


def test_the_end_of_its_input_ends_it():
    command = (sys.executable, "-u", "scripts/spare_worker.py")
    ended = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=240)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{READY}\n".encode(), b"")
