"""Where the pixels of an export come from: a volume, and labels or a prediction of its slices."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.byte_cache import ByteCache
from core.images.geometry import Box
from core.images.volumes import VolumeSource
from core.labels.exchange.facts import ReadSlice
from core.labelstudio.tasks import Region

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8] | None]
"""(class ids, how certain they are or None), (Y, X) uint8 both."""
ReadPair = Callable[[int], Pair]
KEPT_BYTES = 64 << 20  # the regions of a slice come one after the other


class StackSource:
    """A `core.labelstudio.exporting.Source`. read : the whole of a slice."""

    def __init__(self, volume: VolumeSource, read: ReadPair) -> None:
        self._volume, self._read = volume, read
        self._kept = ByteCache(KEPT_BYTES, size=lambda pair: sum(each.nbytes for each in pair if each is not None))

    def image(self, z: int, region: Region) -> NDArray[Any]:
        """(Y, X) or (Y, X, C) true values."""
        box = Box(start=(z, region.y0, region.x0), stop=(z + 1, region.y1, region.x1))
        found: NDArray[Any] = self._volume.read(box)[0]
        return found

    def labels(self, z: int, region: Region) -> Pair:
        """(class ids, how certain they are or None)."""
        ids, scores = self._kept.get(z, lambda: self._read(z))
        return ids[region.slices], None if scores is None else scores[region.slices]


def of_labels(read: ReadSlice) -> ReadPair:
    """Labels: nobody says how certain they are."""
    return lambda z: (read(z), None)


def regions_to_send(shape: tuple[int, int], *, region: Region | None = None, tile_px: int = 0) -> list[Region]:
    """What of each slice is sent: all of it, a part, or tiles of at most `tile_px` a side.

    >>> len(regions_to_send((100, 250), tile_px=100))
    3
    """
    whole = region or Region.whole(shape)
    if not tile_px:
        return [whole]
    return [
        Region(y, x, min(y + tile_px, whole.y1), min(x + tile_px, whole.x1))
        for y in range(whole.y0, whole.y1, tile_px)
        for x in range(whole.x0, whole.x1, tile_px)
    ]
