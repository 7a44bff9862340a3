"""Labels as a TIFF stack: uint8 class ids, one page a slice, OME-XML with voxel size and our facts as its description.

Any TIFF stack of whole numbers is read; ours also say which slices of the volume they hold.
"""

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError
from core.labels.exchange.facts import (
    Facts,
    LabelFile,
    ReadSlice,
    Told,
    check_kind,
    facts_as_json,
    facts_from_text,
    unplaced,
)

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

BIG_BYTES = 2**31  # offsets of a classic TIFF end at 2^32; half of it leaves room for what does not compress
_UNITS_UM = {"µm": 1.0, "um": 1.0, "micron": 1.0, "mm": 1e3, "nm": 1e-3, "cm": 1e4, "m": 1e6}


def write(path: Path, facts: Facts, read: ReadSlice, told: Told) -> None:
    """Stream the slices into `path`."""
    import tifffile

    shape = (len(facts.slices), *facts.shape[1:])
    with tifffile.TiffWriter(path, bigtiff=int(np.prod(shape, dtype=object)) > BIG_BYTES, ome=True) as tif:
        tif.write(
            _pages(facts, read, told),
            shape=shape,
            dtype=np.uint8,
            photometric="minisblack",
            compression="zlib",
            metadata=_metadata(facts),
            **_resolution(facts),
        )


def _pages(facts: Facts, read: ReadSlice, told: Told) -> Iterator[NDArray[np.uint8]]:
    for count, z in enumerate(facts.slices, start=1):
        yield read(z)
        told(count)


def _metadata(facts: Facts) -> dict[str, Any]:
    words: dict[str, Any] = {"axes": "ZYX", "Name": facts.name, "Description": json.dumps(facts_as_json(facts))}
    for axis, size in zip("ZYX", facts.voxel_size_um or (), strict=False):
        words |= {f"PhysicalSize{axis}": size, f"PhysicalSize{axis}Unit": "µm"}
    return words


def _resolution(facts: Facts) -> dict[str, Any]:
    if facts.voxel_size_um is None:
        return {}
    _, y, x = facts.voxel_size_um
    return {"resolution": (1e4 / x, 1e4 / y), "resolutionunit": "CENTIMETER"}


def open_file(path: Path) -> LabelFile:
    """Labels in any TIFF of whole numbers. Raises LabelFileError."""
    import tifffile

    with tifffile.TiffFile(path) as tif:
        facts = _facts(tif)
    return LabelFile(facts, lambda: _read(path, len(facts.slices)))


def _facts(tif: "TiffFile") -> Facts:
    series = tif.series[0]
    check_kind(np.dtype(series.dtype))
    *leading, height, width = series.shape
    if sum(size > 1 for size in leading) > 1 or (series.axes.endswith(("S", "C")) and series.ndim > 2):
        raise LabelFileError(
            f"The TIFF has the shape {' x '.join(map(str, series.shape))}; labels are one stack of grey slices.",
            "Save one channel and one time point.",
        )
    count = int(np.prod(leading, dtype=object)) if leading else 1
    own = facts_from_text(_description(tif))
    if own is not None and (len(own.slices), *own.shape[1:]) == (count, height, width):
        return own
    return unplaced((count, height, width), voxel_size_um=_voxel_size(tif))


def _description(tif: "TiffFile") -> str:
    if not tif.ome_metadata:
        return str(tif.pages.first.description)
    found = _image(tif.ome_metadata).find("./{*}Description")
    return "" if found is None else found.text or ""


def _image(ome_xml: str) -> ElementTree.Element:
    if re.search(r"<!(DOCTYPE|ENTITY)", ome_xml):
        raise LabelFileError("The OME-XML of the TIFF defines entities.", "Write the file without them.")
    root = ElementTree.fromstring(ome_xml)
    found = root.find("./{*}Image")
    return root if found is None else found


def _voxel_size(tif: "TiffFile") -> tuple[float, float, float] | None:
    if not tif.ome_metadata:
        return None
    pixels = _image(tif.ome_metadata).find("./{*}Pixels")
    sizes = [_size_um(pixels.attrib, axis) for axis in "ZYX"] if pixels is not None else []
    return (sizes[0], sizes[1], sizes[2]) if sizes and all(sizes) else None


def _size_um(attributes: Mapping[str, str], axis: str) -> float:
    """0 when unknown."""
    unit = _UNITS_UM.get(attributes.get(f"PhysicalSize{axis}Unit", "µm"), 0.0)
    return float(attributes.get(f"PhysicalSize{axis}", 0)) * unit


def _read(path: Path, count: int) -> Iterator[NDArray[Any]]:
    import tifffile

    with tifffile.TiffFile(path) as tif:
        series = tif.series[0]
        if series.dataoffset is not None:  # ImageJ keeps thousands of slices behind one page
            yield from np.memmap(path, series.dtype, "r", series.dataoffset, (count, *series.shape[-2:]))
        else:
            yield from _decoded(series)


def _decoded(series: "TiffPageSeries") -> Iterator[NDArray[Any]]:
    for page in series.pages:
        if page is None:
            raise LabelFileError("The TIFF lacks pages that its header promises.", "Write it again.")
        pixels: NDArray[Any] = page.asarray(maxworkers=1)
        yield pixels.reshape(pixels.shape[-2:])
