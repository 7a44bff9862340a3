"""What every label store must do, whatever it is made of."""

import threading
import uuid
from dataclasses import replace

import numpy as np
import pytest

from core.errors import InvalidInputError, NotFoundError
from core.labels.classes import DEFAULT_CLASSES, MAX_CLASSES, add_class, lock_class, recolor_class, rename_class
from core.labels.corrections import Correction, InstanceSet
from core.labels.history import sentence
from core.labels.moments import ADDED, CHANGED, REMOVED, Difference, Moment, Summary
from core.labels.planes import PlaneLabels
from core.labels.rules import PaintRule
from core.labels.slices import read_slice
from core.labels.store import Changes, History, LabelStore, Paint, Receipt, Rewrite, TileChange, TileIndex
from tests.contracts.conftest import OpenStore

VOLUME = "folder/stack"
SHAPE = (3, 700, 1100)  # tiles of 512: two rows, three columns, both cropped


def paint(store: LabelStore, *spans, z=0, label=1, user="ann", id=None, volume=VOLUME) -> Receipt:
    edit = Paint(id or str(uuid.uuid4()), volume, z, label, np.array(spans, np.int32).reshape(-1, 3), user)
    return store.paint(edit, shape=SHAPE)


def undo(store: LabelStore, user="ann", id=None) -> Receipt:
    return store.undo(VOLUME, edit_id=id or str(uuid.uuid4()), user=user)


def redo(store: LabelStore, user="ann", id=None) -> Receipt:
    return store.redo(VOLUME, edit_id=id or str(uuid.uuid4()), user=user)


def delete(store: LabelStore, class_id, user="ann", id=None) -> Receipt:
    return store.delete_class(VOLUME, class_id, edit_id=id or str(uuid.uuid4()), user=user)


def rewrite(store: LabelStore, *tiles: tuple[TileIndex, TileChange], id=None) -> Receipt:
    return store.rewrite(Rewrite(id or str(uuid.uuid4()), VOLUME, "import", iter(tiles), "ann"))


def pixels(store: LabelStore, z=0) -> np.ndarray:
    return read_slice(store, VOLUME, z, SHAPE[1:])


def painted(store: LabelStore, z=0) -> list[list[int]]:
    """[y, x, label] of every labelled pixel."""
    labels = pixels(store, z)
    return [[int(y), int(x), int(labels[y, x])] for y, x in np.argwhere(labels)]


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


def filled_where_empty(label: int) -> TileChange:
    return lambda tile: np.where(tile == 0, np.uint8(label), tile)


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


def stroke(*spans, label=1, z=0, **values) -> Paint:
    return Paint(str(uuid.uuid4()), VOLUME, z, label, np.array(spans, np.int32).reshape(-1, 3), "ann", **values)


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


# Moments


def restore(store: LabelStore, revision: int, user="ann") -> Receipt:
    return store.restore(VOLUME, revision, edit_id=str(uuid.uuid4()), user=user)


def told(store: LabelStore, **which) -> list[str]:
    names = {c.id: c.name for c in store.classes(VOLUME)}
    return [sentence(record, names, lambda _: "then") for record in store.edits(VOLUME, **which)]


def test_the_history_tells_who_did_what_where_newest_first(store):
    paint(store, [0, 0, 600], z=2, label=2)
    store.change_classes(VOLUME, lambda table: rename_class(table, 1, "pore"), user="bob")
    paint(store, [0, 0, 1], label=0)
    undo(store)
    assert told(store) == ["Took back: painted Class 2", "Erased", "Renamed Class 1 to pore", "Painted Class 2"]
    newest, erased, renamed, first = store.edits(VOLUME)
    assert (first.tiles, first.slices, first.first, first.last, first.taken_back) == (2, 1, 2, 2, True)
    assert (renamed.user, renamed.tiles, erased.tiles) == ("bob", 0, 0)
    assert store.changed_by(VOLUME, newest.revision) == (2, 0, 0)
    assert store.changed_by(VOLUME, renamed.revision) is None
    assert store.edits(VOLUME, before=erased.revision, limit=1) == (renamed,)


