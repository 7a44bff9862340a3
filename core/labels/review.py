"""The order of a review: the pieces, or the slices, of a result that it is least sure of come first.

A stack may hold more pieces than fit into memory, so slices are read one at a time, in an order that soon says
something about the whole stack, and only the `MOST` least sure items are kept: a few hundred kilobytes, however large
the result.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.labels.acceptance import Prediction
from core.labels.pieces import UNKNOWN, Pieces, find_pieces

By = Literal["pieces", "slices"]
MOST = 2000  # items; more nobody looks through, and the page gets them all at once

Rows = NDArray[np.float64]
"""(n, 10), as `COLUMNS` says: class 0 stands for a whole slice, the box is half-open, (y, x) is a pixel of the item."""

COLUMNS = ("z", "label", "confidence", "area", "y0", "x0", "y1", "x1", "y", "x")
Z, LABEL, CONFIDENCE, AREA, Y0, X0, Y1, X1, Y, X = range(len(COLUMNS))


@dataclass(frozen=True)
class Aim:
    """What is looked through.

    by : pieces or whole slices. classes : class ids of the result. least_px : smaller pieces are left out.
    """

    by: By
    classes: tuple[int, ...]
    least_px: int = 1


@dataclass(frozen=True)
class Queue:
    """items : the least sure first, at most `MOST`. found : how many there were in all."""

    items: Rows = field(default_factory=lambda: np.zeros((0, len(COLUMNS))))
    found: int = 0

    def add(self, rows: Rows) -> "Queue":
        """A queue with the items of another slice.

        >>> queue = Queue().add(np.array([[0, 1, 200, 9, 0, 0, 3, 3, 0, 0], [0, 1, 50, 4, 5, 5, 7, 7, 5, 5]]))
        >>> queue.found, queue.items[:, CONFIDENCE].tolist()
        (2, [50.0, 200.0])
        """
        items = np.concatenate([self.items, rows])
        order = np.lexsort((items[:, X], items[:, Y], items[:, Z], items[:, CONFIDENCE]))
        return Queue(items[order[:MOST]], self.found + len(rows))


def rows_of(aim: Aim, z: int, prediction: Prediction) -> Rows:
    """The items of slice `z`.

    prediction : (Y, X) class ids of the result, and confidence, as `core.labels.acceptance` takes it.
    """
    pieces = find_pieces(prediction[0], aim.classes, prediction[1])
    return _pieces(z, pieces, aim.least_px) if aim.by == "pieces" else _slice(z, pieces)


def spread(slices: Sequence[int]) -> list[int]:
    """The slices in an order in which any first few lie all over the stack: the middle of the widest gap is next.

    The places are counted in the bit-reversed order of van der Corput (1935).

    >>> spread([10, 11, 12, 13, 14, 15, 16, 17])
    [10, 14, 12, 16, 11, 15, 13, 17]
    """
    bits = max(1, (len(slices) - 1).bit_length())
    return [z for _, z in sorted((int(f"{place:0{bits}b}"[::-1], 2), z) for place, z in enumerate(slices))]


def _pieces(z: int, pieces: Pieces, least_px: int) -> Rows:
    columns = (np.full(len(pieces), z), pieces.labels, pieces.confidence, pieces.area, pieces.boxes, pieces.seeds)
    rows: Rows = np.column_stack(columns).astype(np.float64)
    return rows[pieces.area >= least_px]


def _slice(z: int, pieces: Pieces) -> Rows:
    """One item, or none where the classes are not on the slice."""
    if not len(pieces):
        return np.zeros((0, len(COLUMNS)))
    area = pieces.area.sum()
    sure = UNKNOWN if pieces.confidence[0] == UNKNOWN else pieces.confidence @ pieces.area / area
    low, high = pieces.boxes[:, :2].min(axis=0), pieces.boxes[:, 2:].max(axis=0)
    return np.array([[z, 0, sure, area, *low, *high, *pieces.seeds[0]]])
