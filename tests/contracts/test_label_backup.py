"""Backups of labels, from and into SQLite and PostgreSQL."""

import itertools
import threading
import uuid
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, select

from core.errors import InvalidInputError, NotFoundError
from core.labels.store import History, LabelStore, Paint
from core.learning.curation.store import Item, Table
from scripts import backup_labels, restore_labels
from scripts.postgres import new_schema
from utils.curation.curation_db import SqlCurationStore
from utils.labels.label_backup import TABLES, back_up, check, checksum_beside, restore
from utils.labels.label_db import SqlLabelStore
from utils.labels.label_tables import volumes

SHAPE = (2, 600, 600)
SLICE = 600


def paint(store: LabelStore, row: int, *, class_id: int = 1, volume: str = "stack") -> int:
    edit = Paint(str(uuid.uuid4()), volume, 0, class_id, np.array([(row, 0, SLICE)], np.int32), "ann")
    return store.paint(edit, shape=SHAPE).revision


def rows_of(url: str) -> dict[str, list[tuple]]:
    """Every row of every table, but for the revision that a restore moves on."""
    engine = create_engine(url)
    with engine.connect() as conn:
        found = {
            table.name: sorted(conn.execute(select(*[c for c in table.c if c is not volumes.c.revision])), key=repr)
            for table in TABLES
        }
    engine.dispose()
    return {name: [tuple(row) for row in rows] for name, rows in found.items()}


@pytest.fixture
def painted(store: LabelStore, url: str) -> LabelStore:
    """Two strokes, one of them undone, a moment with a name, and a table of items."""
    store.keep_snapshot("stack", "before lunch", paint(store, 0), user="ann")
    paint(store, 1)
    store.undo("stack", edit_id=str(uuid.uuid4()), user="ann")
    tables = SqlCurationStore(url)
    tables.create(Table(str(uuid.uuid4()), "Frames", ("pore",), 1, "ann", 0.0), [Item(0, "stack")])
    tables.close()
    return store


@pytest.fixture
def backup(painted: LabelStore, url: str, tmp_path: Path) -> Path:
    file = tmp_path / "labels-backup.db"
    back_up(url, file)
    return file


def test_what_is_restored_elsewhere_is_what_was_there_row_by_row(backup, url, new_url):
    other = new_url()
    contents = restore(backup, other)
    assert (contents.volumes, contents.edits, contents.item_tables) == (1, 3, 1)
    assert rows_of(other) == rows_of(url)
    assert sorted(backup.parent.glob("labels-backup.db*")) == [backup, checksum_beside(backup)]


def test_people_go_on_painting_undoing_and_looking_back_after_a_restore(backup, new_url):
    other = new_url()
    restore(backup, other)
    store = SqlLabelStore(other)
    before = store.revision("stack")
    assert paint(store, 5) > before
    paint(store, 0, volume="another")  # row numbers go on too
    assert store.history("stack", user="ann") == History(2, 0)
    store.undo("stack", edit_id=str(uuid.uuid4()), user="ann")
    assert store.class_pixels("stack") == {1: SLICE}
    assert [each.name for each in store.snapshots("stack")] == ["before lunch"]
    store.close()


def test_a_revision_given_after_the_backup_is_never_given_again(backup, painted, url):
    lost = paint(painted, 7)
    restore(backup, url, overwrite=True)
    assert painted.revision("stack") > lost
    assert paint(painted, 8) > lost
    assert painted.class_pixels("stack") == {1: 2 * SLICE}


def test_labels_that_are_there_are_left_alone_unless_told(backup, painted, url):
    paint(painted, 9)
    with pytest.raises(InvalidInputError, match="holds labels of 1 volumes.*--overwrite"):
        restore(backup, url)
    assert painted.class_pixels("stack") == {1: 2 * SLICE}


def test_a_backup_of_one_kind_of_database_fills_the_other(backup, url, postgres, tmp_path):
    was_sqlite = url.startswith("sqlite")
    other = new_schema(postgres, "filled") if was_sqlite else f"sqlite:///{tmp_path / 'filled.db'}"
    restore(backup, other)
    assert rows_of(other) == rows_of(url)


def test_a_backup_made_while_people_paint_is_one_moment(store, open_store, url, tmp_path):
    """Each edit paints a row of two tiles: a backup with half an edit would hold an odd number of tile versions."""
    stop, painter = threading.Event(), open_store()
    paint(store, 0)

    def go_on() -> None:
        for row in itertools.count(1):
            if stop.is_set():
                return
            paint(painter, row % SLICE, class_id=(1 + row // SLICE) % 2)  # each changes something

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        for number in range(2):
            back_up(url, tmp_path / f"{number}.db")
    finally:
        stop.set()
        thread.join()
    for number in range(2):
        rows = rows_of(f"sqlite:///{tmp_path / f'{number}.db'}")
        assert len(rows["label_tile_versions"]) == 2 * len(rows["label_edits"]) > 0


def test_a_damaged_backup_and_one_without_its_checksum_change_nothing(backup, painted, url):
    whole = backup.read_bytes()
    backup.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(InvalidInputError, match="damaged"):
        restore(backup, url, overwrite=True)
    backup.write_bytes(whole)
    check(backup)
    checksum_beside(backup).unlink()
    with pytest.raises(NotFoundError, match="sha256sum"):
        restore(backup, url, overwrite=True)
    assert painted.class_pixels("stack") == {1: SLICE}


def test_backups_are_never_overwritten_and_nothing_is_backed_up_from_a_wrong_address(backup, url, tmp_path):
    with pytest.raises(InvalidInputError, match="never overwritten"):
        back_up(url, backup)
    with pytest.raises(NotFoundError, match="LABELS_DB_URI"):
        back_up(f"sqlite:///{tmp_path / 'nowhere.db'}", tmp_path / "new.db")
    assert not (tmp_path / "nowhere.db").exists()


def test_the_two_commands_say_what_they_did(painted, url, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LABELS_DB_URI", url)
    folder = tmp_path / "backups"
    folder.mkdir()
    assert backup_labels.main([str(folder)]) == 0
    file = next(folder.glob("labels-*Z.db"))
    assert restore_labels.main([str(file), "--check"]) == 0
    assert restore_labels.main([str(file)]) == 2
    assert restore_labels.main([str(file), "--overwrite"]) == 0
    said = capsys.readouterr()
    assert said.out.count("1 volumes, 3 edits, 1 tables of items") == 3
    assert "--overwrite" in said.err
