"""Labels as OME-Zarr 0.4: a folder with `labels/classes`, a pyramid of uint8 with names and colours (`image-label`).

The array has the shape of the volume and lies over it; chunks without a label are not stored. Levels halve rows and
columns by taking every second pixel. A zip of the folder is read without unpacking it.
"""

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError
from core.images.geometry import level_shapes
from core.labels.exchange.archives import open_archive
from core.labels.exchange.facts import (
    Facts,
    FileClass,
    LabelFile,
    ReadSlice,
    Told,
    as_header,
    check_kind,
    color_of,
    facts_in,
    rgb_of,
    unplaced,
    voxel_size,
)

if TYPE_CHECKING:
    import zarr

CHUNK_PX = 1024  # of a level; 1 MiB before it is compressed
MAX_CHUNK_BYTES = 1 << 28
GROUP = "labels/classes"
_UNITS_UM = {"micrometer": 1.0, "millimeter": 1e3, "nanometer": 1e-3, "meter": 1e6, "angstrom": 1e-4}


def write(path: Path, facts: Facts, read: ReadSlice, told: Told) -> None:
    """Write the folder `path`, slice by slice."""
    import zarr

    root = zarr.create_group(path, zarr_format=2, attributes={})
    root.create_group("labels", attributes={"labels": [GROUP.partition("/")[2]]})
    group = root.create_group(GROUP, attributes=_attributes(facts))
    levels = [_level(group, place, (facts.shape[0], *shape)) for place, shape in enumerate(_levels(facts))]
    for count, z in enumerate(facts.slices, start=1):
        pixels = read(z)
        for place, level in enumerate(levels):
            level[z] = pixels[:: 2**place, :: 2**place]
        told(count)


def _levels(facts: Facts) -> list[tuple[int, int]]:
    return level_shapes((facts.shape[1], facts.shape[2]))


def _level(group: "zarr.Group", place: int, shape: tuple[int, ...]) -> "zarr.Array[Any]":
    chunks = (1, min(CHUNK_PX, shape[1]), min(CHUNK_PX, shape[2]))
    return group.create_array(
        str(place), shape=shape, chunks=chunks, dtype="uint8", fill_value=0,
        chunk_key_encoding={"name": "v2", "separator": "/"}, config={"write_empty_chunks": False},
    )  # fmt: skip


def _attributes(facts: Facts) -> dict[str, Any]:
    unit = {"unit": "micrometer"} if facts.voxel_size_um else {}
    z, y, x = facts.voxel_size_um or (1.0, 1.0, 1.0)
    datasets = [
        {
            "path": str(place),
            "coordinateTransformations": [{"type": "scale", "scale": [z, y * 2**place, x * 2**place]}],
        }
        for place in range(len(_levels(facts)))
    ]
    axes = [{"name": name, "type": "space", **unit} for name in "zyx"]
    multiscale = {"version": "0.4", "name": facts.name, "axes": axes, "datasets": datasets, "type": "nearest"}
    return {"multiscales": [multiscale], "image-label": _image_label(facts), **as_header(facts)}


def _image_label(facts: Facts) -> dict[str, Any]:
    return {
        "version": "0.4",
        "colors": [{"label-value": c.value, "rgba": [*rgb_of(c.color), 255]} for c in facts.classes],
        "properties": [{"label-value": c.value, "name": c.name} for c in facts.classes],
    }


