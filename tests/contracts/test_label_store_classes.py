"""The class table of every label store, and pixels of classes that come and go."""

import threading
import uuid
from dataclasses import replace

import pytest

from core.errors import InvalidInputError, NotFoundError
from core.labels.classes import DEFAULT_CLASSES, MAX_CLASSES, add_class, lock_class, recolor_class, rename_class
from core.labels.store import History, Rewrite
from tests.contracts.conftest import OpenStore
from tests.contracts.label_acts import (
    VOLUME,
    delete,
    filled_where_empty,
    paint,
    painted,
    redo,
    restore,
    told,
    undo,
)


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
