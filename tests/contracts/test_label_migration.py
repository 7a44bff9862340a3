"""Label databases that an earlier or a later program wrote."""

import uuid

import numpy as np
import pytest
from sqlalchemy import create_engine, inspect, text

from core.errors import UnavailableError
from core.labels.store import History, LabelStore, Paint
from utils.labels.label_db import SqlLabelStore

SHAPE = (1, 600, 600)
VERSION_1 = (
    "DROP TABLE label_snapshots",
    "DROP INDEX label_edits_revision",
    "DROP INDEX label_edits_kind",
    "UPDATE label_schema SET version = 1",
    """UPDATE label_volumes SET classes = '[{"id": 1, "name": "pore", "color": "#E69F00", "visible": true}]'""",
    """UPDATE label_edits SET detail = '{"axis": "z", "index": 0, "label": 1}'""",
)


def paint(store: LabelStore, *span: int) -> int:
    edit = Paint(str(uuid.uuid4()), "stack", 0, 1, np.array([span], np.int32), "ann")
    return store.paint(edit, shape=SHAPE).revision


@pytest.fixture
def old_url(url: str) -> str:
    """A database as version 1 left it, with one stroke."""
    store = SqlLabelStore(url)
    paint(store, 0, 0, 9)
    store.close()
    execute(url, *VERSION_1)
    return url


def execute(url: str, *statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as conn:
        for statement in statements:
            conn.execute(text(statement))
    engine.dispose()


def test_a_database_of_version_1_keeps_its_labels_steps_and_history(old_url):
    store = SqlLabelStore(old_url)
    assert int(np.count_nonzero(store.tile("stack", (0, 0, 0)))) == 9
    assert [(c.name, c.locked) for c in store.classes("stack")] == [("pore", False)]
    assert store.history("stack", user="ann") == History(1, 0)
    old = store.edits("stack")[0]
    assert (old.kind, old.detail["label"], old.tiles) == ("paint", 1, 1)
    paint(store, 1, 0, 9)
    store.keep_snapshot("stack", "before", old.revision, user="ann")
    store.restore("stack", old.revision, edit_id=str(uuid.uuid4()), user="ann")
    assert store.class_pixels("stack") == {1: 9}
    store.close()


def test_a_database_brought_up_to_date_is_like_a_new_one(old_url, new_url):
    tables = []
    for url in (old_url, new_url()):
        store = SqlLabelStore(url)
        store.revision("stack")
        store.close()
        engine = create_engine(url)
        seen = inspect(engine)
        names = sorted(name for name in seen.get_table_names() if name.startswith("label_"))
        tables.append({name: sorted(index["name"] for index in seen.get_indexes(name)) for name in names})
        engine.dispose()
    assert tables[0] == tables[1]


def test_a_database_of_a_later_program_is_refused(old_url):
    execute(old_url, "UPDATE label_schema SET version = 99")
    store = SqlLabelStore(old_url)
    with pytest.raises(UnavailableError, match="99"):
        store.revision("stack")
    store.close()
