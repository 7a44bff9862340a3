"""The levels of one slice, also of one too large to hold.

Then its coarse levels are made band by band, and a tile of a fine level is read and reduced when it is asked for.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.images.geometry import Box, level_shapes, tile_bounds, whole_slice
from core.images.pyramid import halve, image_levels
from core.images.volumes import VolumeInfo, VolumeSource

BAND_BYTES = 64 << 20  # read at a time while the coarse levels are made


@dataclass(frozen=True)
class SliceLevels:
    """The levels of a slice from `first` on, in true values. `first` is 0 when the whole slice is held."""

    first: int
    levels: list[NDArray[Any]]

    @property
    def nbytes(self) -> int:
        return sum(level.nbytes for level in self.levels)

    def tile(self, level: int, tx: int, ty: int) -> NDArray[Any]:
        """Pixels of a tile of a level that is held. A view. Raises NotFoundError outside the image."""
        pixels = self.levels[level - self.first]
        rows, columns = tile_bounds((pixels.shape[0], pixels.shape[1]), tx, ty)
        return pixels[rows, columns]


def read_levels(source: VolumeSource, z: int, *, max_bytes: int) -> SliceLevels:
    """Read slice `z` once and reduce it. Full size is held unless the slice exceeds `max_bytes`."""
    first = first_level(source.info, max_bytes)
    if first == 0:
        return SliceLevels(0, image_levels(source.read(whole_slice(z, source.info.shape))[0]))
    bands = [reduced(source.read(box)[0], first) for box in bands_of(source.info, z, first)]
    return SliceLevels(first, image_levels(np.concatenate(bands)))


def read_tile(source: VolumeSource, z: int, level: int, tx: int, ty: int) -> NDArray[Any]:
    """Read the part of slice `z` under a tile and reduce it to the tile's level. Raises NotFoundError outside."""
    _, height, width = source.info.shape
    rows, columns = tile_bounds(level_shapes((height, width))[level], tx, ty)
    start = (z, rows.start << level, columns.start << level)
    stop = (z + 1, min(rows.stop << level, height), min(columns.stop << level, width))
    return reduced(source.read(Box(start=start, stop=stop))[0], level)


def reduced(pixels: NDArray[Any], level: int) -> NDArray[Any]:
    """Halve `level` times. Parts cut at multiples of 2^level give the same pixels as the whole."""
    for _ in range(level):
        pixels = halve(pixels)
    return pixels


def first_level(info: VolumeInfo, max_bytes: int) -> int:
    """The finest level that fits into `max_bytes`; the coarsest there is when none does.

    >>> first_level(VolumeInfo("a", "", (1, 50_000, 50_000), 1, np.dtype("u2"), "1"), 300_000_000)
    3
    """
    pixel_bytes = info.channels * info.dtype.itemsize
    shapes = level_shapes(info.shape[1:])
    fits = (level for level, (y, x) in enumerate(shapes) if y * x * pixel_bytes <= max_bytes)
    return next(fits, len(shapes) - 1)


def bands_of(info: VolumeInfo, z: int, level: int) -> list[Box]:
    """Bands of rows that cover slice `z`, cut at multiples of 2^level, of about 64 MB."""
    _, height, width = info.shape
    row_bytes = width * info.channels * info.dtype.itemsize
    rows = max(1, BAND_BYTES // (row_bytes << level)) << level
    return [Box(start=(z, y, 0), stop=(z + 1, min(y + rows, height), width)) for y in range(0, height, rows)]
