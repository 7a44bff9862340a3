"""Starts queued jobs in order, watches their processes, stops those that were cancelled, and closes what has ended.

One supervisor works a machine, whichever process holds the lock; the others wait to take over. A job's process is in a
session of its own, so it outlives the app; the next supervisor finds it again by its number and start time.
"""

import fcntl
import json
import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from core.errors import AppError, NotFoundError
from core.learning.jobs import JobState
from utils.job_folders import JobFolders, WorkerProcess
from utils.job_ledger import JobLedger

LOOK_EVERY_S = 0.25  # how soon an ended process or a wish to cancel from another process is seen
TAKE_OVER_EVERY_S = 1.0
KILL_AFTER_S = 3.0  # what a worker gets to leave in good order
LAST_LINES = 3
log = logging.getLogger(__name__)


class Supervisor:
    """A background thread; `wake` starts it, and makes it look at once.

    commands : by task name, what runs a parameter file. environment : of the workers; carries the keys.
    slots : jobs that run at the same time.
    """

    def __init__(
        self,
        folders: JobFolders,
        ledger: JobLedger,
        *,
        commands: Mapping[str, Sequence[str]],
        environment: Mapping[str, str],
        working_folder: Path,
        slots: int,
    ) -> None:
        self._folders = folders
        self._ledger = ledger
        self._commands = commands
        self._environment = environment
        self._working_folder = working_folder
        self._slots = slots
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._told: dict[str, str] = {}
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._look = threading.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look now; starts the thread when there is none (any more, after a fork)."""
        with self._starting:
            if not self._stopping and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, name="job-supervisor", daemon=True)
                self._thread.start()
        self._look.set()

    def stop(self) -> None:
        """End the thread and give the lock back. Jobs that run go on running."""
        self._stopping = True
        self._look.set()
        if self._thread is not None:
            self._thread.join()
        self._children.clear()

    def _run(self) -> None:
        self._folders.root.mkdir(parents=True, exist_ok=True)
        with (self._folders.root / "supervisor.lock").open("w") as lock:
            while not self._stopping and not _taken(lock):
                self._pause(TAKE_OVER_EVERY_S)
            while not self._stopping:
                self._look_after_all()
                self._pause(LOOK_EVERY_S)

    def _pause(self, seconds: float) -> None:
        self._look.wait(seconds)
        self._look.clear()

    def _look_after_all(self) -> None:
        waiting = [job_id for job_id in self._folders.open_jobs() if not self._guarded(self._look_after, job_id)]
        free = self._slots - (len(self._folders.open_jobs()) - len(waiting))
        for job_id in waiting[: max(0, free)]:
            self._guarded(self._start, job_id)

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
            if cancel_asked is not None:
                _stop(process, asked=cancel_asked)
        elif process is not None and cancel_asked is None and process.before_restart():
            self._folders.forget_process(job_id)  # it goes on where it stopped, at the next look
        else:
            self._settle(job_id, cancelled=cancel_asked is not None)
        return True

    def _start(self, job_id: str) -> bool:
        try:
            child = self._spawn(job_id)
        except OSError as error:
            self._ledger.finish(job_id, JobState.FAILED, error=f"The job could not be started: {error}.")
            self._folders.close(job_id)
            return True
        self._children[job_id] = child
        self._folders.set_process(job_id, WorkerProcess.of(child.pid))
        return True

    def _spawn(self, job_id: str) -> "subprocess.Popen[bytes]":
        parameters = self._folders.parameters_file(job_id)
        task = json.loads(parameters.read_text())["task_name"]
        with self._folders.log_file(job_id).open("ab") as output:
            return subprocess.Popen(
                [*self._commands[task], str(parameters)],
                cwd=self._working_folder,
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _alive(self, job_id: str, process: WorkerProcess) -> bool:
        child = self._children.get(job_id)
        if child is not None and child.poll() is not None:  # poll also buries it
            return False
        return process.alive()

    def _settle(self, job_id: str, *, cancelled: bool) -> None:
        """Close a job whose process is gone; one that did not write its end itself gets it now."""
        if job_id in self._children:
            self._children[job_id].wait()  # it is dead; this asks how it died
        try:
            if not self._ledger.view(job_id).state.ended:
                self._write_end(job_id, cancelled=cancelled)
        except NotFoundError:
            log.warning("job %s was deleted in MLflow", job_id)
        self._folders.close(job_id)
        self._children.pop(job_id, None)

    def _write_end(self, job_id: str, *, cancelled: bool) -> None:
        if cancelled:
            self._ledger.finish(job_id, JobState.CANCELLED)
            return
        child = self._children.get(job_id)
        last_lines = self._folders.log(job_id, max_lines=LAST_LINES)
        self._ledger.finish(
            job_id,
            JobState.FAILED,
            error=_what_happened(child.returncode if child is not None else None),
            hint=f"Run it again with fewer or smaller slices if memory ran out. The log ends with: {last_lines or '-'}",
        )


def _what_happened(returncode: int | None) -> str:
    if returncode is None or returncode >= 0:
        return "The job's process ended before it was done."
    return f"The job's process was killed ({signal.Signals(-returncode).name}) before it was done."


def _stop(process: WorkerProcess, *, asked: float) -> None:
    """First ask, then insist. Asking again does no harm: the worker hears it once."""
    late = time.time() - asked > KILL_AFTER_S
    process.signal_group(signal.SIGKILL if late else signal.SIGTERM)


def _taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
