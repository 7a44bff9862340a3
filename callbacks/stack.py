"""Labels through the stack: reads the slices, lets core/labels/through.py carry them, writes one edit."""

import uuid
from collections.abc import Iterator
from typing import Any

from dash import Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from components import ids, stack, stores
from core.errors import InvalidInputError
from core.images.geometry import Box
from core.labels.slices import read_slice
from core.labels.store import Rewrite
from core.labels.through import Labels, interpolate, neighbours, propagate, unlabelled_only
from core.labels.tools.scene import Grey, as_grey
from core.services import Services

MAX_SLICES = 100
MAX_PIXELS = 1 << 24  # of a slice: 4096 x 4096


def register(app: Dash, services: Services) -> None:
    """Fill slices when the button is pressed."""

    @app.callback(
        Output(ids.STACK_STATE, "children"),
        Input(ids.STACK_FILL, "n_clicks"),
        State(stores.VOLUME, "data"),
        State(ids.STACK_METHOD, "value"),
        State(ids.STACK_FIRST, "value"),
        State(ids.STACK_LAST, "value"),
        State(ids.VIEWER, "slice"),
        running=[(Output(ids.STACK_FILL, "disabled"), True, False)],
        prevent_initial_call=True,
    )
    def fill(clicks: int, volume: dict[str, str] | None, method: str, first: Any, last: Any, z: int | None) -> str:
        if not clicks or volume is None:
            raise PreventUpdate
        try:
            return fill_slices(services, volume["path"], method, (_index(first), _index(last)), z or 0)
        except InvalidInputError as error:
            return str(error)


def fill_slices(services: Services, volume: str, method: str, ends: tuple[int | None, int | None], z: int) -> str:
    """Fill by `method` as one edit, and say what was done. Slices are 0-based here; `z` is the open one.

    Raises InvalidInputError when there is nothing to carry, or too much.
    """
    shape = services.tiles.manifest(volume).info.shape
    first, last = _ends(services, volume, method, ends, z)
    _check(first, last, shape)
    carry = _between if method == stack.BETWEEN else _onwards
    found = list(carry(services, volume, first, last, (shape[1], shape[2])))
    tiles = (change for place, labels in found for change in unlabelled_only(place, labels))
    edit = Rewrite(str(uuid.uuid4()), volume, method, tiles, services.current_user())
    services.labels.rewrite(edit)
    return _words([place for place, _ in found], last, onwards=method == stack.ONWARDS)


def _ends(services: Services, volume: str, method: str, ends: tuple[int | None, int | None], z: int) -> tuple[int, int]:
    """The chosen slices, or those that lie near the open one."""
    first, last = ends
    if method == stack.ONWARDS:
        first = z if first is None else first
        return first, first + 1 if last is None else last
    around = neighbours(services.labels.annotated_slices(volume), z)
    if around is None and None in ends:
        raise InvalidInputError(
            "There is no painted slice on both sides.", "Paint one before and one after this slice."
        )
    return (around or (0, 0))[0] if first is None else first, (around or (0, 0))[1] if last is None else last


def _check(first: int, last: int, shape: tuple[int, int, int]) -> None:
    if not (0 <= first < shape[0] and 0 <= last < shape[0]) or first == last:
        raise InvalidInputError(f"Slices {first + 1} to {last + 1} are no range.", f"Choose two from 1 to {shape[0]}.")
    if abs(last - first) > MAX_SLICES:
        raise InvalidInputError(f"{abs(last - first)} slices are too many at once.", f"Choose at most {MAX_SLICES}.")
    if shape[1] * shape[2] > MAX_PIXELS:
        raise InvalidInputError("The slices are too large for this.", "It works up to 4096 x 4096 pixels.")


def _between(
    services: Services, volume: str, first: int, last: int, shape: tuple[int, int]
) -> Iterator[tuple[int, Labels]]:
    """The slices between each two painted ones of the range."""
    low, high = min(first, last), max(first, last)
    painted = [z for z in services.labels.annotated_slices(volume) if low <= z <= high]
    if len(painted) < 2:
        raise InvalidInputError("Fewer than two slices of the range are painted.", "Paint another, or widen the range.")
    for a, b in zip(painted, painted[1:], strict=False):
        ends = [read_slice(services.labels, volume, z, shape) for z in (a, b)]
        yield from enumerate(interpolate(ends[0], ends[1], b - a - 1), start=a + 1)


def _onwards(
    services: Services, volume: str, first: int, last: int, shape: tuple[int, int]
) -> Iterator[tuple[int, Labels]]:
    """The slices after `first`, up or down to `last`."""
    labels = read_slice(services.labels, volume, first, shape)
    if not labels.any():
        raise InvalidInputError(f"Slice {first + 1} has no label to carry on.", "Paint it first.")
    way = range(first, last + 1) if last > first else range(first, last - 1, -1)
    images = (_grey(services, volume, z, shape) for z in way)
    yield from zip(way[1:], propagate(labels, images), strict=False)


def _grey(services: Services, volume: str, z: int, shape: tuple[int, int]) -> Grey:
    pixels = services.tiles.region(volume, "z", Box(start=(z, 0, 0), stop=(z + 1, *shape)))
    return as_grey(pixels, is_colour=services.tiles.manifest(volume).info.is_colour)


def _words(filled: list[int], last: int, *, onwards: bool) -> str:
    """What was done, slices counted from 1.

    >>> _words([4, 5], 5, onwards=True)
    'Filled slices 5 to 6. Undo takes them back.'
    """
    if not filled:
        return "Nothing was filled: " + ("the next slice differs too much." if onwards else "no slice lies between.")
    told = f"Filled slices {min(filled) + 1} to {max(filled) + 1}. Undo takes them back."
    return told + (" The image changes too much after that." if onwards and last not in filled else "")


def _index(value: Any) -> int | None:
    """A slice as the page counts, from 1, or None."""
    return int(value) - 1 if isinstance(value, int | float) else None
