"""Starts queued jobs in turn, watches their processes, rests and stops them when asked, and closes what has ended.

Who holds which lock
--------------------
`jobs/supervisor.lock` : the one supervisor of the machine, as long as it lives; it goes with its process, however that
    ends, and another app's supervisor takes over within a second. Only its holder starts, signals and closes workers.
`mlflow.lock` : whoever creates tables or experiments; with SQLite's own write lock the supervisor takes it for the
    moment in which it stops a worker that shall rest, so that no worker rests with a lock in its hand.
Wishes (cancel, pause, another turn) are files that any process may write, without a lock; the supervisor sees them at
its next look. A job's folder is written by its worker, all but `process.json` and the turning of its log.

What a dead worker costs
------------------------
Killed at any moment, a network loses at most an epoch (`networks/interruptions.py`) and a segmentation the slices it
had in hand (`scripts/job_slices.py`); what the ledger was told stays. The job has failed with a sentence and goes on
when somebody says so - by itself when the whole machine was started anew. A dead supervisor costs nothing: workers are
in sessions of their own, outlive the app, and are found again by number and start time. A paused worker keeps its slot,
as it keeps its memory, its GPU's too: to let another job go first, cancel it and let it go on later.
"""

import logging
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial

import psutil

from core.errors import AppError, InvalidInputError, NotFoundError
from core.learning.jobs import JobState
from core.learning.verdicts import Death, Limits, Verdict, of_death, signal_name
from utils.jobs.job_folders import JobFolders
from utils.jobs.job_ledger import JobLedger
from utils.jobs.job_processes import Watch, WorkerProcess, Workshop, end_all_of
from utils.jobs.spare_worker import Taken
from utils.lookout import Lookout

LOOK_EVERY_S = 0.25  # how soon an ended process or a wish from another process is seen
MEASURE_EVERY_S = 1.0  # memory and log
KILL_AFTER_S = 2.0  # what a worker gets to leave in good order; with two looks, it is gone within three
LAST_LINES = 3
START_ANEW = "Start it anew; if that fails too, the log of the app tells more."
log = logging.getLogger(__name__)


