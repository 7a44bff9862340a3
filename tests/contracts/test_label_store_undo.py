"""Undo and redo in every label store, and corrections of instances among the steps."""

import uuid
from dataclasses import replace

import numpy as np
import pytest

from core.errors import NotFoundError
from core.labels.corrections import Correction, InstanceSet
from core.labels.history import sentence
from core.labels.store import History, LabelStore, Receipt
from tests.contracts.conftest import OpenStore
from tests.contracts.label_acts import VOLUME, paint, painted, pixels, redo, undo

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
