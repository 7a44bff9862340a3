"""Labels as COCO: a picture a slice, an annotation for each connected region, as a polygon or, with holes, run lengths.

A polygon of COCO cannot have a hole, so regions with holes are compressed run lengths, which pycocotools reads alike.
Polygons run along pixel edges and fill to exactly the same pixels. Our facts stand in `info`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError
from core.labels.exchange import rle
from core.labels.exchange.archives import read_json_file, write_json_rows
from core.labels.exchange.facts import (
    MAX_CLASS_VALUE,
    Facts,
    FileClass,
    LabelFile,
    ReadSlice,
    Told,
    as_header,
    color_of,
    facts_in,
    rgb_of,
    unplaced,
)
from core.labels.exchange.polygons import Polygon, fill, paint_rings, polygons_of

MAX_SIDE = 1_000_000
_NUMBER = re.compile(r"(\d+)\D*$")
Row = Mapping[str, Any]


def write(path: Path, facts: Facts, read: ReadSlice, told: Told) -> None:
    """Stream the slices into `path`."""
    head: dict[str, Any] = {"info": {"description": facts.name, **as_header(facts)}, "licenses": []}
    head |= {"categories": _categories(facts.classes), "images": [_picture(facts, z) for z in facts.slices]}
    numbers = count(1)

    def rows(z: int) -> Iterator[Row]:
        return ({"id": next(numbers), **row} for row in annotations(read(z), facts.classes, image=z + 1))

    write_json_rows(path, head, "annotations", (rows(z) for z in facts.slices), told)


def _categories(classes: Sequence[FileClass]) -> list[dict[str, Any]]:
    return [{"id": c.value, "name": c.name, "supercategory": "", "color": list(rgb_of(c.color))} for c in classes]


def _picture(facts: Facts, z: int) -> dict[str, Any]:
    _, height, width = facts.shape
    return {"id": z + 1, "file_name": f"slice_{z + 1:04d}.png", "height": height, "width": width, "z": z}


def annotations(labels: NDArray[np.uint8], classes: Iterable[FileClass], *, image: int) -> Iterator[dict[str, Any]]:
    """Every region of a slice, without ids."""
    shape = (labels.shape[0], labels.shape[1])
    for each in classes:
        for polygon in polygons_of(labels == each.value):
            yield {"image_id": image, "category_id": each.value, "iscrowd": 0, **_region(polygon, shape)}


def _region(polygon: Polygon, shape: tuple[int, int]) -> dict[str, Any]:
    (x, y), (right, bottom) = polygon.outline.min(axis=0), polygon.outline.max(axis=0)
    box = [int(x), int(y), int(right - x), int(bottom - y)]
    mask = fill([ring - (x, y) for ring in (polygon.outline, *polygon.holes)], (box[3], box[2]))
    facts = {"bbox": box, "area": int(mask.sum())}
    if not polygon.holes:
        return {"segmentation": [polygon.outline.ravel().tolist()], **facts}
    counts = rle.encode(rle.counts_at(mask, (int(y), int(x)), shape))
    return {"segmentation": {"size": list(shape), "counts": counts}, **facts}


def open_file(path: Path, shape: tuple[int, int, int]) -> LabelFile:  # noqa: ARG001 - as all formats of outlines
    """Annotations of pictures that are all of one size. Raises LabelFileError."""
    content = read_json_file(path)
    pictures = content["images"]
    sizes = {(int(row["height"]), int(row["width"])) for row in pictures}
    if len(sizes) != 1 or max(max(size) for size in sizes) > MAX_SIDE:
        raise LabelFileError(f"The pictures in {path.name} are not all of one size.", "Export slices of one volume.")
    by_picture: dict[Any, list[Row]] = defaultdict(list)
    for row in content["annotations"]:
        by_picture[row["image_id"]].append(row)
    values = _values(content["categories"])
    facts, ordered = _facts(content, pictures, sizes.pop(), values)
    return LabelFile(facts, lambda: (_painted(by_picture[row["id"]], facts, values) for row in ordered))


def _values(categories: Sequence[Row]) -> dict[Any, int]:
    """{category id: value of its pixels}; the ids themselves when they fit into a byte."""
    found = [row["id"] for row in categories]
    if all(isinstance(each, int) and 1 <= each <= MAX_CLASS_VALUE for each in found):
        return {each: each for each in found}
    if len(found) > MAX_CLASS_VALUE:
        raise LabelFileError(f"The file has {len(found)} categories.", f"Use at most {MAX_CLASS_VALUE}.")
    return {each: value for value, each in enumerate(found, start=1)}


def _facts(
    content: Row, pictures: Sequence[Row], size: tuple[int, int], values: Mapping[Any, int]
) -> tuple[Facts, list[Row]]:
    """The facts, and the pictures in the order of their slices."""
    own = facts_in(content.get("info"))
    places = [_place(row) for row in pictures]
    known = all(place is not None for place in places) and len(set(places)) == len(places)
    ordered = [row for _, row in sorted(zip(places, pictures, strict=True), key=lambda p: p[0] or 0)] if known else []
    classes = tuple(
        FileClass(values[row["id"]], str(row["name"]), color_of(row.get("color") or ()))
        for row in content["categories"]
    )
    if not known:
        return unplaced((len(pictures), *size), classes=classes), list(pictures)
    slices = tuple(sorted(place for place in places if place is not None))
    if own is not None and own.slices == slices and own.shape[1:] == size:
        return replace(own, classes=classes), ordered
    return Facts((max(slices) + 1, *size), slices, classes), ordered


def _place(picture: Row) -> int | None:
    """z of a picture: its own word, or the number at the end of its file's name, counted from 1."""
    if isinstance(picture.get("z"), int):
        return max(0, int(picture["z"]))
    found = _NUMBER.search(str(picture.get("file_name", "")).rpartition(".")[0])
    return int(found[1]) - 1 if found and int(found[1]) > 0 else None


def _painted(rows: Sequence[Row], facts: Facts, values: Mapping[Any, int]) -> NDArray[np.uint8]:
    pixels = np.zeros(facts.shape[1:], np.uint8)
    for row in rows:
        if row["category_id"] not in values:
            raise LabelFileError(f"Category {row['category_id']} is used and not listed.", "List it in categories.")
        paint(pixels, row["segmentation"], values[row["category_id"]])
    return pixels


def paint(pixels: NDArray[np.uint8], segmentation: Any, value: int) -> None:
    """Give the pixels of a polygon or of run lengths a value. Raises LabelFileError."""
    shape = (pixels.shape[0], pixels.shape[1])
    if isinstance(segmentation, Mapping):
        counts = segmentation["counts"]
        if list(segmentation["size"]) != list(shape):
            raise LabelFileError(f"A mask is {segmentation['size']}, its picture {list(shape)}.", "Write it again.")
        found = rle.decode(counts) if isinstance(counts, str) else np.array(counts, np.int64)
        pixels[rle.mask_of(found, shape)] = value
        return
    for ring in segmentation:  # parts of one object: together, not one cut out of the other
        paint_rings(pixels, [np.asarray(ring, float).reshape(-1, 2)], value)
