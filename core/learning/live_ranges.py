"""Which grey range the slices go by while somebody paints: each its own where the labels say so, as in training.

`Normalisation.of_labelled` asks the same of the slices a model learns from. Here the common range is the window of the
whole volume, and what has been looked at is remembered, so that a stroke costs no more than its own tile.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.byte_cache import ByteCache
from core.labels.tools.scene import Frame
from core.learning.live_view import Image, Lesson, Place, block_frame
from core.learning.normalisation import LabelledGreys, Normalisation, own_ranges_are_nearer

MAX_WHOLE_PX = 1 << 26  # of a slice that is read whole for its range: 8192 x 8192; larger ones go by the common range
MAX_GREYS = 2_000  # of a tile, as many as live learning takes
RANGES_BYTES, GREYS_BYTES = 1 << 20, 8 << 20
RANGE_BYTES = 512  # of one range with its key

Read = Callable[[int, Frame], NDArray[Any]]
"""(z, part of the slice) -> its true values, (h, w) or (h, w, C)."""
ReadLabels = Callable[[Place], NDArray[np.uint8] | None]


class _Greys(NamedTuple):
    """Of the labelled pixels of a tile."""

    values: NDArray[Any]
    classes: NDArray[np.uint8]


class SliceRanges:
    """The ranges of slices, and the grey values of labelled pixels, of all volumes. Safe for threads."""

    def __init__(self) -> None:
        self._ranges = ByteCache(RANGES_BYTES, size=lambda _: RANGE_BYTES)
        self._greys = ByteCache(GREYS_BYTES, size=lambda kept: kept.values.nbytes + kept.classes.nbytes)

    def told(self, lesson: Lesson, read: Read, labels: ReadLabels) -> bool:
        """Whether the labels of a lesson speak for the slices' own ranges; one slice tells nothing of others."""
        image, slices = lesson.image, lesson.slices
        if len(slices) < 2 or _size(image.plane) > MAX_WHOLE_PX:
            return False
        parts = [(tile[0][0], self._greys_of(image, tile, read, labels)) for tile in lesson.tiles]
        known = [
            LabelledGreys(*_joined([greys for at, greys in parts if at == z]), self._range(image, z, read))
            for z in slices
        ]
        return own_ranges_are_nearer([each for each in known if each.classes.size], image.normalisation)

    def with_own(self, image: Image, slices: Sequence[int], read: Read) -> Image:
        """The image, these slices by their own ranges."""
        return replace(image, own={**image.own, **{z: self._range(image, z, read) for z in slices}})

    def _range(self, image: Image, z: int, read: Read) -> Normalisation:
        own = replace(image.normalisation, own=True)
        key = (image.volume, image.version, image.normalisation, z)
        found: Normalisation = self._ranges.get(key, lambda: own.of_slice(read(z, image.plane)))
        return found

    def _greys_of(self, image: Image, tile: tuple[Place, int], read: Read, labels: ReadLabels) -> _Greys:
        key = (image.volume, image.version, tile)
        found: _Greys = self._greys.get(key, lambda: _look(image, tile[0], read, labels))
        return found


def _look(image: Image, place: Place, read: Read, labels: ReadLabels) -> _Greys:
    frame, marked = block_frame(place, image.plane), labels(place)
    pixels = read(place[0], frame)
    if marked is None:
        return _Greys(pixels[:0, 0], np.empty(0, np.uint8))
    y, x = np.nonzero(marked[: frame.shape[0], : frame.shape[1]])
    step = max(1, len(y) // MAX_GREYS)
    return _Greys(pixels[y[::step], x[::step]], marked[y[::step], x[::step]])


def _joined(parts: Sequence[_Greys]) -> _Greys:
    return _Greys(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _size(plane: Frame) -> int:
    return plane.shape[0] * plane.shape[1]
