"""Proposals: labels of several slices that wait until a person accepts them, slice by slice.

A proposal is no label: it lies beside them, packed in memory, bounded and for one person, and is forgotten when nobody
looks at it for long. `core/labels/through.py`, `following.py` and `flooding.py` find what is proposed; accepting
makes a `Rewrite` of it.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError, NotFoundError
from core.images.geometry import TILE_PX, tile_bounds
from core.images.planes import PlaneAxis
from core.labels.edits import Tile, empty_tile, pack, unpack
from core.labels.planes import Versions
from core.labels.rules import PaintRule
from core.labels.store import TileChange, TileIndex

EXPIRY_S = 12 * 3600.0  # since somebody last looked: a night's sleep is too long, a day's meetings are not
MAX_BYTES = 64 << 20  # of one, packed: 100 slices of 4096 x 4096 with thousands of cells
MAX_ALL_BYTES = 256 << 20
GONE = "Propose it again: nothing was stored as a label."

Decision = Literal["open", "accepted", "rejected"]
Labels = NDArray[np.uint8]
"""(Y, X) class ids, 0 where nothing is proposed."""


@dataclass(frozen=True)
class StackProposal:
    """What is proposed for the slices of a volume, and what has become of each.

    method : how it was found; the kind of the edit that accepts it.
    tiles : packed tiles of class ids of the volume, 0 where nothing is proposed; only those that propose something.
    rule : which pixels may change, judged when a slice is accepted.
    decisions : of every slice that proposes something, ascending. Accepting may be undone, so it can be repeated.
    note : a sentence for the person, "" when there is nothing to say.
    """

    id: str
    volume: str
    method: str
    tiles: Mapping[TileIndex, bytes]
    rule: PaintRule = field(default_factory=PaintRule)
    decisions: Mapping[int, Decision] = field(default_factory=dict)
    note: str = ""

    @property
    def nbytes(self) -> int:
        return sum(map(len, self.tiles.values()))

    @property
    def open_slices(self) -> tuple[int, ...]:
        """Slices that nobody has decided on."""
        return tuple(z for z, decision in self.decisions.items() if decision == "open")

    def add(self, z: int, labels: Labels) -> "StackProposal":
        """The proposal with one more slice, which is open.

        Raises InvalidInputError when it takes more memory than one proposal may.
        """
        grown = replace(
            self, tiles={**self.tiles, **dict(_packed_slice(z, labels))}, decisions={**self.decisions, z: "open"}
        )
        if grown.nbytes > MAX_BYTES:
            raise InvalidInputError("The proposal is too large to keep.", "Choose fewer slices.")
        return grown

    def decide(self, slices: Iterable[int], decision: Decision) -> "StackProposal":
        """The proposal after a decision on some of its slices.

        >>> one = StackProposal("", "", "", {}, decisions={3: "open", 4: "open"})
        >>> one.decide([4], "accepted").open_slices
        (3,)
        """
        return replace(self, decisions={**self.decisions, **dict.fromkeys(slices, decision)})

    def changes(self, slices: Iterable[int]) -> Iterator[tuple[TileIndex, TileChange]]:
        """What `Rewrite.tiles` wants to make labels of some slices."""
        wanted = set(slices)
        for index, packed in self.tiles.items():
            if index[0] in wanted:
                yield index, partial(_accepted, packed, self.rule)

    def tile_versions(self, z: int) -> Versions:
        """{(ty, tx): 1} of the tiles of a slice: what is proposed never changes."""
        return {(ty, tx): 1 for other, ty, tx in self.tiles if other == z}

    def tile_versions_across(self, axis: PlaneAxis, place: int) -> Versions:
        """As `LabelStore.tile_versions_across`, of slices that are still open."""
        still = set(self.open_slices)
        met = ((z, ty, tx) for z, ty, tx in self.tiles if z in still)
        pairs = (((z, tx), ty) if axis == "y" else ((z, ty), tx) for z, ty, tx in met)
        return {at: 1 for at, other in pairs if other == place}

    def tile(self, index: TileIndex) -> Tile | None:
        packed = self.tiles.get(index)
        return None if packed is None else unpack(packed)


class Proposals:
    """The proposals that wait, one for each person and volume, in the memory of this process. Safe for threads.

    Parameters
    ----------
    clock : seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], StackProposal] = OrderedDict()
        self._seen: dict[tuple[str, str], float] = {}

    def keep(self, user: str, proposal: StackProposal) -> None:
        """Keep a proposal in place of the one that this person had; the longest unseen make room for it.

        One that has grown keeps the decisions that were made meanwhile.
        """
        key = (user, proposal.volume)
        with self._lock:
            self._forget_old()
            before = self._kept.get(key)
            made = before.decisions if before is not None and before.id == proposal.id else {}
            self._kept[key] = replace(proposal, decisions=dict(sorted({**proposal.decisions, **made}.items())))
            self._touch(key)
            while sum(kept.nbytes for kept in self._kept.values()) > MAX_ALL_BYTES:
                self._drop(next(iter(self._kept)))

    def of(self, user: str, volume: str) -> StackProposal | None:
        """What waits for this person on a volume."""
        key = (user, volume)
        with self._lock:
            self._forget_old()
            if key in self._kept:
                self._touch(key)
            return self._kept.get(key)

    def find(self, user: str, volume: str, proposal_id: str) -> StackProposal:
        """`of`, if it is the one meant. Raises NotFoundError when it was replaced, discarded or forgotten."""
        kept = self.of(user, volume)
        if kept is None or kept.id != proposal_id:
            raise NotFoundError("This proposal is no longer there.", GONE)
        return kept

    def decide(self, user: str, volume: str, slices: Iterable[int], decision: Decision) -> StackProposal:
        """Note what becomes of slices. Raises NotFoundError when nothing waits."""
        key = (user, volume)
        with self._lock:
            if key not in self._kept:
                raise NotFoundError("This proposal is no longer there.", GONE)
            self._kept[key] = self._kept[key].decide(slices, decision)
            return self._kept[key]

    def discard(self, user: str, volume: str) -> None:
        """Forget what waits; harmless when nothing does."""
        with self._lock:
            self._drop((user, volume))

    def _touch(self, key: tuple[str, str]) -> None:
        self._seen[key] = self._clock()
        self._kept.move_to_end(key)

    def _forget_old(self) -> None:
        now = self._clock()
        for key in [key for key, seen in self._seen.items() if now - seen > EXPIRY_S]:
            self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        self._kept.pop(key, None)
        self._seen.pop(key, None)


def _accepted(packed: bytes, rule: PaintRule, before: Tile) -> Tile:
    proposed = unpack(packed)
    return np.where((proposed > 0) & rule.allows(before), proposed, before)


def _packed_slice(z: int, labels: Labels) -> Iterator[tuple[TileIndex, bytes]]:
    shape = (labels.shape[0], labels.shape[1])
    for ty in range(-(-shape[0] // TILE_PX)):
        for tx in range(-(-shape[1] // TILE_PX)):
            part = labels[tile_bounds(shape, tx, ty)]
            if part.any():
                tile = empty_tile()
                tile[: part.shape[0], : part.shape[1]] = part
                yield (z, ty, tx), pack(tile)