def test_a_moment_shows_the_pixels_of_that_moment(store):
    first = paint(store, [0, 0, 2], label=2).revision
    paint(store, [0, 1, 3], [0, 600, 601])
    moment = Moment(store, first)
    assert moment.tile(VOLUME, (0, 0, 0))[0, :4].tolist() == [2, 2, 0, 0]
    assert moment.tile(VOLUME, (0, 0, 1)) is None
    assert moment.tile_versions(VOLUME, 0) == {(0, 0): first}
    assert PlaneLabels(moment, "y").tile(VOLUME, (0, 0, 0))[0, :4].tolist() == [2, 2, 0, 0]


def test_two_moments_are_compared_pixel_by_pixel(store):
    first = paint(store, [0, 0, 4], label=2).revision
    paint(store, [0, 2, 6])
    last = paint(store, [0, 0, 1], [1, 600, 602], label=0).revision
    between = Difference(Moment(store, first), Moment(store, last))
    row = between.tile(VOLUME, (0, 0, 0))[0, :7].tolist()
    assert row == [REMOVED, 0, CHANGED, CHANGED, ADDED, ADDED, 0]
    assert between.summary(VOLUME) == Summary(2, 1, 2, won={1: 4}, lost={2: 3}, slices={0: 5})
    assert list(between.tile_versions(VOLUME, 0)) == [(0, 0)]


def test_a_difference_asks_only_for_what_happened_between_its_moments(store):
    first = paint(store, [0, 0, 4], z=1).revision
    second = paint(store, [0, 600, 601], z=2).revision
    undo(store)
    third = paint(store, [0, 0, 9]).revision
    assert Difference(Moment(store, second), Moment(store, first)).tiles(VOLUME) == ((2, 0, 1),)
    since = Difference(Moment(store, first), Moment(store, third))
    assert since.tiles(VOLUME) == ((0, 0, 0), (2, 0, 1))
    assert since.summary(VOLUME).slices == {0: 9}


def test_restoring_a_moment_is_one_step_that_can_be_taken_back(store):
    paint(store, [0, 0, 2], label=2)
    moment = paint(store, [3, 600, 602], z=1).revision
    paint(store, [0, 1, 5])
    paint(store, [0, 0, 9], z=2)
    done = restore(store, moment)
    assert done.changed == ((0, 0, 0), (2, 0, 0))
    assert (painted(store, 0), painted(store, 2)) == ([[0, 0, 2], [0, 1, 2]], [])
    assert painted(store, 1) == [[3, 600, 1], [3, 601, 1]]
    assert store.class_pixels(VOLUME) == {1: 2, 2: 2}
    undo(store)
    assert len(painted(store, 2)) == 9
    redo(store)
    assert painted(store, 2) == []
    assert told(store)[0] == "Did again: restored the labels of then"


def test_restoring_brings_deleted_classes_back_and_undo_takes_them_again(store):
    moment = paint(store, [0, 0, 2], label=2).revision
    delete(store, 2)
    restore(store, moment)
    assert (store.classes(VOLUME), painted(store)) == (DEFAULT_CLASSES, [[0, 0, 2], [0, 1, 2]])
    undo(store)
    assert ([c.id for c in store.classes(VOLUME)], painted(store)) == ([1], [])
    redo(store)
    assert (store.classes(VOLUME), len(painted(store))) == (DEFAULT_CLASSES, 2)


def test_restoring_brings_a_class_back_that_was_deleted_undeleted_and_deleted_again(store):
    paint(store, [0, 0, 2], label=2)
    delete(store, 2)
    moment = undo(store).revision
    redo(store)
    restore(store, moment)
    assert (store.classes(VOLUME), painted(store)) == (DEFAULT_CLASSES, [[0, 0, 2], [0, 1, 2]])


def test_no_pixel_comes_back_without_its_class(store):
    painted_then = paint(store, [0, 0, 2], label=2).revision
    delete(store, 2)
    moment = restore(store, painted_then).revision
    undo(store)
    restore(store, moment)
    assert {c.id for c in store.classes(VOLUME)} >= store.class_pixels(VOLUME).keys() == {2}


def test_undoing_a_restore_keeps_a_class_that_others_have_painted_with(store):
    moment = paint(store, [0, 0, 2], label=2).revision
    delete(store, 2)
    restore(store, moment)
    paint(store, [5, 0, 1], label=2, user="bob")
    undo(store)
    assert (store.classes(VOLUME), painted(store)) == (DEFAULT_CLASSES, [[5, 0, 2]])


