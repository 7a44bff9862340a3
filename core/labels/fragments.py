"""The pieces of one class inside one tile: labelled, and measured in sums that can be added up across tiles.

An instance (docs/glossary.md) may cross many tiles and slices; its pieces are its fragments. Nothing larger than a tile
is ever in memory. `core/labels/joins.py` says which fragments touch, `core/labels/instances.py` makes instances.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects

from core.images.geometry import TILE_PX
from core.images.planes import PlaneAxis
from core.labels.store import TileIndex

# Columns of `Fragments.sums`. Crossings are pixel borders met along a row, a column and both diagonals.
AREA, Y, X, YY, XX, YX = range(6)
CROSS_ROW, CROSS_COLUMN, CROSS_DIAGONAL, CROSS_ANTI = range(6, 10)
VALUES, VALUE, SQUARE = range(10, 13)  # pixels with a finite value, their sum, the sum of their squares
SUMS = 13
STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))  # of the crossings, in their order

Labels = NDArray[np.int32]
"""(512, 512): 0 outside, k in fragment k, -k where a cut runs through fragment k."""

Runs = NDArray[np.int32]
"""(N, 4) of (y, x_start, x_stop, label), half-open, row by row."""


@dataclass(frozen=True)
class Edges:
    """The outermost pixels of a tile's labels, (512,) each; `top` and `bottom` run along x, the others along y."""

    top: Labels
    bottom: Labels
    left: Labels
    right: Labels

    @cached_property
    def reached(self) -> frozenset[tuple[int, int]]:
        """Steps (dy, dx) to the neighbours that labels reach."""
        sides = {(-1, 0): self.top, (1, 0): self.bottom, (0, -1): self.left, (0, 1): self.right}
        corners = {(y, x): sides[y, 0][[0 if x < 0 else -1]] for y in (-1, 1) for x in (-1, 1)}
        return frozenset(step for step, labels in (sides | corners).items() if labels.any())


@dataclass(frozen=True)
class Fragments:
    """The fragments of one tile; row k - 1 of every table belongs to label k. Coordinates are those of the slice.

    sums : (n, SUMS) float64.
    low, high : (n, 3) float64, least and greatest (y, x, value); high is half-open in y and x.
    hull : (K, 3) int32 (label, x, y): corners of each fragment's convex hull.
    loose : (n,) bool, fragments that a cut covers wholly.
    """

    index: TileIndex
    edges: Edges
    sums: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    hull: NDArray[np.int32]
    loose: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.sums)

    def on_plane(self, axis: PlaneAxis, at: int) -> NDArray[np.bool_]:
        """(n,) whether the box around each fragment meets plane `at` of an axis."""
        if axis == "z":
            return np.full(len(self), self.index[0] == at)
        column = 0 if axis == "y" else 1
        met: NDArray[np.bool_] = (self.low[:, column] <= at) & (at < self.high[:, column])
        return met

    @property
    def nbytes(self) -> int:
        """Of what it holds, give or take the objects themselves."""
        return self.sums.nbytes + self.low.nbytes + self.high.nbytes + self.hull.nbytes + 16 * TILE_PX + 512


def label_pixels(mask: NDArray[np.bool_], cut: NDArray[np.bool_] | None = None) -> Labels:
    """Number the 8-connected pieces of a tile; `cut` separates what it runs through.

    The pixels of a cut stay in the piece that is nearest to them, as negative numbers: they belong to it and connect
    nothing.

    Parameters
    ----------
    mask, cut : (512, 512) bool.

    Returns
    -------
    (512, 512) int32, see `Labels`.

    >>> tile = np.zeros((512, 512), bool); tile[3, 2:9] = True
    >>> cut = np.zeros_like(tile); cut[:, 5] = True
    >>> label_pixels(tile, cut)[3, 2:9].tolist()
    [1, 1, 1, -1, 2, 2, 2]
    """
    whole = _components(mask)
    if cut is None or not (cut & mask).any():
        return whole
    labels = _components(mask & ~cut)
    places = find_objects(whole)
    for number in np.unique(whole[cut & mask]).tolist():
        place = places[number - 1]
        _share_cut(labels[place], whole[place] == number, spare=-1 - int(np.abs(labels).max()))
    return labels