class Supervisor:
    """A background thread; `wake` starts it, and makes it look at once.

    limits : what one job may take.
    """

    def __init__(self, folders: JobFolders, ledger: JobLedger, workshop: Workshop, limits: Limits) -> None:
        self._folders = folders
        self._ledger = ledger
        self._workshop = workshop
        self._limits = limits
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._watches: dict[str, Watch] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._told: dict[str, str] = {}
        lock = folders.root / "supervisor.lock"
        self._lookout = Lookout("job-supervisor", lock, self._look, every_s=LOOK_EVERY_S, leave=workshop.end_spare)

    def wake(self) -> None:
        """Look now."""
        self._lookout.wake()

    def stop(self) -> None:
        """Stop looking. Jobs that run go on running."""
        self._lookout.stop()
        self._children.clear()

    def _look(self) -> None:
        self._look_after_all()
        self._workshop.keep_spare()

    def _look_after_all(self) -> None:
        waiting = [job_id for job_id in self._folders.open_jobs() if not self._guarded(self._look_after, job_id)]
        for job_id, slot in zip(waiting, self._free_slots(), strict=False):
            self._guarded(partial(self._start, slot=slot), job_id)

    def _free_slots(self) -> list[int]:
        """Ascending; a GPU belongs to each, where there are some."""
        processes = [self._folders.process(job_id) for job_id in self._folders.open_jobs()]
        taken = [process.slot for process in processes if process is not None]
        free = [slot for slot in range(self._workshop.slots) if slot not in taken]
        return free[: max(0, self._workshop.slots - len(taken))]

    def _guarded(self, act: Callable[[str], bool], job_id: str) -> bool:
        """One job's trouble must not keep the others waiting; what failed is tried again at the next look."""
        try:
            return act(job_id)
        except AppError as error:
            if self._told.get(job_id) != error.message:
                log.warning("job %s: %s", job_id, error)
            self._told[job_id] = error.message
        except Exception:
            log.exception("job %s could not be looked after", job_id)
        return True

    def _look_after(self, job_id: str) -> bool:
        """One look at one open job; False when it waits for a slot."""
        process = self._folders.process(job_id)
        cancel_asked = self._folders.cancel_asked(job_id)
        if process is None and cancel_asked is None:
            return False
        if process is not None and self._alive(job_id, process):
            self._tend(job_id, process, cancel_asked)
        elif process is not None and cancel_asked is None and process.before_restart():
            self._folders.forget_process(job_id)  # it goes on where it stopped, at the next look
        else:
            self._settle(job_id, cancelled=cancel_asked is not None)
        return True

    def _start(self, job_id: str, *, slot: int) -> bool:
        try:
            self._ledger.start(job_id)
            worker = self._started(job_id, slot=slot)
        except NotFoundError:
            log.warning("job %s was deleted in MLflow", job_id)
            self._folders.close(job_id)
            return True
        except (InvalidInputError, OSError) as error:
            self._ledger.finish(job_id, JobState.FAILED, error=_why_not_started(error), hint=START_ANEW)
            self._folders.close(job_id)
            return True
        self._children[job_id] = worker.process
        mark = "" if worker.mark == job_id else worker.mark
        self._folders.set_process(job_id, WorkerProcess.of(worker.process.pid, slot=slot, mark=mark))
        return True

    def _started(self, job_id: str, *, slot: int) -> Taken:
        parameters, log_file = self._folders.parameters_file(job_id), self._folders.log_file(job_id)
        task = self._folders.task(job_id)
        return self._workshop.start(task, parameters, job_id=job_id, log=log_file, slot=slot)

    def _tend(self, job_id: str, process: WorkerProcess, cancel_asked: float | None) -> None:
        """A look at a worker that lives."""
        if cancel_asked is not None:
            _stop(process, asked=cancel_asked)
            return
        watch = self._watches[job_id] = self._watches.get(job_id) or Watch.over(process)
        if watch.look(every_s=MEASURE_EVERY_S):
            self._folders.turn_log(job_id)
            self._judge(job_id, watch)
        self._rest_or_go_on(job_id, process)

    def _judge(self, job_id: str, watch: Watch) -> None:
        """End a job that takes more than it may; what it has done stays."""
        verdict = self._limits.verdict(seconds=watch.ran_s, memory_bytes=watch.memory_bytes)
        if verdict is not None:
            self._verdicts[job_id] = verdict
            watch.process.signal_group(signal.SIGKILL)

    def _rest_or_go_on(self, job_id: str, process: WorkerProcess) -> None:
        asked, rests = self._folders.pause_asked(job_id), process.paused()
        if asked and not rests:
            self._rest(job_id, process)
        if rests and not asked:
            self._ledger.go_on(job_id)
            process.signal_group(signal.SIGCONT)

    def _rest(self, job_id: str, process: WorkerProcess) -> None:
        with self._ledger.undisturbed():
            process.signal_group(signal.SIGSTOP)
        try:
            state = self._ledger.view(job_id).state
            if state is JobState.RUNNING:
                self._ledger.pause(job_id)
        except AppError:  # tried again at the next look
            process.signal_group(signal.SIGCONT)
            raise
        if state not in (JobState.RUNNING, JobState.PAUSED):  # it was at its end already
            self._folders.ask_to_go_on(job_id)
            process.signal_group(signal.SIGCONT)

    def _alive(self, job_id: str, process: WorkerProcess) -> bool:
        child = self._children.get(job_id)
        if child is not None and child.poll() is not None:  # poll also buries it
            return False
        return process.alive()

    def _settle(self, job_id: str, *, cancelled: bool) -> None:
        """Close a job whose process is gone; one that did not write its end itself gets it now."""
        process = self._folders.process(job_id)
        end_all_of((process.mark if process is not None else "") or job_id)
        if job_id in self._children:
            self._children[job_id].wait()  # it is dead; this asks how it died
        try:
            if not self._ledger.view(job_id).state.ended:
                self._write_end(job_id, cancelled=cancelled)
        except NotFoundError:
            log.warning("job %s was deleted in MLflow", job_id)
        self._folders.close(job_id)
        for known in (self._children, self._watches, self._verdicts):
            known.pop(job_id, None)

    def _write_end(self, job_id: str, *, cancelled: bool) -> None:
        if cancelled:
            self._ledger.finish(job_id, JobState.CANCELLED)
            return
        verdict = self._verdicts.get(job_id) or of_death(self._death(job_id))
        self._ledger.finish(job_id, JobState.FAILED, error=verdict.error, hint=verdict.hint)

    def _death(self, job_id: str) -> Death:
        child, watch = self._children.get(job_id), self._watches.get(job_id)
        return Death(
            signal=signal_name(child.returncode if child is not None else None),
            peak_bytes=watch.peak_bytes if watch is not None else 0,
            machine_bytes=psutil.virtual_memory().total,
            short=watch is not None and watch.memory_was_short,
            last_lines=self._folders.log(job_id, max_lines=LAST_LINES),
        )


def _why_not_started(error: Exception) -> str:
    return error.message if isinstance(error, AppError) else f"The job could not be started: {error}."


def _stop(process: WorkerProcess, *, asked: float) -> None:
    """First ask, then insist. Asking again does no harm: the worker hears it once. One that rests must wake to hear."""
    late = time.time() - asked > KILL_AFTER_S
    process.signal_group(signal.SIGKILL if late else signal.SIGTERM)
    process.signal_group(signal.SIGCONT)