@pytest.mark.parametrize("revision", [1, 2**50])
def test_a_moment_that_never_was_cannot_be_restored_or_named(store, revision):
    paint(store, [0, 0, 2])
    with pytest.raises(NotFoundError, match="no moment"):
        restore(store, revision)
    with pytest.raises(NotFoundError, match="no moment"):
        store.keep_snapshot(VOLUME, "then", revision, user="ann")


def test_a_moment_keeps_its_name_until_it_is_taken_away(store, open_store):
    first, second = paint(store, [0, 0, 2]).revision, paint(store, [1, 0, 2]).revision
    store.keep_snapshot(VOLUME, " before review ", first, user="ann")
    store.keep_snapshot(VOLUME, "submitted", second, user="bob")
    found = [(s.name, s.revision, s.user) for s in open_store().snapshots(VOLUME)]
    assert found == [("submitted", second, "bob"), ("before review", first, "ann")]
    store.keep_snapshot(VOLUME, "submitted", first, user="ann")
    store.drop_snapshot(VOLUME, "before review")
    assert [(s.name, s.revision) for s in store.snapshots(VOLUME)] == [("submitted", first)]
    with pytest.raises(InvalidInputError, match="no name"):
        store.keep_snapshot(VOLUME, "  ", first, user="ann")


def test_many_steps_can_be_taken_back_after_the_program_has_been_restarted(store, open_store):
    for place in range(30):
        paint(store, [place, 0, 1])
    again = open_store()
    assert again.history(VOLUME, user="ann") == History(30, 0)
    for _ in range(30):
        undo(again)
    assert (again.annotated_slices(VOLUME), again.history(VOLUME, user="ann")) == ([], History(0, 30))


# An untouched volume


def test_an_untouched_volume_has_the_default_classes_and_nothing_else(store):
    assert store.classes(VOLUME) == DEFAULT_CLASSES
    assert store.next_class_id(VOLUME) == 3
    assert store.revision(VOLUME) == 0
    assert store.history(VOLUME, user="ann") == History(0, 0)
    assert store.changes(VOLUME, since=0) == Changes(0, (), classes_changed=False)
    assert store.annotated_slices(VOLUME) == []
    assert store.class_pixels(VOLUME) == {}
    assert store.tile_versions(VOLUME, 0) == {}
    assert store.tile(VOLUME, (0, 0, 0)) is None


# Painting


def test_paint_gives_exactly_the_pixels_of_its_spans_a_class(store):
    paint(store, [0, 0, 2], [699, 1098, 1100], [511, 511, 513], z=1, label=2)
    assert painted(store, 1) == [[0, 0, 2], [0, 1, 2], [511, 511, 2], [511, 512, 2], [699, 1098, 2], [699, 1099, 2]]
    assert painted(store, 0) == painted(store, 2) == []


def test_paint_names_the_tiles_it_changed(store):
    receipt = paint(store, [511, 511, 513], [512, 1050, 1060], z=2)
    assert receipt.changed == ((2, 0, 0), (2, 0, 1), (2, 1, 2))
    assert not receipt.duplicate
    assert store.tile_versions(VOLUME, 2) == {
        (0, 0): receipt.revision,
        (0, 1): receipt.revision,
        (1, 2): receipt.revision,
    }


def test_paint_drops_what_lies_outside_the_slice(store):
    paint(store, [700, 0, 5], [0, 1099, 5000], [-1, 0, 3], [5, -9, 1])
    assert painted(store) == [[0, 1099, 1], [5, 0, 1]]


def test_overlapping_spans_of_one_edit_paint_once(store):
    paint(store, [0, 0, 3], [0, 1, 4], [0, 0, 3])
    assert painted(store) == [[0, x, 1] for x in range(4)]


@pytest.mark.parametrize("spans", [[], [[900, 0, 5]]])
def test_an_edit_without_a_pixel_changes_nothing_and_is_no_step(store, spans):
    receipt = paint(store, *spans)
    assert receipt.changed == ()
    assert store.history(VOLUME, user="ann") == History(0, 0)


def test_painting_the_same_again_changes_nothing_and_is_no_step(store):
    paint(store, [0, 0, 3])
    assert paint(store, [0, 1, 2]).changed == ()
    assert store.history(VOLUME, user="ann") == History(1, 0)


