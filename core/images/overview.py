"""The levels of one slice: held whole when it is small, else made once, block by block, and kept on the disk.

Until its blocks are made, the coarse levels of a large slice show what a sample of each block says, and tiles of the
fine levels are read and reduced when they are asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.images.derived import Arrays, ArraySpec, Derived
from core.images.geometry import TILE_PX, Box, level_shapes, tile_bounds, whole_slice
from core.images.pyramid import halve, image_levels
from core.images.volumes import MultiscaleSource, VolumeInfo, VolumeSource

WHOLE_SLICE_BYTES = 64 << 20  # read and reduced in about 0.3 s
BLOCK_LEVEL = 3  # the level at which a block is one tile
BLOCK_PX = TILE_PX << BLOCK_LEVEL  # 32 MiB of uint16
SAMPLE_PX = 64  # of each block, for the first impression


@dataclass(frozen=True)
class SliceLevels:
    """The levels of a slice in true values, from level `first` on."""

    levels: list[NDArray[Any]]
    first: int = 0

    @property
    def nbytes(self) -> int:
        return sum(level.nbytes for level in self.levels)

    def tile(self, level: int, tx: int, ty: int) -> NDArray[Any]:
        """Pixels of a tile. A view. Raises NotFoundError outside the image."""
        pixels = self.levels[level - self.first]
        rows, columns = tile_bounds((pixels.shape[0], pixels.shape[1]), tx, ty)
        return pixels[rows, columns]


def is_large(info: VolumeInfo) -> bool:
    """Whether a slice is too large to be read whole whenever one looks at it."""
    return slice_bytes(info) > WHOLE_SLICE_BYTES


def slice_bytes(info: VolumeInfo) -> int:
    _, height, width = info.shape
    return height * width * info.channels * info.dtype.itemsize


def read_levels(source: VolumeSource, z: int) -> SliceLevels:
    """Read slice `z` once and reduce it."""
    return SliceLevels(image_levels(source.read(whole_slice(z, source.info.shape))[0]))


def read_tile(source: VolumeSource, z: int, level: int, tx: int, ty: int) -> NDArray[Any]:
    """Read the part of slice `z` under a tile and reduce it to the tile's level. Raises NotFoundError outside."""
    rows, columns = area_under(source.info, level, tx, ty)
    box = Box(start=(z, rows.start, columns.start), stop=(z + 1, rows.stop, columns.stop))
    return reduced(source.read(box)[0], level)


@dataclass(frozen=True)
class StoredLevel:
    """A coarser level that is stored beside a volume: its number, and where it is read."""

    number: int
    source: VolumeSource

    def slice_of(self, z: int, info: VolumeInfo) -> int:
        """Which of its slices shows slice `z` of the volume: it may have fewer."""
        return z * self.source.info.shape[0] // info.shape[0]


def stored_level(source: VolumeSource, level: int) -> StoredLevel | None:
    """The stored level that a tile of `level` is best made from, or None."""
    stored = source.levels if isinstance(source, MultiscaleSource) else {}
    number = max((number for number in stored if number <= level), default=0)
    return StoredLevel(number, stored[number]) if number else None


def read_stored_levels(info: VolumeInfo, stored: StoredLevel, z: int) -> SliceLevels:
    """Read slice `z` of a stored level once and reduce it further."""
    height, width = level_shapes(info.shape[1:])[stored.number]
    pixels = _read_padded(stored.source, stored.slice_of(z, info), slice(0, height), slice(0, width))
    return SliceLevels(image_levels(pixels), first=stored.number)


def read_stored(info: VolumeInfo, stored: StoredLevel, z: int, level: int, tx: int, ty: int) -> NDArray[Any]:
    """A tile of `level` made from a stored one. Raises NotFoundError outside the image."""
    shapes = level_shapes(info.shape[1:])
    rows, columns = _area_under(shapes[level], shapes[stored.number], level - stored.number, tx, ty)
    return reduced(_read_padded(stored.source, stored.slice_of(z, info), rows, columns), level - stored.number)


