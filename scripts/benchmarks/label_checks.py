"""Comparisons of the label store with the numpy model, pixel by pixel; each raises MismatchError where they differ."""

import numpy as np

from core.errors import AppError
from core.images.geometry import tile_bounds
from core.labels.edits import Tile, empty_tile
from core.labels.moments import ADDED, CHANGED, REMOVED, Difference, Moment
from core.labels.slices import read_slice
from core.labels.store import Receipt, TileIndex
from scripts.benchmarks.label_acts import Workplace
from scripts.benchmarks.label_model import Labels


class MismatchError(AppError):
    """The store does not hold what the model says."""


def check_act(place: Workplace, receipt: Receipt, before: Labels) -> None:
    """Exactly the tiles that the act names have changed since `before`, to the model's pixels."""
    now = place.model.labels
    changed = {index for index in place.tiles() if (_cut(before, index) != _cut(now, index)).any()}
    _same(place, "the tiles it has changed", set(receipt.changed), changed)
    for index in changed:
        _same_pixels(place, f"tile {index}", place.store.tile(place.volume, index), _cut(now, index))


def check_all(place: Workplace) -> None:
    """The labels, what is counted beside them, a past moment, and the difference of two."""
    for z, labels in enumerate(place.model.labels):
        _same_pixels(place, f"slice {z}", read_slice(place.store, place.volume, z, labels.shape), labels)
    check_counts(place)
    moments = sorted(place.moments)
    if len(moments) > 1:
        first, second = place.rng.choice(moments, 2, replace=False).tolist()
        check_moment(place, first)
        check_difference(place, first, second)


def check_counts(place: Workplace) -> None:
    """Pixels of each class, slices with labels, and how far each person can go back and forth."""
    store, volume, labels = place.store, place.volume, place.model.labels
    pixels = {c: int(n) for c, n in enumerate(np.bincount(labels.ravel())) if c and n}
    _same(place, "the pixels of each class", store.class_pixels(volume), pixels)
    known = {c.id for c in store.classes(volume)}
    _same(place, "classes with pixels that do not exist", pixels.keys() - known, set())
    annotated = np.flatnonzero(labels.any(axis=(1, 2))).tolist()
    _same(place, "the slices with labels", store.annotated_slices(volume), annotated)
    for user in place.people:
        steps, history = place.model.steps(user), store.history(volume, user=user)
        _same(place, f"the steps of {user}", (history.undo, history.redo), (len(steps.done), len(steps.undone)))


def check_moment(place: Workplace, revision: int) -> None:
    """Every tile as it was at a moment."""
    moment = Moment(place.store, revision)
    for index in place.tiles():
        past = _cut(place.moments[revision], index)
        _same_pixels(place, f"tile {index} of moment {revision}", moment.tile(place.volume, index), past)


def check_difference(place: Workplace, first: int, second: int) -> None:
    """Every pixel's kind of difference between two moments, and their sums."""
    before, after = place.moments[first], place.moments[second]
    kinds = np.select([before == after, before == 0, after == 0], [0, ADDED, REMOVED], CHANGED)
    between = Difference(Moment(place.store, first), Moment(place.store, second))
    for index in place.tiles():
        shown = between.tile(place.volume, index)
        _same_pixels(place, f"the difference of {first} and {second} at {index}", shown, _cut(kinds, index))
    told = between.summary(place.volume)
    sums = tuple(int((kinds == kind).sum()) for kind in (ADDED, REMOVED, CHANGED))
    _same(place, "the sums of a difference", (told.added, told.removed, told.changed), sums)
    by_slice = {z: int(n) for z, n in enumerate((kinds > 0).sum(axis=(1, 2))) if n}
    _same(place, "the slices of a difference", dict(told.slices), by_slice)


def _cut(labels: Labels, index: TileIndex) -> Labels:
    z, ty, tx = index
    cut: Labels = labels[z][tile_bounds(labels.shape[1:], tx, ty)]  # type: ignore[arg-type]
    return cut


def _same_pixels(place: Workplace, what: str, stored: Tile | None, expected: Labels) -> None:
    height, width = expected.shape
    tile = (empty_tile() if stored is None else stored)[:height, :width]
    _same(place, f"pixels of {what} that differ", int(np.count_nonzero(tile != expected)), 0)


def _same(place: Workplace, what: str, found: object, expected: object) -> None:
    if found != expected:
        acts = ", ".join(f"{count} {name}" for name, count in place.counts.items())
        raise MismatchError(f"{place.volume}, after {acts}: {what}: {found} instead of {expected}.")
