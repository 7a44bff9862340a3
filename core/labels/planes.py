"""Labels on XZ and YZ planes: edits turned into those of slices, and tiles put together from rows of slices' tiles.

Truth stays the tiles of the slices (`core/labels/store.py`); `core/images/planes.py` says how planes lie.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.byte_cache import ByteCache
from core.images.geometry import TILE_PX
from core.images.planes import PlaneAxis
from core.labels.edits import Tile, empty_tile, pack, unpack
from core.labels.spans import Spans
from core.labels.store import TileIndex

KEPT_BYTES = 32 << 20  # packed tiles of planes

Versions = dict[tuple[int, int], int]
"""{(ty, tx): version} of the tiles of a plane."""


class TileReader(Protocol):
    """What a pyramid of label tiles is made from."""

    def tile_versions(self, volume: str, z: int) -> Versions: ...

    def tile(self, volume: str, index: TileIndex) -> NDArray[np.uint8] | None: ...


class AcrossReader(Protocol):
    """What planes across the slices are put together from: a LabelStore, or one moment of it."""

    def tile_versions_across(self, volume: str, axis: PlaneAxis, place: int) -> Versions: ...

    def tile(self, volume: str, index: TileIndex) -> NDArray[np.uint8] | None: ...


def spans_by_slice(spans: Spans, axis: PlaneAxis, index: int) -> Iterator[tuple[int, Spans]]:
    """Spans of a plane as (z, spans of that slice), z ascending.

    >>> [(z, s.tolist()) for z, s in spans_by_slice(np.array([[4, 10, 12]], np.int32), "y", 7)]
    [(4, [[7, 10, 12]])]
    >>> [(z, s.tolist()) for z, s in spans_by_slice(np.array([[4, 10, 12]], np.int32), "x", 7)]
    [(10, [[4, 7, 8]]), (11, [[4, 7, 8]])]
    """
    if axis == "z":
        yield index, spans
        return
    z, cut = _cut_rows(spans, index) if axis == "y" else _cut_columns(spans, index)
    order = np.argsort(z, kind="stable")
    z, cut = z[order], cut[order]
    for start, stop in _groups(z):
        yield int(z[start]), cut[start:stop]


def parts_by_slice(
    parts: Iterable[tuple[int, Spans]], axis: PlaneAxis, index: int
) -> dict[int, list[tuple[int, Spans]]]:
    """`spans_by_slice` of several parts: {z: [(class id, spans of that slice), ...]}."""
    slices: dict[int, list[tuple[int, Spans]]] = {}
    for label, spans in parts:
        for z, part in spans_by_slice(spans, axis, index):
            slices.setdefault(z, []).append((label, part))
    return dict(sorted(slices.items()))


def _cut_rows(spans: Spans, y: int) -> tuple[NDArray[np.int32], Spans]:
    """XZ: a row is a slice."""
    return spans[:, 0], np.stack([np.full_like(spans[:, 0], y), spans[:, 1], spans[:, 2]], axis=1)


def _cut_columns(spans: Spans, x: int) -> tuple[NDArray[np.int32], Spans]:
    """YZ: a column is a slice, so a span becomes one pixel of each slice it crosses."""
    lengths = spans[:, 2] - spans[:, 1]
    first = np.repeat(spans[:, 1], lengths)
    within = np.arange(int(lengths.sum()), dtype=np.int32) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    z = (first + within).astype(np.int32)
    return z, np.stack([np.repeat(spans[:, 0], lengths), np.full_like(z, x), np.full_like(z, x + 1)], axis=1)


def _groups(values: NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    """(start, stop) of each run of equal sorted values."""
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return ((a, b) for a, b in zip(edges, edges[1:], strict=False) if a < b)


class PlaneLabels:
    """The label tiles of the XZ or YZ planes of volumes, in the words of a LabelStore: `z` is the plane's index."""

    def __init__(self, store: AcrossReader, axis: PlaneAxis) -> None:
        self._store, self._axis = store, axis
        self._kept = ByteCache(KEPT_BYTES, size=len)

    def tile_versions(self, volume: str, z: int) -> Versions:
        """The newest version of any slice's tile that a tile of the plane cuts; it may hold no label in that row."""
        newest: Versions = {}
        for (slice_z, other), version in self._across(volume, z).items():
            place = (slice_z // TILE_PX, other) if self._axis == "y" else (other, slice_z // TILE_PX)
            newest[place] = max(version, newest.get(place, 0))
        return newest

    def tile(self, volume: str, index: TileIndex) -> Tile | None:
        """(512, 512) uint8 class ids of a tile of a plane; None when no slice has a label near it."""
        at, ty, tx = index
        along, other = (ty, tx) if self._axis == "y" else (tx, ty)
        across = self._across(volume, at)
        here = {z: version for (z, place), version in across.items() if place == other and z // TILE_PX == along}
        if not here:
            return None
        key = (volume, index, frozenset(here.items()))
        return unpack(self._kept.get(key, lambda: pack(self._join(volume, at, other, list(here)))))

    def _across(self, volume: str, index: int) -> dict[tuple[int, int], int]:
        return self._store.tile_versions_across(volume, self._axis, index // TILE_PX)

    def _join(self, volume: str, index: int, other: int, slices: list[int]) -> Tile:
        joined, place, within = empty_tile(), index // TILE_PX, index % TILE_PX
        for z in slices:
            if self._axis == "y":
                tile = self._store.tile(volume, (z, place, other))
                joined[z % TILE_PX] = 0 if tile is None else tile[within]
            else:
                tile = self._store.tile(volume, (z, other, place))
                joined[:, z % TILE_PX] = 0 if tile is None else tile[:, within]
        return joined
