"""What happens inside one transaction when something is said of items, or taken back. `curation_db.py` opens it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from core.errors import InvalidInputError
from core.learning.curation.store import FLAGS, Act, Kind, Mark, Receipt, Steps, Table
from utils.curation.curation_tables import acts, changes, tables, values

DONE, UNDONE, DROPPED, NOTED = "done", "undone", "dropped", "noted"
AT_ONCE = 500  # numbers in one question; SQLite takes 32,766

Place = tuple[int, str]
"""(item, field as it is kept)"""


@dataclass(frozen=True)
class Change:
    """What an act has made of one field of one item. None: nothing said."""

    place: Place
    before: int | None
    after: int | None


def field_of(name: str, classes: Sequence[str]) -> str:
    """A field as it is kept: the number of a class outlives its name."""
    return name if name in FLAGS else str(classes.index(name))


def find_receipt(conn: Connection, table: str, act_id: str, user: str) -> Receipt | None:
    """What an act has come to that has arrived before."""
    row = conn.execute(select(acts).where(acts.c.table_id == table, acts.c.act_id == act_id)).one_or_none()
    if row is None:
        return None
    touched = changed_items(conn, row.of or row.number)
    return Receipt(touched, read_steps(conn, table, user), late=row.kind == "late")


def changed_items(conn: Connection, act: int) -> tuple[int, ...]:
    found = select(changes.c.item).where(changes.c.act == act).distinct().order_by(changes.c.item)
    return tuple(item for (item,) in conn.execute(found))


def read_steps(conn: Connection, table: str, user: str) -> Steps:
    mine = acts.c.table_id == table, acts.c.user == user, acts.c.state.in_((DONE, UNDONE))
    counts = dict(conn.execute(select(acts.c.state, func.count()).where(*mine).group_by(acts.c.state)).tuples().all())
    return Steps(undo=counts.get(DONE, 0), redo=counts.get(UNDONE, 0))


def record(conn: Connection, table: str, act: Act, *, state: str, queue: str = "", of: int | None = None) -> int:
    """Write down that something was said; returns the number of the act."""
    row = {
        "table_id": table, "act_id": act.id, "user": act.user, "at": time.time(), "seconds": act.seconds,
        "kind": act.kind, "state": state, "queue": queue, "of": of,
    }  # fmt: skip
    number: int = conn.execute(insert(acts).values(**row)).inserted_primary_key[0]
    return number


def mark(conn: Connection, table: Table, act: Act, *, queue: str = "") -> Receipt:
    """Do what an act says. Marks that change nothing leave no trace; one without any is only noted."""
    wanted = {(each.item, field_of(each.field, table.classes)): each.value for each in act.marks}
    known = read_values(conn, table.id, wanted)
    again = act.kind == "swipe"  # an answer counts, even one that says what was said before
    made = [Change(at, known.get(at), after) for at, after in wanted.items() if again or known.get(at) != after]
    number = record(conn, table.id, act, state=DONE if made else NOTED, queue=queue)
    if made:
        _drop_undone(conn, table.id, act.user)
        _keep(conn, number, made)
        write_values(conn, table.id, number, {change.place: change.after for change in made}, at=time.time())
    touch(conn, table.id)
    touched = tuple(sorted({item for item, _ in wanted}))
    return Receipt(touched, read_steps(conn, table.id, act.user))


def take_back(conn: Connection, table: str, *, act_id: str, user: str, of: str) -> Receipt:
    """Undo the newest act of a person, or the one called `of`."""
    mine = acts.c.table_id == table, acts.c.user == user, acts.c.state == DONE
    named = (acts.c.act_id == of,) if of else ()
    newest = select(acts.c.number).where(*mine, *named).order_by(acts.c.number.desc()).limit(1)
    return _step(conn, table, conn.execute(newest).scalar(), Act(act_id, user, (), "undo"))


def bring_back(conn: Connection, table: str, *, act_id: str, user: str) -> Receipt:
    """Redo what was undone last."""
    mine = acts.c.table_id == table, acts.c.user == user, acts.c.state == UNDONE
    oldest = select(acts.c.number).where(*mine).order_by(acts.c.number).limit(1)
    return _step(conn, table, conn.execute(oldest).scalar(), Act(act_id, user, (), "redo"))


def _step(conn: Connection, table: str, number: int | None, act: Act) -> Receipt:
    """Take an act back, or do it again: only where the label is still what it left behind."""
    record(conn, table, act, state=NOTED, of=number)
    if number is None:
        return Receipt((), read_steps(conn, table, act.user))
    undo = act.kind == "undo"
    done = read_changes(conn, number)
    known = read_values(conn, table, [change.place for change in done])
    ends = {c.place: (c.after, c.before) if undo else (c.before, c.after) for c in done}
    new = {place: to for place, (since, to) in ends.items() if known.get(place) == since}
    write_values(conn, table, number, new, at=0.0 if undo else time.time())  # 0: said before any queue was made
    conn.execute(update(acts).where(acts.c.number == number).values(state=UNDONE if undo else DONE))
    touch(conn, table)
    return Receipt(tuple(sorted({item for item, _ in new})), read_steps(conn, table, act.user))


def read_changes(conn: Connection, act: int) -> list[Change]:
    found = conn.execute(select(changes).where(changes.c.act == act))
    return [Change((row.item, row.field), row.before, row.after) for row in found]


def read_values(conn: Connection, table: str, places: Mapping[Place, Any] | Sequence[Place]) -> dict[Place, int]:
    """What is said at these places; a place without a label is left out."""
    numbers = sorted({item for item, _ in places})
    wanted, found = set(places), {}
    for part in batches(numbers):
        here = values.c.table_id == table, values.c.item.in_(part)
        rows = conn.execute(select(values.c.item, values.c.field, values.c.value).where(*here))
        found |= {(item, field): value for item, field, value in rows if (item, field) in wanted}
    return found


def write_values(conn: Connection, table: str, act: int, new: Mapping[Place, int | None], *, at: float) -> None:
    """Labels as they are from now on."""
    by_field: dict[str, list[int]] = {}
    for item, field in new:
        by_field.setdefault(field, []).append(item)
    for field, numbers in by_field.items():
        for part in batches(numbers):
            here = values.c.table_id == table, values.c.field == field, values.c.item.in_(part)
            conn.execute(delete(values).where(*here))
    rows = [
        {"table_id": table, "item": item, "field": field, "value": value, "act": act, "at": at}
        for (item, field), value in new.items()
        if value is not None
    ]
    if rows:
        conn.execute(insert(values), rows)


def batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Parts short enough for one question."""
    return (numbers[at : at + AT_ONCE] for at in range(0, len(numbers), AT_ONCE))


def touch(conn: Connection, table: str) -> None:
    """The table has changed."""
    conn.execute(update(tables).where(tables.c.id == table).values(revision=tables.c.revision + 1))


def check_act_id(text: str) -> str:
    """An id that a browser has made. Raises InvalidInputError."""
    if not 0 < len(text) <= 36 or not text.isascii() or not text.isprintable():
        raise InvalidInputError(f"{text[:40]!r} is no id of an act.", "Ids are UUIDs; reload the page.")
    return text


def act_of(decision_id: str, user: str, marks: Sequence[Mark], kind: Kind, seconds: float) -> Act:
    """An act with a checked id."""
    return Act(check_act_id(decision_id), user, marks, kind, seconds)


def _drop_undone(conn: Connection, table: str, user: str) -> None:
    """What was undone cannot be done again once something else was said."""
    mine = acts.c.table_id == table, acts.c.user == user, acts.c.state == UNDONE
    conn.execute(update(acts).where(*mine).values(state=DROPPED))


def _keep(conn: Connection, act: int, made: Sequence[Change]) -> None:
    rows = [{"act": act, "item": c.place[0], "field": c.place[1], "before": c.before, "after": c.after} for c in made]
    conn.execute(insert(changes), rows)
