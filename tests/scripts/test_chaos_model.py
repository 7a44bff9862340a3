"""The numpy model of the chaos benchmark against the real store, and that its judge sees what is wrong."""

import uuid

import numpy as np

from core.labels.slices import read_slice
from core.labels.spans import EditBody
from core.labels.store import Paint
from scripts.benchmarks.chaos import count_repeats
from scripts.benchmarks.chaos_model import Row, read_rows, replay
from scripts.benchmarks.chaos_painters import CLASSES, random_edit
from utils.labels.label_db import SqlLabelStore

SHAPE = (4, 530, 540)


def test_the_model_agrees_with_the_store_pixel_by_pixel(tmp_path):
    url, rng, sent = f"sqlite:///{tmp_path / 'labels.db'}", np.random.default_rng(1), {}
    store = SqlLabelStore(url)
    store.set_classes("v", CLASSES, user="nobody")
    for _ in range(60):
        user, chance, edit_id = str(rng.choice(["ann", "bob"])), rng.random(), str(uuid.uuid4())
        if chance < 0.3:
            store.undo("v", edit_id=edit_id, user=user)
        elif chance < 0.5:
            store.redo("v", edit_id=edit_id, user=user)
        else:
            sent[edit_id] = edit = random_edit(rng, SHAPE, edit_id)
            what = edit.axis, edit.parts, edit.rule
            store.paint(Paint(edit_id, "v", edit.index, edit.label, edit.spans, user, *what), shape=SHAPE)
    pixels = np.stack([read_slice(store, "v", z, SHAPE[1:]) for z in range(SHAPE[0])])
    store.close()
    np.testing.assert_array_equal(replay(read_rows(url, "v"), sent, SHAPE), pixels)
    assert set(np.unique(pixels)) == {0, 1, 2, 3, 4}


def test_the_same_stroke_under_two_ids_counts_as_applied_twice():
    spans = np.array([[0, 0, 9]], np.int32)
    sent = {name: EditBody(name, 0, 1, spans) for name in "abc"}
    rows = [Row("a", "ann", "paint", 1), Row("b", "ann", "paint", 2), Row("c", "bob", "paint", 3)]
    assert count_repeats(rows, sent) == 1
