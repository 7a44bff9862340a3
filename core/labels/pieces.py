"""Pieces: the connected areas of each class in one slice, or one plane across them, of a result, as runs of pixels.

A piece is what is accepted by a click and what a review steps through. Runs are 50 to 1,000 times smaller than a
numbered image, so many slices can be kept. `core/labels/review.py` orders pieces; instances
(`core/labels/instances.py`) are their like among the labels, across tiles and slices.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.labels.fragments import Runs, find_runs
from core.labels.spans import Spans

UNKNOWN = -1.0  # confidence where a result keeps none


@dataclass(frozen=True)
class Pieces:
    """The pieces of a slice; row k of every table belongs to piece k.

    runs : (N, 3) int32 spans, piece by piece and row by row within each.
    first : (n + 1,) int64, where the runs of each piece begin, and where the last ones end.
    labels : (n,) uint8 class ids of the result.
    area : (n,) int64 pixels.
    confidence : (n,) float64, mean over the pixels, 255 = certain; UNKNOWN where there is none.
    boxes : (n, 4) int32 of (y0, x0, y1, x1), half-open.
    """

    runs: Spans
    first: NDArray[np.int64]
    labels: NDArray[np.uint8]
    area: NDArray[np.int64]
    confidence: NDArray[np.float64]
    boxes: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def nbytes(self) -> int:
        """Of what it holds, give or take the objects themselves."""
        tables = (self.runs, self.first, self.labels, self.area, self.confidence, self.boxes)
        return sum(table.nbytes for table in tables)

    @property
    def seeds(self) -> NDArray[np.int32]:
        """(n, 2) of (y, x): the first pixel of each piece, by which it is found again."""
        return self.runs[self.first[:-1], :2]

    def at(self, y: int, x: int) -> int | None:
        """The piece that a pixel belongs to, None where there is none."""
        rows, starts, stops = self.runs.T
        (under,) = np.nonzero((rows == y) & (starts <= x) & (x < stops))
        return int(np.searchsorted(self.first, under[0], side="right")) - 1 if len(under) else None

    def spans(self, piece: int) -> Spans:
        """(N, 3) int32 of the pixels of a piece; a view."""
        return self.runs[self.first[piece] : self.first[piece + 1]]

    def spans_of_class(self, label: int) -> Spans:
        """(N, 3) int32 of the pixels of all pieces of a class, row by row."""
        runs: Spans = self.runs[np.repeat(self.labels == label, np.diff(self.first))]
        return runs[np.lexsort((runs[:, 1], runs[:, 0]))]


def find_pieces(
    labels: NDArray[np.uint8], class_ids: Iterable[int], confidence: NDArray[np.uint8] | None = None
) -> Pieces:
    """Find the 8-connected areas of each of some classes.

    Areas that touch by an edge or a corner are one, as for instances. Labelling is OpenCV's (Bolelli et al., Spaghetti
    Labeling, 2019, doi:10.1109/TIP.2019.2946979).

    Parameters
    ----------
    labels : (Y, X) class ids.
    class_ids : which classes; a piece never has pixels of two.
    confidence : (Y, X), 255 = certain; None if the result keeps none.

    >>> found = find_pieces(np.array([[1, 0, 1], [0, 1, 2]], np.uint8), [1, 2])
    >>> found.labels.tolist(), found.area.tolist(), found.at(0, 2), found.at(0, 1)
    ([1, 2], [3, 1], 0, None)
    """
    flat = None if confidence is None else np.append(confidence.ravel(), np.uint8(0))  # a run may end with the image
    return _joined([_find(labels == class_id, class_id, flat) for class_id in class_ids])


def _find(mask: NDArray[np.bool_], label: int, flat: NDArray[np.uint8] | None) -> Pieces:
    count, numbers = cv2.connectedComponents(np.ascontiguousarray(mask).view(np.uint8), connectivity=8)
    runs = find_runs(np.asarray(numbers, np.int32))
    sums = None if flat is None else _sums(runs, flat, mask.shape[1])
    order = np.argsort(runs[:, 3], kind="stable")
    first = np.searchsorted(runs[order, 3], np.arange(1, count + 1))
    return _measured(runs[order, :3], first, label, None if sums is None else sums[order])


def _sums(runs: Runs, flat: NDArray[np.uint8], width: int) -> NDArray[np.int64]:
    """(N,) confidence summed over each run; quick because the runs come row by row."""
    if not len(runs):
        return np.zeros(0, np.int64)
    cuts = runs[:, :1].astype(np.int64) * width + runs[:, 1:3]
    sums: NDArray[np.int64] = np.add.reduceat(flat, cuts.ravel(), dtype=np.int64)[::2]
    return sums


def _measured(runs: Spans, first: NDArray[np.int64], label: int, sums: NDArray[np.int64] | None) -> Pieces:
    count, begins = len(first) - 1, first[:-1]
    if not count:
        return _none()
    rows, starts, stops = runs.T
    area = np.add.reduceat(stops - starts, begins, dtype=np.int64)
    low = [np.minimum.reduceat(column, begins) for column in (rows, starts)]
    high = [np.maximum.reduceat(column, begins) for column in (rows + 1, stops)]
    confidence = np.full(count, UNKNOWN) if sums is None else np.add.reduceat(sums, begins) / area
    return Pieces(runs, first, np.full(count, label, np.uint8), area, confidence, np.stack([*low, *high], axis=1))


def _none() -> Pieces:
    return Pieces(
        np.zeros((0, 3), np.int32), np.zeros(1, np.int64), np.zeros(0, np.uint8),
        np.zeros(0, np.int64), np.zeros(0), np.zeros((0, 4), np.int32),
    )  # fmt: skip


def _joined(found: list[Pieces]) -> Pieces:
    """The pieces of several classes as one table."""
    parts = [_none(), *found]
    starts = np.cumsum([0, *(len(part.runs) for part in parts)])
    first = [part.first[:-1] + start for part, start in zip(parts, starts, strict=False)]
    return Pieces(
        np.concatenate([part.runs for part in parts]), np.concatenate([*first, starts[-1:]]),
        np.concatenate([part.labels for part in parts]), np.concatenate([part.area for part in parts]),
        np.concatenate([part.confidence for part in parts]), np.concatenate([part.boxes for part in parts]),
    )  # fmt: skip
