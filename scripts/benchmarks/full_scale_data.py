"""The two data sets of ``scripts/benchmark.py viewer``: a deep stack (r1) and one very large image (r2)."""

from pathlib import Path

import numpy as np
import tifffile
import zarr
from numpy.typing import NDArray

SLICE_PX = 2560
STACK_SLICES = 512
IMAGE_PX = 50_000
CHUNK_PX = 1024
STACK, IMAGE = "r1", "r2"  # folders, and the paths of the volumes
BASES = 16  # slices of their own in the stack; the others are these, moved


def make_stack(folder: Path, *, slices: int = STACK_SLICES) -> None:
    """A TIFF sequence of 2560 x 2560 uint16 blobs and noise, which hardly compresses, unless it is there."""
    stack = folder / STACK / STACK
    if stack.exists() and len(list(stack.iterdir())) == slices:
        return
    stack.mkdir(parents=True, exist_ok=True)
    bases = [_patch(SLICE_PX, seed) for seed in range(min(BASES, slices))]
    for z in range(slices):
        tifffile.imwrite(stack / f"slice_{z:04d}.tif", np.roll(bases[z % BASES], 37 * z, axis=(0, 1)))


def make_image(folder: Path, *, side: int = IMAGE_PX) -> None:
    """A zarr array of side x side uint16: a disc-shaped specimen of textured chunks, the rest unwritten."""
    path = folder / IMAGE / IMAGE
    if path.exists() and zarr.open_array(str(path)).shape == (side, side):
        return
    array = zarr.create_array(
        str(path),
        shape=(side, side),
        chunks=(CHUNK_PX, CHUNK_PX),
        dtype="uint16",
        fill_value=0,
        compressors=None,
        overwrite=True,
    )
    patches = [_patch(CHUNK_PX, seed) for seed in range(6)]
    count = -(-side // CHUNK_PX)
    for row in range(count):
        for column in range(count):
            if (row - count / 2) ** 2 + (column - count / 2) ** 2 < (0.46 * count) ** 2:
                _write_chunk(array, row, column, patches[(7 * row + 3 * column) % 6] // (1 + (row + column) % 3))


def _write_chunk(array: zarr.Array, row: int, column: int, pixels: NDArray[np.uint16]) -> None:
    y, x = row * CHUNK_PX, column * CHUNK_PX
    height, width = min(CHUNK_PX, array.shape[0] - y), min(CHUNK_PX, array.shape[1] - x)
    array[y : y + height, x : x + width] = pixels[:height, :width]


def _patch(side: int, seed: int) -> NDArray[np.uint16]:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    blobs = 9000 * (np.sin(y / (60 + 7 * seed)) * np.cos(x / (70 - 3 * seed)) + 1.2)
    return (blobs + rng.normal(0, 900, (side, side)).astype(np.float32)).clip(0, 65535).astype(np.uint16)
