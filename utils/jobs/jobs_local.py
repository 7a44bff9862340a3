"""Jobs on this machine: each a process of its own, its ledger an MLflow run, its queue a folder.

Submitting and cancelling may happen in any process of the app. `job_supervisor.py` starts and stops the
processes; `scripts/train.py` and `scripts/predict.py` are what they run.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from core.errors import InvalidInputError, UnavailableError
from core.learning.jobs import JobRequest, JobState, JobView, Way, in_line, moved, new_parameters
from core.learning.verdicts import Limits
from utils.jobs.gpus import gpus
from utils.jobs.job_folders import JobFolders
from utils.jobs.job_ledger import JobLedger
from utils.jobs.job_processes import Workshop
from utils.jobs.job_supervisor import Supervisor
from utils.jobs.spare_worker import SpareWorker
from utils.registry.mlflow_store import MlflowStore, Recent
from utils.settings import ROOT, Settings

COMMANDS = {
    "train": (sys.executable, "-u", "scripts/train.py"),
    "inference": (sys.executable, "-u", "scripts/predict.py"),
    "export": (sys.executable, "-u", "scripts/export_job.py"),
}
SPARE = (sys.executable, "-u", "scripts/spare_worker.py")
SPARE_LOG = "spare.log"
SETTLED_WITHIN_S = 10.0
KEEP_S = 0.5  # the page asks every second, in several tabs


class LocalJobs:
    """The `JobEngine` of one machine. Building it contacts nobody; jobs left over are looked after at once.

    commands : by task name, what runs a parameter file. Only the usual ones can be made ready before a job is there.
    """

    def __init__(
        self, settings: Settings, store: MlflowStore, *, commands: Mapping[str, Sequence[str]] = COMMANDS
    ) -> None:
        self._results_uri = settings.seg_tiled_uri
        self._ledger = JobLedger(store)
        self._folders = JobFolders(settings.state_dir / "jobs")
        self._recent = Recent(self._ledger.views, keep_s=KEEP_S)
        self._keeps_spare = settings.job_spare and commands is COMMANDS
        limits = Limits(settings.job_time_limit_h, settings.job_memory_limit_gb)
        self._supervisor = Supervisor(self._folders, self._ledger, self._workshop(settings, commands), limits)
        self._look_after_open_jobs()

    def _workshop(self, settings: Settings, commands: Mapping[str, Sequence[str]]) -> Workshop:
        devices = partial(gpus, settings.job_device)
        workshop = Workshop(commands, settings.environment(), ROOT, settings.job_slots, devices)
        if not self._keeps_spare:
            return workshop
        spare = SpareWorker(SPARE, workshop.environment_of(0), ROOT, self._folders.root / SPARE_LOG)
        return replace(workshop, spare=spare)

    def submit(self, request: JobRequest) -> str:
        """Queue a job and return its id.

        Raises
        ------
        InvalidInputError
            If the job has no name or no slice.
        UnavailableError
            If the ledger does not answer or the disk refuses.
        """
        job_id = queued(request, self._ledger, self._folders, results_uri=self._results_uri)
        self._changed()
        return job_id

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop; its state becomes CANCELLED within seconds. No effect on one that has ended."""
        self._folders.ask_to_cancel(job_id)
        self._changed()

    def pause(self, job_id: str) -> None:
        """Let a running job rest: it takes no processor time, and keeps its memory, its GPU's too, and its slot.

        Raises InvalidInputError for a job in another state.
        """
        view = self.fresh(job_id)
        if view.state is not JobState.RUNNING:
            raise InvalidInputError(f"{view.name} is {view.state.value}.", "Only a job that runs can rest.")
        self._folders.ask_to_pause(job_id)
        self._changed()

    def resume(self, job_id: str) -> None:
        """Let a paused job go on, or queue one again that failed or was cancelled.

        Raises InvalidInputError for any other, or one whose parameter file is gone.
        """
        view = self.fresh(job_id)
        if self._folders.pause_asked(job_id) and not view.state.ended:
            self._folders.ask_to_go_on(job_id)
        else:
            self._queue_again(view)
        self._changed()

    def _queue_again(self, view: JobView) -> None:
        if not view.state.resumable:
            raise InvalidInputError(
                f"{view.name} is {view.state.value}.", "Only what failed, was cancelled or rests goes on."
            )
        if not self._folders.parameters_file(view.id).exists():
            raise InvalidInputError(f"The parameters of {view.name} are gone.", "Start it anew.")
        wait_until_settled(view, self._folders, self._supervisor.wake)
        self._ledger.reopen(view.id)
        self._folders.reopen(view.id)

    def move(self, job_id: str, way: Way) -> None:
        """Give a waiting job another turn. No effect on one that does not wait."""
        queue = self._folders.waiting()
        if job_id in queue:
            self._folders.arrange(moved(queue, job_id, way))
        self._changed()

    def jobs(self, volume: str | None = None) -> list[JobView]:
        """Newest first; of one volume, or all."""
        self._look_after_open_jobs()
        if self._keeps_spare:  # somebody has the page open
            self._supervisor.wake()
        views = in_line(self._recent.get(), self._folders.open_jobs())
        return [view for view in views if volume in (None, view.volume)]

    def job(self, job_id: str) -> JobView:
        """Raises NotFoundError."""
        for view in self._recent.get():
            if view.id == job_id:
                return view
        self._folders.folder(job_id)  # says "not a job" for what MLflow would call a malformed request
        return self._ledger.view(job_id)

    def fresh(self, job_id: str) -> JobView:
        """The job as it is this moment, not half a second ago. Raises NotFoundError."""
        self.forget()
        return self.job(job_id)

    def forget(self) -> None:
        """The next question after jobs is answered by the ledger."""
        self._recent.forget()

    def log(self, job_id: str, *, max_lines: int = 200) -> str:
        """The end of the job's log."""
        return self._folders.log(job_id, max_lines=max_lines)

    def metric_history(self, job_id: str, name: str) -> list[tuple[int, float]]:
        """(step, value) pairs, e.g. of "loss"."""
        self._folders.folder(job_id)
        return self._ledger.metric_history(job_id, name)

    def preview(self, job_id: str) -> bytes:
        """The newest picture of a training, a PNG. Raises NotFoundError when there is none."""
        return self._folders.preview(job_id)

    def close(self) -> None:
        """Stop looking after jobs; those that run go on."""
        self._supervisor.stop()

    def _changed(self) -> None:
        self.forget()
        self._supervisor.wake()

    def _look_after_open_jobs(self) -> None:
        if self._folders.open_jobs():
            self._supervisor.wake()