def _read_padded(source: VolumeSource, z: int, rows: slice, columns: slice) -> NDArray[Any]:
    """Part of a slice; where other programs round sizes of levels down, the edge is repeated."""
    _, height, width = source.info.shape
    stop = (z + 1, min(rows.stop, height), min(columns.stop, width))
    pixels: NDArray[Any] = source.read(Box(start=(z, rows.start, columns.start), stop=stop))[0]
    missing = (rows.stop - rows.start - pixels.shape[0], columns.stop - columns.start - pixels.shape[1])
    if any(missing):
        pixels = np.pad(pixels, [(0, missing[0]), (0, missing[1]), *[(0, 0)] * (pixels.ndim - 2)], mode="edge")
    return pixels


def area_under(info: VolumeInfo, level: int, tx: int, ty: int) -> tuple[slice, slice]:
    """(rows, columns) of full size under a tile of a level. Raises NotFoundError outside the image."""
    return _area_under(level_shapes(info.shape[1:])[level], info.shape[1:], level, tx, ty)


def _area_under(shape: tuple[int, int], finer: tuple[int, int], halvings: int, tx: int, ty: int) -> tuple[slice, slice]:
    """(rows, columns) of a finer level under a tile of a level of `shape`."""
    rows, columns = tile_bounds(shape, tx, ty)
    return (
        slice(rows.start << halvings, min(rows.stop << halvings, finer[0])),
        slice(columns.start << halvings, min(columns.stop << halvings, finer[1])),
    )


def reduced(pixels: NDArray[Any], level: int) -> NDArray[Any]:
    """Halve `level` times. Parts cut at multiples of 2^level give the same pixels as the whole."""
    for _ in range(level):
        pixels = halve(pixels)
    return pixels


