"""The numpy model of the chaos benchmark against the real store, and that its judge sees what is wrong."""

import uuid

import numpy as np

from core.images.planes import turned
from core.labels.slices import read_slice
from core.labels.spans import EditBody
from core.labels.store import Paint
from scripts.benchmarks.chaos import count_repeats
from scripts.benchmarks.chaos_model import Row, read_rows, replay
from scripts.benchmarks.chaos_painters import AXES, random_spans
from utils.label_db import SqlLabelStore

SHAPE = (4, 530, 540)


def random_edit(rng: np.random.Generator) -> EditBody:
    axis = AXES[int(rng.integers(3))]
    count, *plane = turned(SHAPE, axis)
    spans = random_spans(rng, plane[0], plane[1])
    return EditBody(str(uuid.uuid4()), int(rng.integers(count)), int(rng.integers(3)), spans, axis)


def test_the_model_agrees_with_the_store_pixel_by_pixel(tmp_path):
    url, rng, sent = f"sqlite:///{tmp_path / 'labels.db'}", np.random.default_rng(1), {}
    store = SqlLabelStore(url)
    for _ in range(60):
        user, chance, edit_id = str(rng.choice(["ann", "bob"])), rng.random(), str(uuid.uuid4())
        if chance < 0.3:
            store.undo("v", edit_id=edit_id, user=user)
        elif chance < 0.5:
            store.redo("v", edit_id=edit_id, user=user)
        else:
            edit = random_edit(rng)
            sent[edit.id] = edit
            store.paint(Paint(edit.id, "v", edit.index, edit.label, edit.spans, user, edit.axis), shape=SHAPE)
    pixels = np.stack([read_slice(store, "v", z, SHAPE[1:]) for z in range(SHAPE[0])])
    store.close()
    np.testing.assert_array_equal(replay(read_rows(url, "v"), sent, SHAPE), pixels)
    assert pixels.any()


def test_the_same_stroke_under_two_ids_counts_as_applied_twice():
    spans = np.array([[0, 0, 9]], np.int32)
    sent = {name: EditBody(name, 0, 1, spans) for name in "abc"}
    rows = [Row("a", "ann", "paint", 1), Row("b", "ann", "paint", 2), Row("c", "bob", "paint", 3)]
    assert count_repeats(rows, sent) == 1
