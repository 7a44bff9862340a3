"""Tables of items in the label database: implements `core.learning.curation.store.CurationStore`.

Its SQL tables stand beside those of the labels and name volumes by path: labels know nothing of them. Every write is
one transaction that holds the table's lock; `curation_acts.py` and `curation_leases.py` are what happens
inside.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection, delete, insert, select, update

from core.errors import InvalidInputError
from core.learning.curation.store import (
    LEASE_S,
    MAX_LEASES,
    VALUE_OF,
    Act,
    Decision,
    Item,
    Lease,
    Mark,
    Progress,
    Queue,
    Receipt,
    Row,
    Steps,
    Table,
    check_classes,
    check_mark,
)
from utils.curation import curation_tables as sql
from utils.curation.curation_acts import (
    NOTED,
    bring_back,
    check_act_id,
    field_of,
    find_receipt,
    mark,
    read_steps,
    record,
    take_back,
    touch,
)
from utils.curation.curation_leases import count_progress, forget_lease, hold, is_open, lease_items, release_items
from utils.curation.curation_rows import (
    check_queue,
    item_row,
    keep_queue,
    read_all_values,
    read_items,
    read_queue,
    read_table,
    row_of,
    table_of,
)
from utils.labels.label_connections import LabelConnections


class SqlCurationStore:
    """The curation store of the app. Nothing is connected before the first question; the tables are made then.

    Parameters
    ----------
    url : SQLAlchemy URL of the label database.
    """

    def __init__(self, url: str) -> None:
        self._connections = LabelConnections(url, sql.metadata.create_all)
        self._transaction = self._connections.transaction

    def close(self) -> None:
        """Close the connections; the next question opens new ones."""
        self._connections.close()

    def tables(self, *, volume: str | None = None) -> tuple[Table, ...]:
        newest = select(sql.tables).order_by(sql.tables.c.at.desc(), sql.tables.c.id)
        if volume is not None:
            of_it = select(sql.items.c.number).where(sql.items.c.table_id == sql.tables.c.id)
            newest = newest.where(of_it.where(sql.items.c.volume == volume).exists())
        with self._transaction() as conn:
            return tuple(table_of(row) for row in conn.execute(newest))

    def table(self, table: str) -> Table:
        with self._transaction() as conn:
            return read_table(conn, table)

    def create(self, table: Table, items: Sequence[Item]) -> Table:
        check_act_id(table.id)
        made = replace(table, classes=check_classes(table.classes), count=len(items), at=time.time(), revision=1)
        with self._transaction(writes=True) as conn:
            if conn.execute(select(sql.tables.c.id).where(sql.tables.c.id == table.id)).first():
                return read_table(conn, table.id)
            row = vars(made) | {"classes": json.dumps(made.classes)}
            conn.execute(insert(sql.tables).values(**row))
            for part in range(0, len(items), 5000):
                conn.execute(insert(sql.items), [item_row(made.id, item) for item in items[part : part + 5000]])
        return made

    def drop(self, table: str) -> None:
        with self._locked(table) as (conn, _):
            mine = select(sql.acts.c.number).where(sql.acts.c.table_id == table)
            conn.execute(delete(sql.changes).where(sql.changes.c.act.in_(mine)))
            for kept in (sql.leases, sql.queue_items, sql.queues, sql.acts, sql.values, sql.items):
                conn.execute(delete(kept).where(kept.c.table_id == table))
            conn.execute(delete(sql.tables).where(sql.tables.c.id == table))

    def name_classes(self, table: str, classes: Sequence[str]) -> Table:
        names = check_classes(classes)
        with self._locked(table) as (conn, known):
            if len(names) < len(known.classes):
                raise InvalidInputError("A class cannot be taken out of a table.", "Leave it unlabelled, or rename it.")
            conn.execute(update(sql.tables).where(sql.tables.c.id == table).values(classes=json.dumps(names)))
            touch(conn, table)
            return read_table(conn, table)

    def rows(self, table: str) -> tuple[Row, ...]:
        with self._transaction() as conn:
            known = read_table(conn, table)
            said = read_all_values(conn, table)
            return tuple(row_of(item, said.get(item.number, {}), known.classes) for item in read_items(conn, table))

    def act(self, table: str, act: Act) -> Receipt:
        check_act_id(act.id)

        def work(conn: Connection, known: Table) -> Receipt:
            for each in act.marks:
                check_mark(each, known)
            return mark(conn, known, act)

        return self._once(table, act.id, act.user, work)

    def set_subsets(self, table: str, subsets: Mapping[int, str]) -> None:
        with self._locked(table) as (conn, _):
            for number, subset in subsets.items():
                here = sql.items.c.table_id == table, sql.items.c.number == number
                conn.execute(update(sql.items).where(*here).values(subset=subset))
            touch(conn, table)

    def undo(self, table: str, *, act_id: str, user: str, of: str = "") -> Receipt:
        check_act_id(act_id)
        return self._once(table, act_id, user, lambda conn, _: take_back(conn, table, act_id=act_id, user=user, of=of))

    def redo(self, table: str, *, act_id: str, user: str) -> Receipt:
        check_act_id(act_id)
        return self._once(table, act_id, user, lambda conn, _: bring_back(conn, table, act_id=act_id, user=user))

    def steps(self, table: str, *, user: str) -> Steps:
        with self._transaction() as conn:
            return read_steps(conn, table, user)

    def make_queue(self, table: str, queue: Queue) -> Queue:
        check_act_id(queue.id)
        with self._locked(table) as (conn, known):
            check_queue(queue, known)
            here = sql.queues.c.table_id == table, sql.queues.c.id == queue.id
            if conn.execute(select(sql.queues.c.id).where(*here)).first() is None:
                keep_queue(conn, known, replace(queue, at=time.time()))
            return read_queue(conn, known, queue.id)

    def queue(self, table: str, queue: str) -> Queue:
        with self._transaction() as conn:
            return read_queue(conn, read_table(conn, table), queue)

    def lease(self, table: str, queue: str, *, owner: str, user: str, count: int, lasts_s: float = LEASE_S) -> Lease:
        check_act_id(owner)
        with self._locked(table) as (conn, known):
            asked = read_queue(conn, known, queue)
            mine = {"owner": owner, "user": user, "count": min(max(count, 0), MAX_LEASES), "lasts_s": lasts_s}
            numbers, expires = lease_items(conn, table, asked, field_of(asked.asks, known.classes), **mine)
            found = {item.number: item for item in read_items(conn, table, numbers)}
            return Lease(owner, tuple(found[number] for number in numbers), expires)

    def release(self, table: str, *, owner: str, items: Sequence[int] | None = None) -> None:
        with self._locked(table) as (conn, _):
            release_items(conn, table, owner=owner, items=items)

    def hold(self, table: str, queue: str, items: Sequence[int], *, owner: str, user: str) -> None:
        with self._locked(table) as (conn, known):
            field = field_of(read_queue(conn, known, queue).asks, known.classes)
            hold(conn, table, field, items, owner=owner, user=user, lasts_s=LEASE_S)

    def decide(self, table: str, queue: str, decision: Decision) -> Receipt:
        check_act_id(decision.id)

        def work(conn: Connection, known: Table) -> Receipt:
            asked = read_queue(conn, known, queue)
            said = Mark(decision.item, asked.asks, VALUE_OF[decision.verdict])
            check_mark(said, known)
            field = field_of(asked.asks, known.classes)
            act = Act(decision.id, decision.user, (said,), "swipe", decision.seconds)
            if not is_open(conn, table, asked, field, decision.item):
                record(conn, table, replace(act, kind="late"), state=NOTED, queue=queue)
                return Receipt((), read_steps(conn, table, decision.user), late=True)
            forget_lease(conn, table, field, decision.item)
            return mark(conn, known, act, queue=queue)

        return self._once(table, decision.id, decision.user, work)

    def progress(self, table: str, queue: str) -> Progress:
        with self._transaction() as conn:
            known = read_table(conn, table)
            asked = read_queue(conn, known, queue)
            return count_progress(conn, table, asked, field_of(asked.asks, known.classes))

    def _once(self, table: str, act_id: str, user: str, work: Callable[[Connection, Table], Receipt]) -> Receipt:
        """Do `work` once, however often `act_id` comes."""
        with self._locked(table) as (conn, known):
            return find_receipt(conn, table, act_id, user) or work(conn, known)

    @contextmanager
    def _locked(self, table: str) -> Iterator[tuple[Connection, Table]]:
        """A transaction that nobody else writes beside."""
        with self._transaction(writes=True) as conn:
            conn.execute(select(sql.tables.c.id).where(sql.tables.c.id == table).with_for_update())
            yield conn, read_table(conn, table)
