"""What the nodes of a Tiled tree are: the array a folder stands for, its levels, and their facts as volumes.

What counts as a volume is decided in `core/images/layout.py`. Pixels are read by `tiled_volumes.py`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from core.errors import UnsupportedImageError
from core.images.layout import Layout, chosen_axes, describe_layout, unnamed_channels
from core.images.level_groups import Stored, level_group
from core.images.positions import read_positions
from core.images.volumes import VolumeInfo
from core.images.voxels import channel_colors, channel_labels, multiscales, voxel_size_um
from utils.images.tiled_reader import Node, TiledReader

NX_ARRAY = "entry/data/data"  # where spec NXtomoproc keeps its stack


def image_of(find: Callable[[str], Node], container: Node, children: Sequence[Node]) -> Node | None:
    """The array a container stands for: of spec NXtomoproc, the largest of several levels, or its only child.

    None for a plain folder. `find` gives the node at a path.

    Raises
    ------
    NotFoundError
        If the array its spec or metadata promise is not there.
    UnsupportedImageError
        If the server says that the file behind it cannot be read.
    """
    if "unreadable" in container.metadata:
        raise UnsupportedImageError(str(container.metadata["unreadable"]))
    if "NXtomoproc" in container.specs:
        return find(f"{container.path}/{NX_ARRAY}")
    if names := level_names(container, children):
        return find(f"{container.path}/{names[0]}")
    if len(children) == 1 and children[0].family == "array":
        return children[0]
    return None


def find_among(nodes: Sequence[Node], path: str) -> Node | None:
    """The node at `path` if it is one of these, or has come along with one of them."""
    for node in nodes:
        if node.path == path:
            return node
        if path.startswith(f"{node.path}/"):
            return find_among(node.children or (), path)
    return None


def level_names(container: Node, children: Sequence[Node]) -> list[str]:
    """Paths below a container of the arrays that are one image at several sizes, the largest first; else empty.

    OME-Zarr says so; elsewhere names and shapes do (`core/images/level_groups.py`).
    """
    if scales := multiscales(container.metadata):
        return [dataset["path"] for dataset in scales["datasets"]]
    if any(child.family != "array" for child in children):
        return []
    try:
        return level_group(
            {_key(child): Stored(tuple(child.structure["shape"]), stored_dtype(child)) for child in children}
        )
    except UnsupportedImageError:
        return []  # records, say


def _key(node: Node) -> str:
    return node.path.rpartition("/")[2]


def describe(reader: TiledReader, array: Node, *, path: str, version: str, container: Node | None = None) -> VolumeInfo:
    """The facts of an array as a volume. Raises UnsupportedImageError."""
    layout = layout_of(array, path, container)
    voxel_size = voxel_size_um(array.metadata) or (voxel_size_um(container.metadata) if container else None)
    return VolumeInfo(
        path=path,
        uri=reader.uri_of(array.path) + _fragment(path),
        shape=layout.shape,
        channels=layout.channels,
        dtype=stored_dtype(array).newbyteorder("="),
        version=version,
        voxel_size_um=voxel_size,
        is_colour=layout.is_colour,
        extra_axes=layout.extra,
        channel_names=_of_channels(channel_labels, array, container, layout) or unnamed_channels(layout),
        channel_colors=_of_channels(channel_colors, array, container, layout),
        axes=layout.axes,
    )


def layout_of(array: Node, path: str, container: Node | None) -> Layout:
    """How an array is shown at the positions that `path` names. Raises UnsupportedImageError, NotFoundError."""
    chosen = read_positions(path)
    shape = tuple(array.structure["shape"])
    names = chosen_axes(chosen.axes, shape) if chosen.axes else axis_names(array, container)
    return describe_layout(shape, stored_dtype(array), names, chosen.positions)


def axis_names(array: Node, container: Node | None) -> list[str] | None:
    """What OME-Zarr, the array's metadata or its dimensions call its axes, in lower case; None when they are silent."""
    scales = multiscales(container.metadata) if container is not None else None
    found = (scales or {}).get("axes") or array.structure.get("dims") or array.metadata.get("axes")
    if not isinstance(found, str | Sequence):
        return None
    names = [axis.get("name") if isinstance(axis, Mapping) else axis for axis in found]
    if not all(isinstance(name, str) and name.isalpha() and name.isascii() for name in names):
        return None
    return [str(name).lower() for name in names]


def _of_channels(
    ask: Callable[[Mapping[str, Any]], tuple[str, ...]], array: Node, container: Node | None, layout: Layout
) -> tuple[str, ...]:
    """What the metadata of the array, or of its container, say of its channels; empty when nothing fits."""
    told = ask(array.metadata) or (ask(container.metadata) if container is not None else ())
    return told if len(told) == len(unnamed_channels(layout)) else ()


def _fragment(path: str) -> str:
    """Where on its further axes a volume lies, as the end of its URI, so that jobs open the same one."""
    chosen = read_positions(path)
    return "#" + str(chosen).removeprefix(f"{chosen.path}@") if str(chosen) != chosen.path else ""


def stored_dtype(array: Node) -> np.dtype[Any]:
    """The dtype of the bytes Tiled sends. Raises UnsupportedImageError for anything but numbers."""
    data_type = array.structure.get("data_type") or {}
    kind, itemsize = data_type.get("kind"), data_type.get("itemsize")
    try:
        return np.dtype(f"{'>' if data_type.get('endianness') == 'big' else '<'}{kind}{itemsize}")
    except TypeError as error:
        what = "records of several fields" if "fields" in data_type else f"values of kind {kind!r}"
        raise UnsupportedImageError(f"An array of {what} cannot be shown as an image.", "Store numbers.") from error


def version_of(reader: TiledReader, array: Node) -> str:
    """A hash of all that is known to change with the content: structure, metadata, files.

    A node inside a file (HDF5) knows nothing of the file, so those above it count until one does.
    """
    facts, node = [_facts(array)], array
    while not (node.data_sources or "version" in node.metadata) and node.path:
        node = reader.node(node.parent)
        facts.append(_facts(node))
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _facts(node: Node) -> list[Any]:
    return [node.structure, node.metadata, node.data_sources]
