"""The job queue on disk: a folder a job, and a note for each job that has not ended.

    jobs/<id>/parameters.json   what to do
    jobs/<id>/log.txt           what the process said
    jobs/<id>/process.json      which process does it
    jobs/<id>/cancel            somebody asked it to stop
    jobs/<id>/preview.png       how a training does, see `core/learning/preview.py`
    jobs/<id>/training.kept     how far a network has learned, until its model is registered
    jobs/open/<time>-<id>       not ended yet, in the order of arrival

Any process may add and cancel; only the supervisor starts and closes. Looking at an idle queue costs one listing.
"""

import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from core.errors import NotFoundError

PREVIEW_FILE = "preview.png"
TRAINING_FILE = "training.kept"
PROCESS_FILE = "process.json"
CANCEL_FILE = "cancel"
CLOCK_SHIFT_S = 2.0  # start times follow the clock of the machine, which is set right now and then
_ID = re.compile(r"[0-9a-f]{32}")
_TAIL_BYTES_PER_LINE = 500


@dataclass(frozen=True)
class WorkerProcess:
    """A process that cannot be mistaken for a later one with the same number. started : POSIX seconds."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "WorkerProcess":
        return cls(pid, psutil.Process(pid).create_time())

    def alive(self) -> bool:
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.started) < CLOCK_SHIFT_S
            return is_same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def before_restart(self) -> bool:
        """Whether the machine has been started since; then nobody is to blame that the process is gone."""
        return self.started < psutil.boot_time()

    def signal_group(self, number: int) -> None:
        """Send a signal to the process and all it started; no effect when it is gone."""
        if self.alive():
            os.killpg(self.pid, number)


class JobFolders:
    """root : the folder that holds all jobs. Building it touches nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(self, job_id: str, parameters: Mapping[str, Any]) -> None:
        """Write the parameter file, then queue the job."""
        folder = self.folder(job_id)
        folder.mkdir(parents=True)
        _write(folder / "parameters.json", json.dumps(parameters, indent=1))
        self._queue(job_id)

    def reopen(self, job_id: str) -> None:
        """Queue a job again, behind those that wait; nobody works on it, and nobody wants it cancelled."""
        self.forget_process(job_id)
        (self.folder(job_id) / CANCEL_FILE).unlink(missing_ok=True)
        self._queue(job_id)

    def _queue(self, job_id: str) -> None:
        self._open.mkdir(exist_ok=True)
        (self._open / f"{time.time_ns():020d}-{job_id}").touch()

    def open_jobs(self) -> list[str]:
        """Ids of the jobs that have not ended, first come first."""
        try:
            return [name.partition("-")[2] for name in sorted(os.listdir(self._open))]
        except FileNotFoundError:
            return []

    def close(self, job_id: str) -> None:
        for note in self._open.glob(f"*-{job_id}"):
            note.unlink(missing_ok=True)

    def preview(self, job_id: str) -> bytes:
        """The newest picture of a training; raises NotFoundError when there is none."""
        try:
            return (self.folder(job_id) / PREVIEW_FILE).read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError("This job has no picture (yet).", "Trainings of networks have one.") from error

    def folder(self, job_id: str) -> Path:
        """Raises NotFoundError for what cannot be a job's id, such as a path."""
        if not _ID.fullmatch(job_id):
            raise NotFoundError(f"{job_id!r} is not a job.", "Choose one from the list.")
        return self.root / job_id

    def parameters_file(self, job_id: str) -> Path:
        return self.folder(job_id) / "parameters.json"

    def log_file(self, job_id: str) -> Path:
        return self.folder(job_id) / "log.txt"

    def process(self, job_id: str) -> WorkerProcess | None:
        """Who works on the job; None when nobody was started."""
        try:
            return WorkerProcess(**json.loads((self.folder(job_id) / PROCESS_FILE).read_text()))
        except FileNotFoundError:
            return None

    def set_process(self, job_id: str, process: WorkerProcess) -> None:
        _write(self.folder(job_id) / PROCESS_FILE, json.dumps(asdict(process)))

    def forget_process(self, job_id: str) -> None:
        (self.folder(job_id) / PROCESS_FILE).unlink(missing_ok=True)

    def ask_to_cancel(self, job_id: str) -> None:
        if job_id in self.open_jobs():
            (self.folder(job_id) / CANCEL_FILE).touch()

    def cancel_asked(self, job_id: str) -> float | None:
        """When somebody asked, in POSIX seconds, or None."""
        try:
            return (self.folder(job_id) / CANCEL_FILE).stat().st_mtime
        except FileNotFoundError:
            return None

    def log(self, job_id: str, *, max_lines: int) -> str:
        """The end of the log; empty when there is none yet."""
        try:
            with self.log_file(job_id).open("rb") as log:
                log.seek(0, os.SEEK_END)
                log.seek(max(0, log.tell() - max_lines * _TAIL_BYTES_PER_LINE))
                lines = log.read().decode(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-max_lines:])

    @property
    def _open(self) -> Path:
        return self.root / "open"


def _write(path: Path, text: str) -> None:
    """Whole or not at all, whenever the machine stops."""
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)