def pack(folder: Path, target: Path) -> None:
    """The folder as one zip file; its chunks are compressed already."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, f"{folder.name}/{file.relative_to(folder)}")


def open_file(path: Path) -> LabelFile:
    """A folder or a zip of OME-Zarr 0.4 or 0.5 with labels in it. Raises LabelFileError."""
    group = _label_group(path)
    attributes = _words(group)
    array = group[attributes["multiscales"][0]["datasets"][0]["path"]]
    shape = _check_array(array)
    facts = _facts(attributes, shape)
    return LabelFile(facts, lambda: _read(array, facts))


def _label_group(path: Path) -> "zarr.Group":
    import zarr

    prefix, store = _root(path)
    root = zarr.open_group(store, path=prefix, mode="r")
    for group in (root, *_children(root, "labels"), *_children(root, "")):
        words = _words(group)
        if "image-label" in words and words.get("multiscales"):
            return group
    raise LabelFileError(
        f"{path.name} holds no labels.", "An OME-Zarr has them in labels/NAME with image-label metadata."
    )


def _words(group: "zarr.Group") -> dict[str, Any]:
    """The metadata of a group; 0.5 puts them one level deeper."""
    words: dict[str, Any] = dict(group.attrs)
    return dict(words.get("ome", {})) | words


def _children(root: "zarr.Group", name: str) -> Iterator["zarr.Group"]:
    """The groups that `labels` lists, or the groups of a `labels` group itself."""
    import zarr

    if name and name not in root:
        return
    parent = root[name] if name else root
    if not isinstance(parent, zarr.Group):
        return
    for child in _words(parent).get("labels", ()):
        found = parent.get(str(child))
        if isinstance(found, zarr.Group):
            yield found


def _root(path: Path) -> tuple[str, Any]:
    """(where the outermost group is, what to open it in)."""
    import zarr

    if path.is_dir():
        return "", str(path)
    with open_archive(path) as archive:
        _check_members(archive)
        marks = [name for name in archive.namelist() if name.split("/")[-1] in (".zgroup", "zarr.json")]
    if not marks:
        raise LabelFileError(f"{path.name} is no Zarr.", "Zip the whole .zarr folder.")
    outermost = min(marks, key=lambda name: name.count("/"))
    return outermost.rpartition("/")[0], zarr.storage.ZipStore(path, mode="r")


def _check_members(archive: zipfile.ZipFile) -> None:
    large = next((info for info in archive.infolist() if info.file_size > MAX_CHUNK_BYTES), None)
    if large is not None:
        raise LabelFileError(
            f"{large.filename[:80]} in the zip is {large.file_size >> 20:,} MiB.",
            f"Use chunks of at most {MAX_CHUNK_BYTES >> 20} MiB.",
        )


def _check_array(array: Any) -> tuple[int, int, int]:
    """Its (Z, Y, X). Raises LabelFileError."""
    check_kind(np.dtype(array.dtype))
    *leading, height, width = array.shape
    if any(size != 1 for size in leading[:-1]):
        raise LabelFileError(f"The labels have the shape {array.shape}.", "Only z, y and x may be longer than 1.")
    if int(np.prod(array.chunks, dtype=object)) * np.dtype(array.dtype).itemsize > MAX_CHUNK_BYTES:
        raise LabelFileError(
            f"The chunks of the labels are {array.chunks}.", "Use smaller ones, such as 1 x 1024 x 1024."
        )
    return (leading[-1] if leading else 1, height, width)


def _facts(attributes: Mapping[str, Any], shape: tuple[int, int, int]) -> Facts:
    own = facts_in(attributes)
    if own is not None and own.shape == shape:
        return own
    return unplaced(shape, classes=tuple(_classes(attributes["image-label"])), voxel_size_um=_voxel_size(attributes))


def _classes(label: Mapping[str, Any]) -> Iterator[FileClass]:
    colors = {int(row["label-value"]): color_of(row.get("rgba", [])) for row in label.get("colors", ())}
    names = {int(row["label-value"]): str(row.get("name", "")) for row in label.get("properties", ())}
    for value in sorted({*colors, *names} - {0}):
        yield FileClass(value, names.get(value) or f"Class {value}", colors.get(value, ""))


def _voxel_size(attributes: Mapping[str, Any]) -> tuple[float, float, float] | None:
    multiscale = attributes["multiscales"][0]
    units = [_UNITS_UM.get(axis.get("unit", ""), 0.0) for axis in multiscale.get("axes", ())][-3:]
    steps = multiscale["datasets"][0].get("coordinateTransformations", ())
    scale: list[float] = next((step["scale"][-3:] for step in steps if step.get("type") == "scale"), [])
    if len(units) != 3 or len(scale) != 3:
        return None
    return voxel_size(size * unit for size, unit in zip(scale, units, strict=True))


def _read(array: Any, facts: Facts) -> Iterator[NDArray[Any]]:
    for place in facts.slices:
        leading = (0,) * (array.ndim - 3) + ((place,) if array.ndim > 2 else ())
        yield np.asarray(array[leading])