def _components(mask: NDArray[np.bool_]) -> Labels:
    image = np.ascontiguousarray(mask).view(np.uint8)
    return np.asarray(cv2.connectedComponents(image, connectivity=8)[1], np.int32)


def _share_cut(labels: Labels, piece: NDArray[np.bool_], *, spare: int) -> None:
    """Give the pixels of `piece` without a label that of the nearest one, negative; `spare` where there is none."""
    seeds = piece & (labels > 0)
    free = piece & (labels == 0)
    if not seeds.any():
        labels[free] = spare
        return
    nearest = distance_transform_edt(~seeds, return_distances=False, return_indices=True)
    labels[free] = -labels[tuple(nearest)][free]


def find_runs(labels: NDArray[np.int32]) -> Runs:
    """The runs of equal labels other than 0 of a (h, w) image."""
    width, flat = labels.shape[1], labels.ravel()
    differ = np.ones(flat.size + 1, bool)
    np.not_equal(flat[1:], flat[:-1], out=differ[1:-1])
    differ[::width] = True  # no run goes on in the next row
    cuts = np.flatnonzero(differ)
    begins = np.flatnonzero(flat[cuts[:-1]])
    start, stop = cuts[begins], cuts[begins + 1]
    row = start // width
    return np.stack([row, start - row * width, stop - row * width, flat[start]], axis=1).astype(np.int32)


def fill_runs(runs: Runs) -> Labels:
    """The (512, 512) int32 labels behind `find_runs`."""
    labels = np.zeros(TILE_PX * TILE_PX, np.int32)
    labels[pixels_of(runs)] = np.repeat(runs[:, 3], runs[:, 2] - runs[:, 1])
    return labels.reshape(TILE_PX, TILE_PX)


def pixels_of(runs: Runs) -> NDArray[np.int64]:
    """(P,) places of the pixels of runs in a flat tile, run by run."""
    start, length = runs[:, 0] * TILE_PX + runs[:, 1], (runs[:, 2] - runs[:, 1]).astype(np.int64)
    within = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
    return np.repeat(start, length) + within


def measure(index: TileIndex, labels: Labels, values: NDArray[np.float64]) -> Fragments:
    """Everything about the fragments of a tile that later sums need.

    Runs are gone through, and pixels of fragments; whole tiles as seldom as can be, since most are nearly empty.

    Parameters
    ----------
    index : of the tile.
    labels : (512, 512) int32 as `label_pixels` numbers them.
    values : (512, 512) float64 grey values; NaN where there is none.
    """
    solid = np.abs(labels)
    runs = find_runs(solid)
    count = int(runs[:, 3].max(initial=0))
    low, high = _bounds(runs, count, index)
    sums = np.zeros((count, SUMS))
    sums[:, AREA : YX + 1] = _moments(runs, count, index)
    sums[:, CROSS_ROW : CROSS_ANTI + 1] = _crossings(solid, count)
    sums[:, VALUES : SQUARE + 1], low[:, 2], high[:, 2] = _sum_values(runs, count, values)
    return Fragments(index, _edges(labels), sums, low, high, _hulls(runs, index), _loose(labels, runs, count))


def _loose(labels: Labels, runs: Runs, count: int) -> NDArray[np.bool_]:
    """(n,) whether a cut covers a fragment wholly."""
    signed = labels.ravel()[pixels_of(runs)]
    loose = np.ones(count + 1, bool)
    loose[signed[signed > 0]] = False
    return loose[1:]


def _edges(labels: Labels) -> Edges:
    return Edges(labels[0].copy(), labels[-1].copy(), labels[:, 0].copy(), labels[:, -1].copy())


def _moments(runs: Runs, count: int, index: TileIndex) -> NDArray[np.float64]:
    """(n, 6): area and the sums of y, x, y^2, x^2 and y x over pixel indices, run by run in closed form."""
    y, start, stop = _in_slice(runs, index)
    n = stop - start
    x = n * (start + stop - 1) // 2
    xx = _sum_of_squares(stop) - _sum_of_squares(start)
    columns = (n, n * y, x, n * y * y, xx, y * x)
    return np.stack([np.bincount(runs[:, 3], c, count + 1)[1:] for c in columns], axis=1)


