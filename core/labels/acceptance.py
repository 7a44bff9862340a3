"""Predictions that become labels: which pixels of a result, as which classes of the volume, and over what.

A result keeps the class table of its training, which may differ from the volume's by now, so classes are matched by
name, then by id. An acceptance of many slices is prepared slice by slice and packed, then applied as one edit
(`core.labels.store.Rewrite`), so that nobody waits for a reader while the labels are being written.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.images.geometry import TILE_PX
from core.labels.classes import LabelClass
from core.labels.edits import pack, unpack
from core.labels.rules import PaintRule
from core.labels.store import TileChange, TileIndex

CERTAIN = 255
Proposal = tuple[TileIndex, bytes]
"""A packed tile of class ids of the volume, 0 where nothing is proposed."""

Prediction = tuple[NDArray[np.uint8], NDArray[np.uint8] | None]
"""(Y, X) class ids of the result, and (Y, X) confidence, 255 = certain; None where the result keeps none."""


def match_classes(result: Sequence[LabelClass], volume: Sequence[LabelClass]) -> dict[int, int]:
    """{class id of the result: class id of the volume}, of classes that the volume has.

    The same name is the same class. Without one, the same id is, unless that class bears the name of another class
    of the result: then it has been renamed since the training.

    >>> table = [LabelClass(1, "pore", "#E69F00"), LabelClass(2, "bead", "#56B4E9"), LabelClass(3, "rim", "#009E73")]
    >>> now = [LabelClass(1, "Bead", "#E69F00"), LabelClass(2, "Void", "#56B4E9")]
    >>> match_classes(table, now)
    {2: 1}
    >>> match_classes(table, [LabelClass(1, "Void", "#E69F00")])
    {1: 1}
    """
    by_name = {c.name.casefold(): c.id for c in volume}
    matched = {c.id: by_name[c.name.casefold()] for c in result if c.name.casefold() in by_name}
    free = {c.id for c in volume} - set(matched.values())
    return matched | {c.id: c.id for c in result if c.id in free and c.id not in matched}


@dataclass(frozen=True)
class Acceptance:
    """What of a result becomes labels.

    classes : {class id of the result: class id of the volume} of the classes to take.
    region : (y0, x0, y1, x1) in pixels, half-open; None for whole slices.
    threshold : least confidence, 0 to 255; pixels below stay as they are. Results without confidence count as certain.
    over_labels : paint over what is labelled already, instead of unlabelled pixels only.
    protect : ids of classes of the volume whose pixels stay as they are.
    """

    classes: Mapping[int, int]
    region: tuple[int, int, int, int] | None = None
    threshold: int = 0
    over_labels: bool = False
    protect: tuple[int, ...] = ()

    def of(self, prediction: Prediction) -> NDArray[np.uint8]:
        """(Y, X) uint8 class ids of the volume, 0 where nothing is taken.

        >>> accept = Acceptance({1: 4}, region=(0, 0, 1, 2), threshold=100)
        >>> ids, sure = np.array([[1, 1, 1]], np.uint8), np.array([[99, 100, 255]], np.uint8)
        >>> accept.of((ids, sure)).tolist()
        [[0, 4, 0]]
        """
        labels, confidence = prediction
        table = np.zeros(256, np.uint8)
        table[list(self.classes)] = list(self.classes.values())
        taken = table[labels]
        if confidence is not None and self.threshold:
            taken[confidence < self.threshold] = 0
        return taken if self.region is None else _inside(taken, self.region)

    @property
    def rule(self) -> PaintRule:
        """Which present pixels may change."""
        return PaintRule("all" if self.over_labels else "empty", self.protect)


def propose(
    acceptance: Acceptance, slices: Iterable[int], read: Callable[[int], Prediction]
) -> Iterator[list[Proposal]]:
    """The packed tiles of each slice in turn; tiles with nothing to take are left out.

    read : gives the prediction of slice z.
    """
    for z in slices:
        yield [((z, ty, tx), pack(tile)) for (ty, tx), tile in _tiles(acceptance.of(read(z))) if tile.any()]


def changes(acceptance: Acceptance, proposals: Iterable[Proposal]) -> Iterator[tuple[TileIndex, TileChange]]:
    """What `Rewrite.tiles` wants."""
    for index, packed in proposals:
        yield index, partial(_take, packed, acceptance.rule)


def _take(packed: bytes, rule: PaintRule, before: NDArray[np.uint8]) -> NDArray[np.uint8]:
    proposed = unpack(packed)
    return np.where((proposed > 0) & rule.allows(before), proposed, before)


def _inside(labels: NDArray[np.uint8], region: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    y0, x0, y1, x1 = region
    kept = np.zeros_like(labels)
    kept[y0:y1, x0:x1] = labels[y0:y1, x0:x1]
    return kept


def _tiles(labels: NDArray[np.uint8]) -> Iterator[tuple[tuple[int, int], NDArray[np.uint8]]]:
    """(ty, tx) and the (512, 512) pixels there, padded with 0 at the edge."""
    height, width = labels.shape
    for ty in range(-(-height // TILE_PX)):
        for tx in range(-(-width // TILE_PX)):
            part = labels[ty * TILE_PX : (ty + 1) * TILE_PX, tx * TILE_PX : (tx + 1) * TILE_PX]
            tile = np.zeros((TILE_PX, TILE_PX), np.uint8)
            tile[: part.shape[0], : part.shape[1]] = part
            yield (ty, tx), tile
