"""Edits of several slices or classes at once, planes across the slices, and rules: whatever the store is made of."""

import uuid

import numpy as np
import pytest

from core.errors import InvalidInputError
from core.labels.classes import lock_class
from core.labels.planes import PlaneLabels
from core.labels.rules import PaintRule
from core.labels.store import History, Paint
from tests.contracts.label_acts import (
    SHAPE,
    VOLUME,
    filled_where_empty,
    paint,
    painted,
    pixels,
    redo,
    rewrite,
    stroke,
    undo,
)

# Planes across the slices


@pytest.mark.parametrize(("axis", "order", "shape"), [("y", (1, 0, 2), (3, 1100)), ("x", (2, 1, 0), (700, 3))])
def test_a_plane_edit_is_one_step_of_all_slices_it_crosses(store, axis, order, shape):
    rng = np.random.default_rng(1)
    plane = np.zeros(shape, np.uint8)
    spans = [[row, start, start + 2] for row in range(3) for start in rng.integers(0, shape[1] - 1, 4).tolist()]
    for row, start, stop in spans:
        plane[row, start:stop] = 2
    edit = Paint(str(uuid.uuid4()), VOLUME, 520, 2, np.array(spans, np.int32), "ann", axis)
    store.paint(edit, shape=SHAPE)
    stack = np.stack([pixels(store, z) for z in range(3)])
    np.testing.assert_array_equal(np.moveaxis(stack, order, (0, 1, 2))[520], plane)
    assert np.count_nonzero(stack) == np.count_nonzero(plane)
    reader = PlaneLabels(store, axis)
    for ty, tx in reader.tile_versions(VOLUME, 520):
        part = plane[ty * 512 : (ty + 1) * 512, tx * 512 : (tx + 1) * 512]
        tile = reader.tile(VOLUME, (520, ty, tx))
        np.testing.assert_array_equal(tile[: part.shape[0], : part.shape[1]], part)
    assert store.history(VOLUME, user="ann") == History(1, 0)
    undo(store)
    assert not any(pixels(store, z).any() for z in range(3))


def test_a_plane_outside_is_refused(store):
    with pytest.raises(InvalidInputError, match="Slice 700"):
        store.paint(Paint(str(uuid.uuid4()), VOLUME, 700, 1, np.array([[0, 0, 1]], np.int32), "ann", "y"), shape=SHAPE)


# Many classes and slices at once


def test_a_rewrite_is_one_step_over_what_stands_there(store):
    paint(store, [0, 0, 3], z=1, label=2)
    done = rewrite(store, ((1, 0, 0), filled_where_empty(1)), ((2, 1, 2), filled_where_empty(2)))
    assert done.changed == ((1, 0, 0), (2, 1, 2))
    assert pixels(store, 1)[0, 2:4].tolist() == [2, 1]
    assert store.class_pixels(VOLUME) == {1: 512 * 512 - 3, 2: 512 * 512 + 3}
    undo(store)
    assert store.class_pixels(VOLUME) == {2: 3}
    redo(store)
    assert store.annotated_slices(VOLUME) == [1, 2]


def test_a_rewrite_happens_once_however_often_it_comes(store):
    first = rewrite(store, ((0, 0, 0), filled_where_empty(1)), id="0b8b0e2c-64c8-4b57-b3f5-04c3d3f4e9a1")
    undo(store)
    again = rewrite(store, ((0, 0, 0), filled_where_empty(1)), id="0b8b0e2c-64c8-4b57-b3f5-04c3d3f4e9a1")
    assert (again.duplicate, again.changed) == (True, first.changed)
    assert not pixels(store).any()


def test_a_rewrite_with_a_class_that_does_not_exist_changes_nothing(store):
    with pytest.raises(InvalidInputError, match="Class 9"):
        rewrite(store, ((0, 0, 0), filled_where_empty(1)), ((1, 0, 0), filled_where_empty(9)))
    assert store.annotated_slices(VOLUME) == []


def test_an_edit_of_several_parts_is_one_step(store):
    parts = ((2, 1), (1, 2), (0, 1))
    store.paint(stroke([0, 0, 4], [0, 4, 6], [1, 600, 602], [0, 5, 6], parts=parts), shape=SHAPE)
    assert painted(store) == [[0, x, 2] for x in range(4)] + [[0, 4, 1], [1, 600, 1], [1, 601, 1]]
    undo(store)
    assert painted(store) == []


def test_the_tiles_that_edits_of_a_kind_have_changed_are_known(store):
    store.paint(stroke([0, 0, 4]), shape=SHAPE)
    taken = [store.paint(stroke([y, 0, 600], z=2, source="live"), shape=SHAPE).revision for y in (0, 1)]
    assert store.changed_by_kind(VOLUME, "live") == {(2, 0, 0): tuple(taken), (2, 0, 1): tuple(taken)}
    assert store.changed_by_kind("another", "live") == {}


@pytest.mark.parametrize(
    ("rule", "row"),
    [
        (PaintRule(), [1, 1, 1, 1]),
        (PaintRule("empty"), [2, 2, 1, 1]),
        (PaintRule(2), [1, 1, 0, 0]),
        (PaintRule(protect=(2,)), [2, 2, 1, 1]),
        (PaintRule(2, (2,)), [2, 2, 0, 0]),
    ],
)
def test_an_edit_changes_only_what_its_rule_allows(store, rule, row):
    paint(store, [7, 510, 512], label=2)
    store.paint(stroke([7, 510, 514], rule=rule), shape=SHAPE)
    assert pixels(store)[7, 510:514].tolist() == row


def test_the_rule_is_judged_by_what_stood_there_before_the_edit(store):
    store.paint(stroke([0, 0, 4], [0, 2, 6], parts=((1, 1), (2, 1)), rule=PaintRule("empty")), shape=SHAPE)
    assert pixels(store)[0, :6].tolist() == [1, 1, 2, 2, 2, 2]


def test_a_locked_class_is_a_lasting_property_of_the_table(store, open_store):
    store.change_classes(VOLUME, lambda table: lock_class(table, 2, locked=True), user="ann")
    assert [c.locked for c in open_store().classes(VOLUME)] == [False, True]
