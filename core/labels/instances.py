"""Instances: the connected pieces of a class, with ids that last, after the merges and cuts people have made.

The class label tiles stay the truth; instances are derived from them (docs/adr/0008-instances-are-derived.md).
`core/labels/instance_builder.py` goes through the tiles, `core/labels/measurements.py` turns sums into measurements.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from core.labels.fragments import Fragments
from core.labels.joins import AHEAD, AROUND, Overlap, Pairs, seam
from core.labels.store import TileIndex

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Connected:
    """All fragments of an instance set in one list, and what connects them.

    first : where each tile's fragments begin. z : (F,) slice of each fragment.
    part : (F,) number of the connected part that each fragment is of, from 0.
    seams : (S, 3) fragment, fragment and kind of crossing, for pixels that meet across a seam within a slice.
    shared : (M, 3) fragment, fragment and how many pixels of one lie right below the other's.
    """

    tiles: Sequence[Fragments]
    first: Mapping[TileIndex, int]
    z: Ints
    part: Ints
    seams: Ints
    shared: Ints

    @property
    def count(self) -> int:
        return len(self.z)


def connect(tiles: Mapping[TileIndex, Fragments], overlaps: Mapping[TileIndex, Overlap]) -> Connected:
    """Find which fragments are of one part, by union-find over the pairs that touch.

    Parameters
    ----------
    overlaps : of a tile with that of the next slice, by the lower one; none of them for instances in each slice.
    """
    listed = list(tiles.values())
    sizes = np.array([len(each) for each in listed], np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    first = {each.index: int(start) for each, start in zip(listed, starts, strict=False)}
    seams, solid = _seams(tiles, first)
    above, shared = _through(tiles, overlaps, first) if overlaps else (_rows(2), _rows(3))
    loose = np.concatenate([each.loose for each in listed]) if listed else np.zeros(0, bool)
    beside = np.concatenate([shared[:, :2], seams[:, :2]])
    pairs = np.concatenate([seams[solid, :2], above, _one_each(beside, loose)])
    z = np.repeat(np.array([each.index[0] for each in listed], np.int64), sizes)
    return Connected(listed, first, z, _union(pairs, int(starts[-1])), seams, shared)


def _union(pairs: Pairs, count: int) -> Ints:
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64) if count else np.zeros(0, np.int64)


def _rows(width: int) -> Ints:
    return np.zeros((0, width), np.int64)


def _seams(tiles: Mapping[TileIndex, Fragments], first: Mapping[TileIndex, int]) -> tuple[Ints, NDArray[np.bool_]]:
    """(fragment, fragment, kind) of each pair of pixels that meet, and whether no cut runs through either."""
    found = [(kind, pairs, one, two) for one, two, kind, pairs in _neighbours(tiles, AHEAD, dz=0)]
    rows = [_rows(3)]
    solid: list[NDArray[np.bool_]] = [np.zeros(0, bool)]
    for kind, pairs, one, two in found:
        rows.append(np.column_stack([_globally(pairs, first[one], first[two]), np.full(len(pairs), kind)]))
        solid.append(np.all(pairs > 0, axis=1))
    return np.concatenate(rows), np.concatenate(solid)


def _neighbours(
    tiles: Mapping[TileIndex, Fragments], steps: Sequence[tuple[int, int]], *, dz: int
) -> Iterator[tuple[TileIndex, TileIndex, int, Pairs]]:
    for one, (dy, dx) in product(tiles, steps):
        two = (one[0] + dz, one[1] + dy, one[2] + dx)
        if two in tiles and (dy, dx) in tiles[one].edges.reached and (-dy, -dx) in tiles[two].edges.reached:
            for kind, pairs in seam(tiles[one].edges, tiles[two].edges, (dy, dx)):
                if len(pairs):
                    yield one, two, kind, pairs


def _through(
    tiles: Mapping[TileIndex, Fragments], overlaps: Mapping[TileIndex, Overlap], first: Mapping[TileIndex, int]
) -> tuple[Pairs, Ints]:
    """Pairs of fragments that touch from slice to slice, and how much of them lies right above one another."""
    askew = [step for step in AROUND if step != (0, 0)]
    touching, shared = [_rows(2)], [_rows(3)]
    for one, two, _, pairs in _neighbours(tiles, askew, dz=1):
        touching.append(_globally(pairs[(pairs > 0).all(axis=1)], first[one], first[two]))
    for (z, ty, tx), met in overlaps.items():
        here, there = first[z, ty, tx], first[z + 1, ty, tx]
        touching.append(_globally(met.touching, here, there))
        shared.append(np.column_stack([_globally(met.shared[:, :2], here, there), met.shared[:, 2]]))
    return np.concatenate(touching), np.concatenate(shared)


def _globally(pairs: Pairs, one: int, two: int) -> Pairs:
    """Labels of two tiles as places in the list of all fragments."""
    places: Pairs = np.abs(pairs) + np.array([one - 1, two - 1])
    return places


def _one_each(pairs: Pairs, loose: NDArray[np.bool_]) -> Pairs:
    """One pair for each fragment that a cut covers wholly, so that it goes to one side: down the stack where it can."""
    ways = np.concatenate([pairs[loose[pairs[:, 0]]], pairs[loose[pairs[:, 1]]][:, ::-1]])
    return ways[np.unique(ways[:, 0], return_index=True)[1]]


def assign_ids(part: Ints, votes: Ints, next_id: int) -> tuple[Ints, int]:
    """Give each part the id it had.

    The pair of a part and a former id with most common pixels comes first; each id goes to one part, each part has one.
    What is left gets new ids, which no part ever had.

    Parameters
    ----------
    part : (F,) part of each fragment.
    votes : (V, 3) fragment, former id, common pixels.
    next_id : the first id never used.

    Returns
    -------
    (P,) id of each part, and the next id never used.

    >>> assign_ids(np.array([0, 1, 1]), np.array([[0, 7, 5], [1, 7, 9], [2, 8, 1]]), 9)
    (array([9, 7]), 10)
    """
    count = int(part.max(initial=-1)) + 1
    ids = np.zeros(count, np.int64)
    mine, former, common = _common_pixels(part, votes)
    alone = _once(mine) & _once(former)  # nearly all: nobody else wants that id, and they want no other
    ids[mine[alone]] = former[alone]
    rest = np.flatnonzero(~alone)
    taken: set[int] = set()
    for n in rest[np.lexsort((former[rest], mine[rest], -common[rest]))].tolist():
        if ids[mine[n]] == 0 and former[n] not in taken:
            ids[mine[n]] = former[n]
            taken.add(former[n])
    fresh = np.flatnonzero(ids == 0)
    ids[fresh] = np.arange(next_id, next_id + len(fresh))
    return ids, next_id + len(fresh)


def _common_pixels(part: Ints, votes: Ints) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """(V,) part, former id and how many pixels they have in common, each pair once."""
    scale = int(votes[:, 1].max(initial=0)) + 1
    keys, where = np.unique(part[votes[:, 0]] * scale + votes[:, 1], return_inverse=True)
    common = np.bincount(where, votes[:, 2], len(keys)).astype(np.float64)
    return keys // scale, keys % scale, common


def _once(values: Ints) -> NDArray[np.bool_]:
    """(N,) which of the values there is only once."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    once: NDArray[np.bool_] = counts[where] == 1
    return once


def merge_ids(ids: Ints, merges: Sequence[Sequence[int]]) -> Ints:
    """The id of the instance that each part belongs to: the least of those that were merged.

    >>> merge_ids(np.array([3, 4, 9]), [(9, 4)])
    array([3, 4, 4])
    """
    leader: dict[int, int] = {}
    for merge in merges:
        roots = {_root(leader, each) for each in merge}
        leader |= dict.fromkeys(roots, min(roots))
    merged, places = ids.copy(), np.flatnonzero(np.isin(ids, list(leader)))
    merged[places] = [_root(leader, each) for each in ids[places].tolist()]
    return merged


def _root(leader: dict[int, int], each: int) -> int:
    while leader.setdefault(each, each) != each:
        each = leader[each]
    return each