@dataclass(frozen=True)
class OverviewRecipe:
    """Makes the levels from 1 on of slice `z`.

    Each is kept as tiles, (rows of tiles, columns of tiles, 512, 512[, c]), so that a tile lies in one piece. The first
    half of the steps samples a patch of each block, which takes seconds; the second half reads the blocks. Blocks are
    numbered from the middle of the image outwards, as people look there first.
    """

    info: VolumeInfo
    z: int
    what: str = "overview"

    @property
    def name(self) -> str:
        return f"overview-{self.z}"

    @cached_property
    def shapes(self) -> list[tuple[int, int]]:
        return level_shapes(self.info.shape[1:])

    @cached_property
    def blocks(self) -> list[tuple[int, int]]:
        """(row, column) of each block."""
        _, height, width = self.info.shape
        rows, columns = -(-height // BLOCK_PX), -(-width // BLOCK_PX)
        middle = (rows - 1) / 2, (columns - 1) / 2
        return sorted(
            ((row, column) for row in range(rows) for column in range(columns)),
            key=lambda block: (block[0] - middle[0]) ** 2 + (block[1] - middle[1]) ** 2,
        )

    @property
    def steps(self) -> int:
        return 2 * len(self.blocks)

    @cached_property
    def arrays(self) -> Mapping[str, ArraySpec]:
        dtype = halve(np.zeros((2, 2), self.info.dtype)).dtype
        channels = (self.info.channels,) if self.info.channels > 1 else ()
        return {
            str(level): ArraySpec((-(-y // TILE_PX), -(-x // TILE_PX), TILE_PX, TILE_PX, *channels), dtype)
            for level, (y, x) in enumerate(self.shapes)
            if level > 0
        }

    def run(self, step: int, source: VolumeSource, arrays: Arrays) -> None:
        if step < len(self.blocks):
            self._sample(step, source, arrays)
        else:
            self._reduce(step - len(self.blocks), source, arrays)

    def steps_under(self, level: int, tx: int, ty: int) -> list[int]:
        """The steps that must be done for a tile to be what it should be. Raises NotFoundError outside the image."""
        rows, columns = area_under(self.info, level, tx, ty)
        covered = [
            (row, column)
            for row in range(rows.start // BLOCK_PX, -(-rows.stop // BLOCK_PX))
            for column in range(columns.start // BLOCK_PX, -(-columns.stop // BLOCK_PX))
        ]
        return [len(self.blocks) + self._numbers[block] for block in covered]

    def tile(self, derived: Derived, level: int, tx: int, ty: int) -> NDArray[Any]:
        """A tile as far as it is made. Raises NotFoundError outside the image."""
        rows, columns = tile_bounds(self.shapes[level], tx, ty)
        size = rows.stop - rows.start, columns.stop - columns.start
        return derived.read(str(level), lambda tiles: tiles[ty, tx, : size[0], : size[1]])

    @cached_property
    def _numbers(self) -> dict[tuple[int, int], int]:
        return {block: number for number, block in enumerate(self.blocks)}

    def _box(self, number: int) -> Box:
        row, column = self.blocks[number]
        _, height, width = self.info.shape
        stop = (self.z + 1, min((row + 1) * BLOCK_PX, height), min((column + 1) * BLOCK_PX, width))
        return Box(start=(self.z, row * BLOCK_PX, column * BLOCK_PX), stop=stop)

    def _reduce(self, number: int, source: VolumeSource, arrays: Arrays) -> None:
        box = self._box(number)
        pixels = source.read(box)[0]
        for level in range(1, len(self.shapes)):
            pixels = halve(pixels)
            _put(arrays[str(level)], box.start[1] >> level, box.start[2] >> level, pixels)

    def _sample(self, number: int, source: VolumeSource, arrays: Arrays) -> None:
        """Fill the block's part of the coarse levels with the mean of a patch from its middle."""
        box = self._box(number)
        y, x = ((a + b) // 2 for a, b in zip(box.start[1:], box.stop[1:], strict=True))
        stop = (self.z + 1, min(y + SAMPLE_PX, box.stop[1]), min(x + SAMPLE_PX, box.stop[2]))
        patch = source.read(Box(start=(self.z, y, x), stop=stop))[0]
        grey = _finite_mean(patch)
        for level in range(BLOCK_LEVEL + 1, len(self.shapes)):
            _, height, width = box.shape
            size = -(-height // 2**level), -(-width // 2**level)
            spec = self.arrays[str(level)]
            flat = np.broadcast_to(grey, (*size, *spec.shape[4:])).astype(spec.dtype)
            _put(arrays[str(level)], box.start[1] >> level, box.start[2] >> level, flat)


def _finite_mean(patch: NDArray[Any]) -> NDArray[np.float64]:
    """Mean of a patch (h, w[, c]), of each channel, without NaN and Inf; NaN when there is nothing else."""
    values = patch.astype(np.float64)
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        mean: NDArray[np.float64] = np.where(known, values, 0).sum(axis=(0, 1)) / known.sum(axis=(0, 1))
    return mean


def _put(tiles: NDArray[Any], y: int, x: int, pixels: NDArray[Any]) -> None:
    """Write (h, w[, c]) pixels at (y, x) of a level that is kept as tiles."""
    for (ty, rows), (tx, columns) in _tiles_of(y, pixels.shape[0], x, pixels.shape[1]):
        top, left = ty * TILE_PX, tx * TILE_PX
        inside = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
        tiles[(ty, tx, *inside)] = pixels[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]


Cut = tuple[int, slice]
"""A tile's place along one axis, and the pixels of it that are meant."""


def _tiles_of(y: int, height: int, x: int, width: int) -> Iterator[tuple[Cut, Cut]]:
    return ((row, column) for row in _cuts(y, height) for column in _cuts(x, width))


def _cuts(start: int, length: int) -> Sequence[Cut]:
    places = range(start // TILE_PX, -(-(start + length) // TILE_PX))
    return [(at, slice(max(start, at * TILE_PX), min(start + length, (at + 1) * TILE_PX))) for at in places]
