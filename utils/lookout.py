"""A thread that looks after something again and again, in one process of the machine at a time.

Whoever holds the lock of a file looks; the lock goes with its process, however that ends, and another takes over within
a second.
"""

import fcntl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

TAKE_OVER_EVERY_S = 1.0


class Lookout:
    """`wake` starts it, and makes it look at once.

    name : of the thread. lock : the file. look : what is done, every `every_s` seconds and when woken.
    leave : what is done at the end, by the one who looked.
    """

    def __init__(
        self,
        name: str,
        lock: Path,
        look: Callable[[], None],
        *,
        every_s: float,
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        self._name = name
        self._lock = lock
        self._act = look
        self._leave = leave
        self._every_s = every_s
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._look = threading.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look now; starts the thread when there is none (any more, after a fork)."""
        with self._starting:
            if not self._stopping and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        self._look.set()

    def stop(self) -> None:
        """End the thread and give the lock back."""
        self._stopping = True
        self._look.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with self._lock.open("w") as lock:
            while not self._stopping and not _taken(lock):
                self._pause(TAKE_OVER_EVERY_S)
            while not self._stopping:
                self._act()
                self._pause(self._every_s)
            self._leave()

    def _pause(self, seconds: float) -> None:
        self._look.wait(seconds)
        self._look.clear()


def _taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