def test_label_0_erases(store):
    paint(store, [0, 0, 3])
    paint(store, [0, 1, 2], label=0)
    assert painted(store) == [[0, 0, 1], [0, 2, 1]]


def test_a_slice_erased_to_the_last_pixel_is_not_annotated(store):
    paint(store, [0, 0, 3], z=2)
    paint(store, [0, 0, 3], z=1)
    assert store.annotated_slices(VOLUME) == [1, 2]
    paint(store, [0, 0, 9], z=2, label=0)
    assert store.annotated_slices(VOLUME) == [1]
    assert store.tile_versions(VOLUME, 2) == {}
    assert not store.tile(VOLUME, (2, 0, 0)).any()


def test_the_revision_grows_by_one_with_every_edit(store):
    first = paint(store, [0, 0, 1]).revision
    assert paint(store, [0, 0, 1]).revision == first + 1
    assert undo(store).revision == first + 2
    assert store.revision(VOLUME) == first + 2


def test_a_new_database_does_not_repeat_the_revisions_of_an_older_one(store, new_url):
    from utils.labels.label_db import SqlLabelStore

    old = paint(store, [0, 0, 1])
    newer = SqlLabelStore(new_url())
    assert paint(newer, [0, 0, 1]).revision > old.revision
    newer.close()


def test_volumes_do_not_know_each_other(store):
    paint(store, [0, 0, 1], volume="other")
    assert painted(store) == []
    assert undo(store).changed == ()
    assert store.tile("other", (0, 0, 0))[0, 0] == 1


def test_paint_refuses_a_class_that_does_not_exist(store):
    with pytest.raises(InvalidInputError, match="Class 3 does not exist"):
        paint(store, [0, 0, 1], label=3)
    assert store.revision(VOLUME) == 0


@pytest.mark.parametrize("z", [-1, 3])
def test_paint_refuses_a_slice_that_does_not_exist(store, z):
    with pytest.raises(InvalidInputError, match=f"Slice {z} does not exist"):
        paint(store, [0, 0, 1], z=z)


def test_what_was_painted_is_there_after_a_restart(store, open_store: OpenStore):
    paint(store, [3, 3, 5], label=2)
    again = open_store()
    assert painted(again) == [[3, 3, 2], [3, 4, 2]]
    assert again.annotated_slices(VOLUME) == [0]


# The same id twice


def test_the_same_id_twice_paints_once_and_gives_the_first_receipt(store):
    first = paint(store, [0, 0, 3], id="6f9619ff-8b86-4011-b42d-00c04fc964ff")
    paint(store, [0, 0, 3], label=2)
    again = paint(store, [0, 0, 3], id="6f9619ff-8b86-4011-b42d-00c04fc964ff")
    assert again == replace(first, duplicate=True)
    assert painted(store) == [[0, x, 2] for x in range(3)]


def test_a_repeated_undo_takes_back_one_step_only(store):
    paint(store, [0, 0, 1])
    paint(store, [0, 1, 2])
    first = undo(store, id="6f9619ff-8b86-4011-b42d-00c04fc964ff")
    assert undo(store, id="6f9619ff-8b86-4011-b42d-00c04fc964ff") == replace(first, duplicate=True)
    assert painted(store) == [[0, 0, 1]]


def test_a_repeated_undo_of_nothing_takes_back_nothing_later(store):
    undo(store, id="6f9619ff-8b86-4011-b42d-00c04fc964ff")
    paint(store, [0, 0, 1])
    undo(store, id="6f9619ff-8b86-4011-b42d-00c04fc964ff")
    assert painted(store) == [[0, 0, 1]]


def test_a_repeated_redo_and_a_repeated_deletion_happen_once(store):
    paint(store, [0, 0, 1])
    paint(store, [0, 1, 2])
    undo(store)
    undo(store)
    first = redo(store, id="6f9619ff-8b86-4011-b42d-00c04fc964ff")
    assert redo(store, id="6f9619ff-8b86-4011-b42d-00c04fc964ff") == replace(first, duplicate=True)
    assert painted(store) == [[0, 0, 1]]
    gone = delete(store, 1, id="6f9619ff-8b86-4011-b42d-00c04fc964fe")
    assert delete(store, 1, id="6f9619ff-8b86-4011-b42d-00c04fc964fe") == replace(gone, duplicate=True)


