"""Labels as they were: readers of one moment, and of what differs between two, in the words of a LabelStore."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.images.planes import PlaneAxis
from core.labels.edits import Tile, count_changes, empty_tile
from core.labels.planes import Versions
from core.labels.store import LabelStore, TileIndex

GONE = 255  # shows where a pixel had a class at the first moment and has none at the second; no class has this id


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
class Difference:
    """What differs between two moments: the class at the second, or GONE where it has none; 0 where they agree."""

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
        before, after = self._pair(volume, index)
        shown = np.where(after == 0, np.uint8(GONE), after)
        return np.where(before == after, np.uint8(0), shown)

    def counts(self, volume: str) -> tuple[int, Counter[int]]:
        """(pixels that differ, how many pixels each class has won, or with a minus lost) on all slices."""
        differing, won = 0, Counter[int]()
        for index in self._changed(volume):
            before, after = self._pair(volume, index)
            differing += int(np.count_nonzero(before != after))
            won.update(count_changes(before, after))
        return differing, won

    def _changed(self, volume: str) -> Iterator[TileIndex]:
        """Tiles that may differ: those with a version after the earlier moment."""
        since = min(self.first.revision, self.second.revision)
        return iter(self.first.store.changes(volume, since=since).changed)

    def _pair(self, volume: str, index: TileIndex) -> tuple[Tile, Tile]:
        before, after = self.first.tile(volume, index), self.second.tile(volume, index)
        return empty_tile() if before is None else before, empty_tile() if after is None else after
