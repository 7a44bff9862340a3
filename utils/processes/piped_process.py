"""A process that answers questions over a socket: started when somebody asks, and again after it has died.

Questions take turns. What runs in it gets the number of an open socket as its first argument, and answers each question
with (whether all is well, the answer or the error to raise). Before it may come (None, what it says of how far it is).
"""

import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

from core.errors import UnavailableError
from utils.settings import ROOT

log = logging.getLogger(__name__)


class PipedProcess:
    """Building it starts nothing.

    Parameters
    ----------
    module : what Python runs. arguments : after the number of the socket.
    environment : of the process.
    patience_s : what an answer may take; the first one waits for the process to start.
    keeps_state : whether it has learned something that is lost when it dies; else one that died unasked is replaced
        without a word.
    died : what people are told when it has died or takes too long: a sentence, and the way out.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str] = (),
        *,
        environment: Mapping[str, str],
        patience_s: float,
        keeps_state: bool,
        died: tuple[str, str],
    ) -> None:
        self._module, self._arguments, self._environment = module, tuple(arguments), dict(environment)
        self._patience_s, self._keeps_state, self._died = patience_s, keeps_state, died
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    @property
    def pid(self) -> int | None:
        """Of the process while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            self._drop()

    def ask(self, question: tuple[Any, ...], told: Callable[[Any], None] = lambda _: None) -> Any:
        """The answer. Raises the error that the process answers with, or UnavailableError when it does not answer.

        told : called with what it says of how far it is, after each of which its patience begins anew.
        """
        with self._lock:
            try:
                good, value = self._exchange(question, told)
            except (OSError, EOFError) as error:
                self._drop()
                log.exception("the process of %s has died", self._module)
                raise UnavailableError(*self._died) from error
        if not good:
            raise value
        return value

    def _exchange(self, question: tuple[Any, ...], told: Callable[[Any], None]) -> tuple[bool, Any]:
        ended = None if self._process is None else self._process.poll()
        if ended == 0 or (ended is not None and not self._keeps_state):  # 0: because nobody had asked
            self._drop()
        connection = self._connection or self._started()
        connection.send(question)
        while (reply := self._next(connection))[0] is None:
            told(reply[1])
        return bool(reply[0]), reply[1]

    def _next(self, connection: Connection) -> tuple[bool | None, Any]:
        if not connection.poll(self._patience_s):
            raise TimeoutError(f"{self._module} took longer than {self._patience_s:.0f} s")
        reply: tuple[bool | None, Any] = connection.recv()
        return reply

    def _started(self) -> Connection:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module, str(theirs.fileno()), *self._arguments],
                cwd=ROOT,
                env=self._environment,
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