# Undo and redo


def test_undo_and_redo_walk_through_all_steps(store):
    states = [pixels(store)]
    for x in range(4):
        paint(store, [0, x, x + 2], label=1 + x % 2)
        states.append(pixels(store))
    for state in states[-2::-1]:
        assert undo(store).changed == ((0, 0, 0),)
        np.testing.assert_array_equal(pixels(store), state)
    assert store.history(VOLUME, user="ann") == History(0, 4)
    assert undo(store).changed == ()
    for state in states[1:]:
        redo(store)
        np.testing.assert_array_equal(pixels(store), state)
    assert redo(store).changed == ()
    assert store.history(VOLUME, user="ann") == History(4, 0)


def test_undo_takes_back_an_erasure(store):
    paint(store, [0, 0, 3], label=2)
    paint(store, [0, 1, 9], label=0)
    undo(store)
    assert painted(store) == [[0, 0, 2], [0, 1, 2], [0, 2, 2]]


def test_undo_leaves_pixels_that_others_painted_since(store):
    paint(store, [0, 0, 4], user="ann")
    paint(store, [0, 2, 3], label=2, user="bob")
    undo(store, user="ann")
    assert painted(store) == [[0, 2, 2]]
    redo(store, user="ann")
    assert painted(store) == [[0, 0, 1], [0, 1, 1], [0, 2, 2], [0, 3, 1]]


def test_an_undo_after_a_redo_leaves_pixels_that_others_painted_alike_in_between(store):
    paint(store, [0, 0, 2], user="ann")
    undo(store, user="ann")
    paint(store, [0, 0, 1], user="bob")
    redo(store, user="ann")
    undo(store, user="ann")
    assert painted(store) == [[0, 0, 1]]


def test_undo_is_of_one_user_only(store):
    paint(store, [0, 0, 1], user="ann")
    assert undo(store, user="bob").changed == ()
    assert store.history(VOLUME, user="bob") == History(0, 0)


def test_a_new_edit_ends_what_could_be_redone(store):
    paint(store, [0, 0, 1])
    undo(store)
    paint(store, [0, 5, 6])
    assert store.history(VOLUME, user="ann") == History(1, 0)
    assert redo(store).changed == ()


def test_history_survives_a_restart(store, open_store: OpenStore):
    paint(store, [0, 0, 1])
    paint(store, [0, 1, 2])
    undo(store)
    again = open_store()
    assert again.history(VOLUME, user="ann") == History(1, 1)
    redo(again)
    assert painted(again) == [[0, 0, 1], [0, 1, 1]]


# What has changed


def test_changes_name_tiles_and_classes_since_a_revision(store):
    first = paint(store, [0, 0, 1])
    paint(store, [0, 600, 601], z=1)
    undo(store)
    news = store.changes(VOLUME, since=first.revision)
    assert news == Changes(first.revision + 2, ((1, 0, 1),), classes_changed=False)
    store.change_classes(VOLUME, lambda classes: rename_class(classes, 1, "pore"), user="ann")
    assert store.changes(VOLUME, since=news.revision) == Changes(news.revision + 1, (), classes_changed=True)


def test_a_revision_of_the_future_is_told_everything(store):
    """The database was restored from a backup: what the browser holds is worth nothing."""
    receipt = paint(store, [0, 0, 1])
    news = store.changes(VOLUME, since=receipt.revision + 10)
    assert news == Changes(receipt.revision, ((0, 0, 0),), classes_changed=True)


# Classes


def test_the_class_table_can_be_renamed_recolored_hidden_extended_and_reordered(store):
    one, two = DEFAULT_CLASSES
    table = (
        replace(two, visible=False),
        replace(one, name="Pore", color="#112233"),
        *add_class((), class_id=3, name="x"),
    )
    before = store.revision(VOLUME)
    revision = store.set_classes(VOLUME, table, user="ann")
    assert store.classes(VOLUME) == table
    assert store.revision(VOLUME) == revision > before
    assert store.next_class_id(VOLUME) == 4


def test_the_same_table_again_is_no_change(store):
    revision = store.set_classes(VOLUME, rename_class(DEFAULT_CLASSES, 1, "Pore"), user="ann")
    assert store.set_classes(VOLUME, rename_class(DEFAULT_CLASSES, 1, "Pore"), user="ann") == revision


