"""Rows of the curation tables as the values of `core.learning.curation.store`, and back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from core.errors import InvalidInputError, NotFoundError
from core.learning.curation.store import EXCLUDE, FLAGS, VALIDATION, Item, Queue, Row, Table
from utils.curation import curation_tables as sql
from utils.curation.curation_acts import batches

MAX_BATCH = 500


def read_table(conn: Connection, table: str) -> Table:
    """Raises NotFoundError."""
    row = conn.execute(select(sql.tables).where(sql.tables.c.id == table)).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no table {table[:40]!r} (any more).", "Open Curate and choose another.")
    return table_of(row)


def table_of(row: Any) -> Table:
    return Table(row.id, row.name, tuple(json.loads(row.classes)), row.count, row.user, row.at, row.revision)


def item_row(table: str, item: Item) -> dict[str, Any]:
    y0, x0, y1, x1 = item.box or (None,) * 4
    box = {"y0": y0, "x0": x0, "y1": y1, "x1": x1}
    where = {"table_id": table, "number": item.number, "volume": item.volume, "z": item.z, "subset": item.subset}
    return where | box


def read_items(conn: Connection, table: str, numbers: Sequence[int] | None = None) -> Iterator[Item]:
    """All items by number, or these."""
    found = select(sql.items).where(sql.items.c.table_id == table).order_by(sql.items.c.number)
    if numbers is None:
        yield from map(_item_of, conn.execute(found))
        return
    for part in batches(sorted(numbers)):
        yield from map(_item_of, conn.execute(found.where(sql.items.c.number.in_(part))))


def read_all_values(conn: Connection, table: str) -> dict[int, dict[str, int]]:
    """What is said of each item, by field as it is kept."""
    here = select(sql.values.c.item, sql.values.c.field, sql.values.c.value).where(sql.values.c.table_id == table)
    said: dict[int, dict[str, int]] = {}
    for item, field, value in conn.execute(here):
        said.setdefault(item, {})[field] = value
    return said


def row_of(item: Item, said: Mapping[str, int], classes: Sequence[str]) -> Row:
    values = {classes[int(field)]: value for field, value in said.items() if field not in FLAGS}
    return Row(item, values, exclude=bool(said.get(EXCLUDE)), validation=bool(said.get(VALIDATION)))


def check_queue(queue: Queue, table: Table) -> None:
    """Raises InvalidInputError."""
    if queue.asks not in table.classes:
        raise InvalidInputError(f"{queue.asks!r} is no class of the table.", "Choose one of its classes.")
    if not 1 <= queue.batch <= MAX_BATCH:
        raise InvalidInputError(f"A batch of {queue.batch} is not possible.", f"Choose 1 to {MAX_BATCH}.")
    wrong = [number for number in queue.items or () if not 0 <= number < table.count]
    if wrong or queue.items == ():
        raise InvalidInputError("The queue names no items of the table.", "Choose other filters.")


def keep_queue(conn: Connection, table: Table, queue: Queue) -> None:
    facts = {"asks": table.classes.index(queue.asks), "is_whole": queue.items is None, "again": queue.again}
    conn.execute(insert(sql.queues).values(table_id=table.id, id=queue.id, at=queue.at, batch=queue.batch, **facts))
    numbers = list(dict.fromkeys(queue.items or ()))  # each once
    rows = [{"table_id": table.id, "queue": queue.id, "place": at, "item": n} for at, n in enumerate(numbers)]
    if rows:
        conn.execute(insert(sql.queue_items), rows)


def read_queue(conn: Connection, table: Table, queue: str) -> Queue:
    """Raises NotFoundError. "" is the whole table, asked about its first class."""
    if not queue:
        return Queue("", table.classes[0])
    here = sql.queues.c.table_id == table.id, sql.queues.c.id == queue
    row = conn.execute(select(sql.queues).where(*here)).one_or_none()
    if row is None:
        raise NotFoundError("These questions are not there (any more).", "Open Curate and press Swipe these again.")
    numbers = None if row.is_whole else _queue_items(conn, table.id, queue)
    return Queue(queue, table.classes[row.asks], numbers, again=row.again, batch=row.batch, at=row.at)


def _queue_items(conn: Connection, table: str, queue: str) -> tuple[int, ...]:
    here = sql.queue_items.c.table_id == table, sql.queue_items.c.queue == queue
    return tuple(conn.execute(select(sql.queue_items.c.item).where(*here).order_by(sql.queue_items.c.place)).scalars())


def _item_of(row: Any) -> Item:
    box = None if row.y0 is None else (row.y0, row.x0, row.y1, row.x1)
    return Item(row.number, row.volume, row.z, box, row.subset)
