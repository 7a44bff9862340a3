"""Trained models that segment single pictures for the app, in a process that starts when somebody asks.

Implements `core.services.PictureSegmenter`; `scripts/model_worker.py` runs in the process. Questions take turns.
"""

import logging
import socket
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from typing import Any

from numpy.typing import NDArray

from core.errors import UnavailableError
from core.labelstudio.windows import Windows
from core.learning.segmenter import Around, Prediction
from utils.settings import ROOT, Settings

ANSWER_S = 90.0  # Label Studio itself waits 100 s; loading a network takes half a minute on a busy machine
log = logging.getLogger(__name__)


class ModelProcess:
    """Building it starts nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def context(self, model_id: str) -> int:
        """How many neighbours on either side a model looks at."""
        found: int = self._ask(model_id)
        return found

    def segment(
        self, model_id: str, image: NDArray[Any], around: Around = (), windows: Windows | None = None
    ) -> Prediction:
        """Segment one picture."""
        found: Prediction = self._ask(model_id, image, tuple(around), windows)
        return found

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            self._drop()

    def _ask(self, *question: Any) -> Any:
        with self._lock:
            try:
                good, value = self._exchange(question)
            except (OSError, EOFError) as error:
                self._drop()
                raise _died() from error
        if not good:
            raise value
        return value

    def _exchange(self, question: tuple[Any, ...]) -> tuple[bool, Any]:
        if self._process is not None and self._process.poll() is not None:
            self._drop()  # it has ended because nobody asked
        connection = self._connection or self._started()
        connection.send(question)
        if not connection.poll(ANSWER_S):
            raise TimeoutError(f"a model took longer than {ANSWER_S:.0f} s")
        reply: tuple[bool, Any] = connection.recv()
        return reply

    def _started(self) -> Connection:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "scripts.model_worker", str(theirs.fileno())],
                cwd=ROOT,
                env=self._settings.environment(),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._connection = Connection(ours.detach())
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._connection = self._process = None


def _died() -> UnavailableError:
    log.exception("the process of the models has died")
    return UnavailableError(
        "The model takes too long, or its process has stopped, perhaps for lack of memory.",
        "Ask again; use smaller pictures or a smaller model if it stops once more.",
    )
