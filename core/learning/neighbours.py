"""A slice with those below and above it, for algorithms that look at several; at the ends the last one is repeated."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.images.volumes import VolumeSource, read_slice
from core.learning.segmenter import Around

Image = NDArray[Any]


def places_around(z: int, *, count: int, context: int) -> tuple[int, ...]:
    """The `context` slices below `z` and the `context` above it, ascending, without `z`.

    >>> places_around(1, count=4, context=2)
    (0, 0, 2, 3)
    """
    steps = (*range(-context, 0), *range(1, context + 1))
    return tuple(int(np.clip(z + step, 0, count - 1)) for step in steps)


class SliceWindow:
    """Reads slices with their neighbours; while it moves by one, each slice is read once.

    read : gives slice z. count : of the slices. context : neighbours on either side.
    """

    def __init__(self, read: Callable[[int], Image], *, count: int, context: int) -> None:
        self._read = lru_cache(maxsize=2 * context + 1)(read)
        self._count = count
        self._context = context

    @classmethod
    def over(cls, volume: VolumeSource, *, context: int) -> "SliceWindow":
        """Reads the slices of a volume as algorithms see them."""
        return cls(lambda z: read_slice(volume, z), count=volume.info.shape[0], context=context)

    def __call__(self, z: int) -> tuple[Image, Around]:
        """Slice `z` and its neighbours, as `Segmenter.predict` takes them."""
        around = places_around(z, count=self._count, context=self._context)
        return self._read(z), tuple(self._read(place) for place in around)
