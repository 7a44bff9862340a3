"""Labelled regions kept out of training, to score a model on pixels it has not seen.

Pixels of one stroke are near copies of each other, so a random choice of pixels would flatter every model. Whole
regions are held out instead, a stroke or a square of a filled area, with a margin around them that is not trained on.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

BLOCK_PX = 64  # filled areas and long strokes are cut into squares of this size
MARGIN_PX = 8
MIN_REGIONS = 4  # of a class in a slice; with fewer, none is held out
DENSE_FRACTION = 0.5

Labels = NDArray[np.uint8]


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


def is_dense(labels: Labels) -> bool:
    """True when most of the area around the labels is labelled: boxes and whole slices, not strokes."""
    rows, columns = np.flatnonzero(labels.any(axis=1)), np.flatnonzero(labels.any(axis=0))
    if rows.size == 0:
        return False
    blocks = labels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    filled = cv2.erode((blocks > 0).astype(np.uint8), np.ones((9, 9), np.uint8), borderValue=1)
    return bool((filled > 0).sum() > DENSE_FRACTION * (blocks > 0).sum())


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
