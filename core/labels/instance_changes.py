"""What people do to instances: a merge, a cut along a line, and edits of the pixels of chosen ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError, NotFoundError
from core.images.geometry import TILE_PX
from core.images.planes import PlaneAxis
from core.labels.corrections import Correction
from core.labels.fragments import find_runs
from core.labels.instance_builder import Built
from core.labels.spans import Spans
from core.labels.store import Rewrite, TileChange, TileIndex

KIND = "instance"  # of the edit, in the history
CHOOSE = "Choose it again, in the table or on the image."


def check_ids(built: Built, ids: Sequence[int]) -> None:
    """Raises NotFoundError for the first id that is not there, InvalidInputError when there is none."""
    if not ids:
        raise InvalidInputError("No object is chosen.", "Choose one in the table or on the image.")
    missing = np.setdiff1d(np.array(ids, np.int64), built.totals.ids)
    if len(missing):
        raise NotFoundError(f"Object {missing[0]} does not exist (any more).", CHOOSE)


def merge_of(built: Built, ids: Sequence[int]) -> Correction:
    """A merge of some instances. Raises InvalidInputError if they are fewer than two, or in a slice and of several."""
    check_ids(built, ids)
    places = np.isin(built.totals.ids, ids)
    if len(ids) < 2:
        raise InvalidInputError("One object alone cannot be merged.", "Choose another beside it.")
    if built.chosen.dims == 2 and len(np.unique(built.totals.low[places, 0])) > 1:
        raise InvalidInputError(
            "Objects of different slices cannot be one in a slice.",
            "Choose “Through the stack” to merge across slices.",
        )
    return Correction("merge", tuple(ids), tuple(built.anchor(each) for each in ids))


@dataclass(frozen=True)
class Line:
    """A line drawn on plane `index` of an axis.

    points : (N, 2) float64 (row, column) in pixels of the plane; pixel (3, 5) is the square from (3, 5) to (4, 6).
    """

    axis: PlaneAxis
    index: int
    points: NDArray[np.float64]


def cut_along(built: Built, instance: int, line: Line) -> Correction:
    """A cut through one instance along a line; across the plane of the line it goes straight down.

    The pixels keep their class. Raises InvalidInputError if the line does not meet the instance.
    """
    check_ids(built, [instance])
    if not len(line.points):
        raise InvalidInputError("The line has no point.", "Draw it from side to side across the object.")
    pixels, cut = _pixels(line.points), dict[int, list[Spans]]()
    for index, mask in built.masks([instance]):
        if line.axis != "z" or built.chosen.dims == 3 or index[0] == line.index:
            met = find_runs((_below(pixels, line.axis, index) & mask).astype(np.int32))[:, :3]
            _, ty, tx = index
            cut.setdefault(index[0], []).append(met + np.array([ty, tx, tx], np.int32) * TILE_PX)
    found = {at: spans for at, parts in cut.items() if len(spans := np.concatenate(parts))}
    if not found:
        raise InvalidInputError(f"The line does not cross object {instance}.", "Draw it from side to side across it.")
    return Correction("cut", (instance,), cut=found)


def _below(pixels: NDArray[np.int64], axis: PlaneAxis, index: TileIndex) -> NDArray[np.bool_]:
    """(512, 512) bool of a tile's pixels that lie below a line of a plane, whose pixels these are.

    The steps of a line go along rows and columns, so that no diagonal slips by.
    """
    z, ty, tx = index
    image = np.zeros((TILE_PX, TILE_PX), bool)
    if axis == "y":
        image[:, _inside(pixels[pixels[:, 0] == z, 1] - tx * TILE_PX)] = True
    elif axis == "x":
        image[_inside(pixels[pixels[:, 1] == z, 0] - ty * TILE_PX)] = True
    else:
        image[tuple(_inside(pixels - np.array([ty, tx]) * TILE_PX).T)] = True
    return image


def _inside(pixels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those of a tile: (N,) places on one axis, or (N, 2) on both."""
    within = (pixels >= 0) & (pixels < TILE_PX)
    return pixels[within if pixels.ndim == 1 else within.all(axis=1)]


def _pixels(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """(N, 2) rows and columns of the pixels below a line, with the corner between two that meet by theirs only.

    >>> _pixels(np.array([[0.5, 0.5], [1.5, 1.5]])).tolist()
    [[0, 0], [1, 1], [0, 1]]
    """
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
