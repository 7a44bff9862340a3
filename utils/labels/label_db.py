"""Labels in a SQL database: SQLite in the state folder, or PostgreSQL when several machines share them.

Implements `core.labels.store.LabelStore` on the tables of `label_tables.py`. Every write is one transaction that
holds the volume's lock; `label_writes.py` is what happens inside.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Select, func, insert, select

from core.errors import InvalidInputError, NotFoundError
from core.images.planes import PlaneAxis, turned
from core.labels.classes import DEFAULT_CLASSES, LabelClass
from core.labels.corrections import Correction, InstanceSet
from core.labels.edits import unpack
from core.labels.history import EditRecord, Snapshot, check_snapshot_name
from core.labels.planes import parts_by_slice
from core.labels.spans import clip
from core.labels.store import Changes, ClassChange, History, Paint, Receipt, Rewrite, TileIndex
from utils.labels.label_class_changes import change_classes
from utils.labels.label_connections import LabelConnections
from utils.labels.label_corrections import read_corrections
from utils.labels.label_history import (
    drop_snapshot,
    first_tile,
    read_edits,
    read_snapshots,
    tiles_between,
    tiles_by_kind,
    versions_across_at,
    versions_at,
)
from utils.labels.label_rows import VolumeRow, find_receipt, lock_volume, read_volume, step_kind
from utils.labels.label_steps import DONE, read_steps
from utils.labels.label_tables import (
    class_pixels,
    create_tables,
    snapshots,
    tile_versions,
    tiles,
    volumes,
)
from utils.labels.label_writes import WriteTransaction

COMFORT = "Strokes not saved yet stay in the browser. "

Work = Callable[[WriteTransaction], None]


class SqlLabelStore:
    """The label store of the app.

    Parameters
    ----------
    url : SQLAlchemy URL. Nothing is connected before the first question; the tables are made then.

    Raises
    ------
    InvalidInputError, UnavailableError
        If `url` is not one, or its driver is missing.
    """

    def __init__(self, url: str) -> None:
        self._connections = LabelConnections(url, create_tables, comfort=COMFORT)
        self._transaction = self._connections.transaction

    def close(self) -> None:
        """Close the connections; the next question opens new ones."""
        self._connections.close()

    def classes(self, volume: str) -> tuple[LabelClass, ...]:
        row = self._volume(volume)
        return row.classes if row else DEFAULT_CLASSES

    def next_class_id(self, volume: str) -> int:
        row = self._volume(volume)
        return (row.highest_class_id if row else len(DEFAULT_CLASSES)) + 1

    def set_classes(self, volume: str, classes: Sequence[LabelClass], *, user: str) -> int:
        return self.change_classes(volume, lambda _: tuple(classes), user=user)

    def change_classes(self, volume: str, change: ClassChange, *, user: str) -> int:
        with self._transaction(writes=True) as conn:
            return change_classes(conn, volume, change, user=user).revision

    def delete_class(self, volume: str, class_id: int, *, edit_id: str, user: str) -> Receipt:
        def work(write: WriteTransaction) -> None:
            write.delete_class(class_id)
            write.state = DONE

        return self._write(volume, work, kind="delete_class", edit_id=edit_id, user=user)

    def paint(self, edit: Paint, *, shape: tuple[int, int, int]) -> Receipt:
        count, *plane = turned(shape, edit.axis)
        if not 0 <= edit.index < count:
            raise InvalidInputError(
                f"Slice {edit.index} does not exist; {edit.volume} has 0 to {count - 1}.", "Choose another slice."
            )
        parts = [(label, clip(spans, (plane[0], plane[1]))) for label, spans in edit.pieces()]

        def work(write: WriteTransaction) -> None:
            for label, _ in parts:
                _check_label(label, write.classes)
            labels = [label for label, _ in parts]
            write.detail = {"axis": edit.axis, "index": edit.index, "labels": labels} | edit.rule.header()
            for z, pieces in parts_by_slice(parts, edit.axis, edit.index).items():
                write.paint(z, pieces, edit.rule)

        return self._write(edit.volume, work, kind=edit.kind, edit_id=edit.id, user=edit.user)

    def rewrite(self, edit: Rewrite) -> Receipt:
        def work(write: WriteTransaction) -> None:
            write.detail = dict(edit.detail)
            write.rewrite(edit.tiles)

        return self._write(edit.volume, work, kind=edit.kind, edit_id=edit.id, user=edit.user, classes=edit.classes)

    def correct(self, chosen: InstanceSet, correction: Correction, *, edit_id: str, user: str) -> Receipt:
        def work(write: WriteTransaction) -> None:
            write.correct(chosen, correction)

        return self._write(chosen.volume, work, kind=correction.kind, edit_id=edit_id, user=user)

    def corrections(self, chosen: InstanceSet) -> list[Correction]:
        with self._past(chosen.volume) as (conn, row):
            return read_corrections(conn, row.id, chosen) if row else []

    def receipt(self, volume: str, edit_id: str) -> Receipt | None:
        with self._past(volume) as (conn, row):
            return find_receipt(conn, row.id, edit_id) if row else None

    def undo(self, volume: str, *, edit_id: str, user: str) -> Receipt:
        return self._write(volume, lambda write: write.undo(user), kind="undo", edit_id=edit_id, user=user)

    def redo(self, volume: str, *, edit_id: str, user: str) -> Receipt:
        return self._write(volume, lambda write: write.redo(user), kind="redo", edit_id=edit_id, user=user)

    def restore(self, volume: str, revision: int, *, edit_id: str, user: str) -> Receipt:
        return self._write(volume, lambda write: write.restore(revision), kind="restore", edit_id=edit_id, user=user)

    def edits(self, volume: str, *, before: int | None = None, limit: int = 50) -> tuple[EditRecord, ...]:
        with self._past(volume) as (conn, row):
            return read_edits(conn, row.id, before=before, limit=limit) if row else ()

    def snapshots(self, volume: str) -> tuple[Snapshot, ...]:
        with self._past(volume) as (conn, row):
            return read_snapshots(conn, row.id) if row else ()

    def keep_snapshot(self, volume: str, name: str, revision: int, *, user: str) -> None:
        values = {"name": check_snapshot_name(name), "revision": revision, "user": user, "at": time.time()}
        with self._transaction(writes=True) as conn:
            row = lock_volume(conn, volume)
            if not read_edits(conn, row.id, before=revision + 1, limit=1) or revision > row.revision:
                raise NotFoundError(f"There is no moment {revision} of these labels.", "Choose one from the history.")
            drop_snapshot(conn, row.id, values["name"])
            conn.execute(insert(snapshots).values(volume=row.id, **values))

    def drop_snapshot(self, volume: str, name: str) -> None:
        with self._transaction(writes=True) as conn:
            drop_snapshot(conn, lock_volume(conn, volume).id, name)

    def tile_at(self, volume: str, index: TileIndex, revision: int) -> NDArray[np.uint8] | None:
        return self._tile(volume, index, tile_versions.c.revision <= revision)

    def tile_versions_at(self, volume: str, z: int, revision: int) -> dict[tuple[int, int], int]:
        with self._past(volume) as (conn, row):
            return versions_at(conn, row.id, z, revision) if row else {}

    def changed_by(self, volume: str, revision: int) -> TileIndex | None:
        with self._past(volume) as (conn, row):
            return first_tile(conn, row.id, revision) if row else None

    def changed_by_kind(self, volume: str, kind: str) -> dict[TileIndex, tuple[int, ...]]:
        with self._past(volume) as (conn, row):
            return tiles_by_kind(conn, row.id, kind) if row else {}

    def changed_between(self, volume: str, *, since: int, until: int) -> tuple[TileIndex, ...]:
        with self._past(volume) as (conn, row):
            return tiles_between(conn, row.id, since, until) if row else ()

    def history(self, volume: str, *, user: str) -> History:
        with self._transaction() as conn:
            row = read_volume(conn, volume)
            return read_steps(conn, row.id, user) if row else History(0, 0)

    def revision(self, volume: str) -> int:
        row = self._volume(volume)
        return row.revision if row else 0

    def tile_versions(self, volume: str, z: int) -> dict[tuple[int, int], int]:
        here = tiles.c.volume == _id_of(volume), tiles.c.z == z, tiles.c.labelled > 0
        found = select(tiles.c.ty, tiles.c.tx, tiles.c.revision).where(*here).order_by(tiles.c.ty, tiles.c.tx)
        return {(ty, tx): revision for ty, tx, revision in self._rows(found)}

    def tile_versions_across(
        self, volume: str, axis: PlaneAxis, place: int, *, revision: int | None = None
    ) -> dict[tuple[int, int], int]:
        if revision is not None:
            with self._past(volume) as (conn, row):
                return versions_across_at(conn, row.id, axis, place, revision) if row else {}
        fixed, other = (tiles.c.ty, tiles.c.tx) if axis == "y" else (tiles.c.tx, tiles.c.ty)
        here = tiles.c.volume == _id_of(volume), fixed == place
        found = select(tiles.c.z, other, tiles.c.revision).where(*here).order_by(tiles.c.z, other)
        return {(z, at): revision for z, at, revision in self._rows(found)}

    def tile(self, volume: str, index: TileIndex) -> NDArray[np.uint8] | None:
        return self._tile(volume, index)

    def changes(self, volume: str, *, since: int) -> Changes:
        with self._transaction() as conn:
            row = read_volume(conn, volume)
            if row is None:
                return Changes(0, (), classes_changed=since > 0)
            known = since if since <= row.revision else 0
            place = tiles.c.z, tiles.c.ty, tiles.c.tx
            later = select(*place).where(tiles.c.volume == row.id, tiles.c.revision > known).order_by(*place)
            changed = tuple((z, ty, tx) for z, ty, tx in conn.execute(later))
            return Changes(row.revision, changed, classes_changed=row.classes_revision > known)

    def annotated_slices(self, volume: str) -> list[int]:
        here = class_pixels.c.volume == _id_of(volume), class_pixels.c.pixels > 0
        return [z for (z,) in self._rows(select(class_pixels.c.z).where(*here).distinct().order_by(class_pixels.c.z))]

    def class_pixels(self, volume: str) -> dict[int, int]:
        here = class_pixels.c.volume == _id_of(volume), class_pixels.c.pixels > 0
        total = select(class_pixels.c.class_id, func.sum(class_pixels.c.pixels)).where(*here)
        return {class_id: int(n) for class_id, n in self._rows(total.group_by(class_pixels.c.class_id))}

    def _write(
        self, volume: str, work: Work, *, kind: str, edit_id: str, user: str, classes: ClassChange | None = None
    ) -> Receipt:
        """Do `work`, after a change of classes, once however often `edit_id` comes."""
        with self._transaction(writes=True) as conn:
            row = lock_volume(conn, volume)
            receipt = find_receipt(conn, row.id, edit_id)
            if receipt:
                return receipt
            if classes is not None:
                row = change_classes(conn, volume, classes, user=user, step=False)
            write = WriteTransaction(conn, row)
            work(write)
            write.record(kind=kind, edit_id=edit_id, user=user)
            return Receipt(write.revision, tuple(write.changed), of=step_kind(write.detail))

    def _tile(self, volume: str, index: TileIndex, *which: ColumnElement[bool]) -> NDArray[np.uint8] | None:
        version, (z, ty, tx) = tile_versions.c, index
        here = version.volume == _id_of(volume), version.z == z, version.ty == ty, version.tx == tx
        newest = select(version.pixels).where(*here, *which).order_by(version.revision.desc()).limit(1)
        rows = self._rows(newest)
        return unpack(rows[0][0]) if rows else None

    @contextmanager
    def _past(self, volume: str) -> Iterator[tuple[Connection, VolumeRow | None]]:
        with self._transaction() as conn:
            yield conn, read_volume(conn, volume)

    def _volume(self, volume: str) -> VolumeRow | None:
        with self._transaction() as conn:
            return read_volume(conn, volume)

    def _rows(self, query: Select[Any]) -> Sequence[Any]:
        with self._transaction() as conn:
            return conn.execute(query).all()


def _check_label(label: int, classes: Sequence[LabelClass]) -> None:
    if label and all(c.id != label for c in classes):
        raise InvalidInputError(f"Class {label} does not exist (any more).", "Choose a class and paint it again.")


def _id_of(volume: str) -> Any:
    return select(volumes.c.id).where(volumes.c.path == volume).scalar_subquery()
