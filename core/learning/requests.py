"""From what a person chose to what a job is asked: slices, names, and whether the labels suffice. Pure."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Literal

from core.errors import InvalidInputError, NotEnoughLabelsError
from core.labels.classes import LabelClass
from core.learning.jobs import format_ranges

Scope = Literal["painted", "all", "slice", "range"]
MIN_CLASSES = 2  # with fewer there is nothing to tell apart


@dataclass(frozen=True)
class Stack:
    """Where a job may work. depth : slices of the volume. current : z on the screen. painted : z with labels."""

    depth: int
    current: int = 0
    painted: Sequence[int] = ()


def chosen_slices(stack: Stack, scope: Scope, *, first: Any = None, last: Any = None) -> tuple[int, ...]:
    """The z indices a scope means, ascending.

    Parameters
    ----------
    first, last : of a range, counted from 1 and both included, as the fields of the page give them.

    Raises
    ------
    InvalidInputError
        If the range is not within the volume.

    >>> chosen_slices(Stack(depth=30), "range", first=2, last=4)
    (1, 2, 3)
    """
    if scope == "painted":
        return tuple(stack.painted)
    if scope == "slice":
        return (stack.current,)
    if scope == "all":
        return tuple(range(stack.depth))
    if not (isinstance(first, int) and isinstance(last, int) and 1 <= first <= last <= stack.depth):
        raise InvalidInputError(
            f"{_told(first)} to {_told(last)} is no range of slices of this volume.",
            f"Enter two whole numbers from 1 to {stack.depth}, the smaller one first.",
        )
    return tuple(range(first - 1, last))


def suggested_name(algorithm: str, now: datetime, taken: Container[str]) -> str:
    """What a model is called when nobody gives it a name; no two are called alike, for others know them by it.

    >>> suggested_name("U-Net", datetime(2026, 11, 21, 1, 45), {"Bright things"})
    'U-Net, 21 Nov 01:45'
    >>> suggested_name("U-Net", datetime(2026, 11, 21, 1, 45), {"U-Net, 21 Nov 01:45"})
    'U-Net, 21 Nov 01:45 (2)'
    """
    name = f"{algorithm}, {now.day} {now:%b %H:%M}"
    candidates = (name if number == 1 else f"{name} ({number})" for number in count(1))
    return next(each for each in candidates if each not in taken)


def segmentation_name(model: str, slices: Sequence[int], *, depth: int) -> str:
    """What a segmentation is called.

    >>> segmentation_name("Bright things", [1, 2, 3], depth=30)
    'Bright things on slices 2-4'
    """
    if len(slices) == depth:
        return f"{model} on all slices"
    plural = "" if len(slices) == 1 else "s"
    return f"{model} on slice{plural} {format_ranges(z + 1 for z in slices)}"


def check_trainable(pixels: Mapping[int, int], classes: Sequence[LabelClass]) -> None:
    """Raise NotEnoughLabelsError unless two classes have a labelled pixel.

    Parameters
    ----------
    pixels : {class id: labelled pixels}, as `LabelStore.class_pixels` counts them.
    """
    if not pixels:
        raise NotEnoughLabelsError("Nothing is painted yet.", "Go to Annotate and paint a few strokes of two classes.")
    if len(pixels) < MIN_CLASSES:
        only = next((each.name for each in classes if each.id in pixels), "One class")
        raise NotEnoughLabelsError(f"Only {only} is painted.", "Paint a few strokes of a second class too.")


def _told(number: Any) -> str:
    return "nothing" if number is None else str(number)
