"""From label tiles to instances that keep their ids. `utils/instance_worker.py` runs this in the background.

Ids last by overlap: every pixel remembers the instance it was last of (`core/labels/instance_memory.py`), and a part
takes the id that most of its pixels remember.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.images.geometry import TILE_PX
from core.images.volumes import VolumeCatalog
from core.labels.fragments import AREA, Fragments, Labels, Runs, fill_runs, find_runs
from core.labels.instance_memory import InstanceMemory
from core.labels.instance_tiles import InstanceTiles, Seen, Tell, cuts_by_tile, tile_keys
from core.labels.instances import Connected, InstanceSet, Ints, assign_ids, connect, merge_ids
from core.labels.measurements import Totals, add_up
from core.labels.spans import Spans
from core.labels.store import LabelStore, TileIndex


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

    def masks(self, ids: Iterable[int]) -> Iterator[tuple[TileIndex, NDArray[np.bool_]]]:
        """The tiles that some instances lie in, with (512, 512) bool of their pixels."""
        wanted = np.isin(self.instance_ids, list(ids))
        for index, place in self.places.items():
            if wanted[place].any():
                yield index, np.append(False, wanted[place])[np.abs(self.tiles.labels(index))]

    def spans(self, ids: Iterable[int], z: int) -> Spans:
        """(N, 3) int32 (y, start, stop) of the pixels of some instances on slice `z`, tile by tile."""
        wanted = np.isin(self.instance_ids, list(ids))
        found = [np.zeros((0, 3), np.int32)]
        for index, place in self.places.items():
            if index[0] == z and wanted[place].any():
                runs = find_runs(self.tiles.labels(index))
                found.append(_in_slice(runs[wanted[place][runs[:, 3] - 1], :3], index))
        return np.concatenate(found)


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
        corrections = self._memory.corrections(chosen)
        cuts = cuts_by_tile([each.cut for each in corrections if each.kind == "cut"])
        keys = tile_keys(self._store, chosen.volume, cuts, source.info.version)
        tiles = InstanceTiles(chosen, self._store, keys, cuts, self._seen)
        fragments = tiles.fragments(source, tell)
        connected = connect(fragments, tiles.overlaps(fragments) if chosen.dims == 3 else {})
        part_ids = _Recall(self._memory, tiles, connected, before).ids()
        merges = [each.ids for each in corrections if each.kind == "merge"]
        ids = merge_ids(part_ids, merges)[connected.part]
        totals = add_up(connected, ids)
        return Built(
            chosen, revision, tiles, connected, part_ids[connected.part], ids, totals, source.info.voxel_size_um
        )


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
        kept = self.memory.runs(chosen, [each.index for each in self.connected.tiles if not self._is_same(each)])
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
        if each.index not in kept:
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
        return {index: _renumbered(self.tiles.labels(index), own[index], kept.get(index)) for index in news}


def _pixels(each: Fragments) -> Ints:
    return np.asarray(each.sums[:, AREA], np.int64)


def _common(labels: Labels, former: Labels) -> Ints:
    """(V, 3) label, former id, and how many pixels have both."""
    both = (labels > 0) & (former > 0)
    scale = int(former.max(initial=0)) + 1
    keys, counts = np.unique(labels[both].astype(np.int64) * scale + former[both], return_counts=True)
    return np.stack([keys // scale, keys % scale, counts], axis=1)


def _renumbered(labels: Labels, ids: Ints, former: Runs | None) -> Runs:
    numbers = np.append(0, ids).astype(np.int32)[np.abs(labels)]
    if former is not None:
        numbers = np.where(numbers > 0, numbers, fill_runs(former))
    return find_runs(numbers)


def _in_slice(runs: Spans, index: TileIndex) -> Spans:
    _, ty, tx = index
    return runs + np.array([ty, tx, tx], np.int32) * TILE_PX
