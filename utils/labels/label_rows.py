"""Rows of the label database as values: a volume with its classes, what an edit did, and what edits tell of classes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from core.labels.classes import DEFAULT_CLASSES, MAX_CLASSES, LabelClass
from core.labels.store import Receipt, TileIndex
from utils.labels.label_tables import edits, first_revision, tile_versions, volumes


@dataclass(frozen=True)
class VolumeRow:
    """A volume as the database knows it."""

    id: int
    revision: int
    classes: tuple[LabelClass, ...]
    classes_revision: int
    highest_class_id: int


def read_volume(conn: Connection, path: str, *, lock: bool = False) -> VolumeRow | None:
    """The row of a volume, None if it was never touched. `lock` keeps others from writing until the end."""
    query = select(volumes).where(volumes.c.path == path)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return None
    classes = tuple(LabelClass(**entry) for entry in json.loads(row.classes))
    return VolumeRow(row.id, row.revision, classes, row.classes_revision, row.highest_class_id)


def lock_volume(conn: Connection, path: str) -> VolumeRow:
    """The row of a volume, made if need be; nobody else writes to the volume until the transaction ends."""
    row = read_volume(conn, path, lock=True)
    if row is None:
        _insert_volume(conn, path)
        row = read_volume(conn, path, lock=True)
    assert row is not None
    return row


def _insert_volume(conn: Connection, path: str) -> None:
    revision = first_revision()
    values = {"path": path, "revision": revision, "classes_revision": revision}
    known = {"classes": to_json(DEFAULT_CLASSES), "highest_class_id": max(c.id for c in DEFAULT_CLASSES)}
    try:
        with conn.begin_nested():
            conn.execute(insert(volumes).values(**values, **known))
    except IntegrityError:  # another process was quicker
        return


def find_receipt(conn: Connection, volume: int, edit_id: str) -> Receipt | None:
    """What an edit did when it came first; None if it never came."""
    query = select(edits.c.revision, edits.c.detail).where(edits.c.volume == volume, edits.c.edit_id == edit_id)
    row = conn.execute(query).one_or_none()
    if row is None:
        return None
    changed = tuple(tiles_of(conn, volume, row.revision))
    return Receipt(row.revision, changed, duplicate=True, of=step_kind(json.loads(row.detail)))


def step_kind(detail: Mapping[str, Any]) -> str:
    """What kind of edit an undo or redo with this detail was of; "" when it was of none."""
    return str(detail.get("of", {}).get("kind", ""))


def tiles_of(conn: Connection, volume: int, revision: int) -> list[TileIndex]:
    version = tile_versions.c
    query = select(version.z, version.ty, version.tx).where(version.volume == volume, version.revision == revision)
    return [tuple(row) for row in conn.execute(query.order_by(version.z, version.ty, version.tx))]


def classes_of(kind: str, detail: Mapping[str, Any]) -> list[tuple[dict[str, Any], bool]]:
    """The classes that an edit tells of, each with its place in the table, and whether it took the class out."""
    if kind == "delete_class":
        return [(dict(detail), True)]
    return [({"class": after or before, "place": MAX_CLASSES}, after is None) for before, after in detail["rows"]]


def read_rows(rows: Iterable[Iterable[Any]]) -> list[tuple[LabelClass | None, LabelClass | None]]:
    """The rows of `core.labels.history.table_changes`."""
    pairs = [[LabelClass(**row) if row else None for row in pair] for pair in rows]
    return [(before, after) for before, after in pairs]


def to_json(classes: tuple[LabelClass, ...]) -> str:
    """A class table as the database keeps it."""
    return json.dumps([asdict(label_class) for label_class in classes])
