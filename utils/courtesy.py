"""Who waits for pixels, and how long the background rests for them: what is seen comes before what may be wanted."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from core.images.geometry import Box
from core.images.volumes import VolumeSource

REST_S = 0.25  # the background goes on when nobody has waited for pixels for so long,
LONGEST_REST_S = 3.0  # or after so much rest a step: people who pan without end should see it come along too
LOOK_S = 0.05


class Courtesy:
    """Counts those who wait. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = 0
        self._answered = float("-inf")

    @contextmanager
    def wait(self) -> Iterator[None]:
        """Somebody waits for pixels until the block ends."""
        with self._lock:
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                self._answered = time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether somebody waits, or has just been answered and may ask for more."""
        return self._waiting > 0 or time.monotonic() < self._answered + REST_S


class CourteousSource:
    """A VolumeSource for one step of the background, which rests before each read while somebody else waits.

    A step reads up to 64 MiB; on a cold disk a plane across a stack, asked for meanwhile, would wait for all of it.
    """

    def __init__(self, source: VolumeSource, courtesy: Courtesy, stopped: threading.Event) -> None:
        self.info = source.info
        self._source, self._courtesy, self._stopped = source, courtesy, stopped
        self._looks_left = round(LONGEST_REST_S / LOOK_S)

    def read(self, box: Box) -> NDArray[Any]:
        while self._courtesy.is_due and self._looks_left > 0 and not self._stopped.is_set():
            self._stopped.wait(LOOK_S)
            self._looks_left -= 1
        return self._source.read(box)
