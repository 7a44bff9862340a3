"""What of a file of labels fits a volume, and the change it makes: first a report, then one edit.

Classes are matched by name, whatever their case; a file without names by the value of its pixels. `report_on`
only looks; `apply` writes what it found through `LabelStore.rewrite`.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError, LabelFileError
from core.images.geometry import TILE_PX
from core.labels.classes import MAX_CLASSES, RESERVED_NAMES, LabelClass, add_class, suggest_color
from core.labels.exchange.facts import Facts, FileClass, LabelFile, Shape, moved
from core.labels.store import LabelStore, Receipt, Rewrite, TileChange, TileIndex

Policy = Literal["unlabelled", "over", "replace"]
POLICIES: dict[Policy, str] = {
    "unlabelled": "Only where nothing is labelled",
    "over": "Over the labels that are there",
    "replace": "Replace the slices",
}
Advance = Callable[[float], None]
"""Called with the number of slices done, now and then within a large one. What it raises ends the work."""
MAX_VALUES = 1 << 16
_COUNT_AT_ONCE = 1 << 24  # numpy counts in int64: 128 MiB


@dataclass(frozen=True)
class Target:
    """Where labels are to go."""

    shape: Shape
    classes: tuple[LabelClass, ...]
    voxel_size_um: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Match:
    """What becomes of the pixels of a value. class_id : 0 when the class must be made first."""

    value: int
    name: str
    color: str
    pixels: int
    class_id: int


@dataclass(frozen=True)
class Report:
    """What an import would do. obstacles : why it cannot be done. notes : what to know before doing it."""

    slices: tuple[int, ...]
    matches: tuple[Match, ...] = ()
    obstacles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Report":
        """What `dataclasses.asdict` and JSON have made of a report."""
        matches = tuple(Match(**row) for row in values["matches"])
        return cls(tuple(values["slices"]), matches, tuple(values["obstacles"]), tuple(values["notes"]))

    @property
    def fits(self) -> bool:
        return not self.obstacles

    @property
    def new(self) -> tuple[Match, ...]:
        """Classes the volume does not have, each once."""
        return tuple({m.name.casefold(): m for m in reversed(self.matches) if not m.class_id}.values())[::-1]

    @property
    def pixels(self) -> int:
        return sum(match.pixels for match in self.matches)


def place(file: LabelFile, target: Target, first: int) -> LabelFile:
    """A file that does not say where its slices belong, put at slice `first`; others stay as they are."""
    return file if file.facts.placed else replace(file, facts=moved(file.facts, first, target.shape))


def report_on(file: LabelFile, target: Target, *, told: Advance = lambda _: None) -> Report:
    """Look through a whole file, a slice at a time. Raises LabelFileError when it is damaged."""
    facts = file.facts
    obstacles = _obstacles(facts, target.shape)
    if obstacles:  # nothing is decoded that is too large for the volume
        return Report(facts.slices, obstacles=tuple(obstacles))
    counts, negative = _count(file, told)
    matches, nameless = _matches(facts.classes, counts, target.classes)
    notes = [*_notes(facts, target), *_value_notes(nameless, negative), *file.notes()]
    return Report(facts.slices, tuple(matches), tuple(_class_obstacles(matches, target)), tuple(notes))


def add_classes(report: Report, classes: Sequence[LabelClass], next_id: int) -> tuple[LabelClass, ...]:
    """The class table with the new classes of a report; a colour that is taken is chosen anew.

    Raises InvalidInputError when a name breaks a rule, or no id is left.
    """
    table = tuple(classes)
    names = {c.name.casefold() for c in table}
    for place, match in enumerate(each for each in report.new if each.name.casefold() not in names):
        taken = {c.color.upper() for c in table}
        color = match.color if match.color and match.color.upper() not in taken else suggest_color(table)
        table = add_class(table, class_id=next_id + place, name=match.name, color=color)
    return table


def lookup(report: Report, classes: Sequence[LabelClass]) -> NDArray[np.uint8]:
    """(65536,) uint8: value in the file to class id; what has no class becomes unlabelled.

    classes : with the new ones. Raises InvalidInputError when one is missing.
    """
    ids = {c.name.casefold(): c.id for c in classes}
    table = np.zeros(MAX_VALUES, np.uint8)
    for match in report.matches:
        class_id = match.class_id or ids.get(match.name.casefold(), 0)
        if class_id not in ids.values():
            raise InvalidInputError(f"The class {match.name!r} is not there (any more).", "Check the file again.")
        table[match.value] = class_id
    return table


def apply(
    store: LabelStore, volume: str, file: LabelFile, report: Report, policy: Policy, *, user: str, told: Advance
) -> Receipt:
    """Add the new classes and write all pixels in one transaction, as one edit that undo takes back.

    Raises LabelFileError for a report that does not fit. Whatever is raised on the way, by `told` too, leaves nothing.
    """
    if not report.fits:
        raise LabelFileError(report.obstacles[0], "Choose a file that fits the volume.")
    first = store.next_class_id(volume)
    classes: list[LabelClass] = []  # as they are when nobody else can write any more

    def grow(table: tuple[LabelClass, ...]) -> tuple[LabelClass, ...]:
        classes[:] = add_classes(report, table, first)
        return tuple(classes)

    tiles = _changes_by(file, report, classes, policy, told)
    detail = {"file": file.facts.name, "slices": len(report.slices), "policy": policy}
    return store.rewrite(Rewrite(str(uuid.uuid4()), volume, "import", tiles, user, detail, classes=grow))


def _changes_by(
    file: LabelFile, report: Report, classes: Sequence[LabelClass], policy: Policy, told: Advance
) -> Iterator[tuple[TileIndex, TileChange]]:
    """`changes` by a class table that is looked at when the first tile is asked for, not before."""
    locked = [c.id for c in classes if c.locked]
    yield from changes(file, lookup(report, classes), policy, locked=locked, told=told)


def changes(
    file: LabelFile,
    table: NDArray[np.uint8],
    policy: Policy,
    *,
    locked: Sequence[int] = (),
    told: Advance = lambda _: None,
) -> Iterator[tuple[TileIndex, TileChange]]:
    """Each tile that the file touches, one slice in memory at a time; pixels of locked classes stay."""
    for count, (z, pixels) in enumerate(file):
        labels = table[_values(pixels)]
        rows = -(-labels.shape[0] // TILE_PX)
        for ty in range(rows):
            told(count + ty / rows)
            for tx, tile in _row(labels, ty):
                if policy == "replace" or tile.any():
                    yield (z, ty, tx), _keeping(locked, _change(tile, policy))
        told(count + 1)


def _row(labels: NDArray[np.uint8], ty: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """(tx, tile) of a row of tiles."""
    return ((tx, _cut(labels, ty, tx)) for tx in range(-(-labels.shape[1] // TILE_PX)))


def _cut(labels: NDArray[np.uint8], ty: int, tx: int) -> NDArray[np.uint8]:
    part = labels[ty * TILE_PX : (ty + 1) * TILE_PX, tx * TILE_PX : (tx + 1) * TILE_PX]
    return np.pad(part, ((0, TILE_PX - part.shape[0]), (0, TILE_PX - part.shape[1])))


def _change(tile: NDArray[np.uint8], policy: Policy) -> TileChange:
    if policy == "unlabelled":
        return lambda before: np.where(before == 0, tile, before)
    if policy == "over":
        return lambda before: np.where(tile != 0, tile, before)
    return lambda _before: tile


def _keeping(locked: Sequence[int], change: TileChange) -> TileChange:
    if not locked:
        return change
    return lambda before: np.where(np.isin(before, locked), before, change(before))


def _obstacles(facts: Facts, shape: Shape) -> list[str]:
    found = []
    if facts.shape[1:] != shape[1:]:
        found.append(
            f"Slices of the file are {facts.shape[2]} x {facts.shape[1]} pixels, those of the volume "
            f"{shape[2]} x {shape[1]}."
        )
    if facts.slices[-1] >= shape[0]:
        last = f"The file reaches slice {facts.slices[-1] + 1}" if facts.placed else _reach(facts)
        found.append(f"{last}; the volume has {shape[0]}.")
    return found


def _reach(facts: Facts) -> str:
    count, last = len(facts.slices), facts.slices[-1] + 1
    return f"The {count} slices of the file, beginning at slice {facts.first + 1}, reach slice {last}"


def _notes(facts: Facts, target: Target) -> Iterator[str]:
    if not facts.placed and len(facts.slices) != target.shape[0]:
        yield f"The file does not say which slices it holds; they go to {facts.first + 1} to {facts.slices[-1] + 1}."
    if not facts.classes:
        yield "The file has no class names; values are taken as the numbers of classes."
    theirs, ours = facts.voxel_size_um, target.voxel_size_um
    if theirs and ours and not np.allclose(theirs, ours, rtol=1e-4):
        yield f"Voxels of the file are {_told(theirs)} micrometres (z, y, x), those of the volume {_told(ours)}."


def _told(size: Sequence[float]) -> str:
    return " x ".join(f"{value:.4g}" for value in size)


def _value_notes(nameless: Mapping[int, int], negative: int) -> Iterator[str]:
    for value, pixels in list(nameless.items())[:5]:
        yield f"The value {value} has no class in the file; its {pixels:,} pixels stay out."
    if len(nameless) > 5:
        yield f"{len(nameless) - 5} more values have no class in the file and stay out."
    if negative:
        yield f"{negative:,} pixels with values below 0 or above {MAX_VALUES - 1} stay out."


def _class_obstacles(matches: Sequence[Match], target: Target) -> Iterator[str]:
    new = {m.name.casefold() for m in matches if not m.class_id}
    if len(new) + len(target.classes) > MAX_CLASSES:
        yield f"The file brings {len(new)} new classes; a volume has at most {MAX_CLASSES}."


def _count(file: LabelFile, told: Advance) -> tuple[dict[int, int], int]:
    """({value: pixels} without 0, pixels whose value is out of range)."""
    total, outside = np.zeros(MAX_VALUES, np.int64), 0
    for count, (_, pixels) in enumerate(file):
        flat = pixels.ravel()
        for start in range(0, flat.size, _COUNT_AT_ONCE):
            told(count + start / flat.size)
            part = flat[start : start + _COUNT_AT_ONCE]
            outside += _out_of_range(part)
            counted = np.bincount(_values(part))
            total[: len(counted)] += counted
        told(count + 1)
    return {value: int(total[value]) for value in np.flatnonzero(total).tolist() if value}, outside


def _out_of_range(pixels: NDArray[Any]) -> int:
    if pixels.dtype.kind == "b" or (pixels.dtype.kind == "u" and pixels.dtype.itemsize <= 2):
        return 0
    return int(((pixels < 0) | (pixels >= MAX_VALUES)).sum())


def _values(pixels: NDArray[Any]) -> NDArray[Any]:
    """Values as places in a table of 65536; what is out of range becomes 0."""
    if pixels.dtype.kind not in "iub":
        raise LabelFileError(f"The file holds {pixels.dtype.name} values.", "Labels are whole numbers.")
    if not _out_of_range(pixels):
        return pixels.astype(np.uint16)
    return np.where((pixels < 0) | (pixels >= MAX_VALUES), 0, pixels).astype(np.uint16)


def _matches(
    known: Sequence[FileClass], counts: Mapping[int, int], classes: Sequence[LabelClass]
) -> tuple[list[Match], dict[int, int]]:
    """Each class of the file with what it means here, and {value: pixels} of values without one."""
    listed = {each.value: each for each in known if each.name.strip().casefold() not in RESERVED_NAMES}
    if not known:
        ids = {c.id: c.name for c in classes}
        listed = {value: FileClass(value, ids.get(value, f"Class {value}")) for value in counts}
    ours = {c.name.casefold(): c.id for c in classes}
    found = [
        Match(value, each.name.strip(), each.color, counts.get(value, 0), ours.get(each.name.strip().casefold(), 0))
        for value, each in listed.items()
    ]
    unlabelled = {each.value for each in known} - set(listed)
    return found, {value: n for value, n in counts.items() if value not in listed and value not in unlabelled}
