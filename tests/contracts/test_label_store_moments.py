"""Moments of the labels in every store: listed, looked at, compared, restored, named."""

import pytest

from core.errors import InvalidInputError, NotFoundError
from core.labels.classes import DEFAULT_CLASSES, rename_class
from core.labels.moments import ADDED, CHANGED, REMOVED, Difference, Moment, Summary
from core.labels.planes import PlaneLabels
from core.labels.store import History
from tests.contracts.label_acts import VOLUME, delete, paint, painted, redo, restore, told, undo


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
