"""What a model makes of a patch, as a picture: beside image and labels while it learns, alone as its thumbnail."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.labels.classes import LabelClass
from core.learning.segmenter import Preview

TINT = 0.5  # of a class's colour over the image
GAP_PX = 4
LEAST_PX = 160  # smaller patches are enlarged, in whole steps, so that their pixels can be seen
THUMBNAIL_PX = 192  # twice of what a table shows, for sharp screens
DARKEST, BRIGHTEST = 1, 99  # per cent of a patch's greys that are black and white


def draw(preview: Preview, classes: Sequence[LabelClass]) -> NDArray[np.uint8]:
    """(Y, X, 3) uint8 RGB: image, truth and prediction side by side; what is not labelled shows the image."""
    grey = np.repeat(preview.image[:, :, None], 3, axis=2)
    colors = _colors(classes)
    parts = [grey, *(_tinted(grey, labels, colors) for labels in (preview.truth, preview.predicted))]
    gap = np.zeros((grey.shape[0], GAP_PX, 3), np.uint8)
    row = np.concatenate([parts[0], gap, parts[1], gap, parts[2]], axis=1)
    times = max(1, LEAST_PX // grey.shape[0])
    return row.repeat(times, axis=0).repeat(times, axis=1)


def as_png(preview: Preview, classes: Sequence[LabelClass]) -> bytes:
    """The same as a file."""
    return _packed(draw(preview, classes))


def thumbnail(image: NDArray[Any], labels: NDArray[np.uint8], classes: Sequence[LabelClass]) -> bytes:
    """A PNG of the part of a predicted slice that tells most: where the classes are most mixed.

    image : (Y, X[, C]) true values; of channels, the mean. labels : (Y, X) uint8 class ids.
    """
    y, x = most_mixed(labels, THUMBNAIL_PX)
    part = slice(y, y + THUMBNAIL_PX), slice(x, x + THUMBNAIL_PX)
    grey = np.repeat(_grey(image[part])[:, :, None], 3, axis=2)
    return _packed(_tinted(grey, labels[part], _colors(classes)))


def _packed(rgb: NDArray[np.uint8]) -> bytes:
    _, packed = cv2.imencode(".png", np.ascontiguousarray(rgb[:, :, ::-1]))
    return bytes(packed)


def most_mixed(labels: NDArray[np.uint8], side: int) -> tuple[int, int]:
    """(y, x) of the square of a grid in which the classes are most evenly mixed (entropy); the first of equals.

    >>> labels = np.zeros((4, 6), np.uint8)
    >>> labels[2:, 5] = 1
    >>> most_mixed(labels, 2)
    (2, 4)
    """
    corners = [(y, x) for y in _corners(labels.shape[0], side) for x in _corners(labels.shape[1], side)]
    return max(corners, key=lambda at: _entropy(labels[at[0] : at[0] + side, at[1] : at[1] + side]))


def _corners(length: int, side: int) -> list[int]:
    """Where squares of a grid begin; the last one ends at the edge."""
    return [*range(0, length - side, side), max(0, length - side)]


def _entropy(labels: NDArray[np.uint8]) -> float:
    shares = np.bincount(labels.ravel()) / labels.size
    known = shares[shares > 0]
    return float(-(known * np.log(known)).sum())


def _grey(image: NDArray[Any]) -> NDArray[np.uint8]:
    """(Y, X) uint8, dark and bright as the patch itself is; NaN is black."""
    values = np.nan_to_num(image.astype(np.float32))
    values = values.mean(axis=2) if values.ndim == 3 else values
    lo, hi = np.percentile(values, (DARKEST, BRIGHTEST))
    scaled: NDArray[np.float32] = 255 * (values - lo) / max(hi - lo, np.finfo(np.float32).tiny)
    return scaled.clip(0, 255).astype(np.uint8)


def _tinted(grey: NDArray[np.uint8], labels: NDArray[np.uint8], colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    mixed = (1 - TINT) * grey + TINT * colors[labels]
    return np.where(labels[:, :, None] > 0, np.rint(mixed), grey).astype(np.uint8)


def _colors(classes: Sequence[LabelClass]) -> NDArray[np.uint8]:
    table = np.zeros((256, 3), np.uint8)
    for each in classes:
        table[each.id] = list(bytes.fromhex(each.color.removeprefix("#")))
    return table
