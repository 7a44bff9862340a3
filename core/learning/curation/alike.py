"""More like this: which squares of a slice stand for what a person points at, so that items like it can be found.

What is pointed at is compared at the size of the table's tiles, since an embedding tells of one size only. The search
itself is `embeddings.Index`.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.images.pictures import Bounds
from core.learning.curation.store import Item

MOST = 16  # squares of a painted region that are searched for


def side_of(items: Sequence[Item]) -> int | None:
    """The longer side of most tiles of a table, in pixels; None where its items are whole slices."""
    sides = Counter(max(item.box[2] - item.box[0], item.box[3] - item.box[1]) for item in items if item.box)
    return sides.most_common(1)[0][0] if sides else None


def square(middle: tuple[int, int], side_px: int, shape: tuple[int, int]) -> Bounds:
    """A square around (y, x), moved inwards where it would leave the slice, smaller where that is.

    >>> square((2, 50), 32, (100, 64))
    (0, 32, 32, 64)
    """
    (y0, y1), (x0, x1) = (_span(at, side_px, length) for at, length in zip(middle, shape, strict=True))
    return y0, x0, y1, x1


def painted_middles(labels: NDArray[np.uint8], side_px: int, *, most: int = MOST) -> list[tuple[int, int]]:
    """(y, x) in the middle of what is painted in each square of a grid, the squares with most of it first.

    labels : (Y, X) uint8, 0 = unlabelled. Empty where nothing is painted.
    """
    rows, columns = np.nonzero(labels)
    if not len(rows):
        return []
    across = -(-labels.shape[1] // side_px)
    squares, places = np.unique(rows // side_px * across + columns // side_px, return_inverse=True)
    counts = np.bincount(places)
    means = [np.bincount(places, weights=each) / counts for each in (rows, columns)]
    order = np.argsort(-counts, kind="stable")[: min(most, len(squares))]
    return [(int(means[0][at]), int(means[1][at])) for at in order]


def _span(at: int, side_px: int, length: int) -> tuple[int, int]:
    side = min(side_px, length)
    start = min(max(at - side // 2, 0), length - side)
    return start, start + side
