"""A second layout of a deep stack, in which XZ and YZ planes are quick to read.

Slices on the disk are wide and flat: one XZ plane touches each of them. Bricks of up to 16 x 32 x 32 voxels lie such
that a plane of any axis touches only whole bricks, 32 planes thick. True values, the source's dtype.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.images.derived import Arrays, ArraySpec, Derived
from core.images.geometry import Box, whole_slice
from core.images.planes import PlaneAxis
from core.images.volumes import VolumeInfo, VolumeSource

SIDE_PX = 32
MAX_DEPTH = 16  # slices of a brick
SLAB_BYTES = 64 << 20  # slices held at a time while their bricks are made
TOUCHED_BYTES = 512 << 20  # rows of the source that one question touches: read from a cold disk within seconds
BRICKS = "bricks"


@dataclass(frozen=True)
class BrickRecipe:
    """Makes bricks, a layer of them a step."""

    info: VolumeInfo
    name: str = "planes"
    what: str = "XZ and YZ planes"

    @cached_property
    def depth(self) -> int:
        """Slices of a brick."""
        _, height, width = self.info.shape
        slice_bytes = height * width * self.info.channels * self.info.dtype.itemsize
        return max(1, min(MAX_DEPTH, SLAB_BYTES // slice_bytes))

    @property
    def steps(self) -> int:
        return -(-self.info.shape[0] // self.depth)

    @property
    def arrays(self) -> Mapping[str, ArraySpec]:
        return {BRICKS: ArraySpec((self.steps, *self._grid, *self._brick), self.info.dtype)}

    def run(self, step: int, source: VolumeSource, arrays: Arrays) -> None:
        layer = self._read_layer(step, source)
        rows, columns = self._grid
        cut = layer.reshape(self.depth, rows, SIDE_PX, columns, SIDE_PX, *layer.shape[3:])
        arrays[BRICKS][step] = np.moveaxis(cut, (1, 3), (0, 1))

    def has_slices(self, derived: Derived, start: int, stop: int) -> bool:
        """Whether the bricks of slices `start` to `stop` are there."""
        return derived.has(range(start // self.depth, -(-stop // self.depth)))

    def read(self, derived: Derived, box: Box) -> NDArray[Any]:
        """The voxels of `box`, (z, y, x[, c]); meant for boxes that are thin along one axis."""
        sizes = (self.depth, SIDE_PX, SIDE_PX)
        bricks = [slice(a // size, -(-b // size)) for a, b, size in zip(box.start, box.stop, sizes, strict=True)]
        inner = [
            slice(a % size, a % size + 1) if b - a == 1 else slice(None)
            for a, b, size in zip(box.start, box.stop, sizes, strict=True)
        ]
        found = derived.read(BRICKS, lambda stored: stored[(*bricks, *inner)])
        return self._joined(found, box, bricks, sizes)

    def _joined(self, found: NDArray[Any], box: Box, bricks: list[slice], sizes: tuple[int, int, int]) -> NDArray[Any]:
        """Bricks side by side as one block, and `box` cut out of it."""
        side_by_side = np.moveaxis(found, (3, 4, 5), (1, 3, 5))  # (nz, d, ny, h, nx, w[, c])
        n = side_by_side.shape
        block = side_by_side.reshape(n[0] * n[1], n[2] * n[3], n[4] * n[5], *n[6:])
        corner = [
            0 if b - a == 1 else a - brick.start * size
            for a, b, brick, size in zip(box.start, box.stop, bricks, sizes, strict=True)
        ]
        return block[tuple(slice(at, at + length) for at, length in zip(corner, box.shape, strict=True))]

    @property
    def _grid(self) -> tuple[int, int]:
        _, height, width = self.info.shape
        return -(-height // SIDE_PX), -(-width // SIDE_PX)

    @property
    def _brick(self) -> tuple[int, ...]:
        channels = (self.info.channels,) if self.info.channels > 1 else ()
        return (self.depth, SIDE_PX, SIDE_PX, *channels)

    def _read_layer(self, step: int, source: VolumeSource) -> NDArray[Any]:
        """The slices of a layer, padded with zeros to whole bricks, read one by one to hold few at a time."""
        depth, height, width = self.info.shape
        rows, columns = self._grid
        layer = np.zeros((self.depth, rows * SIDE_PX, columns * SIDE_PX, *self._brick[3:]), self.info.dtype)
        for place, z in enumerate(range(step * self.depth, min((step + 1) * self.depth, depth))):
            layer[place, :height, :width] = source.read(whole_slice(z, self.info.shape))[0]
        return layer


class BrickedVolume:
    """A VolumeSource that takes thin boxes across the slices from bricks where they are made, else from the source."""

    def __init__(self, source: VolumeSource, recipe: BrickRecipe, derived: Derived) -> None:
        self.info = source.info
        self._source, self._recipe, self._derived = source, recipe, derived

    def read(self, box: Box) -> NDArray[Any]:
        parts = [self._part(box, start, stop) for start, stop in self._runs(box.start[0], box.stop[0])]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _part(self, box: Box, start: int, stop: int) -> NDArray[Any]:
        part = Box((start, *box.start[1:]), (stop, *box.stop[1:]))
        if self._recipe.has_slices(self._derived, start, stop):
            return self._recipe.read(self._derived, part)
        portions = [self._source.read(portion) for portion in self._portions(part)]
        return portions[0] if len(portions) == 1 else np.concatenate(portions)

    def _portions(self, box: Box) -> Iterator[Box]:
        """Parts of a box that a source answers soon: one that is kept in slices reads whole rows for a few columns."""
        row_bytes = self.info.shape[2] * self.info.channels * self.info.dtype.itemsize
        slices = max(1, TOUCHED_BYTES // (row_bytes * box.shape[1]))
        for first in range(box.start[0], box.stop[0], slices):
            yield Box((first, *box.start[1:]), (min(first + slices, box.stop[0]), *box.stop[1:]))

    def _runs(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Ranges of slices that come from the same place, as long as can be."""
        runs: list[tuple[int, int, bool]] = []
        for layer in range(start // self._recipe.depth, -(-stop // self._recipe.depth)):
            first, last = layer * self._recipe.depth, (layer + 1) * self._recipe.depth
            done = self._derived.has([layer])
            if runs and runs[-1][2] == done:
                first = runs.pop()[0]
            runs.append((max(first, start), min(last, stop), done))
        return [(first, last) for first, last, _ in runs]


def wants_bricks(info: VolumeInfo, axis: PlaneAxis) -> bool:
    """Whether planes of `axis` are worth a second layout: of a small stack they are read quickly as it is."""
    return axis != "z" and info.nbytes > 4 * SLAB_BYTES
