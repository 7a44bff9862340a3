"""Labels as NRRD: one block from the first to the last slice, gzipped uint8, voxel size and origin in micrometres.

Names and colours are written as 3D Slicer's segmentations have them, so Slicer and pynrrd read them. The order in the
file is X, Y, Z, whose bytes are those of slices of rows.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError
from core.labels.exchange.archives import read_array
from core.labels.exchange.facts import (
    Facts,
    FileClass,
    LabelFile,
    ReadSlice,
    Told,
    check_kind,
    color_of,
    facts_as_json,
    facts_from_text,
    rgb_of,
    unplaced,
    voxel_size,
)

OWN = "labels_metadata"
_UNITS_UM = {"um": 1.0, "µm": 1.0, "micron": 1.0, "mm": 1e3, "nm": 1e-3, "m": 1e6}
_TYPES = {
    "signed char": "i1", "int8": "i1", "int8_t": "i1", "uchar": "u1", "unsigned char": "u1", "uint8": "u1",
    "uint8_t": "u1", "short": "i2", "int16": "i2", "int16_t": "i2", "ushort": "u2", "unsigned short": "u2",
    "uint16": "u2", "uint16_t": "u2", "int": "i4", "int32": "i4", "int32_t": "i4", "uint": "u4",
    "unsigned int": "u4", "uint32": "u4", "uint32_t": "u4",
}  # fmt: skip


def write(path: Path, facts: Facts, read: ReadSlice, told: Told) -> None:
    """Stream the slices into `path`."""
    held = set(facts.slices)
    empty = np.zeros(facts.shape[1:], np.uint8)
    with path.open("wb") as file:
        file.write(_header(facts).encode())
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, filename="") as stream:
            for count, z in enumerate(facts.dense, start=1):
                stream.write(np.ascontiguousarray(read(z) if z in held else empty).data)
                told(min(count, len(facts.slices)))


def _header(facts: Facts) -> str:
    _, height, width = facts.shape
    z, y, x = facts.voxel_size_um or (1.0, 1.0, 1.0)
    lines = [
        "NRRD0005",
        "type: uint8",
        "dimension: 3",
        "space dimension: 3",
        f"sizes: {width} {height} {len(facts.dense)}",
        f"space directions: ({x!r},0,0) (0,{y!r},0) (0,0,{z!r})",
        f"space origin: (0,0,{facts.origin_um[0]!r})",
        "kinds: domain domain domain",
        "encoding: gzip",
        *(['space units: "um" "um" "um"'] if facts.voxel_size_um else []),
        f"{OWN}:={json.dumps(facts_as_json(facts))}",
        *(line for place, each in enumerate(facts.classes) for line in _segment(place, each)),
    ]
    return "\n".join(lines) + "\n\n"


def _segment(place: int, each: FileClass) -> list[str]:
    """A class in the words of 3D Slicer."""
    color = " ".join(f"{value / 255:.6f}" for value in rgb_of(each.color))
    words = {"ID": f"Segment_{each.value}", "Name": each.name, "Color": color, "LabelValue": each.value, "Layer": 0}
    return [f"Segment{place}_{key}:={value}" for key, value in words.items()]


def open_file(path: Path) -> LabelFile:
    """A NRRD file of whole numbers in itself, raw or gzipped. Raises LabelFileError."""
    import nrrd

    with path.open("rb") as stream:
        header = nrrd.read_header(stream)
        offset = stream.tell()
    shape, dtype = _layout(header)
    facts = _facts(header, shape)
    packed = header["encoding"] in ("gzip", "gz")
    return LabelFile(facts, lambda: _read(path, facts, shape, dtype, offset, packed=packed))


def _layout(header: Mapping[str, Any]) -> tuple[tuple[int, int, int], np.dtype[Any]]:
    if any(key in header for key in ("data file", "datafile")):
        raise LabelFileError("The NRRD file keeps its pixels in another file.", "Save it as one .nrrd file.")
    if header.get("encoding") not in ("raw", "gzip", "gz"):
        raise LabelFileError(f"The NRRD file is encoded as {header.get('encoding')}.", "Save it raw or gzipped.")
    kind = _TYPES.get(str(header.get("type")))
    check_kind(np.dtype(kind or "f8"))
    width, height, count, *rest = (*map(int, header["sizes"]), 1, 1)
    if max(rest, default=1) != 1:
        raise LabelFileError(f"The NRRD file has the sizes {list(header['sizes'])}.", "Save one layer of three axes.")
    order = ">" if header.get("endian") == "big" else "<"
    return (count, height, width), np.dtype(f"{order}{kind}")


def _facts(header: Mapping[str, Any], shape: tuple[int, int, int]) -> Facts:
    own = facts_from_text(header.get(OWN))
    if own is not None and (len(own.dense), *own.shape[1:]) == shape:
        return own
    return unplaced(shape, voxel_size_um=_voxel_size(header), classes=tuple(_segments(header)))


def _voxel_size(header: Mapping[str, Any]) -> tuple[float, float, float] | None:
    unit = _UNITS_UM.get(str((header.get("space units") or [""])[0]))
    directions = np.asarray(header.get("space directions", []), float)
    if unit is None or directions.shape != (3, 3):
        return None
    return voxel_size(np.linalg.norm(directions, axis=1)[::-1] * unit)


def _segments(header: Mapping[str, Any]) -> Iterator[FileClass]:
    place = 0
    while f"Segment{place}_LabelValue" in header:
        parts = str(header.get(f"Segment{place}_Color", "")).split()
        color = color_of([round(float(part) * 255) for part in parts])
        yield FileClass(int(header[f"Segment{place}_LabelValue"]), str(header.get(f"Segment{place}_Name", "")), color)
        place += 1


def _read(
    path: Path, facts: Facts, shape: tuple[int, int, int], dtype: np.dtype[Any], offset: int, *, packed: bool
) -> Iterator[NDArray[Any]]:
    held = set(facts.slices)
    with path.open("rb") as file:
        file.seek(offset)
        stream: IO[bytes] = gzip.GzipFile(fileobj=file, mode="rb") if packed else file  # type: ignore[assignment]
        for z in facts.dense if facts.placed else range(shape[0]):
            pixels = read_array(stream, shape[1:], dtype)
            if z in held:
                yield pixels
