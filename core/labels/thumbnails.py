"""Small pictures of edits for the history: changed pixels in full colour, what stands around them dimmed."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from core.labels.edits import Tile

THUMBNAIL_PX = 56
MARGIN_PX = 8  # around the change, so that its surroundings tell where it is
DIMMED = 90  # of 255
ERASED = (128, 128, 128)


def thumbnail(before: Tile, after: Tile, colors: Mapping[int, str]) -> bytes:
    """A PNG with transparency, 56 x 56 pixels, of the part of a tile that differs.

    Parameters
    ----------
    before, after : (Y, X) uint8 class ids.
    colors : "#RRGGBB" by class id; other classes and erased pixels are grey.
    """
    picture = _paint(before, after, colors)
    rows, columns = _square(before != after)
    small = cv2.resize(picture[rows, columns], (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".png", small)[1].tobytes()


def _paint(before: Tile, after: Tile, colors: Mapping[int, str]) -> NDArray[np.uint8]:
    """(Y, X, 4) uint8 in the order that OpenCV writes: blue, green, red, opacity."""
    palette = np.full((256, 3), ERASED, np.uint8)
    for class_id, color in colors.items():
        palette[class_id] = tuple(bytes.fromhex(color[1:]))[::-1]
    changed = before != after
    opacity = np.where(changed, 255, np.where(after > 0, DIMMED, 0)).astype(np.uint8)
    return np.dstack([palette[after], opacity])


def _square(changed: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The square around what changed; all of it when nothing has."""
    ys, xs = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(ys):
        return slice(None), slice(None)
    side = min(max(int(np.ptp(ys)), int(np.ptp(xs))) + 1 + 2 * MARGIN_PX, *changed.shape)
    return _span(ys, side, changed.shape[0]), _span(xs, side, changed.shape[1])


def _span(places: NDArray[np.int64], side: int, size: int) -> slice:
    start = (int(places[0]) + int(places[-1]) + 1 - side) // 2
    start = min(max(start, 0), size - side)
    return slice(start, start + side)
