"""Labels as NIfTI: one block from the first to the last slice, gzipped uint8, voxel size and origin in micrometres.

The class table travels in a comment extension of the header, as JSON; viewers show the values without names. The
order in the file is X, Y, Z, whose bytes are those of slices of rows. Orientation codes of others are not applied.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError
from core.labels.exchange.archives import read_array
from core.labels.exchange.facts import (
    Facts,
    LabelFile,
    ReadSlice,
    Told,
    check_kind,
    facts_as_json,
    facts_from_text,
    unplaced,
    voxel_size,
)

MAX_NIFTI1_SIZE = 32767  # its sizes are int16; NIfTI-2 has int64
_UNITS_UM = {"meter": 1e6, "mm": 1e3, "micron": 1.0}


def write(path: Path, facts: Facts, read: ReadSlice, told: Told) -> None:
    """Stream the slices into `path`, a .nii.gz."""
    held = set(facts.slices)
    empty = np.zeros(facts.shape[1:], np.uint8)
    with gzip.open(path, "wb", compresslevel=1) as stream:
        _write_header(stream, facts)
        for count, z in enumerate(facts.dense, start=1):
            stream.write(np.ascontiguousarray(read(z) if z in held else empty).data)
            told(min(count, len(facts.slices)))


def _write_header(stream: Any, facts: Facts) -> None:
    nibabel = _nibabel()
    _, height, width = facts.shape
    shape = (width, height, len(facts.dense))
    header = nibabel.Nifti2Header() if max(shape) > MAX_NIFTI1_SIZE else nibabel.Nifti1Header()
    header.set_data_dtype(np.uint8)
    header.set_data_shape(shape)
    z, y, x = facts.voxel_size_um or (1.0, 1.0, 1.0)
    header.set_sform(
        np.array([[x, 0, 0, 0], [0, y, 0, 0], [0, 0, z, facts.origin_um[0]], [0, 0, 0, 1]]), code="scanner"
    )
    header.set_zooms((x, y, z))
    header.set_xyzt_units("micron" if facts.voxel_size_um else "unknown")
    words = json.dumps(facts_as_json(facts)).encode()
    header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", words))
    header.write_to(stream)
    stream.write(bytes(int(header["vox_offset"]) - stream.tell()))


def open_file(path: Path) -> LabelFile:
    """Any NIfTI image of whole numbers with up to three axes. Raises LabelFileError."""
    nibabel = _nibabel()
    image = nibabel.load(path)
    header = image.header
    dtype = np.dtype(header.get_data_dtype())
    check_kind(dtype)
    if header.get_slope_inter() not in ((None, None), (1.0, 0.0)):
        raise LabelFileError("The values of the NIfTI file are scaled, so they are no classes.", "Save them unscaled.")
    width, height, count, *rest = (*map(int, header.get_data_shape()), 1, 1)
    if max(rest, default=1) != 1:
        raise LabelFileError(f"The NIfTI file has the shape {header.get_data_shape()}.", "Save one time point.")
    facts = _facts(header, (count, height, width))
    offset = int(image.dataobj.offset)
    return LabelFile(facts, lambda: _read(path, facts, (count, height, width), dtype, offset))


def _facts(header: Any, shape: tuple[int, int, int]) -> Facts:
    for extension in header.extensions:
        content = extension.get_content()
        own = facts_from_text(content.rstrip(b"\0") if isinstance(content, bytes) else str(content))
        if own is not None and (len(own.dense), *own.shape[1:]) == shape:
            return own
    unit = _UNITS_UM.get(header.get_xyzt_units()[0])
    zooms = [float(size) for size in header.get_zooms()[:3]]
    known = voxel_size(size * unit for size in reversed(zooms)) if unit and len(zooms) == 3 else None
    return unplaced(shape, voxel_size_um=known)


def _read(
    path: Path, facts: Facts, shape: tuple[int, int, int], dtype: np.dtype[Any], offset: int
) -> Iterator[NDArray[Any]]:
    held = set(facts.slices)
    with _open(path) as stream:
        stream.seek(offset)
        for z in facts.dense if facts.placed else range(shape[0]):
            pixels = read_array(stream, shape[1:], dtype)
            if z in held:
                yield pixels


def _open(path: Path) -> IO[bytes]:
    packed: Any = gzip.open  # a GzipFile is as good as an IO[bytes], which its type does not say
    stream: IO[bytes] = packed(path, "rb") if path.suffix == ".gz" else path.open("rb")
    return stream


def _nibabel() -> Any:
    """Loaded late, for the page starts without it; its types are not checked."""
    import nibabel

    return nibabel
