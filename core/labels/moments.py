"""Labels as they were: readers of one moment, and of what differs between two, in the words of a LabelStore."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.images.planes import PlaneAxis
from core.labels.edits import Tile, empty_tile
from core.labels.planes import Versions
from core.labels.store import LabelStore, TileIndex

ADDED, REMOVED, CHANGED = 1, 2, 3
"""How a pixel differs: it had no class, it has none any more, it has another. In coarse levels the greatest shows."""


@dataclass(frozen=True)
class Moment:
    """The labels of every volume of a store at one revision."""

    store: LabelStore
    revision: int

    def tile_versions(self, volume: str, z: int) -> Versions:
        return self.store.tile_versions_at(volume, z, self.revision)

    def tile_versions_across(self, volume: str, axis: PlaneAxis, place: int) -> Versions:
        return self.store.tile_versions_across(volume, axis, place, revision=self.revision)

    def tile(self, volume: str, index: TileIndex) -> NDArray[np.uint8] | None:
        return self.store.tile_at(volume, index, self.revision)


@dataclass(frozen=True)
class Summary:
    """How many pixels differ between two moments.

    added, removed, changed : pixels. won, lost : pixels by class id. slices : pixels by slice, z ascending.
    """

    added: int
    removed: int
    changed: int
    won: Mapping[int, int]
    lost: Mapping[int, int]
    slices: Mapping[int, int]

    @property
    def pixels(self) -> int:
        return self.added + self.removed + self.changed


@dataclass(frozen=True)
class Difference:
    """What differs between two moments, as tiles of ADDED, REMOVED and CHANGED; 0 where they agree.

    The first may be the later one: then what was painted since shows as removed.
    """

    first: Moment
    second: Moment

    def tile_versions(self, volume: str, z: int) -> Versions:
        before, after = self.first.tile_versions(volume, z), self.second.tile_versions(volume, z)
        return {at: version for at, version in (before | after).items() if before.get(at) != after.get(at)}

    def tile_versions_across(self, volume: str, axis: PlaneAxis, place: int) -> Versions:
        before = self.first.tile_versions_across(volume, axis, place)
        after = self.second.tile_versions_across(volume, axis, place)
        return {at: version for at, version in (before | after).items() if before.get(at) != after.get(at)}

    def tile(self, volume: str, index: TileIndex) -> Tile | None:
        return kinds(*self._pair(volume, index))

    def tiles(self, volume: str) -> tuple[TileIndex, ...]:
        """Those that an edit between the two has touched; nothing differs elsewhere."""
        since, until = sorted((self.first.revision, self.second.revision))
        return self.first.store.changed_between(volume, since=since, until=until)

    def summary(self, volume: str) -> Summary:
        """Read both versions of every tile between, and count; about a millisecond a tile."""
        found, won, lost, slices = Counter[int](), Counter[int](), Counter[int](), Counter[int]()
        for index in self.tiles(volume):
            before, after = self._pair(volume, index)
            found.update(_count(kinds(before, after)))
            won.update(_count(after[before != after]))
            lost.update(_count(before[before != after]))
            slices[index[0]] += int(np.count_nonzero(before != after))
        by_slice = {z: pixels for z, pixels in sorted(slices.items()) if pixels}
        return Summary(found[ADDED], found[REMOVED], found[CHANGED], won, lost, by_slice)

    def _pair(self, volume: str, index: TileIndex) -> tuple[Tile, Tile]:
        before, after = self.first.tile(volume, index), self.second.tile(volume, index)
        return empty_tile() if before is None else before, empty_tile() if after is None else after


def kinds(before: Tile, after: Tile) -> Tile:
    """How each pixel differs.

    >>> kinds(np.array([0, 1, 1, 1], np.uint8), np.array([1, 1, 0, 2], np.uint8)).tolist()
    [1, 0, 2, 3]
    """
    named = np.where(before == 0, np.uint8(ADDED), np.where(after == 0, np.uint8(REMOVED), np.uint8(CHANGED)))
    different: Tile = named * (before != after)
    return different


def _count(ids: NDArray[np.uint8]) -> dict[int, int]:
    """{id: pixels}, without 0."""
    pixels = np.bincount(ids.ravel(), minlength=1)
    return {int(at): int(pixels[at]) for at in np.flatnonzero(pixels) if at}
