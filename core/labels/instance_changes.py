"""What people do to instances: a cut along a line, and edits of the pixels of chosen ones."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError, NotFoundError
from core.images.geometry import TILE_PX
from core.labels.fragments import find_runs
from core.labels.instance_builder import Built
from core.labels.instances import Correction
from core.labels.spans import Spans
from core.labels.store import Rewrite, TileChange, TileIndex

KIND = "instance"  # of the edit, in the history
CHOOSE = "Choose it in the table again."

Point = tuple[float, float]
"""(y, x) in image pixels: pixel (3, 5) is the square from (3, 5) to (4, 6)."""


def check_ids(built: Built, ids: Sequence[int]) -> None:
    """Raises NotFoundError for the first id that is not there, InvalidInputError when there is none."""
    if not ids:
        raise InvalidInputError("No object is chosen.", "Choose one in the table.")
    missing = np.setdiff1d(np.array(ids, np.int64), built.totals.ids)
    if len(missing):
        raise NotFoundError(f"Object {missing[0]} does not exist (any more).", CHOOSE)


def cut_along(built: Built, instance: int, z: int, line: Sequence[Point]) -> Correction:
    """A cut through one instance along a line drawn on slice `z`; through the stack it goes straight down.

    The pixels keep their class. Raises InvalidInputError if the line does not meet the instance.
    """
    check_ids(built, [instance])
    cut: dict[int, list[Spans]] = {}
    for index, mask in built.masks([instance]):
        if built.chosen.dims == 3 or index[0] == z:
            met = find_runs((_draw(line, index) & mask).astype(np.int32))[:, :3]
            _, ty, tx = index
            cut.setdefault(index[0], []).append(met + np.array([ty, tx, tx], np.int32) * TILE_PX)
    found = {at: spans for at, parts in cut.items() if len(spans := np.concatenate(parts))}
    if not found:
        raise InvalidInputError(f"The line does not cross object {instance}.", "Draw it from side to side across it.")
    return Correction("cut", (instance,), found)


def _draw(line: Sequence[Point], index: TileIndex) -> NDArray[np.bool_]:
    """(512, 512) bool of the pixels below a line; its steps go along rows and columns, so no diagonal slips by."""
    _, ty, tx = index
    pixels = _pixels(line) - np.array([ty, tx]) * TILE_PX
    image = np.zeros((TILE_PX, TILE_PX), bool)
    image[tuple(pixels[((pixels >= 0) & (pixels < TILE_PX)).all(axis=1)].T)] = True
    return image


def _pixels(line: Sequence[Point]) -> NDArray[np.int64]:
    """(N, 2) y, x of the pixels below a line, with the corner between two that meet by theirs only.

    >>> _pixels([(0.5, 0.5), (1.5, 1.5)]).tolist()
    [[0, 0], [1, 1], [0, 1]]
    """
    points = np.array(line, np.float64)
    ways = [_straight(one, two) for one, two in zip(points, points[1:], strict=False)]
    pixels = np.concatenate([points[:1], *ways])
    pixels = np.floor(pixels).astype(np.int64)
    corners = np.column_stack([pixels[:-1, 0], pixels[1:, 1]])
    askew = (pixels[1:] != pixels[:-1]).all(axis=1)
    return np.concatenate([pixels[np.append(True, (pixels[1:] != pixels[:-1]).any(axis=1))], corners[askew]])


def _straight(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points from one to another, less than a pixel apart."""
    count = 2 * int(np.ceil(np.abs(two - one).max())) + 1
    return one + (two - one) * np.linspace(0, 1, count + 1)[1:, None]


def give_class(built: Built, ids: Sequence[int], class_id: int, *, edit_id: str, user: str) -> Rewrite:
    """An edit that gives the pixels of some instances another class, or erases them (0).

    Pixels that somebody has painted over since stay as they are.
    """
    check_ids(built, ids)
    detail = {"ids": list(ids), "from": built.chosen.class_id, "to": class_id}
    return Rewrite(edit_id, built.chosen.volume, KIND, _changes(built, ids, class_id), user, detail)


def _changes(built: Built, ids: Sequence[int], class_id: int) -> Iterator[tuple[TileIndex, TileChange]]:
    for index, mask in built.masks(ids):
        yield index, partial(_repaint, mask=mask, old=built.chosen.class_id, new=class_id)


def _repaint(tile: NDArray[np.uint8], *, mask: NDArray[np.bool_], old: int, new: int) -> NDArray[np.uint8]:
    return np.where(mask & (tile == old), np.uint8(new), tile)
