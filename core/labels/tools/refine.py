"""Clean up one class in a region: holes, islands, and the four operations of mathematical morphology.

Serra, Image Analysis and Mathematical Morphology, 1982; by OpenCV, with a disc of the given radius.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.labels.tools.flood import touches_view
from core.labels.tools.regions import answer_of_labels, region_of
from core.labels.tools.scene import Answer, Ask, Mask, Scene

MAX_RADIUS = 64
MAX_AREA = 1 << 24
ADDED, REMOVED = 1, 2
NOTHING_NOTE = "There is nothing to change in this region."

Operation = Callable[[Mask, int, Callable[[Mask], bool]], Mask]
"""(class, size, whether a piece goes on beyond the scene) -> class."""


def refine(scene: Scene, ask: Ask) -> Answer:
    """The class in the region or view, changed.

    Options: operation (fill_holes, remove_islands, dilate, erode, open, close); size, the radius in pixels, or for
    holes and islands the largest area in pixels; without it all holes are filled.
    """
    operation = OPERATIONS.get(str(ask.options.get("operation")))
    if operation is None:
        raise InvalidInputError(
            f"{str(ask.options.get('operation'))[:40]!r} is no way to refine.", f"Choose {', '.join(OPERATIONS)}."
        )
    region = region_of(ask, scene)
    before = scene.labels == ask.label
    after = operation(before & region, _size(ask), lambda piece: touches_view(piece, scene, ask))
    change = np.where(after & ~before, ADDED, np.where(before & ~after, REMOVED, 0))
    found = np.where(region, change, 0).astype(np.uint8)
    note = "" if found.any() else NOTHING_NOTE
    return answer_of_labels(found, (ADDED, REMOVED), scene, note, names={ADDED: ask.label, REMOVED: 0})


def fill_holes(mask: Mask, size: int, goes_on: Callable[[Mask], bool]) -> Mask:
    """With what it encloses; a hole that the scene's edge cuts is not known to be one."""
    return mask | _small_pieces(~mask, size or MAX_AREA, lambda piece: _at_edge(piece) or goes_on(piece), nearby=4)


def remove_islands(mask: Mask, size: int, goes_on: Callable[[Mask], bool]) -> Mask:
    """Without pieces of at most `size` pixels; a piece that goes on beyond the scene stays."""
    return mask & ~_small_pieces(mask, size or 16, goes_on, nearby=8)


def _small_pieces(mask: Mask, size: int, spared: Callable[[Mask], bool], *, nearby: int) -> Mask:
    """The connected pieces of at most `size` pixels that are not `spared`."""
    _, numbers, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=nearby)
    small = facts[:, cv2.CC_STAT_AREA] <= size
    small[0] = False
    for number in _at_border(numbers):
        small[number] = small[number] and not spared(numbers == number)
    found: Mask = small[numbers]
    return found


def _at_border(numbers: NDArray[Any]) -> list[int]:
    """Numbers of the pieces at the edge of the scene; only these may go on beyond it."""
    edge = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    return [int(number) for number in np.unique(edge) if number]


def _at_edge(piece: Mask) -> bool:
    return bool(piece[0].any() or piece[-1].any() or piece[:, 0].any() or piece[:, -1].any())


def _morphology(kind: int) -> Operation:
    def change(mask: Mask, size: int, _goes_on: Callable[[Mask], bool]) -> Mask:
        changed: Mask = np.asarray(cv2.morphologyEx(_padded(mask, size), kind, _disc(size))) > 0
        return changed[_inner(mask, size)]

    return change


def _padded(mask: Mask, size: int) -> NDArray[np.uint8]:
    """Continued beyond the edge as it ends there: nothing is eroded, opened or closed by the edge itself."""
    margin = 2 * max(size, 1)
    return np.pad(mask.astype(np.uint8), margin, mode="edge")


def _inner(mask: Mask, size: int) -> tuple[slice, slice]:
    margin = 2 * max(size, 1)
    return slice(margin, margin + mask.shape[0]), slice(margin, margin + mask.shape[1])


def _disc(radius: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(y**2 + x**2 <= radius**2, np.uint8)


def _size(ask: Ask) -> int:
    areas = ask.options.get("operation") in ("fill_holes", "remove_islands")
    if areas:
        return round(ask.number("size", 0, lo=0, hi=MAX_AREA))
    return round(ask.number("size", 1, lo=1, hi=MAX_RADIUS))


OPERATIONS: dict[str, Operation] = {
    "fill_holes": fill_holes,
    "remove_islands": remove_islands,
    "dilate": _morphology(cv2.MORPH_DILATE),
    "erode": _morphology(cv2.MORPH_ERODE),
    "open": _morphology(cv2.MORPH_OPEN),
    "close": _morphology(cv2.MORPH_CLOSE),
}
