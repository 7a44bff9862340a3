"""From an order to a proposal: reads the slices and lets `core/labels/` find what to propose. Stores no label.

`proposals.py` beside this has the routes. An order is checked when it comes; what only the pixels can tell is found out
while it is worked on.
"""

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from core.errors import InvalidInputError
from core.images.geometry import Box
from core.labels.flooding import MAX_VOXELS, Block, alike_greys, alike_labels, connected, open_ends
from core.labels.following import follow
from core.labels.proposals import Labels, StackProposal
from core.labels.rules import PaintRule
from core.labels.slices import read_slice
from core.labels.through import interpolate, neighbours, propagate
from core.labels.tools.reading import read_labels
from core.labels.tools.scene import Frame, Grey, as_grey
from core.services import Services

INTERPOLATE, FOLLOW, PROPAGATE, FILL = "interpolate", "follow", "propagate", "fill_stack"
MAX_SLICES = 100
MAX_PIXELS = 1 << 24  # of a slice: 4096 x 4096
EMPTY_ONLY = PaintRule("empty")

STEPS = {FOLLOW: 3}  # of a slice: carried to from both ends, and decided on; one where nothing is said

Report = Callable[[int, int], None]
"""(steps done, steps in all); may raise to end the work."""

Found = Iterator[tuple[int, Labels]]


@dataclass
class Steps:
    """Counts the steps of the work from any thread, and reports each; `total` may be a little too many."""

    report: Report
    total: int
    done: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> None:
        with self._lock:
            self.done = min(self.done + 1, self.total)
        self.report(self.done, self.total)


@dataclass(frozen=True)
class Seed:
    """Where a fill through the stack begins, what it paints and how far it looks.

    tolerance : in true grey values; None: only labels count. view : the part of the slices that it stays in.
    """

    z: int
    y: int
    x: int
    label: int
    tolerance: float | None
    view: Frame


@dataclass(frozen=True)
class Order:
    """What a person asks for.

    z : the open slice, near which to begin. first, last : slices, 0-based, either may be the greater; seed : of a fill.
    """

    volume: str
    method: str
    z: int
    first: int
    last: int
    shape: tuple[int, int, int]
    seed: Seed | None = None

    @property
    def plane(self) -> tuple[int, int]:
        return self.shape[1:]

    @property
    def range(self) -> range:
        """The slices from the lower to the upper end."""
        return range(min(self.first, self.last), max(self.first, self.last) + 1)


def order_of(services: Services, volume: str, asked: Mapping[str, Any]) -> Order:
    """Check what the page asks for.

    asked : {method, z, first, last} with 0-based slices or None, and for a fill {y, x, label, tolerance, box, reach}.

    Raises
    ------
    InvalidInputError
        If the range is none, or too large, or no painted slices lie around the open one.
    """
    shape = services.tiles.manifest(volume).info.shape
    method, z = asked.get("method"), _whole(asked, "z", 0, shape[0] - 1)
    if shape[1] * shape[2] > MAX_PIXELS:
        raise InvalidInputError("The slices are too large for this.", "It works up to 4096 x 4096 pixels.")
    if method == FILL:
        return _fill_order(services, volume, shape, z, asked)
    if method not in (INTERPOLATE, FOLLOW, PROPAGATE):
        raise InvalidInputError(f"{str(method)[:40]!r} is no way to propose labels.", "Reload the page.")
    first, last = _ends(services, volume, method, (asked.get("first"), asked.get("last")), z)
    _check_range(first, last, shape[0])
    return Order(volume, method, z, first, last, shape)


def propose(services: Services, order: Order, report: Report) -> Iterator[StackProposal]:
    """What is proposed, again with each slice that is found, those near the open one first.

    Raises InvalidInputError when there is nothing to go by, or nothing comes of it.
    """
    steps = Steps(report, max(1, len(order.range) - 1) * STEPS.get(order.method, 1))
    report(0, steps.total)
    one, found = _begun(services, order, steps)
    for z, labels in _free(services, order, found):
        steps()
        if labels.any():
            one = one.add(z, labels)
            yield one
    if not one.decisions:
        raise InvalidInputError(_nothing(order.method))
    if order.method == PROPAGATE and order.last not in one.decisions:
        yield replace(one, note="The image changes too much after that.")


