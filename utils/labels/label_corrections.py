"""Merges and cuts of instances in the label database: each stands from one revision until another.

So undo, redo and a restored moment treat them as they treat pixels. Every function works inside a transaction that
holds the volume's lock, or in one that only reads; `label_writes.py` calls those that write.
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from core.labels.corrections import Correction, InstanceSet
from utils.labels.label_tables import corrections

KINDS = ("merge", "cut", "restore")  # edits that may change which corrections stand

Standing = dict[int, Row[Any]]
"""Corrections by the revision of the edit that made them, in their order."""


def read_corrections(conn: Connection, volume: int, chosen: InstanceSet) -> list[Correction]:
    """Those that stand, in the order they were made."""
    here = corrections.c.class_id == chosen.class_id, corrections.c.dims == chosen.dims, corrections.c.until.is_(None)
    rows = conn.execute(_of(volume).where(*here).order_by(corrections.c.made))
    return [Correction.of_json(row.kind, json.loads(row.detail)) for row in rows]


def add_correction(
    conn: Connection, volume: int, chosen: InstanceSet, correction: Correction, *, revision: int
) -> None:
    """Let one more stand from `revision`, which its edit makes."""
    place = {"volume": volume, "class_id": chosen.class_id, "dims": chosen.dims}
    what = {"kind": correction.kind, "detail": json.dumps(correction.to_json())}
    conn.execute(insert(corrections).values(**place, made=revision, since=revision, **what))


def take_back_corrections(conn: Connection, volume: int, step: int, *, revision: int) -> None:
    """End what began to stand at `step`, and let stand again what ended there, as far as that still is so."""
    now = _standing(conn, volume)
    touched = conn.execute(_of(volume).where(or_(corrections.c.since == step, corrections.c.until == step))).all()
    _end(conn, [row for row in touched if row.since == step and row.made in now], revision)
    _stand_again(conn, [row for row in touched if row.until == step and row.made not in now], revision)


def restore_corrections(conn: Connection, volume: int, to: int, *, revision: int) -> bool:
    """Let those stand that stood at revision `to`, and no others. False when these are those of now."""
    then, now = _standing(conn, volume, at=to), _standing(conn, volume)
    _end(conn, [row for made, row in now.items() if made not in then], revision)
    _stand_again(conn, [row for made, row in then.items() if made not in now], revision)
    return then.keys() != now.keys()


def _of(volume: int) -> Any:
    return select(corrections).where(corrections.c.volume == volume)


def _standing(conn: Connection, volume: int, *, at: int | None = None) -> Standing:
    known = corrections.c
    when = known.until.is_(None) if at is None else (known.since <= at) & (known.until.is_(None) | (known.until > at))
    return {row.made: row for row in conn.execute(_of(volume).where(when).order_by(known.made))}


def _end(conn: Connection, rows: Iterable[Row[Any]], revision: int) -> None:
    for row in rows:
        here = corrections.c.volume == row.volume, corrections.c.made == row.made, corrections.c.until.is_(None)
        conn.execute(update(corrections).where(*here).values(until=revision))


def _stand_again(conn: Connection, rows: Iterable[Row[Any]], revision: int) -> None:
    for row in rows:
        kept = {name: value for name, value in row._mapping.items() if name != "number"}
        conn.execute(insert(corrections).values(**kept | {"since": revision, "until": None}))
