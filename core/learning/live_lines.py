"""Planes across the slices, as the live prediction sees them: line by line, each line a row or column of its slice.

The pixel classifier looks at slices, so on XZ and YZ the live prediction shows what it says of every slice that the
plane cuts, and not what it would say of the plane as an image. Pure arithmetic; `live.py` keeps the features.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.images.planes import PlaneAxis
from core.labels.tools.scene import Frame
from core.learning.features import GRID_PX, HALO_PX, FeatureChoice, feature_planes
from core.learning.live_view import ROUGH, Piece, distance

BAND_LINES = 16  # predicted at a time: how long a newer stroke waits for an older one
MAX_LINES = 4096  # of one view, each as long as a block at most: about a minute where nothing is known yet

Features = NDArray[np.float16]
Chances = NDArray[np.float32]
Classifier = Callable[[NDArray[np.float32]], Chances]
"""(n, K) features -> (n, classes)."""
Smoothing = Callable[[Chances], Chances]


@dataclass(frozen=True)
class Line:
    """Where plane `index` on `axis` cuts slice `z`: a row of it ("y") or a column ("x"), from `start` to `stop`."""

    z: int
    axis: PlaneAxis
    index: int
    start: int
    stop: int


@dataclass(frozen=True)
class Samples:
    """The pixels of a slice that a line is predicted from: every `step`-th, with what smoothing sees around them.

    across : rows of the slice for a plane on "y", columns for "x"; the line is one of them. along : the other way.
    """

    line: Line
    plane: Frame
    across: range
    along: range

    @classmethod
    def of(cls, line: Line, plane: Frame, step: int, sigma: float) -> "Samples":
        """plane : a whole slice. sigma : of the smoothing, in pixels."""
        width, length = plane.shape if line.axis == "y" else plane.shape[::-1]
        reach = -(-int(np.ceil(4 * sigma)) // step) * step
        across = range(line.index - min(line.index, reach) // step * step, min(line.index + reach + 1, width), step)
        along = range(line.start - min(line.start, reach) // step * step, min(line.stop + reach, length), step)
        return cls(line, plane, across, along)

    @property
    def step(self) -> int:
        return self.along.step

    @property
    def row(self) -> int:
        """Which of `across` the line is."""
        return (self.line.index - self.across.start) // self.step

    @property
    def columns(self) -> slice:
        """Which of `along` belong to the line."""
        before = (self.line.start - self.along.start) // self.step
        return slice(before, before + len(range(self.line.start, self.line.stop, self.step)))

    @property
    def read_frame(self) -> Frame:
        """The pixels of the slice that the features depend on; it begins on the grid of the reduced scales."""
        (y0, y1), (x0, x1) = ((side[0] - HALO_PX, side[-1] + 1 + HALO_PX) for side in self._sides)
        return Frame(y0 // GRID_PX * GRID_PX, x0 // GRID_PX * GRID_PX, y1, x1).cut(self.plane)

    def features(self, channels: NDArray[np.float32], choice: FeatureChoice) -> Features:
        """(across, along, K) of `channels`, (C, h, w) of `read_frame`, normalised."""
        read, (rows, columns) = self.read_frame, self._sides
        places = _places(rows, read.y0), _places(columns, read.x0)
        planes = (plane[places] for plane in feature_planes(channels, choice))
        found = [plane if self.line.axis == "y" else plane.T for plane in planes]
        return np.stack(found, axis=-1).astype(np.float16)

    @property
    def _sides(self) -> tuple[range, range]:
        """Rows and columns of the slice."""
        return (self.across, self.along) if self.line.axis == "y" else (self.along, self.across)


def sharp_lines(
    samples: Sequence[Samples], known: Sequence[Features], classify: Classifier, smooth: Smoothing
) -> Chances:
    """(lines, n, classes): every sample, smoothed as in its slice. known : features of each line."""
    rows = np.concatenate([each.reshape(-1, each.shape[-1]) for each in known]).astype(np.float32)
    ends = np.cumsum([each.shape[0] * each.shape[1] for each in known])
    parts = np.split(classify(rows), ends[:-1])
    return np.stack(
        [
            smooth(part.reshape(*each.shape[:2], -1))[one.row, one.columns]
            for one, each, part in zip(samples, known, parts, strict=True)
        ]
    )


def rough_lines(samples: Sequence[Samples], known: Sequence[Features], classify: Classifier) -> Chances:
    """(lines, n, classes): every second sample, twice, without smoothing."""
    picked = np.stack([each[one.row, one.columns][::ROUGH] for one, each in zip(samples, known, strict=True)])
    found = classify(picked.reshape(-1, picked.shape[-1]).astype(np.float32)).reshape(*picked.shape[:2], -1)
    count = samples[0].columns.stop - samples[0].columns.start
    return found.repeat(ROUGH, axis=1)[:, :count]


def line_bands(parts: Sequence[Piece], axis: PlaneAxis, step: int, cursor: tuple[float, float]) -> list[Piece]:
    """The parts of a plane across the slices cut into `BAND_LINES` lines each, the nearest to the cursor first."""
    found = [band for part in parts for band in _bands(part, axis, BAND_LINES * step)]
    return sorted(found, key=lambda band: distance(band.frame, cursor))[: MAX_LINES // BAND_LINES]


def lines_of(band: Piece, axis: PlaneAxis, spacing: int) -> list[Line]:
    """The lines of a band that lie on every `spacing`-th slice."""
    index, frame = band.place[0], band.frame
    if axis == "y":
        return [Line(z, axis, index, frame.x0, frame.x1) for z in range(frame.y0, frame.y1, spacing)]
    return [Line(z, axis, index, frame.y0, frame.y1) for z in range(frame.x0, frame.x1, spacing)]


def as_plane(found: NDArray[np.uint8], band: Piece, axis: PlaneAxis, step: int, *, rough: bool) -> NDArray[Any]:
    """The lines of a band, (lines, n), as rows and columns of its plane; the lines between rough ones repeat them."""
    lines = found.repeat(ROUGH, axis=0) if rough else found
    rows, columns = (-(-side // step) for side in band.frame.shape)
    return lines[:rows] if axis == "y" else lines[:columns].T


def _bands(part: Piece, axis: PlaneAxis, thickness: int) -> Iterator[Piece]:
    frame = part.frame
    if axis == "y":
        for y in range(frame.y0, frame.y1, thickness):
            yield Piece(part.place, frame.cut(Frame(y, frame.x0, y + thickness, frame.x1)))
        return
    for x in range(frame.x0, frame.x1, thickness):
        yield Piece(part.place, frame.cut(Frame(frame.y0, x, frame.y1, x + thickness)))


def _places(samples: range, start: int) -> slice:
    return slice(samples.start - start, samples[-1] + 1 - start, samples.step)
