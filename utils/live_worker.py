"""The live prediction as the app reaches it: a process that is started when somebody asks, and again after it has died.

Implements `core.services.LivePredictor`. Questions of several people are asked one after the other; each takes a
fraction of a second, so they take turns.
"""

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UnavailableError
from core.learning.live_view import Image, Learned, Lesson, Piece, Place

ROOT = Path(__file__).resolve().parent.parent
ANSWER_S = 120.0  # the first question waits for the process to start, half a minute on a busy machine

Labels = NDArray[np.uint8]

log = logging.getLogger(__name__)


class LiveWorker:
    """max_bytes : of features and rows. threads : that it computes with."""

    def __init__(self, *, max_bytes: int, threads: int) -> None:
        self._max_bytes, self._threads = max_bytes, threads
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def lacking(self, lesson: Lesson) -> list[tuple[Place, int]]:
        found: list[tuple[Place, int]] = self._ask("lacking", lesson)
        return found

    def study(
        self, lesson: Lesson, tile: tuple[Place, int], labels: Labels, pixels: NDArray[Any] | None = None
    ) -> bool:
        done: bool = self._ask("study", lesson, tile, labels, pixels)
        return done

    def learn(self, session: str, lesson: Lesson) -> Learned:
        learned: Learned = self._ask("learn", session, lesson)
        return learned

    def predict(
        self,
        session: str,
        image: Image,
        piece: Piece,
        step: int,
        *,
        rough: bool,
        shares: Mapping[int, float],
        pixels: NDArray[Any] | None = None,
    ) -> Labels | None:
        options = {"rough": rough, "shares": dict(shares), "pixels": pixels}
        found: Labels | None = self._ask("predict", session, image, piece, step, **options)
        return found

    def prepare(self, lesson: Lesson, place: Place, step: int, pixels: NDArray[Any] | None = None) -> bool:
        done: bool = self._ask("prepare", lesson, place, step, pixels)
        return done

    @property
    def pid(self) -> int | None:
        """Of the process while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            self._drop()

    def _ask(self, name: str, *args: Any, **options: Any) -> Any:
        with self._lock:
            try:
                good, value = self._exchange((name, args, options))
            except (OSError, EOFError) as error:
                self._drop()
                raise _died() from error
        if not good:
            raise value
        return value

    def _exchange(self, question: tuple[str, tuple[Any, ...], Mapping[str, Any]]) -> tuple[bool, Any]:
        connection = self._connected()
        connection.send(question)
        if not connection.poll(ANSWER_S):
            raise TimeoutError(f"{question[0]} took longer than {ANSWER_S:.0f} s")
        reply: tuple[bool, Any] = connection.recv()
        return reply

    def _connected(self) -> Connection:
        """To a process that runs; one that has ended because nobody asked is replaced without a word."""
        if self._process is not None and self._process.poll() == 0:
            self._drop()
        if self._connection is None:
            self._start()
        assert self._connection is not None, "it has just been started"
        return self._connection

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        numbers = [str(number) for number in (theirs.fileno(), self._max_bytes, self._threads)]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "utils.live_process", *numbers],
                cwd=ROOT,
                env=os.environ | {"OMP_NUM_THREADS": str(self._threads), "OMP_WAIT_POLICY": "PASSIVE"},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._connection = Connection(ours.detach())

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._connection = self._process = None


def _died() -> UnavailableError:
    log.exception("the live prediction has died")
    return UnavailableError(
        "The live prediction has stopped, perhaps for lack of memory.",
        "It starts again with the next stroke. If it stops again, lower LIVE_CACHE_MB.",
    )
