"""The job queue on disk: a folder a job, and a note for each job that has not ended.

    jobs/<id>/parameters.json   what to do
    jobs/<id>/log.txt           what the process said; log.old.txt: what it said before that
    jobs/<id>/process.json      which process does it
    jobs/<id>/cancel            somebody asked it to stop
    jobs/<id>/pause             somebody asked it to rest
    jobs/<id>/preview.png       how a training does, see `core/learning/preview.py`
    jobs/<id>/training.kept     how far a network has learned, until its model is registered
    jobs/open/<number>-<id>     not ended yet, in the order of their turns; the number is the time of arrival, at first

Any process may add, cancel, pause and arrange; only the supervisor starts and closes. Looking at an idle queue costs
one listing.
"""

import contextlib
import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import InvalidInputError, NotFoundError
from utils.jobs.job_processes import WorkerProcess

PREVIEW_FILE = "preview.png"
TRAINING_FILE = "training.kept"
PROCESS_FILE = "process.json"
CANCEL_FILE = "cancel"
PAUSE_FILE = "pause"
LOG_FILE, OLD_LOG_FILE = "log.txt", "log.old.txt"
MAX_LOG_BYTES = 4 << 20  # of each of the two
_ID = re.compile(r"[0-9a-f]{32}")
_TAIL_BYTES_PER_LINE = 500


class JobFolders:
    """root : the folder that holds all jobs. Building it touches nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(self, job_id: str, parameters: Mapping[str, Any]) -> None:
        """Write the parameter file, then queue the job."""
        folder = self.folder(job_id)
        folder.mkdir(parents=True)
        write_whole(folder / "parameters.json", json.dumps(parameters, indent=1))
        self._queue(job_id)

    def reopen(self, job_id: str) -> None:
        """Queue a job again, behind those that wait; nobody works on it, and nobody wants it cancelled."""
        self.forget_process(job_id)
        for wish in (CANCEL_FILE, PAUSE_FILE):
            (self.folder(job_id) / wish).unlink(missing_ok=True)
        self._queue(job_id)

    def _queue(self, job_id: str) -> None:
        self._open.mkdir(exist_ok=True)
        (self._open / f"{time.time_ns():020d}-{job_id}").touch()

    def open_jobs(self) -> list[str]:
        """Ids of the jobs that have not ended, in the order of their turns."""
        return [job_id for _, job_id in self._notes()]

    def waiting(self) -> list[str]:
        """Those of them that nobody works on."""
        return [job_id for job_id in self.open_jobs() if self.process(job_id) is None]

    def arrange(self, order: Sequence[str]) -> None:
        """Let jobs take their turns in this order, on the places that they have now; others keep theirs.

        One that has begun or ended meanwhile is left out. A job has one note at any moment.
        """
        numbers = {job_id: number for number, job_id in self._notes()}
        moving = [job_id for job_id in order if job_id in numbers]
        free = -1
        for job_id, number in zip(moving, sorted(numbers[each] for each in moving), strict=True):
            free = max(free + 1, number)
            self._renumber(job_id, numbers[job_id], free)

    def _renumber(self, job_id: str, old: int, new: int) -> None:
        note = self._open / f"{old:020d}-{job_id}"
        with contextlib.suppress(FileNotFoundError):  # it was closed in between
            note.rename(self._open / f"{new:020d}-{job_id}")

    def _notes(self) -> list[tuple[int, str]]:
        """(number, job id), ascending."""
        try:
            notes = sorted(os.listdir(self._open))
        except FileNotFoundError:
            return []
        return [(int(number), job_id) for number, _, job_id in (note.partition("-") for note in notes)]

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

    def holds(self, job_id: str) -> bool:
        """Whether the job is one of these."""
        return bool(_ID.fullmatch(job_id)) and self.parameters_file(job_id).exists()

    def task(self, job_id: str) -> str:
        """What the parameter file asks for; raises InvalidInputError when that cannot be told."""
        try:
            return str(json.loads(self.parameters_file(job_id).read_text())["task_name"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InvalidInputError("The job's parameter file cannot be read.", "Start it anew.") from error

    def log_file(self, job_id: str) -> Path:
        return self.folder(job_id) / LOG_FILE

    def turn_log(self, job_id: str) -> None:
        """Begin a new log when this one is long; the one before stays. The process goes on writing, none the wiser."""
        log = self.log_file(job_id)
        if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
            with log.open("rb") as whole:
                whole.seek(-MAX_LOG_BYTES, os.SEEK_END)
                (self.folder(job_id) / OLD_LOG_FILE).write_bytes(whole.read())
            os.truncate(log, 0)

    def process(self, job_id: str) -> WorkerProcess | None:
        """Who works on the job; None when nobody was started."""
        try:
            return WorkerProcess(**json.loads((self.folder(job_id) / PROCESS_FILE).read_text()))
        except FileNotFoundError:
            return None

    def set_process(self, job_id: str, process: WorkerProcess) -> None:
        write_whole(self.folder(job_id) / PROCESS_FILE, json.dumps(asdict(process)))

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

    def ask_to_pause(self, job_id: str) -> None:
        (self.folder(job_id) / PAUSE_FILE).touch()

    def ask_to_go_on(self, job_id: str) -> None:
        (self.folder(job_id) / PAUSE_FILE).unlink(missing_ok=True)

    def pause_asked(self, job_id: str) -> bool:
        return (self.folder(job_id) / PAUSE_FILE).exists()

    def log(self, job_id: str, *, max_lines: int) -> str:
        """The end of the log; empty when there is none yet."""
        files = (self.folder(job_id) / name for name in (OLD_LOG_FILE, LOG_FILE))
        lines = "".join(_end_of(file, max_lines * _TAIL_BYTES_PER_LINE) for file in files).splitlines()
        return "\n".join(lines[-max_lines:])

    @property
    def _open(self) -> Path:
        return self.root / "open"


def _end_of(path: Path, max_bytes: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - max_bytes))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def write_whole(path: Path, text: str) -> None:
    """Whole or not at all, whenever the machine stops."""
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)
