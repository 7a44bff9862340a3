"""HDF5 files read slice by slice.

Tiled's own adapter reads an uncompressed data set as one chunk: one slice of a 50 GB reconstruction loads 50 GB. This
one asks the file for what is wanted and nothing else. Strings, records and references stay with Tiled's adapter.
"""

import math
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from tiled.adapters.core import Adapter
from tiled.adapters.hdf5 import HDF5Adapter, get_hdf5_attrs
from tiled.ndslice import NDBlock, NDSlice
from tiled.structures.array import ArrayStructure, BuiltinDtype, ObjectArrayTypeDisabled
from tiled.structures.core import StructureFamily
from tiled.utils import BrokenLink, path_from_uri

from utils.images.tiled_contents import WithContents
from utils.served.tiff_adapter import EVERYTHING, MAX_CHUNK_BYTES, MAX_READ_BYTES, UnreadableError

FEW = 64
NUMBERS = "biufc"  # numpy's kinds of bool, integers, floats and complex numbers


class Hdf5Tree(HDF5Adapter):
    """A file or a group of it."""

    def __getitem__(self, key: str) -> Any:
        dataset = f"{self.dataset or ''}/{key.strip('/')}"
        if _holds_numbers(self.uris[0], dataset):
            return Hdf5Array(self.uris[0], dataset)
        try:
            child = super().__getitem__(key)  # also says what is missing or a broken link
        except ObjectArrayTypeDisabled as error:  # of no use to anybody, and no reason to hide what lies beside it
            raise BrokenLink(f"{dataset} holds nothing that can be served.") from error
        if isinstance(child, HDF5Adapter):
            return Hdf5Tree(child._tree, *self.uris, dataset=dataset, specs=child.specs, **self._kwargs)
        return child


def with_contents(tree: Hdf5Tree) -> Hdf5Tree | WithContents:
    """A group together with what is in it, opened here and now; one that holds more than `FEW` as it is.

    Tiled would open its data sets one by one where it does nothing else meanwhile.
    """
    if _count(tree._tree) > FEW:
        return tree
    return WithContents(dict(_children(tree)), metadata=tree.metadata(), specs=tree.specs)


def _children(tree: Hdf5Tree) -> Iterator[tuple[str, Any]]:
    """All children but links that lead nowhere."""
    for key in tree:
        try:
            child = tree[key]
        except BrokenLink:
            continue
        yield key, with_contents(child) if isinstance(child, Hdf5Tree) else child


def _count(node: Any) -> int:
    """Groups and data sets below a group."""
    return sum(1 + _count(child) for child in node.values()) if isinstance(node, dict) else 0


def _holds_numbers(uri: str, dataset: str) -> bool:
    with h5py.File(path_from_uri(uri), "r") as file:
        try:
            node = file[dataset]
        except KeyError:
            return False
        return isinstance(node, h5py.Dataset) and node.shape is not None and node.dtype.kind in NUMBERS


class Hdf5Array(Adapter[ArrayStructure]):
    """One data set of numbers. The file is opened for each read, so that it may be replaced at any time."""

    structure_family = StructureFamily.array

    def __init__(self, uri: str, dataset: str) -> None:
        self._path, self._dataset = path_from_uri(uri), dataset
        with h5py.File(self._path, "r") as file:
            shape, dtype = file[dataset].shape, file[dataset].dtype.newbyteorder("=")
        structure = ArrayStructure(
            data_type=BuiltinDtype.from_numpy_dtype(dtype), shape=shape, chunks=chunks_of(shape, dtype.itemsize)
        )
        super().__init__(structure, metadata=get_hdf5_attrs(uri, dataset))

    def read(self, slice: NDSlice = EVERYTHING) -> NDArray[Any]:
        """Read what `slice` picks; steps must be positive, as HDF5 has no others."""
        structure = self.structure()
        picked = tuple(NDSlice(slice).expand_for_shape(structure.shape))
        dtype = structure.data_type.to_numpy_dtype()
        check_size(NDSlice(slice).shape_after_slice(structure.shape), dtype)
        try:
            with h5py.File(self._path, "r") as file:
                return np.asarray(file[self._dataset][picked], dtype)
        except (OSError, ValueError, KeyError) as error:
            name = f"{self._path.name}{self._dataset}"
            raise UnreadableError(f"{name} cannot be read ({str(error).splitlines()[0]}).") from error

    def read_block(self, block: NDBlock, slice: NDSlice = EVERYTHING) -> NDArray[Any]:
        array = self.read(block.slice_from_chunks(self.structure().chunks))
        return array[tuple(slice)] if slice else array


def check_size(shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise UnreadableError when an array is more than one answer should hold."""
    size = math.prod(shape) * dtype.itemsize
    if size > MAX_READ_BYTES:
        raise UnreadableError(f"{size / 2**30:.1f} GiB is too much for one read; ask for fewer slices or rows.")


def chunks_of(shape: tuple[int, ...], itemsize: int) -> tuple[tuple[int, ...], ...]:
    """Chunks as long as an answer may be: whole trailing axes, and ever fewer of the leading ones.

    >>> chunks_of((3, 4, 5), 2)
    ((3,), (4,), (5,))
    >>> [len(axis) for axis in chunks_of((2160, 2560, 2560), 4)]
    [216, 1, 1]
    """
    steps: list[int] = []
    room = MAX_CHUNK_BYTES // itemsize
    for length in reversed(shape):
        steps.insert(0, max(1, min(length, room)))
        room //= max(1, length)
    return tuple(
        tuple(min(step, length - start) for start in range(0, length, step)) or (0,)
        for length, step in zip(shape, steps, strict=True)
    )
