"""Labels as one PNG a slice in a zip file, with `classes.json`: 8-bit pictures whose palette holds the class colours.

A pixel's palette index is its class. Pillow reads them as `numpy.array(Image.open(...))`.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError
from core.labels.exchange.archives import open_archive, read_json
from core.labels.exchange.facts import (
    Facts,
    LabelFile,
    ReadSlice,
    Told,
    facts_as_json,
    facts_from_json,
    rgb_of,
    unplaced,
)

CLASSES = "classes.json"
MAX_PIXELS = 178_956_970  # Pillow takes a larger picture for a bomb
MAX_PNG_BYTES = 1 << 28
_NUMBER = re.compile(r"(\d+)\D*$")


def write(path: Path, facts: Facts, read: ReadSlice, told: Told) -> None:
    """Stream the slices into `path`. Raises LabelFileError for slices larger than Pillow reads."""
    from PIL import Image

    if facts.shape[1] * facts.shape[2] > MAX_PIXELS:
        raise LabelFileError(
            f"PNG holds at most {MAX_PIXELS:,} pixels a slice; these are {facts.shape[2]} x {facts.shape[1]}.",
            "Export TIFF or OME-Zarr.",
        )
    digits = len(str(facts.shape[0]))
    palette = _palette(facts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(CLASSES, json.dumps(facts_as_json(facts), indent=1))
        for count, z in enumerate(facts.slices, start=1):
            picture = Image.fromarray(read(z)).convert("P")
            picture.putpalette(palette)
            packed = io.BytesIO()
            picture.save(packed, "PNG", compress_level=3)
            archive.writestr(f"slice_{z + 1:0{digits}d}.png", packed.getvalue())
            told(count)


def _palette(facts: Facts) -> list[int]:
    colors = np.zeros((256, 3), np.uint8)
    for each in facts.classes:
        colors[each.value] = rgb_of(each.color)
    return [int(value) for value in colors.ravel()]


def open_file(path: Path) -> LabelFile:
    """A zip of PNG files, numbered from 1. Raises LabelFileError."""
    with open_archive(path) as archive:
        names = _ordered(archive)
        facts = _facts(archive, names)
    return LabelFile(facts, lambda: _read(path, names))


def _ordered(archive: zipfile.ZipFile) -> list[str]:
    return sorted((name for name in archive.namelist() if name.lower().endswith(".png")), key=lambda n: (_number(n), n))


def _number(name: str) -> int:
    found = _NUMBER.search(name.rpartition(".")[0])
    return int(found[1]) if found else 0


def _facts(archive: zipfile.ZipFile, names: list[str]) -> Facts:
    own = facts_from_json(read_json(archive, CLASSES))
    numbers = tuple(_number(name) - 1 for name in names)
    if own is not None and own.slices == numbers:
        return own
    height, width = _size(archive, names[0])
    placed = min(numbers) >= 0 and len(set(numbers)) == len(numbers)
    if not placed:
        return unplaced((len(names), height, width))
    return Facts((max(numbers) + 1, height, width), numbers, classes=own.classes if own else ())


def _size(archive: zipfile.ZipFile, name: str) -> tuple[int, int]:
    from PIL import Image

    with archive.open(name) as stream, Image.open(stream) as picture:
        return picture.height, picture.width


def _read(path: Path, names: list[str]) -> Iterator[NDArray[Any]]:
    with open_archive(path) as archive:
        for name in names:
            yield _decoded(archive, name)


def _decoded(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    from PIL import Image

    if archive.getinfo(name).file_size > MAX_PNG_BYTES:
        raise LabelFileError(f"{name[:80]} is larger than {MAX_PNG_BYTES >> 20} MiB.", "Save it compressed.")
    with archive.open(name) as stream, Image.open(stream, formats=["PNG"]) as picture:
        if picture.mode not in ("P", "L", "1", "I", "I;16"):
            raise LabelFileError(f"{name[:80]} is a colour picture.", "Save class numbers: grey or palette, 8 bit.")
        return np.asarray(picture)
