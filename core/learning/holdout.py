"""Labelled regions kept out of training, to score a model on pixels it has not seen.

Pixels of one stroke are near copies of each other, so a random choice of pixels would flatter every model. Whole
regions are held out instead, with a margin around them that is not trained on: strokes where strokes are painted; where
areas are filled, whole boxes or slices, or a corner of them where they are few. Patches to learn from can keep clear
of a box, so a network has not even seen its image.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

BLOCK_PX = 64  # filled areas and long strokes are cut into squares of this size
MARGIN_PX = 8
MIN_REGIONS = 4  # of a class in a slice; with fewer, none is held out
MIN_PLOTS = 5  # filled areas of all slices together; of fewer, corners are held out in place of whole ones
DENSE_FRACTION = 0.5

CHOICES = 24  # of whole boxes that are compared; with 8, a class in few boxes lost up to two thirds of its labels

Labels = NDArray[np.uint8]
Counts = NDArray[np.int64]
NONE: Counts = np.zeros(256, np.int64)


def hold_out(labels: Labels, *, fraction: float, seed: int) -> tuple[Labels, Labels]:
    """Split the labels of a slice.

    Parameters
    ----------
    labels : (Y, X) uint8 class ids, 0 = unlabelled.
    fraction : of each class's regions, 0 to 1.

    Returns
    -------
    (training, held out), both like `labels`. They share no pixel and stay `MARGIN_PX` apart. Classes with fewer than
    `MIN_REGIONS` regions are not held out.
    """
    rng = np.random.default_rng(seed)
    held = np.zeros_like(labels)
    for class_id in np.unique(labels[labels > 0]):
        regions, count = _regions(labels == class_id)
        if count >= MIN_REGIONS:
            chosen = rng.choice(np.arange(1, count + 1), size=max(1, round(count * fraction)), replace=False)
            held[np.isin(regions, chosen)] = class_id
    near = cv2.dilate((held > 0).astype(np.uint8), np.ones((2 * MARGIN_PX + 1,) * 2, np.uint8))
    training = np.where(near > 0, np.uint8(0), labels)
    return (training, held) if _keeps_classes(labels, training) else (labels.copy(), np.zeros_like(labels))


@dataclass(frozen=True)
class Plot:
    """A filled area: connected labelled pixels. at : the place of its slice among the others."""

    at: int
    rows: slice
    columns: slice
    pixels: int

    def corner(self, fraction: float, which: int) -> "Plot":
        """About `fraction` of it, at corner 0 to 3."""
        share = fraction**0.5
        rows = _end_of(self.rows, share, first=which < 2)
        columns = _end_of(self.columns, share, first=which % 2 == 0)
        return Plot(self.at, rows, columns, round(self.pixels * fraction))


def split(stack: Sequence[Labels], *, fraction: float, seed: int) -> list[tuple[Labels, Labels]]:
    """Split the labels of several slices, (training, held out) for each as `hold_out` does for one.

    Where all labels fill areas, boxes with all their classes are held out: whole ones when there are `MIN_PLOTS`, else
    a corner of each. No class is held out altogether; where that cannot be, nothing is held out.
    """
    if fraction <= 0:
        return [(labels.copy(), np.zeros_like(labels)) for labels in stack]
    if not all(is_dense(labels) for labels in stack):
        return [hold_out(labels, fraction=fraction, seed=seed + at) for at, labels in enumerate(stack)]
    for boxes in _candidates(stack, fraction, np.random.default_rng(seed)):
        parts = [_without(labels, [box for box in boxes if box.at == at]) for at, labels in enumerate(stack)]
        kept = {class_id for training, _ in parts for class_id in np.unique(training).tolist()}
        if kept >= {class_id for labels in stack for class_id in np.unique(labels).tolist()} - {0}:
            return parts
    return [(labels.copy(), np.zeros_like(labels)) for labels in stack]


def is_dense(labels: Labels) -> bool:
    """True when most of the area around the labels is labelled: boxes and whole slices, not strokes."""
    rows, columns = np.flatnonzero(labels.any(axis=1)), np.flatnonzero(labels.any(axis=0))
    if rows.size == 0:
        return False
    blocks = labels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    filled = cv2.erode((blocks > 0).astype(np.uint8), np.ones((9, 9), np.uint8), borderValue=1)
    return bool((filled > 0).sum() > DENSE_FRACTION * (blocks > 0).sum())


def typical_side(stack: Sequence[Labels]) -> int:
    """The longer side, in pixels, of the connected area in which the median labelled pixel lies; 0 without labels."""
    found = sorted(
        (max(plot.rows.stop - plot.rows.start, plot.columns.stop - plot.columns.start), plot.pixels)
        for at, labels in enumerate(stack)
        for plot in plots(labels, at)
    )
    so_far = np.cumsum([pixels for _, pixels in found])
    return found[int(np.searchsorted(so_far, so_far[-1] / 2))][0] if found else 0


def _regions(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], int]:
    """Connected pieces of each square of the grid, numbered from 1; 0 elsewhere."""
    _, pieces = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    rows, columns = (np.arange(n) // BLOCK_PX for n in mask.shape)
    squares = rows[:, None] * (columns[-1] + 1) + columns[None, :]
    keys = np.where(mask, squares.astype(np.int64) * (int(pieces.max()) + 1) + pieces, -1)
    found, numbered = np.unique(keys, return_inverse=True)
    numbered = numbered.reshape(mask.shape)
    return (numbered, len(found) - 1) if found[0] == -1 else (numbered + 1, len(found))


def _keeps_classes(labels: Labels, training: Labels) -> bool:
    return set(np.unique(labels)) - {0} <= set(np.unique(training))


def _candidates(stack: Sequence[Labels], fraction: float, rng: np.random.Generator) -> Iterator[list[Plot]]:
    """Boxes that may be held out: those that show more classes first, then those nearer to `fraction` of each."""
    found = [plot for at, labels in enumerate(stack) for plot in plots(labels, at)]
    if len(found) >= MIN_PLOTS:
        count = max(1, round(len(found) * fraction))
        choices = [[found[i] for i in rng.choice(len(found), count, replace=False)] for _ in range(CHOICES)]
    else:
        turns = rng.permutation(4)
        choices = [[plot.corner(fraction, (turn + i) % 4) for i, plot in enumerate(found)] for turn in turns.tolist()]
    total = sum(map(_counts, stack), NONE)
    yield from sorted(choices, key=lambda boxes: _price(_counts_in(stack, boxes), total, fraction))


def plots(labels: Labels, at: int) -> Iterator[Plot]:
    """The filled areas of one slice, each with the smallest box around it."""
    _, _, facts, _ = cv2.connectedComponentsWithStats((labels > 0).astype(np.uint8), connectivity=8)
    for x, y, width, height, pixels in facts[1:].tolist():
        yield Plot(at, slice(y, y + height), slice(x, x + width), pixels)


def _price(held: Counts, total: Counts, fraction: float) -> tuple[int, float]:
    """(minus the classes that are shown, how far the held-out share of a class is from `fraction` at most)."""
    there = total > 0
    return -int((held > 0).sum()), float(np.abs(held[there] / total[there] - fraction).max())


def _counts(labels: Labels) -> Counts:
    """Labelled pixels of each class id."""
    counts = np.bincount(labels.ravel(), minlength=256)
    counts[0] = 0
    return counts


def _counts_in(stack: Sequence[Labels], boxes: Sequence[Plot]) -> Counts:
    return sum((_counts(stack[box.at][box.rows, box.columns]) for box in boxes), NONE)


def _without(labels: Labels, boxes: Sequence[Plot]) -> tuple[Labels, Labels]:
    training, held = labels.copy(), np.zeros_like(labels)
    for box in boxes:
        held[box.rows, box.columns] = labels[box.rows, box.columns]
        rows, columns = (
            slice(max(0, part.start - MARGIN_PX), part.stop + MARGIN_PX) for part in (box.rows, box.columns)
        )
        training[rows, columns] = 0
    return training, held


def _end_of(whole: slice, share: float, *, first: bool) -> slice:
    length = max(1, round((whole.stop - whole.start) * share))
    return slice(whole.start, whole.start + length) if first else slice(whole.stop - length, whole.stop)
