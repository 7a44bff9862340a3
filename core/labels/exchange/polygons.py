"""Masks to polygons along pixel edges and back, exactly: filling an outline gives the pixels it came from.

An outline runs through corners of pixels, in whole numbers: pixel (y, x) covers x to x + 1. A region is 4-connected;
its holes are outlines of their own. Method: corners sorted by row pair up to horizontal edges, sorted by column to
vertical ones; going from one to the other in turn walks along each outline.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError

Ring = NDArray[np.float64]
"""(N, 2) corners as (x, y), not closed."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Polygon:
    """A region: its outline clockwise on the screen, its holes the other way round."""

    outline: NDArray[np.int64]
    holes: tuple[NDArray[np.int64], ...]


def polygons_of(mask: Mask) -> list[Polygon]:
    """The 4-connected regions of a (Y, X) mask, from top to bottom."""
    from scipy import ndimage  # late: the page starts without it

    if not mask.any():
        return []
    padded = np.pad(mask, 1)
    regions, count = ndimage.label(padded)
    outlines: list[NDArray[np.int64] | None] = [None] * (count + 1)
    holes: list[list[NDArray[np.int64]]] = [[] for _ in range(count + 1)]
    for ring in _rings(padded):
        x, y = ring[0]
        if mask[y : y + 1, x : x + 1].any():  # the pixel right below the topmost corner on the left
            outlines[regions[y + 1, x + 1]] = ring
        else:
            holes[regions[y, x + 1]].append(ring[::-1])
    return [Polygon(ring, tuple(holes[place])) for place, ring in enumerate(outlines) if ring is not None]


def _rings(padded: Mask) -> Iterator[NDArray[np.int64]]:
    """(N, 2) corners (x, y) of each outline, starting to the right from the topmost corner on the left."""
    y, x, second, swapped = _corners(padded)
    across = _partners(np.lexsort((second, x, y)))
    down = _partners(np.lexsort((second ^ swapped, y, x)))
    order = np.lexsort((second, x, y)).tolist()
    points = np.stack([x, y], axis=1)
    for ring in _walks(order, across.tolist(), down.tolist()):
        yield points[ring]


def _corners(padded: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(y, x, second, swapped) of the corners; where two regions touch there are two, told apart by `second`.

    swapped : 1 where the corner on the left continues downwards.
    """
    nw, ne, sw, se = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    turns = nw ^ ne ^ sw ^ se
    falling, rising = nw & se & ~ne & ~sw, ne & sw & ~nw & ~se
    single, fall, rise = (np.argwhere(found) for found in (turns, falling, rising))
    points = np.concatenate([single, fall, fall, rise, rise])
    counts = [len(single), len(fall), len(fall), len(rise), len(rise)]
    second = np.repeat([0, 0, 1, 0, 1], counts)
    swapped = np.repeat([0, 0, 0, 1, 1], counts)
    return points[:, 0], points[:, 1], second, swapped


def _partners(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """The other end of the edge of each corner, when neighbours in `order` are its ends."""
    partners = np.empty_like(order)
    partners[order[0::2]], partners[order[1::2]] = order[1::2], order[0::2]
    return partners


def _walks(order: Sequence[int], across: Sequence[int], down: Sequence[int]) -> Iterator[list[int]]:
    seen = bytearray(len(order))
    for start in order:
        if seen[start]:
            continue
        ring: list[int] = []
        at = start
        while not seen[at]:
            other = across[at]
            seen[at] = seen[other] = 1
            ring += (at, other)
            at = down[other]
        yield ring


def fill(rings: Iterable[Ring], shape: tuple[int, int]) -> Mask:
    """Pixels whose centres lie inside an odd number of rings; parts outside the (Y, X) shape are dropped."""
    toggles = np.zeros((shape[0], shape[1] + 1), np.uint8)
    for ring in rings:
        _toggle(toggles, np.asarray(ring, float))
    return np.bitwise_xor.accumulate(toggles, axis=1)[:, :-1].astype(bool)


def _toggle(toggles: NDArray[np.uint8], ring: Ring) -> None:
    """Mark the first pixel right of each crossing of a ring with the middle of a row."""
    height, width = toggles.shape[0], toggles.shape[1] - 1
    (x0, y0), (x1, y1) = ring.T, np.roll(ring, -1, axis=0).T
    first = np.ceil(np.clip(np.minimum(y0, y1), 0, height) - 0.5).astype(np.int64)
    last = np.ceil(np.clip(np.maximum(y0, y1), 0, height) - 0.5).astype(np.int64)
    edges = np.repeat(np.arange(len(ring)), last - first)
    rows = np.arange(len(edges)) - np.repeat(np.cumsum(last - first) - (last - first), last - first) + first[edges]
    slope = (x1 - x0)[edges] / (y1 - y0)[edges]
    columns = np.ceil(x0[edges] + (rows + 0.5 - y0[edges]) * slope - 0.5)
    np.bitwise_xor.at(toggles, (rows, np.clip(columns, 0, width).astype(np.int64)), 1)


def paint_rings(pixels: NDArray[np.uint8], rings: Sequence[NDArray[Any]], value: int) -> None:
    """Fill outlines with their holes, looking only at the pixels around them."""
    corners = np.concatenate(rings)
    if not np.isfinite(corners).all():
        raise LabelFileError("A polygon in the file has a corner that is no number.", "Write the file again.")
    limit = (pixels.shape[1], pixels.shape[0])
    x, y = np.floor(np.clip(corners.min(axis=0), 0, limit)).astype(int)
    right, bottom = np.ceil(np.clip(corners.max(axis=0), 0, limit)).astype(int)
    window = pixels[y:bottom, x:right]
    window[fill([ring - (x, y) for ring in rings], (window.shape[0], window.shape[1]))] = value
