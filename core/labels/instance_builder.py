"""From label tiles to instances that keep their ids. `utils/labels/instance_worker.py` runs this in the background.

Ids last by overlap: every pixel remembers the instance it was last of (`core/labels/instance_memory.py`), and a part
takes the id that most of its pixels remember.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.images.geometry import TILE_PX
from core.images.planes import PlaneAxis
from core.images.volumes import VolumeCatalog
from core.labels.corrections import Correction, InstanceSet, Voxel
from core.labels.fragments import AREA, Fragments, Labels, Runs, fill_runs, find_runs
from core.labels.instance_memory import InstanceMemory
from core.labels.instance_tiles import InstanceTiles, Seen, Tell, cuts_by_tile, tile_keys, tile_versions
from core.labels.instances import Connected, Ints, assign_ids, connect, merge_ids
from core.labels.measurements import Totals, add_up
from core.labels.spans import Spans, join_spans
from core.labels.store import LabelStore, TileIndex

NO_RUNS: Runs = np.zeros((0, 4), np.int32)


@dataclass(frozen=True, eq=False)
class Built:
    """The instances of a set as they were at `revision` of the labels.

    part_ids, instance_ids : (F,) of each fragment. They differ where people have merged parts.
    """

    chosen: InstanceSet
    revision: int
    tiles: InstanceTiles
    connected: Connected
    part_ids: Ints
    instance_ids: Ints
    totals: Totals
    voxel_size_um: tuple[float, float, float] | None

    @cached_property
    def places(self) -> dict[TileIndex, slice]:
        """Where the fragments of each tile are in the list of all."""
        first = self.connected.first
        return {each.index: slice(first[each.index], first[each.index] + len(each)) for each in self.connected.tiles}

    def masks(
        self, ids: Iterable[int], plane: tuple[PlaneAxis, int] | None = None
    ) -> Iterator[tuple[TileIndex, NDArray[np.bool_]]]:
        """The tiles that some instances lie in, with (512, 512) bool of their pixels.

        plane : (axis, index); leaves out tiles in which none of them comes near it.
        """
        wanted = np.isin(self.instance_ids, list(ids))
        for each in self.connected.tiles:
            mine = wanted[self.places[each.index]]
            if (mine if plane is None else mine & each.on_plane(*plane)).any():
                yield each.index, np.append(False, mine)[np.abs(self.tiles.labels(each.index))]

    def at(self, z: int, y: int, x: int) -> int | None:
        """The id of the instance that a voxel belongs to, if to any."""
        fragment = fragment_at(self.tiles, self.connected, (z, y, x))
        return None if fragment is None else int(self.instance_ids[fragment])

    def anchor(self, part: int) -> Voxel:
        """A voxel in the midst of the part with this id."""
        fragment = int(np.flatnonzero(self.part_ids == part)[0])
        index, place = next((each, p) for each, p in self.places.items() if p.start <= fragment < p.stop)
        pixels = np.flatnonzero(np.abs(self.tiles.labels(index)) == fragment - place.start + 1)
        y, x = divmod(int(pixels[len(pixels) // 2]), TILE_PX)
        return index[0], index[1] * TILE_PX + y, index[2] * TILE_PX + x

    def spans(self, ids: Iterable[int], axis: PlaneAxis, at: int) -> Spans:
        """(N, 3) int32 (row, start, stop) of the pixels of some instances on plane `at` of an axis, tile by tile."""
        found = [_plane_spans(mask, index, axis, at) for index, mask in self.masks(ids, (axis, at))]
        spans = np.concatenate([np.zeros((0, 3), np.int32), *found])
        return join_spans(spans) if axis == "x" else spans


class InstanceBuilder:
    """Builds instance sets over these ports, and remembers what it has seen of tiles."""

    def __init__(self, store: LabelStore, volumes: VolumeCatalog, memory: InstanceMemory) -> None:
        self._store, self._volumes, self._memory = store, volumes, memory
        self._seen = Seen()

    def build(self, chosen: InstanceSet, before: Built | None, tell: Tell) -> Built:
        """All instances of `chosen` as they are now.

        before : what was built last, if anything; tiles that have not changed keep their ids without another look.
        """
        revision = self._store.revision(chosen.volume)  # first: what comes after may be newer, and is seen next time
        source = self._volumes.open(chosen.volume)
        corrections = self._store.corrections(chosen)
        cuts = cuts_by_tile([each.cut for each in corrections if each.kind == "cut"])
        known = None if before is None else (before.revision, before.tiles.versions)
        versions = tile_versions(self._store, chosen.volume, known)
        keys = tile_keys(versions, cuts, source.info.version)
        tiles = InstanceTiles(chosen, self._store, versions, keys, cuts, self._seen)
        fragments = tiles.fragments(source, tell)
        connected = connect(fragments, tiles.overlaps(fragments) if chosen.dims == 3 else {})
        part_ids = _Recall(self._memory, tiles, connected, before).ids()
        merges = [_parts_of(each, tiles, connected, part_ids) for each in corrections if each.kind == "merge"]
        ids = merge_ids(part_ids, merges)[connected.part]
        totals = add_up(connected, ids)
        return Built(
            chosen, revision, tiles, connected, part_ids[connected.part], ids, totals, source.info.voxel_size_um
        )


def fragment_at(tiles: InstanceTiles, connected: Connected, voxel: Voxel) -> int | None:
    """The place of the fragment that a voxel belongs to, in the list of all; None where there is none."""
    z, y, x = voxel
    index = (z, y // TILE_PX, x // TILE_PX)
    number = abs(int(tiles.labels(index)[y % TILE_PX, x % TILE_PX])) if index in connected.first else 0
    return connected.first[index] + number - 1 if number else None


def _parts_of(merge: Correction, tiles: InstanceTiles, connected: Connected, part_ids: Ints) -> list[int]:
    """The ids of the parts that a merge makes one: those it names, or those that lie where they lay."""
    found = []
    for each, anchor in zip(merge.ids, merge.anchors, strict=True):
        fragment = None if each in part_ids else fragment_at(tiles, connected, anchor)
        found.append(each if fragment is None else int(part_ids[connected.part[fragment]]))
    return found


@dataclass
class _Recall:
    """Gives parts the ids that their pixels remember, and keeps what is new."""

    memory: InstanceMemory
    tiles: InstanceTiles
    connected: Connected
    before: Built | None

    def ids(self) -> Ints:
        """(P,) id of each part."""
        chosen = self.tiles.chosen
        fresh = [each.index for each in self.connected.tiles if not self._is_same(each)]
        kept = dict.fromkeys(fresh, NO_RUNS) | self.memory.runs(chosen, fresh)
        votes = [np.zeros((0, 3), np.int64), *(self._votes(each, kept) for each in self.connected.tiles)]
        ids, next_id = assign_ids(self.connected.part, np.concatenate(votes), self.memory.next_id(chosen))
        self.memory.keep(chosen, self._new_runs(ids[self.connected.part], kept), next_id=next_id)
        return ids

    def _is_same(self, each: Fragments) -> bool:
        before = self.before
        return before is not None and before.tiles.keys.get(each.index) == self.tiles.keys[each.index]

    def _old_ids(self, each: Fragments) -> Ints:
        assert self.before is not None
        return self.before.part_ids[self.before.places[each.index]]

    def _votes(self, each: Fragments, kept: Mapping[TileIndex, Runs]) -> Ints:
        """(V, 3) fragment, former id, common pixels."""
        first = self.connected.first[each.index]
        if self._is_same(each):
            return np.column_stack([np.arange(len(each)) + first, self._old_ids(each), _pixels(each)])
        if not len(kept[each.index]):
            return np.zeros((0, 3), np.int64)
        common = _common(np.abs(self.tiles.labels(each.index)), fill_runs(kept[each.index]))
        common[:, 0] += first - 1
        return common

    def _new_runs(self, ids: Ints, kept: Mapping[TileIndex, Runs]) -> dict[TileIndex, Runs]:
        """The remembered ids of tiles where they have changed.

        ids : (F,). A pixel that has left the class keeps its last id: undo brings an instance back under the id it had.
        """
        own = {each.index: ids[self.connected.first[each.index] :][: len(each)] for each in self.connected.tiles}
        news = [
            each.index
            for each in self.connected.tiles
            if not (self._is_same(each) and np.array_equal(self._old_ids(each), own[each.index]))
        ]
        kept = {**kept, **self.memory.runs(self.tiles.chosen, [index for index in news if index not in kept])}
        return {index: _renumbered(self.tiles.runs(index), own[index], kept.get(index, NO_RUNS)) for index in news}


def _pixels(each: Fragments) -> Ints:
    return np.asarray(each.sums[:, AREA], np.int64)


def _common(labels: Labels, former: Labels) -> Ints:
    """(V, 3) label, former id, and how many pixels have both."""
    both = (labels > 0) & (former > 0)
    scale = int(former.max(initial=0)) + 1
    keys, counts = np.unique(labels[both].astype(np.int64) * scale + former[both], return_counts=True)
    return np.stack([keys // scale, keys % scale, counts], axis=1)


def _renumbered(runs: Runs, ids: Ints, former: Runs) -> Runs:
    """Runs of labels as runs of their ids; around them stays what was kept before."""
    numbers = np.column_stack([runs[:, :3], ids[np.abs(runs[:, 3]) - 1].astype(np.int32)])
    if not len(former):
        return numbers
    now = fill_runs(numbers)
    return find_runs(np.where(now > 0, now, fill_runs(former)))


def _plane_spans(mask: NDArray[np.bool_], index: TileIndex, axis: PlaneAxis, at: int) -> Spans:
    """Where a plane cuts the (512, 512) pixels of a tile, as spans of the plane."""
    z, ty, tx = index
    if axis == "z":
        return find_runs(mask.astype(np.int32))[:, :3] + np.array([ty, tx, tx], np.int32) * TILE_PX
    if axis == "y":
        row = find_runs(mask[at % TILE_PX][None].astype(np.int32))[:, :3]
        return row + np.array([z, tx * TILE_PX, tx * TILE_PX], np.int32)
    y = np.flatnonzero(mask[:, at % TILE_PX]).astype(np.int32) + np.int32(ty * TILE_PX)
    return np.stack([y, np.full_like(y, z), np.full_like(y, z + 1)], axis=1)
