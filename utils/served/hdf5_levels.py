"""HDF5 files in which a microscope's program keeps one image at several sizes: Imaris (.ims) and BigDataViewer (.h5).

Both keep a data set for each size, time and channel. Here each size is one array (t, c, z, y, x), in a container that
says so as OME-Zarr does; coarser sizes may have fewer slices. Layouts as of https://imaris.oxinst.com/support/imaris-file-format
and https://imagej.net/plugins/bdv. Any other file is a `Hdf5Tree`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import h5py
import numpy as np
from numpy.typing import NDArray
from tiled.adapters.core import Adapter
from tiled.ndslice import NDBlock, NDSlice
from tiled.structures.array import ArrayStructure, BuiltinDtype
from tiled.structures.core import StructureFamily
from tiled.utils import path_from_uri

from core.images.voxels import UM
from utils.images.tiled_contents import WithContents
from utils.served.hdf5_adapter import Hdf5Tree, check_size, chunks_of
from utils.served.tiff_adapter import EVERYTHING, UnreadableError

AXES = ("t", "c", "z", "y", "x")
IMARIS = "DataSet/ResolutionLevel {level}/TimePoint {time}/Channel {channel}"
TIMES = re.compile(r"t\d{5}")
SETUPS = re.compile(r"s\d{2,}")


@dataclass(frozen=True)
class Size:
    """One size of an image.

    names : of the data set of each channel of each time, (T, C). shape : (Z, Y, X), without what pads the chunks.
    """

    names: tuple[tuple[str, ...], ...]
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]


class SizeArray(Adapter[ArrayStructure]):
    """One size as (T, C, Z, Y, X). The file is opened for each read, so that it may be replaced at any time."""

    structure_family = StructureFamily.array

    def __init__(self, path: Path, size: Size) -> None:
        self._path, self._size = path, size
        shape = (len(size.names), len(size.names[0]), *size.shape)
        structure = ArrayStructure(
            data_type=BuiltinDtype.from_numpy_dtype(size.dtype),
            shape=shape,
            chunks=chunks_of(shape, size.dtype.itemsize),
            dims=AXES,
        )
        super().__init__(structure)

    def read(self, slice: NDSlice = EVERYTHING) -> NDArray[Any]:
        """Read what `slice` picks from each data set it touches; steps must be positive."""
        structure = self.structure()
        check_size(NDSlice(slice).shape_after_slice(structure.shape), self._size.dtype)
        times, channels, *inside = NDSlice(slice).expand_for_shape(structure.shape)
        names = np.array(self._size.names, dtype=object)[times, channels]
        try:
            with h5py.File(self._path, "r") as file:
                read = partial(self._read_one, file, tuple(inside))
                blocks = [read(str(name)) for name in np.atleast_1d(names).flat]
        except (OSError, ValueError, KeyError) as error:
            raise UnreadableError(f"{self._path.name} cannot be read ({str(error).splitlines()[0]}).") from error
        return np.stack(blocks).reshape(*np.shape(names), *blocks[0].shape)

    def read_block(self, block: NDBlock, slice: NDSlice = EVERYTHING) -> NDArray[Any]:
        array = self.read(block.slice_from_chunks(self.structure().chunks))
        return array[tuple(slice)] if slice else array

    def _read_one(self, file: h5py.File, inside: tuple[Any, ...], name: str) -> NDArray[Any]:
        return np.asarray(file[name][inside]).astype(self._size.dtype, copy=False)


def open_hdf5(uri: str) -> Hdf5Tree | WithContents:
    """The levels of an Imaris or BigDataViewer file; any other file as the tree it is."""
    path = path_from_uri(uri)
    with h5py.File(path, "r") as file:
        if IMARIS.format(level=0, time=0, channel=0) in file:
            return _levels(path, imaris_sizes(file), imaris_facts(file))
        if setups := _setups(file):
            facts = _setup_facts(path.with_suffix(".xml"))
            images = {key: _levels(path, setup_sizes(file, key), facts.get(int(key[1:]), {})) for key in setups}
            return images.popitem()[1] if len(images) == 1 else WithContents(images)
    return Hdf5Tree.from_uris(uri)


def _levels(path: Path, sizes: Sequence[Size], facts: Mapping[str, Any]) -> WithContents:
    """All sizes in a container, the largest first."""
    arrays = {str(number): SizeArray(path, size) for number, size in enumerate(sizes)}
    scales = {"axes": [{"name": name} for name in AXES], "datasets": [{"path": name} for name in arrays]}
    return WithContents(arrays, metadata={"multiscales": [scales], **facts})


# Imaris


def imaris_sizes(file: h5py.File) -> list[Size]:
    """The sizes of an Imaris file. Text and numbers are attributes of single characters in it."""
    levels = sum(name.startswith("ResolutionLevel ") for name in file["DataSet"])
    return [_imaris_size(file, level) for level in range(levels)]


def _imaris_size(file: h5py.File, level: int) -> Size:
    times = file[f"DataSet/ResolutionLevel {level}"]
    channels = times["TimePoint 0"]
    names = tuple(
        tuple(f"{IMARIS.format(level=level, time=t, channel=c)}/Data" for c in range(len(channels)))
        for t in range(len(times))
    )
    data = file[names[0][0]]
    told = [_text(channels["Channel 0"].attrs.get(f"ImageSize{axis}")) for axis in "ZYX"]
    z, y, x = (int(size) if size.isdigit() else whole for size, whole in zip(told, data.shape, strict=True))
    return Size(names, (z, y, x), data.dtype.newbyteorder("="))


def imaris_facts(file: h5py.File) -> dict[str, Any]:
    """Voxel size and channels as our metadata have them, as far as the file tells."""
    info = file.get("DataSetInfo", {})
    channels = sorted((name for name in info if re.fullmatch(r"Channel \d+", name)), key=lambda name: int(name[8:]))
    told = [{"label": _text(info[name].attrs.get("Name")), "color": _color(info[name])} for name in channels]
    voxel = _imaris_voxel(info["Image"].attrs) if "Image" in info else None
    return {"omero": {"channels": told}, **({"voxel_size_um": voxel} if voxel else {})}


def _imaris_voxel(attributes: Mapping[str, Any]) -> list[float] | None:
    """(z, y, x): the extent of the image in its unit over its pixels."""
    try:
        unit = UM[_text(attributes.get("Unit", "um"))]
        ends = [[float(_text(attributes[f"Ext{end}{axis}"])) for axis in (2, 1, 0)] for end in ("Min", "Max")]
        pixels = [int(_text(attributes[axis])) for axis in "ZYX"]
        return [unit * (high - low) / count for low, high, count in zip(*ends, pixels, strict=True)]
    except (KeyError, ValueError, ZeroDivisionError):
        return None


def _color(channel: h5py.Group) -> str:
    """ "rrggbb" of three numbers between 0 and 1, or "" """
    try:
        return "".join(f"{round(255 * float(part)):02x}" for part in _text(channel.attrs["Color"]).split())
    except (KeyError, ValueError):
        return ""


def _text(attribute: Any) -> str:
    """An attribute of single characters as text.

    >>> _text(np.array([b"1", b"2"]))
    '12'
    """
    return b"".join(np.atleast_1d(attribute).astype("S")).decode(errors="replace") if attribute is not None else ""


# BigDataViewer


def _setups(file: h5py.File) -> list[str]:
    """The images of a BigDataViewer file, each kept at all times; empty when it is another kind of file."""
    first = next((name for name in file if TIMES.fullmatch(name)), None)
    if first is None:
        return []
    return [name for name in file[first] if SETUPS.fullmatch(name) and f"{first}/{name}/0/cells" in file]


def setup_sizes(file: h5py.File, setup: str) -> list[Size]:
    """The sizes of one image of a BigDataViewer file."""
    times = [name for name in file if TIMES.fullmatch(name) and f"{name}/{setup}" in file]
    levels = sorted(int(name) for name in file[f"{times[0]}/{setup}"])
    return [_setup_size(file, [f"{time}/{setup}/{level}/cells" for time in times]) for level in levels]


def _setup_size(file: h5py.File, names: Sequence[str]) -> Size:
    """BigDataViewer keeps its unsigned 16 bits as signed ones."""
    data = file[names[0]]
    z, y, x = data.shape
    dtype = np.dtype("u2") if data.dtype.kind == "i" and data.dtype.itemsize == 2 else data.dtype.newbyteorder("=")
    return Size(tuple((name,) for name in names), (z, y, x), dtype)


def _setup_facts(xml: Path) -> dict[int, dict[str, Any]]:
    """Number of a setup -> its voxel size, from the file beside the HDF5 file; nothing where that is not there."""
    try:
        found = ElementTree.parse(xml).iterfind(".//ViewSetup")
        return {int(setup.findtext("id", "")): _voxel_facts(setup) for setup in found}
    except (OSError, ValueError, ElementTree.ParseError):
        return {}


def _voxel_facts(setup: ElementTree.Element) -> dict[str, Any]:
    unit = UM.get(setup.findtext("voxelSize/unit", "").strip())
    x_y_z = [float(part) for part in setup.findtext("voxelSize/size", "").split()]
    return {"voxel_size_um": [unit * length for length in reversed(x_y_z)]} if unit and len(x_y_z) == 3 else {}
