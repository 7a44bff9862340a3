"""What every label store must do, whatever it is made of: painting, ids that come twice, what has changed."""

from dataclasses import replace

import pytest

from core.errors import InvalidInputError
from core.labels.classes import DEFAULT_CLASSES, rename_class
from core.labels.store import Changes, History
from tests.contracts.conftest import OpenStore
from tests.contracts.label_acts import VOLUME, delete, paint, painted, redo, undo

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
