"""Zip files from strangers, and `.npy` members of them, read without unpacking anything to the disk.

Members are read as streams that end at their declared size; declared sizes are checked first. So neither a path nor
a bomb in a zip file reaches the disk or the memory. Arrays of Python objects are refused before they are loaded.
"""

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError

MAX_MEMBERS = 1_000_000
MAX_TEXT_BYTES = 64 << 20  # of JSON inside an archive
MAX_JSON_BYTES = 512 << 20  # of a JSON file, which is read whole
_NPY_HEADER_BYTES = 10_000  # as numpy itself limits it


def open_archive(path: Path) -> zipfile.ZipFile:
    """A zip file whose members have harmless names. Raises LabelFileError."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise LabelFileError(f"{path.name} is no zip file, or a damaged one.", "Write or send it again.") from error
    names = archive.namelist()
    if len(names) > MAX_MEMBERS:
        raise LabelFileError(f"{path.name} holds {len(names):,} files; {MAX_MEMBERS:,} are allowed.")
    bad = next((name for name in names if _leaves(name)), None)
    if bad is not None:
        raise LabelFileError(f"{path.name} holds the path {bad[:80]!r}, which leads out of it.", "Pack it anew.")
    return archive


def read_json(archive: zipfile.ZipFile, name: str) -> Any:
    """A JSON member; None when it is not there. Raises LabelFileError."""
    if name not in archive.namelist():
        return None
    if archive.getinfo(name).file_size > MAX_TEXT_BYTES:
        raise LabelFileError(f"{name} is larger than {MAX_TEXT_BYTES >> 20} MiB.", "Pack the archive anew.")
    return json.loads(archive.read(name))


def read_json_file(path: Path) -> Any:
    """A JSON file, read whole. Raises LabelFileError when it is too large or no JSON."""
    size = path.stat().st_size
    if size > MAX_JSON_BYTES:
        raise LabelFileError(
            f"{path.name} is {size >> 20:,} MiB; JSON is read whole, so {MAX_JSON_BYTES >> 20} MiB are the limit.",
            "Split it by slices, or use TIFF or OME-Zarr.",
        )
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise LabelFileError(f"{path.name} is not JSON: {str(error)[:100]}.", "Choose another file.") from error


def write_json_rows(
    path: Path, head: Mapping[str, Any], key: str, slices: Iterable[Iterable[Any]], told: Callable[[int], None]
) -> None:
    """A JSON object with a list at its end, streamed: the rows of one slice after the other, a line each.

    head : its other members. told : hears after each slice how many are written.
    """
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{json.dumps(dict(head))[:-1]}, {json.dumps(key)}: [")
        comma = ""
        for done, rows in enumerate(slices, start=1):
            for row in rows:
                file.write(f"{comma}\n{json.dumps(row, separators=(',', ':'))}")
                comma = ","
            told(done)
        file.write("]}\n")


def npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """(shape, dtype) of an array in numpy's format; leaves the stream at its first value. Raises LabelFileError."""
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    try:
        version = np.lib.format.read_magic(stream)
        shape, fortran, dtype = read[version](stream, max_header_size=_NPY_HEADER_BYTES)
    except (ValueError, KeyError, SyntaxError, TypeError) as error:
        raise LabelFileError(
            "An array in the file has no header numpy can read.", "Save it with numpy.save."
        ) from error
    if dtype.hasobject:
        raise LabelFileError("The file holds Python objects, which may run code.", "Save arrays of uint8.")
    if fortran and len([size for size in shape if size > 1]) > 1:
        raise LabelFileError("An array is stored column by column.", "Save numpy.ascontiguousarray(labels).")
    return shape, dtype


def read_array(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The next values of a stream. Raises LabelFileError when it ends too soon."""
    values = np.empty(shape, dtype)
    if dtype.itemsize and values.size:
        view, at = memoryview(values.reshape(-1).view(np.uint8).data), 0
        while at < len(view):
            part = stream.read(min(1 << 24, len(view) - at))
            if not part:
                raise LabelFileError("The file ends too soon.", "Write or send it again.")
            view[at : at + len(part)] = part
            at += len(part)
    return values


def read_rows(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    """One after the other what stands along the first axis."""
    for _ in range(shape[0]):
        yield read_array(stream, shape[1:], dtype)


def write_npy_header(stream: IO[bytes], shape: tuple[int, ...], dtype: Any) -> None:
    """What stands before the values of a C-ordered array."""
    described = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, described)


def _leaves(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0]