def queued(request: JobRequest, ledger: JobLedger, folders: JobFolders, *, results_uri: str) -> str:
    """Open the run of a new job and queue it; raises as `LocalJobs.submit`."""
    _check(request)
    job_id = ledger.create(request)
    try:
        folders.add(job_id, new_parameters(request, job_id=job_id, results_uri=results_uri))
    except OSError as error:
        folders.close(job_id)
        trouble = UnavailableError(f"The job cannot be written to disk: {error.strerror}.", "Free some space.")
        ledger.finish(job_id, JobState.FAILED, error=trouble.message, hint=trouble.hint)
        raise trouble from error
    return job_id


def wait_until_settled(view: JobView, folders: JobFolders, wake: Callable[[], None]) -> None:
    """The end of a job is written before it is closed; two must never work on one job."""
    end = time.monotonic() + SETTLED_WITHIN_S
    while view.id in folders.open_jobs():
        if time.monotonic() > end:
            raise UnavailableError(f"{view.name} is still coming to its end.", "Try again in a few seconds.")
        wake()
        time.sleep(0.05)


def _check(request: JobRequest) -> None:
    if not request.name.strip():
        raise InvalidInputError("The job has no name.", "Give it one, so that you find it again.")
    if not request.slices:
        raise InvalidInputError("There is no slice to work on.", "Choose at least one.")
