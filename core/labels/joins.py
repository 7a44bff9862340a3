"""Which fragments of neighbouring tiles touch: in a slice across the tiles' seams, and through the stack.

Pixels touch by face, edge or corner (8 neighbours in a slice, 26 in a stack), as `skimage.measure.label` has it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.labels.fragments import CROSS_ANTI, CROSS_COLUMN, CROSS_DIAGONAL, CROSS_ROW, Edges, Labels

Pairs = NDArray[np.int64]
"""(N, 2): a label of one tile, a label of the other; signs as in `Labels`."""

NONE: Pairs = np.zeros((0, 2), np.int64)
AROUND = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
AHEAD = ((0, 1), (1, -1), (1, 0), (1, 1))  # half of them: each seam once


@dataclass(frozen=True)
class Overlap:
    """How the fragments of a tile meet those of the same tile of the next slice.

    touching : pairs, each once, that have neighbouring pixels which no cut runs through.
    shared : (N, 3) label, label, and how many pixels lie right above one another.
    """

    touching: Pairs
    shared: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        return self.touching.nbytes + self.shared.nbytes + 256


def seam(one: Edges, two: Edges, step: tuple[int, int]) -> Iterator[tuple[int, Pairs]]:
    """Pairs of neighbouring pixels of two tiles by kind of crossing; `two` lies `step` = (dy, dx) tiles from `one`."""
    dy, dx = step
    if dy and dx:
        yield _diagonal(step), _pair(_corner(one, dy, dx), _corner(two, -dy, -dx))
        return
    near, far = (_row(one, dy), _row(two, -dy)) if dy else (_column(one, dx), _column(two, -dx))
    yield CROSS_COLUMN if dy else CROSS_ROW, _pair(near, far)
    yield _diagonal((dy or 1, dx or 1)), _pair(near[:-1], far[1:])
    yield _diagonal((dy or -1, dx or -1)), _pair(near[1:], far[:-1])


def _diagonal(step: tuple[int, int]) -> int:
    return CROSS_DIAGONAL if step[0] == step[1] else CROSS_ANTI


def _row(edges: Edges, side: int) -> Labels:
    return edges.bottom if side > 0 else edges.top


def _column(edges: Edges, side: int) -> Labels:
    return edges.right if side > 0 else edges.left


def _corner(edges: Edges, dy: int, dx: int) -> Labels:
    row = _row(edges, dy)
    return row[-1:] if dx > 0 else row[:1]


def _pair(one: Labels, two: Labels) -> Pairs:
    both = (one != 0) & (two != 0)
    return np.stack([one[both], two[both]], axis=1).astype(np.int64) if both.any() else NONE


def overlap(lower: Labels, upper: Labels) -> Overlap:
    """Compare a tile with the same tile of the next slice.

    Two pixels that lie askew need a look only where neither has a pixel right above or below it: else that one, which
    is their neighbour in the slice, has told already. With a cut about, each pair counts.
    """
    shared = _count_shared(np.abs(lower), np.abs(upper))
    one, two = np.maximum(lower, 0), np.maximum(upper, 0)
    straight = (one > 0) & (two > 0)
    found = [np.stack([one[straight], two[straight]], axis=1).astype(np.int64)]
    if (lower >= 0).all() and (upper >= 0).all():
        one, two = np.where(two == 0, one, 0), np.where(one == 0, two, 0)
    if one.any() and two.any():
        found += [_askew(one, two, dy, dx) for dy, dx in AROUND if dy or dx]
    return Overlap(_distinct(np.concatenate(found)), shared)


def _askew(one: Labels, two: Labels, dy: int, dx: int) -> Pairs:
    height, width = one.shape
    here = one[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)]
    there = two[max(0, dy) : height - max(0, -dy), max(0, dx) : width - max(0, -dx)]
    return _pair(here, there)


def _count_shared(lower: Labels, upper: Labels) -> NDArray[np.int64]:
    both = (lower > 0) & (upper > 0)
    scale = int(upper.max(initial=0)) + 1
    keys, counts = np.unique(lower[both].astype(np.int64) * scale + upper[both], return_counts=True)
    return np.stack([keys // scale, keys % scale, counts], axis=1)


def _distinct(pairs: Pairs) -> Pairs:
    scale = int(pairs[:, 1].max(initial=0)) + 1
    keys = np.unique(pairs[:, 0] * scale + pairs[:, 1])
    return np.stack([keys // scale, keys % scale], axis=1)