def _in_slice(runs: Runs, index: TileIndex) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """y, start and stop of runs in pixels of the slice."""
    _, ty, tx = index
    y, start, stop, _ = runs.T.astype(np.int64)
    return y + ty * TILE_PX, start + tx * TILE_PX, stop + tx * TILE_PX


def _sum_of_squares(stop: NDArray[np.int64]) -> NDArray[np.int64]:
    """0^2 + 1^2 + ... + (stop - 1)^2."""
    total: NDArray[np.int64] = (stop - 1) * stop * (2 * stop - 1) // 6
    return total


def _bounds(runs: Runs, count: int, index: TileIndex) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, start, stop = _in_slice(runs, index)
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    rows = runs[:, 3] - 1
    for column, (first, last) in enumerate(((y, y + 1), (start, stop))):
        np.minimum.at(low[:, column], rows, first)
        np.maximum.at(high[:, column], rows, last)
    return low, high


def _crossings(labels: Labels, count: int) -> NDArray[np.float64]:
    """(n, 4): how often lines along each of `STEPS` enter or leave a fragment, as if nothing lay beyond the tile."""
    padded = np.zeros((TILE_PX + 2, TILE_PX + 2), np.int32)
    padded[1:-1, 1:-1] = labels
    flat = padded.ravel()  # where a step leads past the end of a row, both pixels are of the border
    columns = [_met(flat, dy * padded.shape[1] + dx, count) for dy, dx in STEPS]
    return np.stack(columns, axis=1).astype(np.float64)


def _met(flat: NDArray[np.int32], step: int, count: int) -> NDArray[np.int64]:
    """(n,) how often a label changes from a pixel to the one `step` further, by either label."""
    (here,) = np.nonzero(flat[:-step] != flat[step:])
    both = np.concatenate([flat[here], flat[here + step]])
    return np.bincount(both, minlength=count + 1)[1:]


def _sum_values(
    runs: Runs, count: int, values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(n, 3) count, sum and sum of squares of finite values; the least and the greatest of each fragment."""
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    if count == 0:
        return np.zeros((0, 3)), low, high
    inside = values[np.divmod(pixels_of(runs), TILE_PX)]
    finite = np.isfinite(inside)
    known = np.where(finite, inside, 0.0)
    begins = np.append(0, np.cumsum(runs[:-1, 2] - runs[:-1, 1], dtype=np.int64))
    per_run = [np.add.reduceat(each, begins) for each in (finite.astype(np.float64), known, known * known)]
    np.minimum.at(low, runs[:, 3] - 1, np.minimum.reduceat(np.where(finite, inside, np.inf), begins))
    np.maximum.at(high, runs[:, 3] - 1, np.maximum.reduceat(np.where(finite, inside, -np.inf), begins))
    return np.stack([np.bincount(runs[:, 3], c, count + 1)[1:] for c in per_run], axis=1), low, high


def _hulls(runs: Runs, index: TileIndex) -> NDArray[np.int32]:
    """(K, 3) int32 (label, x, y) of the corners of convex hulls around whole pixels."""
    y, start, stop = _in_slice(runs, index)
    order = np.argsort(runs[:, 3], kind="stable")
    x = np.stack([start, stop, start, stop], axis=1)[order].astype(np.int32)
    yy = np.stack([y, y, y + 1, y + 1], axis=1)[order].astype(np.int32)
    points = np.stack([x, yy], axis=2)  # (N, 4, 2)
    edges = np.searchsorted(runs[order, 3], np.arange(1, int(runs[:, 3].max(initial=0)) + 2))
    parts = zip(edges, edges[1:], strict=False)
    hulls = [_hull(points[a:b].reshape(-1, 2), number) for number, (a, b) in enumerate(parts, start=1)]
    return np.concatenate([np.zeros((0, 3), np.int32), *hulls])


def _hull(points: NDArray[np.int32], number: int) -> NDArray[np.int32]:
    corners = points if len(points) == 4 else cv2.convexHull(points)[:, 0]
    return np.column_stack([np.full(len(corners), number, np.int32), corners])
