"""Forwards and backwards through a head that convolves, in numpy alone (`convnet_spec.py` says what its layers are).

Every step gives what comes out of it and the way back: from the slope of what came out to that of what went in, and
those of its weights. Grids are (n, Y, X, channels); weights of a convolution are (k, k, inner, outer).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.learning.curation.convnet_spec import DROP, POOL, RESIDUAL
from core.learning.curation.encoders import GRID
from core.learning.curation.network_passes import Layer, through_unit, unit

ROWS = 64  # that are looked at at once; a grid of 500 channels takes half a MiB each
Numbers = NDArray[np.float64]
Back = Callable[[Numbers], tuple[Numbers, list[Layer]]]
Step = tuple[Numbers, Back]


@dataclass(frozen=True)
class Convnet:
    """words : as `read_spec` gives them. normalise : whether the last layer sees directions alone."""

    words: tuple[str, ...]
    normalise: bool = False

    def begun(self, channels: int, classes: int, kernel: int, rng: np.random.Generator) -> tuple[Layer, ...]:
        """Weights drawn at random (He et al. 2015, arXiv:1502.01852), in the order of the words, the linear one last.

        channels : of the grid. kernel : cells on a side of a convolution, odd.
        """
        made, width = list[Layer](), channels
        for word in self.words:
            outer = int(word) if word.isdigit() else width
            count = {POOL: 0, DROP: 0, RESIDUAL: 2}.get(word, 1)
            for inner in (width, outer)[:count]:
                made.append(_drawn((kernel, kernel, inner, outer), rng))
            width = outer
        return *made, _drawn((width, classes), rng)

    def forward(
        self, layers: Sequence[Layer], batch: Numbers, *, dropout: float = 0.0, rng: np.random.Generator | None = None
    ) -> Step:
        """(n, d) -> (n, classes) before the sigmoid, and the way back to the slopes of all layers.

        batch : a flattened (channels, GRID, GRID) each. dropout : share of the channels left out, drawn with `rng`.
        """
        grid = batch.reshape(len(batch), -1, GRID, GRID).transpose(0, 2, 3, 1)
        backs, left = list[Back](), iter(layers)
        for word in self.words:
            grid, back = _step(word, grid, left, dropout, rng)
            backs.append(back)
        means, spread = averaged(grid)
        said, back = answered(means, next(left), normalise=self.normalise)
        return said, _chained([*backs, spread, back])

    def answers(self, layers: Sequence[Layer], points: NDArray[np.floating]) -> Numbers:
        """(n, d) -> (n, classes) before the sigmoid, with nothing left out, a few rows at a time."""
        parts = (points[first : first + ROWS] for first in range(0, len(points), ROWS))
        return np.concatenate([self.forward(layers, part.astype(np.float64))[0] for part in parts])


def _drawn(shape: tuple[int, ...], rng: np.random.Generator) -> Layer:
    return rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:-1])), np.zeros(shape[-1])


def _step(word: str, grid: Numbers, layers: Iterator[Layer], dropout: float, rng: np.random.Generator | None) -> Step:
    if word == POOL:
        return peaked(grid)
    if word == DROP:
        return thinned(grid, dropout, rng)
    if word == RESIDUAL:
        return residual(grid, next(layers), next(layers))
    return rectified(convolved(grid, next(layers)))


def _chained(backs: Sequence[Back]) -> Back:
    """From the last to the first; slopes of weights come in the order of the layers."""

    def back(slope: Numbers) -> tuple[Numbers, list[Layer]]:
        found: list[Layer] = []
        for each in reversed(backs):
            slope, slopes = each(slope)
            found = [*slopes, *found]
        return slope, found

    return back


def convolved(grid: Numbers, layer: Layer) -> Step:
    """Beyond the edge there are zeros; as many cells come out as went in."""
    weights, offsets = layer
    reach = len(weights) // 2
    padded = np.pad(grid, [(0, 0), (reach, reach), (reach, reach), (0, 0)])
    height, width = grid.shape[1:3]
    shifts = {(y, x): np.s_[:, y : y + height, x : x + width] for y, x in np.ndindex(weights.shape[:2])}
    out = sum(_cells(padded[part]) @ weights[at] for at, part in shifts.items()) + offsets

    def back(slope: Numbers) -> tuple[Numbers, list[Layer]]:
        into, found, slopes = np.zeros_like(padded), np.empty_like(weights), _cells(slope)
        for at, part in shifts.items():
            into[part] += (slopes @ weights[at].T).reshape(grid.shape)
            found[at] = _cells(padded[part]).T @ slopes
        inner = into[:, reach : reach + height, reach : reach + width]
        return inner, [(found, slopes.sum(axis=0))]

    return out.reshape(*grid.shape[:3], -1), back


def _cells(grid: Numbers) -> Numbers:
    """(n * Y * X, channels): one product of matrices is much quicker than one a row of cells."""
    return grid.reshape(-1, grid.shape[-1])


def rectified(step: Step) -> Step:
    """What is below 0 becomes 0."""
    given, before = step
    return np.maximum(given, 0), lambda slope: before(slope * (given > 0))


def residual(grid: Numbers, first: Layer, second: Layer) -> Step:
    """What two convolutions add to the grid."""
    inner, back_first = rectified(convolved(grid, first))
    added, back_second = convolved(inner, second)
    total = grid + added

    def back(slope: Numbers) -> tuple[Numbers, list[Layer]]:
        through = slope * (total > 0)
        into, of_second = back_second(through)
        into, of_first = back_first(into)
        return through + into, [*of_first, *of_second]

    return np.maximum(total, 0), back


def peaked(grid: Numbers) -> Step:
    """The largest of 2 x 2 cells; of equals each has its share of the slope."""
    count, height, width, channels = grid.shape
    cells = grid.reshape(count, height // 2, 2, width // 2, 2, channels)
    peaks = cells.max(axis=(2, 4), keepdims=True)
    shares = (cells == peaks).astype(np.float64)
    shares /= shares.sum(axis=(2, 4), keepdims=True)
    return peaks[:, :, 0, :, 0], lambda slope: ((shares * slope[:, :, None, :, None]).reshape(grid.shape), [])


def thinned(grid: Numbers, dropout: float, rng: np.random.Generator | None) -> Step:
    """Whole channels are left out, and the others count more; none without `rng`."""
    if rng is None or dropout == 0:
        return grid, lambda slope: (slope, [])
    kept = (rng.random((len(grid), 1, 1, grid.shape[3])) >= dropout) / (1 - dropout)
    return grid * kept, lambda slope: (slope * kept, [])


def averaged(grid: Numbers) -> Step:
    """(n, Y, X, channels) -> (n, channels)."""
    cells = grid.shape[1] * grid.shape[2]
    return grid.mean(axis=(1, 2)), lambda slope: (np.broadcast_to(slope[:, None, None] / cells, grid.shape), [])


def answered(given: Numbers, layer: Layer, *, normalise: bool) -> Step:
    """The linear layer at the end."""
    weights, offsets = layer
    seen = unit(given) if normalise else given

    def back(slope: Numbers) -> tuple[Numbers, list[Layer]]:
        into = slope @ weights.T
        return through_unit(into, given) if normalise else into, [(seen.T @ slope, slope.sum(axis=0))]

    return seen @ weights + offsets, back