def _begun(services: Services, order: Order, steps: Steps) -> tuple[StackProposal, Found]:
    """A proposal of nothing yet, and what will be found."""
    one = StackProposal(str(uuid.uuid4()), order.volume, order.method, {}, EMPTY_ONLY)
    if order.seed is None:
        ways = {INTERPOLATE: _between, FOLLOW: _following, PROPAGATE: _onwards}
        return one, ways[order.method](services, order, steps)
    rule = _fill_rule(services, order, order.seed)
    found, note = _filled(services, order, order.seed, steps)
    return replace(one, rule=rule, note=note), found


def _ends(services: Services, volume: str, method: str, ends: tuple[Any, Any], z: int) -> tuple[int, int]:
    """The chosen slices, or those that lie near the open one."""
    first, last = (None if end is None else _whole({"slice": end}, "slice", -1, 1 << 31) for end in ends)
    if method == PROPAGATE:
        first = z if first is None else first
        return first, first + 1 if last is None else last
    around = neighbours(services.labels.annotated_slices(volume), z)
    if around is None and None in (first, last):
        raise InvalidInputError(
            "There is no painted slice on both sides.", "Paint one before and one after this slice."
        )
    low, high = around or (0, 0)
    return low if first is None else first, high if last is None else last


def _check_range(first: int, last: int, depth: int) -> None:
    if not (0 <= first < depth and 0 <= last < depth) or first == last:
        raise InvalidInputError(f"Slices {first + 1} to {last + 1} are no range.", f"Choose two from 1 to {depth}.")
    if abs(last - first) > MAX_SLICES:
        raise InvalidInputError(f"{abs(last - first)} slices are too many at once.", f"Choose at most {MAX_SLICES}.")


def _fill_order(
    services: Services, volume: str, shape: tuple[int, int, int], z: int, asked: Mapping[str, Any]
) -> Order:
    reach = _whole(asked, "reach", 1, MAX_SLICES)
    view = _box(asked).cut(Frame(0, 0, *shape[1:]))
    y, x = _whole(asked, "y", view.y0, view.y1 - 1), _whole(asked, "x", view.x0, view.x1 - 1)
    known = {c.id for c in services.labels.classes(volume)}
    if asked.get("label") not in known:
        raise InvalidInputError("There is no class to fill with.", "Choose a class.")
    tolerance = asked.get("tolerance")
    if tolerance is not None and not isinstance(tolerance, int | float):
        raise InvalidInputError(f"The tolerance {str(tolerance)[:40]!r} is no number.", "Reload the page.")
    first, last = max(0, z - reach), min(shape[0] - 1, z + reach)
    if (last - first + 1) * view.shape[0] * view.shape[1] > MAX_VOXELS:
        raise InvalidInputError(
            f"{last - first + 1} slices of this view are too much at once.", "Zoom in, or fill fewer slices."
        )
    seed = Seed(z, y, x, int(asked["label"]), None if tolerance is None else float(tolerance), view)
    return Order(volume, FILL, z, first, last, shape, seed)


def _between(services: Services, order: Order, _: Steps) -> Found:
    """The slices between each two painted ones, by their shapes alone."""
    for a, b in _pairs(services, order):
        ends = [read_slice(services.labels, order.volume, z, order.plane) for z in (a, b)]
        yield from enumerate(interpolate(ends[0], ends[1], b - a - 1), start=a + 1)


def _following(services: Services, order: Order, steps: Steps) -> Found:
    """The slices between each two painted ones, as the image goes from one to the other."""
    for a, b in _pairs(services, order):
        first, last = (read_slice(services.labels, order.volume, z, order.plane) for z in (a, b))
        grey = partial(_grey, services, order.volume)
        reads = [partial(grey, z) for z in range(a, b + 1)]
        between = follow(first, last, reads, near=order.z - a - 1, tell=steps)
        yield from ((a + 1 + place, labels) for place, labels in between)


def _pairs(services: Services, order: Order) -> list[tuple[int, int]]:
    """Painted slices of the range that follow each other with others between them, those around the open one first."""
    painted = [z for z in services.labels.annotated_slices(order.volume) if z in order.range]
    if len(painted) < 2:
        raise InvalidInputError("Fewer than two slices of the range are painted.", "Paint another, or widen the range.")
    pairs = [(a, b) for a, b in pairwise(painted) if b > a + 1]
    return sorted(pairs, key=lambda pair: abs(pair[0] + pair[1] - 2 * order.z))


