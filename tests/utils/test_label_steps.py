"""The kept counts of steps: always what the edits say, also for a database from before there were counts."""

import uuid

import numpy as np
from sqlalchemy import create_engine, delete

from core.labels.store import History, Paint
from utils.labels.label_db import SqlLabelStore
from utils.labels.label_tables import steps


def test_a_history_without_kept_counts_is_counted_once_and_kept_from_then_on(tmp_path):
    url = f"sqlite:///{tmp_path / 'labels.db'}"
    store = SqlLabelStore(url)
    for y in range(3):
        spans = np.array([[y, 0, 9]], np.int32)
        store.paint(Paint(str(uuid.uuid4()), "v", 0, 1, spans, "ann"), shape=(1, 20, 20))
    store.undo("v", edit_id=str(uuid.uuid4()), user="ann")
    with create_engine(url).begin() as conn:
        conn.execute(delete(steps))
    assert store.history("v", user="ann") == History(2, 1)
    store.redo("v", edit_id=str(uuid.uuid4()), user="ann")
    assert store.history("v", user="ann") == History(3, 0)
    store.undo("v", edit_id=str(uuid.uuid4()), user="ann")
    assert store.history("v", user="ann") == History(2, 1)
    store.close()
