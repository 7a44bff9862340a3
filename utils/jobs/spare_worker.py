"""A worker that waits with its libraries loaded, so that a job begins at once instead of after seconds of imports.

`scripts/spare_worker.py` runs in it. It belongs to the supervisor until a job takes it; from then on it is that job's
worker like any other: a session of its own that outlives the app. While it waits it ends with the app, however that
ends, for its input ends then. One that dies while it waits is replaced, but not at once.
"""

import json
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

from utils.jobs.job_marks import MARK

AGAIN_AFTER_S = 60.0  # one that cannot load its libraries would otherwise be started over and over


@dataclass(frozen=True)
class Order:
    """What a waiting worker is told: a line of JSON.

    task : "train", "inference" or "export". parameters, log : paths. environment : what it lacks for this job.
    """

    task: str
    parameters: str
    log: str
    environment: Mapping[str, str] = field(default_factory=dict)


class Taken(NamedTuple):
    """A worker that has a job now. mark : what its environment, and that of all it starts, carries under `MARK`."""

    process: "subprocess.Popen[bytes]"
    mark: str


class SpareWorker:
    """One worker at most. Building it starts nothing.

    command : what runs it. log : where it tells why it could not load its libraries.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> None:
        self._command, self._environment, self._folder, self._log = command, environment, folder, log
        self._waiting: Taken | None = None
        self._not_before = 0.0

    def keep(self) -> None:
        """Start one unless one waits."""
        if self._waiting is not None and self._waiting.process.poll() is not None:
            self.close()
            self._not_before = time.monotonic() + AGAIN_AFTER_S
        if self._waiting is None and time.monotonic() >= self._not_before:
            self._waiting = self._started()

    def take(self, order: Order) -> Taken | None:
        """Give the one that waits a job; None when there is none, and the job needs a process of its own."""
        if self._waiting is None or self._waiting.process.poll() is not None:
            return None
        taken, self._waiting = self._waiting, None
        assert taken.process.stdin is not None  # as asked for below
        try:
            with taken.process.stdin as line:
                line.write(json.dumps(asdict(order)).encode() + b"\n")
        except BrokenPipeError:
            return None
        return taken

    def close(self) -> None:
        """End the one that waits."""
        if self._waiting is not None:
            self._waiting.process.kill()
            self._waiting.process.communicate()
            self._waiting = None

    def _started(self) -> Taken | None:
        mark = uuid.uuid4().hex
        with suppress(OSError), self._log.open("wb") as output:
            process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env={**self._environment, MARK: mark},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            return Taken(process, mark)
        return None