def _onwards(services: Services, order: Order, _: Steps) -> Found:
    """The slices after `first`, up or down to `last`."""
    labels = read_slice(services.labels, order.volume, order.first, order.plane)
    if not labels.any():
        raise InvalidInputError(f"Slice {order.first + 1} has no label to carry on.", "Paint it first.")
    way = order.range if order.last > order.first else order.range[::-1]
    whole = Frame(0, 0, *order.plane)
    images = (_grey(services, order.volume, z, whole) for z in way)
    yield from zip(way[1:], propagate(labels, images), strict=False)


def _filled(services: Services, order: Order, seed: Seed, steps: Steps) -> tuple[Found, str]:
    """What hangs together with the seed, and a word where it goes on beyond what was looked at."""
    view, slices = seed.view, order.range
    start = (seed.z - slices[0], seed.y - view.y0, seed.x - view.x0)
    labels = np.stack([read_labels(services.labels, order.volume, z, view) for z in slices])
    alike = alike_labels(labels, start)
    if seed.tolerance is not None:
        _narrow(services, order, seed, alike, steps)
    found = connected(alike, start)
    cut = open_ends(found, slices[0], order.shape[0])
    note = f"The area goes on beyond slice {' and '.join(str(z + 1) for z in cut)}." if cut else ""
    return _on_slices(found, order, seed), note


def _narrow(services: Services, order: Order, seed: Seed, alike: Block, steps: Steps) -> None:
    """Take out of `alike` what is of another grey than the seed."""
    value = _grey(services, order.volume, seed.z, Frame(seed.y, seed.x, seed.y + 1, seed.x + 1))
    images = (_grey(services, order.volume, z, seed.view) for z in order.range)
    for n, near in enumerate(alike_greys(images, value, seed.tolerance or 0.0)):
        alike[n] &= near
        steps()


def _on_slices(found: Block, order: Order, seed: Seed) -> Found:
    whole = Frame(0, 0, *order.plane)
    for z, mask in zip(order.range, found, strict=True):
        if mask.any():
            labels = np.zeros(order.plane, np.uint8)
            labels[whole.window(seed.view)][mask] = seed.label
            yield z, labels


def _fill_rule(services: Services, order: Order, seed: Seed) -> PaintRule:
    """Only what still has the label that was clicked changes. Raises InvalidInputError if it may not, or need not."""
    clicked = Frame(seed.y, seed.x, seed.y + 1, seed.x + 1)
    label = int(read_labels(services.labels, order.volume, seed.z, clicked)[0, 0])
    if label == seed.label:
        raise InvalidInputError("The area has that class already.", "Choose another class, or click elsewhere.")
    if any(c.locked for c in services.labels.classes(order.volume) if c.id == label):
        raise InvalidInputError("The class that was clicked is locked.", "Unlock it to fill over it.")
    return PaintRule(label) if label else EMPTY_ONLY


def _free(services: Services, order: Order, found: Found) -> Found:
    """What would change if it were accepted now: a proposal shows no more than that."""
    if order.seed is not None:
        yield from found
        return
    painted = set(services.labels.annotated_slices(order.volume))
    for z, labels in found:
        if z in painted:
            labels = np.where(read_slice(services.labels, order.volume, z, order.plane) == 0, labels, 0)
        yield z, labels.astype(np.uint8)


def _grey(services: Services, volume: str, z: int, frame: Frame) -> Grey:
    box = Box(start=(z, frame.y0, frame.x0), stop=(z + 1, frame.y1, frame.x1))
    pixels = services.tiles.region(volume, "z", box)
    return as_grey(pixels, is_colour=services.tiles.manifest(volume).info.is_colour)


def _nothing(method: str) -> str:
    if method == PROPAGATE:
        return "Nothing to propose: the next slice differs too much."
    return "Nothing to propose: no slice lies between, or all there is labelled."


def _box(asked: Mapping[str, Any]) -> Frame:
    value = asked.get("box")
    if not isinstance(value, list) or len(value) != 4 or not all(isinstance(side, int) for side in value):
        raise InvalidInputError(f"The order's 'box' is {str(value)[:60]!r}, not [y0, x0, y1, x1].", "Reload the page.")
    return Frame(*value)


def _whole(asked: Mapping[str, Any], key: str, lo: int, hi: int) -> int:
    value = asked.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not lo <= value <= hi:
        raise InvalidInputError(
            f"The order's {key!r} is {str(value)[:40]!r}, not a whole number from {lo} to {hi}.", "Reload the page."
        )
    return value
