"""The labels that the live prediction learns from: all but what it gave itself and nobody has corrected.

What it shows and was used as labels is a thousand times the pixels that a person paints, and would drown what people
correct (docs/adr/0013-the-live-prediction-does-not-teach-itself.md).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from core.byte_cache import ByteCache
from core.labels.edits import Tile, empty_tile, without
from core.labels.spans import LIVE
from core.labels.store import LabelStore, TileIndex

MEMORY_BYTES, ENTRY_BYTES = 1 << 20, 200

Versions = Mapping[tuple[int, int], int]
"""{(ty, tx): version}"""


def new_memory() -> ByteCache:
    """For which tiles hold labels that teach, by their versions; of all volumes."""
    return ByteCache(MEMORY_BYTES, size=lambda _: ENTRY_BYTES)


@dataclass(frozen=True)
class OwnLabels:
    """The labels of a volume that people have given. memory : as `new_memory` makes it."""

    labels: LabelStore
    volume: str
    memory: ByteCache

    def nearest(self, z: int) -> Iterator[tuple[int, Versions]]:
        """(slice, its tiles that hold any of these labels), the slices nearest to `z` first."""
        for near in sorted(self.labels.annotated_slices(self.volume), key=lambda other: abs(other - z)):
            versions = self.labels.tile_versions(self.volume, near)
            own = {place: version for place, version in versions.items() if self._teaches((near, *place), version)}
            if own:
                yield near, own

    def tile(self, index: TileIndex) -> Tile | None:
        """As `LabelStore.tile`, 0 where the live prediction gave what stands there."""
        tile = self.labels.tile(self.volume, index)
        for revision in self._given.get(index, ()) if tile is not None else ():
            before, after = (self.labels.tile_at(self.volume, index, at) for at in (revision - 1, revision))
            if after is not None:
                tile = without(tile, before=empty_tile() if before is None else before, after=after)
        return tile

    @cached_property
    def _given(self) -> Mapping[TileIndex, tuple[int, ...]]:
        """Tiles that the live prediction has filled in, with the revisions of these edits."""
        return self.labels.changed_by_kind(self.volume, LIVE)

    def _teaches(self, index: TileIndex, version: int) -> bool:
        return index not in self._given or self.memory.get((self.volume, index, version), lambda: self._is_own(index))

    def _is_own(self, index: TileIndex) -> bool:
        tile = self.tile(index)
        return tile is not None and bool(tile.any())
