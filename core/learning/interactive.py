"""What a model that segments an object somebody points at must offer: the protocol of docs/interactive.md.

Nothing here needs more than numpy, so that a plugin's own Python can import it. `core/labels/tools/pointing.py` is the
one that needs no weights; `networks/interactive/` holds the adapters of SAM, SAM 2, nnInteractive and TorchScript.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Embedding = Mapping[str, NDArray[Any]]
"""What a model knows of an image before it is asked: arrays by name, kept for the next click."""

BoxPrompt = tuple[float, float, float, float]
"""(y0, x0, y1, x1), half-open."""


@dataclass(frozen=True)
class Prompts:
    """What a person has pointed at, in pixels of the image.

    points : (N, 2) float64 of (y, x); pixel (y, x) is the square from there to (y + 1, x + 1).
    positive : (N,) bool, True where the point belongs to the object.
    """

    points: NDArray[np.float64]
    positive: NDArray[np.bool_]
    box: BoxPrompt | None = None

    def seen_from(self, y: int, x: int, step: int) -> "Prompts":
        """The same in an image that begins at (y, x) and has one pixel for `step` of these.

        >>> prompts = Prompts(np.array([[10.0, 20.0]]), np.array([True]), (8, 8, 12, 16))
        >>> moved = prompts.seen_from(8, 8, 2)
        >>> moved.points.tolist(), moved.box
        ([[1.0, 6.0]], (0.0, 0.0, 2.0, 4.0))
        """
        box = None
        if self.box is not None:
            y0, x0, y1, x1 = self.box
            box = ((y0 - y) / step, (x0 - x) / step, (y1 - y) / step, (x1 - x) / step)
        return Prompts((self.points - (y, x)) / step, self.positive, box)


@dataclass(frozen=True)
class Pointed:
    """The object pointed at. mask : (h, w) bool. score : how sure the model is, 0 to 1."""

    mask: NDArray[np.bool_]
    score: float


class InteractiveModel(Protocol):
    """Two steps, so that only the first click on a slice waits for the slow one."""

    def embed(self, image: NDArray[np.float32]) -> Embedding:
        """Look at an image once. image : (h, w) greys from 0 (1st percentile) to 1 (99th), at most 1024 a side."""
        ...

    def segment(self, embedding: Embedding, prompts: Prompts) -> Pointed:
        """The object pointed at, in the image that `embedding` is of. There is a point or a box, or both."""
        ...


@dataclass(frozen=True)
class Offer:
    """A model as the page offers it. reason : why it cannot be used, "" when it can. hint : the way out."""

    name: str
    description: str
    reason: str = ""
    hint: str = ""
