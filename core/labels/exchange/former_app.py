"""The zip of the app we succeed: `mask_<slice from 1>.npy`, int8 places in the class list with -1 for unlabelled.

It knows no class names; a `classes.json` of ours beside the masks keeps them, which the former app ignores. Its own
`annotation_metadata.json` lists shapes, which we do not keep, so its lists are empty; on the way in it is not read.
"""

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError
from core.labels.exchange.archives import npy_header, open_archive, read_array, read_json, write_npy_header
from core.labels.exchange.facts import (
    Facts,
    FileClass,
    LabelFile,
    ReadSlice,
    Told,
    check_kind,
    facts_as_json,
    facts_from_json,
)
from core.labels.publishing import places_of

CLASSES, SHAPES = "classes.json", "annotation_metadata.json"
MASK = re.compile(r"(?:^|/)mask_(\d{1,9})\.npy$")


def write(path: Path, facts: Facts, read: ReadSlice, told: Told) -> None:
    """Stream the slices into `path`."""
    class_ids = [c.value for c in facts.classes]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(SHAPES, json.dumps({str(z): [] for z in facts.slices}))
        archive.writestr(CLASSES, json.dumps(facts_as_json(facts), indent=1))
        for count, z in enumerate(facts.slices, start=1):
            with archive.open(f"mask_{z + 1}.npy", "w", force_zip64=True) as stream:
                write_npy_header(stream, facts.shape[1:], np.int8)
                stream.write(np.ascontiguousarray(places_of(read(z), class_ids)).data)
            told(count)


def holds_masks(archive: zipfile.ZipFile) -> bool:
    """Whether this is such a zip."""
    return any(MASK.search(name) for name in archive.namelist())


def open_file(path: Path) -> LabelFile:
    """The masks of a zip; values are places + 1, so that 0 is unlabelled. Raises LabelFileError."""
    with open_archive(path) as archive:
        masks = sorted((int(found[1]) - 1, name) for name in archive.namelist() if (found := MASK.search(name)))
        own = facts_from_json(read_json(archive, CLASSES))
        shape, _ = _header(archive, masks[0][1])
    slices = tuple(z for z, _ in masks)
    if min(slices) < 0 or len(set(slices)) != len(slices):
        raise LabelFileError(f"{path.name} holds a mask_0.npy, or a slice twice.", "Masks are numbered from 1.")
    facts = Facts((max(slices) + 1, *shape), slices, tuple(_places(own)), own.voxel_size_um if own else None)
    if own is not None and own.slices == slices and own.shape[1:] == shape:
        facts = Facts(own.shape, slices, facts.classes, own.voxel_size_um, own.name)
    return LabelFile(facts, lambda: _read(path, [name for _, name in masks]))


def _places(own: Facts | None) -> Iterator[FileClass]:
    for place, each in enumerate(own.classes if own else ()):
        yield FileClass(place + 1, each.name, each.color)


def _header(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, int], np.dtype[Any]]:
    with archive.open(name) as stream:
        shape, dtype = npy_header(stream)
    check_kind(dtype)
    if len(shape) != 2:
        raise LabelFileError(f"{name} has the shape {shape}; a mask is (rows, columns).", "Save one slice a file.")
    return (shape[0], shape[1]), dtype


def _read(path: Path, names: list[str]) -> Iterator[NDArray[Any]]:
    with open_archive(path) as archive:
        first, _ = _header(archive, names[0])
        for name in names:
            shape, dtype = _header(archive, name)
            if shape != first:
                raise LabelFileError(f"{name} is {shape[1]} x {shape[0]} pixels, others are {first[1]} x {first[0]}.")
            with archive.open(name) as stream:
                npy_header(stream)
                yield read_array(stream, shape, dtype).astype(np.int16) + 1
