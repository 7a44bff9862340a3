"""The live prediction as the app reaches it: a process that is started when somebody asks, and again after it has died.

Implements `core.services.LivePredictor`. Questions of several people are asked one after the other; each takes a
fraction of a second, so they take turns.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.labels.tools.scene import Frame
from core.learning.live_lines import Line
from core.learning.live_view import Image, Learned, Lesson, Piece, Place
from utils.processes.piped_process import PipedProcess

ANSWER_S = 120.0  # the first question waits for the process to start, half a minute on a busy machine

DIED = (
    "The live prediction has stopped, perhaps for lack of memory.",
    "It starts again with the next stroke. If it stops again, lower LIVE_CACHE_MB.",
)

Labels = NDArray[np.uint8]


class LiveWorker:
    """max_bytes : of features and rows. threads : that it computes with."""

    def __init__(self, *, max_bytes: int, threads: int) -> None:
        self._process = PipedProcess(
            "utils.processes.live_process",
            (str(max_bytes), str(threads)),
            environment=os.environ | {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"},
            patience_s=ANSWER_S,
            keeps_state=True,
            died=DIED,
        )

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

    def line_frames(self, session: str, image: Image, lines: Sequence[Line], step: int) -> dict[Line, Frame]:
        found: dict[Line, Frame] = self._ask("line_frames", session, image, lines, step)
        return found

    def predict_lines(
        self,
        session: str,
        image: Image,
        lines: Sequence[Line],
        step: int,
        *,
        rough: bool,
        shares: Mapping[int, float],
        pixels: Mapping[Line, NDArray[Any]] | None = None,
    ) -> Labels | None:
        options = {"rough": rough, "shares": dict(shares), "pixels": pixels}
        found: Labels | None = self._ask("predict_lines", session, image, lines, step, **options)
        return found

    def prepare(self, lesson: Lesson, place: Place, step: int, pixels: NDArray[Any] | None = None) -> bool:
        done: bool = self._ask("prepare", lesson, place, step, pixels)
        return done

    @property
    def pid(self) -> int | None:
        """Of the process while it runs."""
        return self._process.pid

    def close(self) -> None:
        """End the process; the next question starts another."""
        self._process.close()

    def _ask(self, name: str, *args: Any, **options: Any) -> Any:
        return self._process.ask((name, args, options))