def test_new_classes_names_and_colors_are_steps_and_locks_are_none(store):
    store.change_classes(VOLUME, lambda table: rename_class(table, 1, "Pore"), user="ann")
    store.change_classes(VOLUME, lambda table: recolor_class(table, 1, "#112233"), user="ann")
    store.change_classes(VOLUME, lambda table: add_class(table, class_id=3, name="crack"), user="ann")
    store.change_classes(VOLUME, lambda table: lock_class(table, 3, locked=True), user="ann")
    changed = store.classes(VOLUME)
    for left in (2, 1, 0):
        assert undo(store).changed == ()
        assert store.history(VOLUME, user="ann") == History(left, 3 - left)
    assert store.classes(VOLUME) == DEFAULT_CLASSES
    for _ in range(3):
        redo(store)
    assert [(c.id, c.name, c.color) for c in store.classes(VOLUME)] == [(c.id, c.name, c.color) for c in changed]
    assert told(store)[-1] == "Renamed Class 1 to Pore"


def test_undo_leaves_names_others_have_given_and_classes_others_paint_with(store):
    store.change_classes(VOLUME, lambda table: rename_class(table, 1, "Pore"), user="ann")
    store.change_classes(VOLUME, lambda table: add_class(table, class_id=3, name="crack"), user="ann")
    store.change_classes(VOLUME, lambda table: rename_class(table, 1, "Void"), user="bob")
    moment = paint(store, [0, 0, 1], label=3, user="bob").revision
    undo(store)
    undo(store)
    assert [c.name for c in store.classes(VOLUME)] == ["Void", "Class 2", "crack"]
    undo(store, user="bob")
    redo(store)
    redo(store)
    undo(store)
    assert [c.name for c in store.classes(VOLUME)] == ["Void", "Class 2"]
    restore(store, moment)
    assert (store.class_pixels(VOLUME), [c.name for c in store.classes(VOLUME)][2]) == ({3: 1}, "crack")


def grown(table):
    return add_class(table, class_id=3, name="crack")


def test_a_rewrite_brings_its_classes_and_is_one_step(store):
    edit = Rewrite(str(uuid.uuid4()), VOLUME, "import", [((0, 0, 0), filled_where_empty(3))], "ann", classes=grown)
    store.rewrite(edit)
    assert (store.history(VOLUME, user="ann"), store.class_pixels(VOLUME)) == (History(1, 0), {3: 512 * 512})
    undo(store)
    assert (store.class_pixels(VOLUME), store.classes(VOLUME)[-1].name) == ({}, "crack")


def test_a_rewrite_that_is_stopped_leaves_neither_pixels_nor_classes(store):
    paint(store, [0, 0, 3])
    before = store.revision(VOLUME), store.classes(VOLUME)

    def until_stopped():
        yield (0, 0, 0), filled_where_empty(3)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        store.rewrite(Rewrite(str(uuid.uuid4()), VOLUME, "import", until_stopped(), "ann", classes=grown))
    assert (store.revision(VOLUME), store.classes(VOLUME)) == before
    assert store.class_pixels(VOLUME) == {1: 3}


def test_a_table_that_breaks_a_rule_is_refused(store):
    with pytest.raises(InvalidInputError, match="at least one class"):
        store.set_classes(VOLUME, (), user="ann")
    with pytest.raises(InvalidInputError, match="used twice"):
        store.change_classes(VOLUME, lambda classes: recolor_class(classes, 1, classes[1].color), user="ann")
    assert store.classes(VOLUME) == DEFAULT_CLASSES


def test_a_painted_class_cannot_be_dropped_from_the_table(store):
    paint(store, [0, 0, 1], label=2)
    with pytest.raises(InvalidInputError, match="'Class 2' still has pixels"):
        store.set_classes(VOLUME, DEFAULT_CLASSES[:1], user="ann")
    paint(store, [0, 0, 1], label=0)
    store.set_classes(VOLUME, DEFAULT_CLASSES[:1], user="ann")
    assert store.classes(VOLUME) == DEFAULT_CLASSES[:1]


