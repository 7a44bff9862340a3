"""What a tool sees, what it is asked, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.images.planes import PlaneAxis
from core.labels.spans import Spans

Mask = NDArray[np.bool_]
Grey = NDArray[Any]
"""(h, w) true values in the image's own type; channels are averaged to float32."""

TINY = float(np.finfo(np.float32).tiny)  # stands for a range of nothing
SAMPLED = 1 << 16  # pixels that percentiles are taken of: as good as all of a million, and 20 times quicker


@dataclass(frozen=True)
class Frame:
    """A half-open box of a plane.

    >>> Frame(2, 3, 5, 9).shape
    (3, 6)
    """

    y0: int
    x0: int
    y1: int
    x1: int

    @property
    def shape(self) -> tuple[int, int]:
        return (self.y1 - self.y0, self.x1 - self.x0)

    def grown(self, margin: int, within: "Frame") -> "Frame":
        """With `margin` more pixels at each side, cut at `within`."""
        return Frame(self.y0 - margin, self.x0 - margin, self.y1 + margin, self.x1 + margin).cut(within)

    def cut(self, other: "Frame") -> "Frame":
        """What both share; empty when they do not meet."""
        y0, x0 = max(self.y0, other.y0), max(self.x0, other.x0)
        return Frame(y0, x0, max(y0, min(self.y1, other.y1)), max(x0, min(self.x1, other.x1)))

    def window(self, inner: "Frame") -> tuple[slice, slice]:
        """Where `inner` lies in an array of this frame."""
        return slice(inner.y0 - self.y0, inner.y1 - self.y0), slice(inner.x0 - self.x0, inner.x1 - self.x0)


@dataclass(frozen=True)
class Ask:
    """A question to a tool.

    plane : the whole plane. view : the part of it on the screen.
    points : (N, 2) float64 of (y, x) in image pixels. spans : a region or a stroke; empty where there is none.
    """

    axis: PlaneAxis
    index: int
    plane: Frame
    view: Frame
    points: NDArray[np.float64]
    spans: Spans
    label: int
    options: Mapping[str, Any] = field(default_factory=dict)

    def number(self, name: str, default: float, *, lo: float, hi: float) -> float:
        """An option that is a number. Raises InvalidInputError for anything else, and beyond lo..hi."""
        value = self.options.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not lo <= value <= hi:
            raise InvalidInputError(f"The tool's {name} is {str(value)[:40]!r}.", f"Choose a number from {lo} to {hi}.")
        return value


@dataclass(frozen=True)
class Scene:
    """The part of a plane a tool looks at.

    grey : (h, w) true values of `frame`. labels : (h, w) uint8 class ids that stand there.
    """

    frame: Frame
    grey: Grey
    labels: NDArray[np.uint8]

    def pixel(self, point: NDArray[np.float64]) -> tuple[int, int]:
        """Row and column of the pixel under an image point. Raises InvalidInputError outside the frame."""
        y, x = (int(value) for value in np.floor(point))
        row, column = y - self.frame.y0, x - self.frame.x0
        if not (0 <= row < self.frame.shape[0] and 0 <= column < self.frame.shape[1]):
            raise InvalidInputError(f"The point ({y}, {x}) lies outside the view.", "Point at the image.")
        return row, column

    @cached_property
    def contrast(self) -> NDArray[np.float32]:
        """(h, w) the greys from 0 (1st percentile) to 1 (99th), clipped; NaN reads as 0, a constant image as 0."""
        real = self.grey.astype(np.float32)
        lo, hi = grey_range(real)
        return np.nan_to_num((real.clip(lo, hi) - lo) / max(hi - lo, TINY), nan=0.0).astype(np.float32)


@dataclass(frozen=True)
class Part:
    """Pixels that should become one class; label 0 erases. spans are those of the plane, not of a frame."""

    label: int
    spans: Spans


@dataclass(frozen=True)
class Answer:
    """What a tool found.

    points : (N, 2) of (y, x), a path. note : a sentence for the person, "" when there is nothing to say.
    """

    parts: tuple[Part, ...] = ()
    points: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    note: str = ""


def grey_range(real: NDArray[np.float32]) -> tuple[float, float]:
    """1st and 99th percentile of a sample of the finite values; (0, 0) when there is none.

    All values count where these two are equal: something small lies in front of a flat background.
    """
    step = max(1, int((real.size / SAMPLED) ** 0.5))
    sample = real[::step, ::step]
    finite = sample[np.isfinite(sample)]
    if not finite.size:
        return (0.0, 0.0)
    lo, hi = np.percentile(finite, [1, 99])
    if lo == hi:
        finite = real[np.isfinite(real)]
        lo, hi = finite.min(), finite.max()
    return float(lo), float(hi)


def as_grey(pixels: NDArray[Any], *, is_colour: bool) -> Grey:
    """(h, w) greys of (h, w[, c]) pixels: channels averaged, the opacity of RGBA left out, bool as 0 and 1."""
    if pixels.ndim == 3:
        pixels = (pixels[..., :3] if is_colour else pixels).mean(axis=-1, dtype=np.float32)
    return pixels.view(np.uint8) if pixels.dtype == bool else pixels
