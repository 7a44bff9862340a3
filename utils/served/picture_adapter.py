"""A Tiled adapter for PNG and JPEG: a picture, or a numbered sequence of equal ones as a stack.

Headers alone describe them; a picture is decoded when it is asked for. Palettes and ink colours come as RGB, and of
grey with transparency only the grey.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tiled.adapters.core import Adapter
from tiled.ndslice import NDBlock, NDSlice
from tiled.structures.array import ArrayStructure, BuiltinDtype
from tiled.structures.core import StructureFamily

from core.errors import UnsupportedImageError
from utils.served.tiff_adapter import UnreadableError, in_words

EVERYTHING = NDSlice(...)
KEPT = 4  # decoded pictures; the tiles of one are asked for in a burst
PLAIN = {"1": "?", "L": "u1", "I;16": "u2", "I;16B": "u2", "I": "i4", "F": "f4"}  # modes of one value a pixel
COLOURS = {"RGB": 3, "RGBA": 4}


class Look(NamedTuple):
    """How a picture is decoded. mode : Pillow's, after conversion. frame : (Y, X) or (Y, X, C)."""

    mode: str
    frame: tuple[int, ...]
    dtype: np.dtype[Any]


def look_of(path: Path) -> Look:
    """From the header. Raises UnsupportedImageError when it is no picture."""
    try:
        with Image.open(path) as picture:
            (width, height), mode = picture.size, _mode(picture)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise UnsupportedImageError(f"{path.name} is not a readable picture ({error}).") from error
    colours = (COLOURS[mode],) if mode in COLOURS else ()
    return Look(mode, (height, width, *colours), np.dtype(PLAIN.get(mode, "u1")))


def _mode(picture: Image.Image) -> str:
    if picture.mode in PLAIN or picture.mode in COLOURS:
        return picture.mode
    if picture.mode == "LA":
        return "L"
    return "RGBA" if "transparency" in picture.info else "RGB"


class PictureAdapter(Adapter[ArrayStructure]):
    """One picture as (Y, X[, C]), or several equal ones as (Z, Y, X[, C]) in the order given."""

    structure_family = StructureFamily.array

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths, self._look = tuple(paths), look_of(paths[0])
        leading = (len(paths),) if len(paths) > 1 else ()
        chunks = (*((1,) * count for count in leading), *((size,) for size in self._look.frame))
        dtype = BuiltinDtype.from_numpy_dtype(self._look.dtype)
        super().__init__(ArrayStructure(dtype, chunks, (*leading, *self._look.frame)), metadata={})

    def read(self, slice: NDSlice = EVERYTHING) -> NDArray[Any]:
        """Decode only the pictures that `slice` touches."""
        shape = self.structure().shape
        wanted = tuple(NDSlice(slice).expand_for_shape(shape))
        if len(self.paths) == 1:
            return np.ascontiguousarray(self._pixels(0)[wanted])
        first, rest = wanted[0], wanted[1:]
        if isinstance(first, int):
            return np.ascontiguousarray(self._pixels(first)[rest])
        planes = [self._pixels(plane)[rest] for plane in range(len(self.paths))[first]]
        return np.stack(planes) if planes else np.empty(shape, self._look.dtype)[wanted]

    def read_block(self, block: NDBlock, slice: NDSlice = EVERYTHING) -> NDArray[Any]:
        array = self.read(block.slice_from_chunks(self.structure().chunks))
        return array[tuple(slice)] if slice else array

    def _pixels(self, plane: int) -> NDArray[Any]:
        path = self.paths[plane]
        try:
            stat, look = path.stat(), look_of(path)
            if look == self._look:
                return _decoded(path, look.mode, stat.st_mtime_ns, stat.st_size)
        except (UnsupportedImageError, OSError, ValueError) as error:
            raise UnreadableError(f"{path.name} cannot be read: {error}") from error
        here, stack = (in_words(each.frame, each.dtype) for each in (look, self._look))
        raise UnreadableError(f"{path.name} is {here}; the stack is {stack}.")


@lru_cache(maxsize=KEPT)
def _decoded(path: Path, mode: str, _changed_ns: int, _size: int) -> NDArray[Any]:
    with Image.open(path) as picture:
        return np.asarray(picture if picture.mode == mode else picture.convert(mode))
