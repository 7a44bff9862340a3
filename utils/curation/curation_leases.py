"""Who is asked about which item: the open items of a queue, and leases on them, inside one transaction.

An item is open while nobody has answered, nobody excludes it, and no other window holds it. `curation_db.py` holds the
table's lock meanwhile, so two windows never get the same item.
"""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, delete, func, insert, or_, select, update

from core.learning.curation.store import EXCLUDE, UNSURE, Progress, Queue
from utils.curation.curation_acts import NOTED, batches
from utils.curation.curation_tables import acts, items, leases, queue_items, values

SWIPE = "swipe"


def lease_items(
    conn: Connection, table: str, queue: Queue, field: str, *, owner: str, user: str, count: int, lasts_s: float
) -> tuple[list[int], float]:
    """Numbers of the items that a window may ask about, in the order of the queue, and until when."""
    now = time.time()
    conn.execute(delete(leases).where(leases.c.table_id == table, leases.c.expires <= now))
    held = _numbers(conn, _of_queue(_held(table, queue, field, owner), table, queue))
    _let_go_of_answered(conn, table, field, owner, held)
    conn.execute(update(leases).where(*_mine(table, owner)).values(expires=now + lasts_s))
    free = _numbers(conn, _of_queue(_free(table, queue, field, max(count - len(held), 0)), table, queue))
    row = {"table_id": table, "field": field, "owner": owner, "user": user, "expires": now + lasts_s}
    if free:
        conn.execute(insert(leases), [row | {"item": number} for number in free])
    return held + free, now + lasts_s


def release_items(conn: Connection, table: str, *, owner: str, items: Sequence[int] | None) -> None:
    """Let others have what a window holds."""
    if items is None:
        conn.execute(delete(leases).where(*_mine(table, owner)))
        return
    for part in batches(items):
        conn.execute(delete(leases).where(*_mine(table, owner), leases.c.item.in_(part)))


def forget_lease(conn: Connection, table: str, field: str, item: int) -> None:
    """The question is answered."""
    here = leases.c.table_id == table, leases.c.field == field, leases.c.item == item
    conn.execute(delete(leases).where(*here))


def hold(
    conn: Connection, table: str, field: str, numbers: Sequence[int], *, owner: str, user: str, lasts_s: float
) -> None:
    """Give items to the window that has just taken its answers back, unless another has them."""
    expires = time.time() + lasts_s
    for number in numbers:
        here = leases.c.table_id == table, leases.c.field == field, leases.c.item == number
        conn.execute(delete(leases).where(*here, leases.c.expires <= time.time()))
        if conn.execute(select(leases.c.item).where(*here)).first() is None:
            row = {"table_id": table, "field": field, "item": number, "owner": owner, "user": user}
            conn.execute(insert(leases).values(**row, expires=expires))


def is_open(conn: Connection, table: str, queue: Queue, field: str, item: int) -> bool:
    """Whether nobody has answered the queue's question about an item."""
    found = select(values.c.value, values.c.at).where(
        values.c.table_id == table, values.c.field == field, values.c.item == item
    )
    row = conn.execute(found).one_or_none()
    return row is None or (queue.again and row.value == UNSURE and row.at < queue.at)


def count_progress(conn: Connection, table: str, queue: Queue, field: str) -> Progress:
    """How far the queue is, in one look."""
    said = values.alias("said")
    base = _joined(table, said, field)
    counted = select(said.c.value, func.count()).select_from(base).where(items.c.table_id == table)
    within = _of_queue(counted.group_by(said.c.value), table, queue, ordered=False)
    counts = dict(conn.execute(within).tuples().all())
    is_leased = leases.c.table_id == table, leases.c.field == field, leases.c.expires > time.time()
    leased = conn.execute(select(func.count()).select_from(leases).where(*is_leased)).scalar() or 0
    still = conn.execute(select(func.count()).select_from(_open(table, queue, field).subquery())).scalar() or 0
    return Progress(
        total=sum(counts.values()),
        open=still,
        accepted=counts.get(1, 0),
        rejected=counts.get(0, 0),
        unsure=counts.get(UNSURE, 0),
        leased=leased,
        people=_people(conn, table, queue),
    )


def _people(conn: Connection, table: str, queue: Queue) -> dict[str, int]:
    mine = acts.c.table_id == table, acts.c.kind == SWIPE, acts.c.queue == queue.id, acts.c.state != NOTED
    found = select(acts.c.user, func.count()).where(*mine, acts.c.state == "done").group_by(acts.c.user)
    return dict(conn.execute(found).tuples().all())


def _mine(table: str, owner: str) -> tuple[ColumnElement[bool], ...]:
    return leases.c.table_id == table, leases.c.owner == owner


def _joined(table: str, said: Any, field: str) -> FromClause:
    """Items with what is said of them in one field."""
    is_said = and_(said.c.table_id == table, said.c.item == items.c.number, said.c.field == field)
    return items.outerjoin(said, is_said)


def _open(table: str, queue: Queue, field: str) -> Select[Any]:
    """Numbers of the items that the queue still asks about, whoever looks at them."""
    said, out = values.alias("said"), values.alias("out")
    is_out = and_(out.c.table_id == table, out.c.item == items.c.number, out.c.field == EXCLUDE)
    base = _joined(table, said, field).outerjoin(out, is_out)
    unsaid = said.c.value.is_(None)
    left = or_(unsaid, and_(said.c.value == UNSURE, said.c.at < queue.at)) if queue.again else unsaid
    found = select(items.c.number).select_from(base)
    found = found.where(items.c.table_id == table, left, func.coalesce(out.c.value, 0) == 0)
    return _of_queue(found, table, queue, ordered=False)


def _free(table: str, queue: Queue, field: str, count: int) -> Select[Any]:
    taken = select(leases.c.item).where(leases.c.table_id == table, leases.c.field == field)
    return _open(table, queue, field).where(items.c.number.not_in(taken)).limit(count)


def _held(table: str, queue: Queue, field: str, owner: str) -> Select[Any]:
    mine = select(leases.c.item).where(*_mine(table, owner), leases.c.field == field)
    return _open(table, queue, field).where(items.c.number.in_(mine))


def _of_queue(found: Select[Any], table: str, queue: Queue, *, ordered: bool = True) -> Select[Any]:
    """Only items of the queue, in its order."""
    if queue.items is None:
        return found.order_by(items.c.number) if ordered else found
    if ordered:
        place = select(queue_items.c.place).where(*_in_queue(table, queue), queue_items.c.item == items.c.number)
        return found.order_by(place.correlate(items).scalar_subquery())
    return found.where(items.c.number.in_(select(queue_items.c.item).where(*_in_queue(table, queue))))


def _in_queue(table: str, queue: Queue) -> tuple[ColumnElement[bool], ...]:
    return queue_items.c.table_id == table, queue_items.c.queue == queue.id


def _let_go_of_answered(conn: Connection, table: str, field: str, owner: str, held: Sequence[int]) -> None:
    """Leases on items that were answered elsewhere, or belong to another queue."""
    mine = conn.execute(select(leases.c.item).where(*_mine(table, owner), leases.c.field == field)).scalars().all()
    release_items(conn, table, owner=owner, items=sorted(set(mine) - set(held)))


def _numbers(conn: Connection, found: Select[Any]) -> list[int]:
    return list(conn.execute(found).scalars())
