"""Labels as GeoJSON: a polygon with its holes for each connected region, in pixels, as QuPath reads and writes it.

Coordinates are (x, y) along pixel edges with y downwards; filling them gives the same pixels. A slice without a region
leaves nothing behind but its number in our facts. Files of others are painted in the order of their features.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError
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
)
from core.labels.exchange.polygons import Polygon, paint_rings, polygons_of

Row = Mapping[str, Any]


def write(path: Path, facts: Facts, read: ReadSlice, told: Told) -> None:
    """Stream the slices into `path`."""
    rows = (features(read(z), facts.classes, z=z) for z in facts.slices)
    write_json_rows(path, {"type": "FeatureCollection", **as_header(facts)}, "features", rows, told)


def features(labels: NDArray[np.uint8], classes: Sequence[FileClass], *, z: int) -> Iterator[dict[str, Any]]:
    """Every region of a slice."""
    for each in classes:
        properties = {
            "objectType": "annotation",
            "classification": {"name": each.name, "color": list(rgb_of(each.color))},
        }
        for polygon in polygons_of(labels == each.value):
            geometry = {"type": "Polygon", "coordinates": _closed(polygon), "plane": {"c": -1, "z": z, "t": 0}}
            yield {"type": "Feature", "geometry": geometry, "properties": properties}


def _closed(polygon: Polygon) -> list[list[list[int]]]:
    return [[*ring.tolist(), ring[0].tolist()] for ring in (polygon.outline, *polygon.holes)]


def open_file(path: Path, shape: tuple[int, int, int]) -> LabelFile:
    """Polygons with a class each. shape : of the volume they are meant for, where the file does not say.

    Raises LabelFileError.
    """
    content = read_json_file(path)
    rows = content["features"] if isinstance(content, Mapping) else content  # QuPath also writes a bare list
    own = facts_in(content)
    by_slice: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_slice[_slice(row)].append(row)
    classes = _classes(rows, own)
    slices = own.slices if own else tuple(sorted(by_slice))
    facts = replace(own, classes=classes) if own else Facts(shape, slices, classes)
    values = {each.name: each.value for each in classes}
    return LabelFile(facts, lambda: (_painted(by_slice.get(z, ()), facts, values) for z in slices))


def _slice(row: Row) -> int:
    plane = row["geometry"].get("plane") or {}
    properties = row.get("properties") or {}
    return int(plane.get("z", properties.get("z", 0)))


def _classes(rows: Sequence[Row], own: Facts | None) -> tuple[FileClass, ...]:
    """Those of our facts, then others in the order in which they come."""
    found = {each.name: each for each in (own.classes if own else ())}
    for row in rows:
        name, color = _class_of(row)
        if name not in found:
            value = max((each.value for each in found.values()), default=0) + 1
            found[name] = FileClass(value, name, color)
    if any(each.value > MAX_CLASS_VALUE for each in found.values()):
        raise LabelFileError(f"The polygons have {len(found)} classes.", f"Use at most {MAX_CLASS_VALUE}.")
    return tuple(found.values())


def _class_of(row: Row) -> tuple[str, str]:
    properties = row.get("properties") or {}
    known = properties.get("classification")
    if isinstance(known, Mapping):
        return str(known.get("name") or "Class 1"), color_of(known.get("color") or ())
    name = next((properties[key] for key in ("class", "label", "name") if properties.get(key)), "Class 1")
    return str(name), color_of(properties.get("color") or ())


def _painted(rows: Sequence[Row], facts: Facts, values: Mapping[str, int]) -> NDArray[np.uint8]:
    pixels = np.zeros(facts.shape[1:], np.uint8)
    for row in rows:
        for rings in _parts(row["geometry"]):
            paint_rings(pixels, [np.asarray(ring, float)[:, :2] for ring in rings], values[_class_of(row)[0]])
    return pixels


def _parts(geometry: Row) -> Sequence[Any]:
    if geometry["type"] == "Polygon":
        return [geometry["coordinates"]]
    if geometry["type"] == "MultiPolygon":
        parts: Sequence[Any] = geometry["coordinates"]
        return parts
    raise LabelFileError(f"The file holds a {geometry['type']}, which has no area.", "Draw polygons.")