def test_the_id_of_a_deleted_class_never_comes_back(store):
    delete(store, 2)
    assert store.next_class_id(VOLUME) == 3
    with pytest.raises(InvalidInputError, match="Class 2 has been deleted"):
        store.set_classes(VOLUME, DEFAULT_CLASSES, user="bob")


def test_classes_added_at_the_same_time_are_all_there(open_store: OpenStore):
    def add(name: str) -> None:
        store = open_store()
        store.change_classes(
            VOLUME, lambda classes: add_class(classes, class_id=store.next_class_id(VOLUME), name=name), user=name
        )

    names = [f"class of {n}" for n in range(6)]
    threads = [threading.Thread(target=add, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    classes = open_store().classes(VOLUME)
    assert sorted(c.id for c in classes) == list(range(1, 9))
    assert {c.name for c in classes} > set(names)


def test_deleting_a_class_erases_it_on_every_slice_as_one_step(store):
    for z in range(3):
        paint(store, [0, 0, 2], [600, 1000, 1002], z=z, label=2)
        paint(store, [0, 1, 2], z=z, label=1)
    receipt = delete(store, 2)
    assert receipt.changed == tuple((z, ty, tx) for z in range(3) for ty, tx in ((0, 0), (1, 1)))
    assert all(painted(store, z) == [[0, 1, 1]] for z in range(3))
    assert store.classes(VOLUME) == DEFAULT_CLASSES[:1]
    assert store.changes(VOLUME, since=receipt.revision - 1).classes_changed


def test_undo_brings_a_deleted_class_and_its_pixels_back_and_redo_deletes_it_again(store):
    paint(store, [0, 0, 2], z=1, label=1)
    paint(store, [5, 0, 1], z=2, label=2)
    delete(store, 1)
    receipt = undo(store)
    assert receipt.changed == ((1, 0, 0),)
    assert store.classes(VOLUME) == DEFAULT_CLASSES
    assert painted(store, 1) == [[0, 0, 1], [0, 1, 1]]
    redo(store)
    assert store.classes(VOLUME) == DEFAULT_CLASSES[1:]
    assert store.annotated_slices(VOLUME) == [2]
    undo(store)
    assert painted(store, 1) == [[0, 0, 1], [0, 1, 1]]


def test_redoing_a_deletion_erases_what_was_painted_with_the_class_since(store):
    delete(store, 1)
    undo(store)
    paint(store, [0, 0, 2], label=1, user="bob")
    redo(store)
    assert painted(store) == []
    undo(store)
    assert painted(store) == [[0, 0, 1], [0, 1, 1]]


def test_undo_gives_a_class_another_name_and_color_if_others_took_them(store):
    delete(store, 1)
    taken = DEFAULT_CLASSES[0]
    store.change_classes(
        VOLUME, lambda cs: add_class(cs, class_id=3, name=taken.name.upper(), color=taken.color), user="bob"
    )
    undo(store)
    restored, two, three = store.classes(VOLUME)
    assert (restored.id, two.id, three.id) == (1, 2, 3)
    assert restored.name != three.name
    assert restored.color != three.color


def test_undo_does_not_bring_back_pixels_of_a_class_deleted_since(store):
    paint(store, [0, 0, 2], label=1, user="bob")
    paint(store, [0, 0, 1], label=2, user="ann")
    delete(store, 1, user="bob")
    undo(store, user="ann")
    assert painted(store) == []


def test_two_users_may_delete_and_restore_the_same_class_in_turn(store):
    paint(store, [0, 0, 2], label=1, user="bob")
    for user in ("ann", "bob"):
        delete(store, 1, user=user)
        undo(store, user=user)
    delete(store, 1, user="bob")
    redo(store, user="ann")
    undo(store, user="bob")
    undo(store, user="ann")
    assert store.classes(VOLUME) == DEFAULT_CLASSES
    assert painted(store) == [[0, 0, 1], [0, 1, 1]]


def test_the_last_class_cannot_be_deleted(store):
    delete(store, 1)
    with pytest.raises(InvalidInputError, match="at least one class"):
        delete(store, 2)


def test_a_class_that_does_not_exist_cannot_be_deleted(store):
    with pytest.raises(NotFoundError, match="Class 9 does not exist"):
        delete(store, 9)


def test_all_127_class_ids_can_be_used_and_none_more(store):
    def fill(classes):
        for class_id in range(3, MAX_CLASSES + 1):
            classes = add_class(classes, class_id=class_id)
        return classes

    store.change_classes(VOLUME, fill, user="ann")
    paint(store, [0, 0, 1], label=MAX_CLASSES)
    assert painted(store) == [[0, 0, MAX_CLASSES]]
    with pytest.raises(InvalidInputError, match="All 127 class ids"):
        store.change_classes(VOLUME, lambda cs: add_class(cs, class_id=store.next_class_id(VOLUME)), user="ann")


def test_class_pixels_counts_what_each_class_has_on_all_slices(store):
    paint(store, [0, 0, 5], z=0, label=1)
    paint(store, [9, 0, 4], z=2, label=1)
    paint(store, [0, 3, 6], z=0, label=2)
    assert store.class_pixels(VOLUME) == {1: 7, 2: 3}
    paint(store, [0, 0, 9], z=0, label=0)
    assert store.class_pixels(VOLUME) == {1: 4}


# Merges and cuts of instances

INSTANCES = InstanceSet(VOLUME, 1, 2)


def correct(store: LabelStore, *ids: int, user="ann", kind="merge", cut=None, id=None) -> Receipt:
    correction = Correction(kind, ids, tuple((0, 1, each) for each in ids), cut or {})
    return store.correct(INSTANCES, correction, edit_id=id or str(uuid.uuid4()), user=user)


def standing(store: LabelStore) -> list[tuple[int, ...]]:
    """The ids of the corrections that stand, in their order."""
    return [each.ids for each in store.corrections(INSTANCES)]


def test_merges_and_cuts_are_steps_among_the_strokes_of_their_author(store):
    spans = np.array([[5, 2, 9], [6, 2, 9]], np.int32)
    paint(store, [0, 0, 9])
    assert correct(store, 3, kind="cut", cut={2: spans}).changed == ()
    paint(store, [1, 0, 9])
    correct(store, 1, 2, user="bob")
    np.testing.assert_array_equal(store.corrections(INSTANCES)[0].cut[2], spans)
    assert store.corrections(INSTANCES)[1].anchors == ((0, 1, 1), (0, 1, 2))
    assert store.corrections(replace(INSTANCES, dims=3)) == []
    assert store.history(VOLUME, user="ann") == History(3, 0)
    assert [undo(store).of for _ in range(3)] == ["paint", "cut", "paint"]
    assert standing(store) == [(1, 2)]
    assert [redo(store).of for _ in range(4)] == ["paint", "cut", "paint", ""]
    assert standing(store) == [(3,), (1, 2)], "in the order they were made"
    assert [undo(store).of, undo(store).of, standing(store)] == ["paint", "cut", [(1, 2)]]


def test_a_correction_that_comes_twice_stands_once_and_its_receipt_is_kept(store):
    edit = str(uuid.uuid4())
    assert store.receipt(VOLUME, edit) is None
    first = correct(store, 1, 2, id=edit)
    assert correct(store, 1, 2, id=edit) == replace(first, duplicate=True) == store.receipt(VOLUME, edit)
    step = str(uuid.uuid4())
    undo(store, id=step)
    assert (undo(store, id=step).of, standing(store), store.history(VOLUME, user="ann")) == ("merge", [], History(0, 1))
    with pytest.raises(NotFoundError, match="99"):
        store.correct(InstanceSet(VOLUME, 99, 2), Correction("merge"), edit_id=edit[:-4] + "0000", user="ann")


def test_a_restored_moment_has_the_corrections_that_stood_then_and_undo_gives_back_those_of_now(store):
    correct(store, 1, 2)
    then = correct(store, 3, 4).revision
    undo(store)
    correct(store, 5, 6)
    store.restore(VOLUME, then, edit_id=str(uuid.uuid4()), user="ann")
    assert standing(store) == [(1, 2), (3, 4)]
    undo(store)
    assert standing(store) == [(1, 2), (5, 6)]
    redo(store)
    assert standing(store) == [(1, 2), (3, 4)]
    kinds = [(record.kind, sentence(record, {1: "pore"}, str)) for record in store.edits(VOLUME, limit=20)]
    assert ("merge", "Merged objects 5 and 6 of pore") in kinds
    assert ("undo", "Took back: merged objects 3 and 4 of pore") in kinds
