"""Volumes on a Tiled server, read one slice a request.

`TiledCatalog` is the VolumeCatalog of the app; `open_uri` opens one array for scripts. What counts as a volume is
decided in `core/images/layout.py`, `tiled_walk.py` finds them, requests are sent by `tiled_reader.py`.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import NotFoundError, UnsupportedImageError
from core.images.geometry import Box, level_shapes
from core.images.layout import Layout
from core.images.positions import read_positions
from core.images.volumes import CatalogEntry, Listing, VolumeInfo, VolumeSource
from utils.images.tiled_http import TiledAccess
from utils.images.tiled_nodes import describe, image_of, layout_of, level_names, stored_dtype, version_of
from utils.images.tiled_reader import Node, TiledReader, typed
from utils.images.tiled_walk import SETTING, GrowingListing, Walk
from utils.served.tiled_reduced import reduced_levels

LISTING_S = 3.0  # people press refresh twice, and every open page asks
MAX_ANSWER_BYTES = 250_000_000  # Tiled refuses answers above 300 MB unless configured otherwise


class TiledVolume:
    """A MultiscaleSource: one array on a Tiled server, and the coarser ones beside it."""

    def __init__(
        self, reader: TiledReader, array: Node, layout: Layout, info: VolumeInfo, levels: Mapping[int, VolumeSource]
    ) -> None:
        self.info, self.levels = info, levels
        self._reader, self._array = reader, array.path
        self._dtype = stored_dtype(array)
        self._layout = layout

    def read(self, box: Box) -> NDArray[Any]:
        """Read the voxels of `box`, in one request unless they exceed 250 MB.

        Raises
        ------
        NotFoundError, UnsupportedImageError, UnavailableError
        """
        pieces = list(split_box(box, self._dtype.itemsize * self._layout.channels, MAX_ANSWER_BYTES))
        if len(pieces) == 1:
            return self._read_piece(box).astype(self.info.dtype, copy=False)
        shape = box.shape if self._layout.channels == 1 else (*box.shape, self._layout.channels)
        out = np.empty(shape, self.info.dtype)
        for piece in pieces:
            out[_inside(piece, box)] = self._read_piece(piece)
        return out

    def _read_piece(self, box: Box) -> NDArray[Any]:
        data = self._reader.read(self._array, self._layout.selection_text(box))
        count = int(np.prod(box.shape)) * self._layout.channels
        return self._layout.arrange(typed(data, self._dtype, count, self.info.path), box)


class TiledCatalog:
    """The volumes below one container of a Tiled server. Nothing is asked before it is needed.

    Parameters
    ----------
    uri : the container, with or without ``/api/v1/metadata/...``; an array is a catalog of one.
    api_key : "" where the server is public.
    timeout_s : longest wait for one answer.
    """

    def __init__(self, uri: str, api_key: str = "", *, timeout_s: float = 30.0) -> None:
        self._reader = TiledReader(TiledAccess(uri, api_key, SETTING, timeout_s))
        self._start = self._reader.start
        self._lock = threading.Lock()
        self._listing: GrowingListing | None = None

    def list_entries(self) -> list[CatalogEntry]:
        """Every volume below the container, sorted by path; at most three seconds old.

        Raises
        ------
        UnavailableError
            If the server does not answer, refuses the key, or has no such container.
        """
        return list(self.listing(wait_s=None).entries)

    def listing(self, *, wait_s: float | None) -> Listing:
        """As `list_entries`, but as far as it is known after `wait_s`; the search goes on in the background."""
        growing = self._current_listing()
        try:
            return growing.wait(wait_s)
        except Exception:
            self._forget(growing)
            raise

    def open(self, path: str) -> VolumeSource:
        """Open a volume as it is now; a changed source has another version.

        Raises
        ------
        NotFoundError, UnsupportedImageError, UnavailableError
        """
        if not path:
            raise NotFoundError("No dataset is named.", "Choose one from the list.")
        place = read_positions(path).path
        if place == self._start.rpartition("/")[2]:
            root = self._reader.node(self._start)
            if root.family == "array":
                return open_node(self._reader, root, path)
        return open_node(self._reader, self._reader.node(f"{self._start}/{place}".strip("/")), path)

    def _current_listing(self) -> GrowingListing:
        with self._lock:
            if self._listing is None:
                self._listing = GrowingListing(Walk(self._reader))
            elif self._listing.is_older_than(LISTING_S):
                self._listing = GrowingListing(Walk(self._reader), known=self._listing.entries)
            return self._listing

    def _forget(self, failed: GrowingListing) -> None:
        """The next to ask begins anew."""
        with self._lock:
            if self._listing is failed:
                self._listing = None


def open_uri(uri: str, *, api_key: str = "", timeout_s: float = 30.0) -> VolumeSource:
    """Open the array at any Tiled URI, or the one image of a container.

    Raises
    ------
    NotFoundError, UnsupportedImageError, UnavailableError
    """
    array, _, position = uri.partition("#")
    reader = TiledReader(TiledAccess(array, api_key, SETTING, timeout_s))
    return open_node(reader, reader.node(reader.start), f"{reader.start}@{position}" if position else reader.start)


def open_node(reader: TiledReader, node: Node, path: str) -> TiledVolume:
    """Open an array, or the one image of a container, as the volume `path`."""
    container = None if node.family == "array" else node
    if container is not None and container.family != "container":
        raise UnsupportedImageError(f"{path} is a {container.family}, not an image.", "Choose an array.")
    children = () if container is None else reader.children(container)
    array = node if container is None else _only_image(reader, node, children, path)
    version = version_of(reader, array)
    info = describe(reader, array, path=path, version=version, container=container)
    layout = layout_of(array, path, container)
    stored = _stored_levels(reader, container, children, info)
    return TiledVolume(reader, array, layout, info, stored or reduced_levels(reader, array.path, layout, info))


def _stored_levels(
    reader: TiledReader, container: Node | None, children: Sequence[Node], info: VolumeInfo
) -> dict[int, VolumeSource]:
    """The coarser arrays of a container that halve y and x, by level; some have fewer slices, too."""
    found: dict[int, VolumeSource] = {}
    if container is None:
        return found
    for name in level_names(container, children)[1:]:
        node = reader.node(f"{container.path}/{name}")
        coarse = describe(reader, node, path=info.path, version=info.version, container=container)
        level = matching_level(info, coarse)
        if level is not None:
            found[level] = TiledVolume(reader, node, layout_of(node, info.path, container), coarse, {})
    return found


def matching_level(info: VolumeInfo, coarse: VolumeInfo) -> int | None:
    """The level of `info` that `coarse` is: sizes rounded up or down, as many slices or fewer. None when it is none."""
    for level, (height, width) in enumerate(level_shapes(info.shape[1:])):
        near = abs(coarse.shape[1] - height) <= 1 and abs(coarse.shape[2] - width) <= 1
        if level and near and coarse.shape[0] <= info.shape[0] and coarse.channels == info.channels:
            return level
    return None


def _only_image(reader: TiledReader, node: Node, children: Sequence[Node], path: str) -> Node:
    image = image_of(reader.node, node, children)
    if image is None:
        raise NotFoundError(f"{path} is a folder without an image of its own.", "Choose an image in it.")
    return image


def split_box(box: Box, voxel_bytes: int, max_bytes: int) -> Iterator[Box]:
    """Halve a box, slices first and rows then, until each part is small enough or one row."""
    z, y, x = box.shape
    if z * y * x * voxel_bytes <= max_bytes or z * y == 1:
        yield box
        return
    axis = 0 if z > 1 else 1
    middle = (box.start[axis] + box.stop[axis]) // 2
    yield from split_box(Box(box.start, _with(box.stop, axis, middle)), voxel_bytes, max_bytes)
    yield from split_box(Box(_with(box.start, axis, middle), box.stop), voxel_bytes, max_bytes)


def _with(corner: tuple[int, int, int], axis: int, value: int) -> tuple[int, int, int]:
    z, y, x = (value if place == axis else old for place, old in enumerate(corner))
    return (z, y, x)


def _inside(piece: Box, box: Box) -> tuple[slice, ...]:
    return tuple(slice(a - o, b - o) for a, b, o in zip(piece.start, piece.stop, box.start, strict=True))
