"""What edits do to a tile, and how tiles are kept: pure functions on (512, 512) uint8 arrays of class ids."""

import zlib
from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from core.images.geometry import TILE_PX

Tile = NDArray[np.uint8]


def empty_tile() -> Tile:
    """A tile nobody has painted."""
    return np.zeros((TILE_PX, TILE_PX), np.uint8)


def paint(tile: Tile, mask: NDArray[np.bool_], label: int) -> Tile:
    """A copy of `tile` with `label` where `mask` is True."""
    return np.where(mask, np.uint8(label), tile)


def take_back(tile: Tile, *, before: Tile, after: Tile, class_ids: Iterable[int]) -> Tile:
    """A copy of `tile` in which the change from `before` to `after` is undone where it still stands.

    A pixel that the change gave its present value gets back the value it had; pixels painted over since stay. Taking
    back the change that an undo made is a redo.

    Parameters
    ----------
    class_ids : classes that exist; a pixel whose former class does not becomes unlabelled.

    >>> change = {"before": np.array([0, 0, 3], np.uint8), "after": np.array([1, 1, 1], np.uint8)}
    >>> take_back(np.array([1, 2, 1], np.uint8), **change, class_ids=[1, 2]).tolist()
    [0, 2, 0]
    """
    known = np.zeros(256, np.uint8)
    ids = [0, *class_ids]
    known[ids] = ids
    return np.where((before != after) & (tile == after), known[before], tile)


def without(tile: Tile, *, before: Tile, after: Tile) -> Tile:
    """A copy of `tile` that is unlabelled where the change from `before` to `after` still stands.

    >>> change = {"before": np.array([0, 0, 3], np.uint8), "after": np.array([1, 1, 3], np.uint8)}
    >>> without(np.array([1, 2, 3], np.uint8), **change).tolist()
    [0, 2, 3]
    """
    return np.where((before != after) & (tile == after), np.uint8(0), tile)


def count_changes(before: Tile, after: Tile) -> Counter[int]:
    """How many pixels each class won, or with a minus lost; classes that did neither, and 0, are left out.

    >>> count_changes(np.array([0, 2, 2], np.uint8), np.array([1, 1, 2], np.uint8))
    Counter({1: 2, 2: -1})
    """
    changed = before != after
    won = np.bincount(after[changed], minlength=256) - np.bincount(before[changed], minlength=256)
    return Counter({class_id: int(won[class_id]) for class_id in np.flatnonzero(won).tolist() if class_id})


def pack(tile: Tile) -> bytes:
    """A tile as bytes for the database: zlib at its fastest level, which shrinks masks 15 to 50 times."""
    return zlib.compress(tile.tobytes(), level=1)


def pack_any(labels: NDArray[np.uint8]) -> bytes:
    """Class ids of any shape as bytes, to be kept for a while."""
    return zlib.compress(np.ascontiguousarray(labels).tobytes(), level=1)


def unpack_any(blob: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The class ids behind `pack_any`; read-only."""
    return np.frombuffer(zlib.decompress(blob), np.uint8).reshape(shape)


def unpack(blob: bytes) -> Tile:
    """The tile behind `pack`; read-only."""
    return np.frombuffer(zlib.decompress(blob), np.uint8).reshape(TILE_PX, TILE_PX)
