"""A patch while a model learns, as a picture: the image, the labels over it, and what the model makes of it."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from core.labels.classes import LabelClass
from core.learning.segmenter import Preview

TINT = 0.5  # of a class's colour over the image
GAP_PX = 4
LEAST_PX = 160  # smaller patches are enlarged, in whole steps, so that their pixels can be seen


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
    bgr = np.ascontiguousarray(draw(preview, classes)[:, :, ::-1])
    _, packed = cv2.imencode(".png", bgr)
    return bytes(packed)


def _tinted(grey: NDArray[np.uint8], labels: NDArray[np.uint8], colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    mixed = (1 - TINT) * grey + TINT * colors[labels]
    return np.where(labels[:, :, None] > 0, np.rint(mixed), grey).astype(np.uint8)


def _colors(classes: Sequence[LabelClass]) -> NDArray[np.uint8]:
    table = np.zeros((256, 3), np.uint8)
    for each in classes:
        table[each.id] = list(bytes.fromhex(each.color.removeprefix("#")))
    return table
