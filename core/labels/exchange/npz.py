"""Labels as a numpy archive: `labels` (n, Y, X) uint8, `slices` (n,) and `metadata`, our facts as JSON text.

`numpy.load(path)["labels"]` is all that is needed elsewhere. A bare `.npy` is read too.
"""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError
from core.labels.exchange.archives import npy_header, open_archive, read_array, read_rows, write_npy_header
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

LABELS = "labels.npy"
MAX_METADATA_BYTES = 16 << 20


def write(path: Path, facts: Facts, read: ReadSlice, told: Told) -> None:
    """Stream the slices into `path`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open(LABELS, "w", force_zip64=True) as stream:
            write_npy_header(stream, (len(facts.slices), *facts.shape[1:]), np.uint8)
            for count, z in enumerate(facts.slices, start=1):
                stream.write(np.ascontiguousarray(read(z)).data)
                told(count)
        _write_array(archive, "slices.npy", np.array(facts.slices, np.int64))
        _write_array(archive, "metadata.npy", np.array(json.dumps(facts_as_json(facts))))


def _write_array(archive: zipfile.ZipFile, name: str, values: NDArray[Any]) -> None:
    with archive.open(name, "w") as stream:
        np.lib.format.write_array(stream, values, allow_pickle=False)


def open_file(path: Path) -> LabelFile:
    """An archive with an array `labels`, or with one array only. Raises LabelFileError."""
    with _labels(path) as stream:
        shape, dtype = npy_header(stream)
    check_kind(dtype)
    if len(shape) not in (2, 3):
        raise LabelFileError(
            f"The array has the shape {shape}; labels are (slices, rows, columns).", "Save it in that order."
        )
    count, height, width = shape if len(shape) == 3 else (1, *shape)
    return LabelFile(_facts(path, (count, height, width)), lambda: _read(path, (count, height, width)))


def _facts(path: Path, shape: tuple[int, int, int]) -> Facts:
    own = facts_from_text(_metadata(path))
    if own is not None and (len(own.slices), *own.shape[1:]) == shape:
        return own
    return unplaced(shape)


def _metadata(path: Path) -> str:
    if path.suffix == ".npy":
        return ""
    with open_archive(path) as archive:
        if "metadata.npy" not in archive.namelist():
            return ""
        with archive.open("metadata.npy") as stream:
            shape, dtype = npy_header(stream)
            if shape != () or dtype.kind != "U" or dtype.itemsize > MAX_METADATA_BYTES:
                return ""
            return str(read_array(stream, (1,), dtype)[0])


def _read(path: Path, shape: tuple[int, int, int]) -> Iterator[NDArray[Any]]:
    with _labels(path) as stream:
        _, dtype = npy_header(stream)
        yield from read_rows(stream, shape, dtype)


@contextmanager
def _labels(path: Path) -> Iterator[IO[bytes]]:
    if path.suffix == ".npy":
        with path.open("rb") as stream:
            yield stream
        return
    with open_archive(path) as archive:
        arrays = [name for name in archive.namelist() if name.endswith(".npy")]
        if LABELS not in arrays and len(arrays) != 1:
            raise LabelFileError(
                f"{path.name} holds no array called labels.", "Save it as numpy.savez(path, labels=...)."
            )
        with archive.open(LABELS if LABELS in arrays else arrays[0]) as stream:
            yield stream
