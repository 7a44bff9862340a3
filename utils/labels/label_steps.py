"""How many steps each person can take back and forth, kept so that a history of 100,000 edits need not be counted.

The counts follow the states of the edits, in the same transaction. A person without a row, from before there were
counts, is counted once.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from core.labels.store import History
from utils.labels.label_tables import edits, steps

DONE, UNDONE = "done", "undone"


def read_steps(conn: Connection, volume: int, user: str) -> History:
    """The counts of one person."""
    mine = steps.c.volume == volume, steps.c.user == user
    row = conn.execute(select(steps.c.undo, steps.c.redo).where(*mine)).one_or_none()
    return _counted(conn, volume, user) if row is None else History(row.undo, row.redo)


def keep_steps(conn: Connection, volume: int, user: str, change: Callable[[History], History]) -> None:
    """Write down what `change` makes of the counts, after the edits have their new states."""
    row = {"volume": volume, "user": user}
    mine = [steps.c[name] == value for name, value in row.items()]
    known = conn.execute(select(steps.c.undo, steps.c.redo).where(*mine)).one_or_none()
    new = _counted(conn, volume, user) if known is None else change(History(*known))
    counts = {"undo": new.undo, "redo": new.redo}
    written: Any = insert(steps).values(**row, **counts) if known is None else update(steps).where(*mine).values(counts)
    conn.execute(written)


def _counted(conn: Connection, volume: int, user: str) -> History:
    mine = edits.c.volume == volume, edits.c.user == user, edits.c.state.in_((DONE, UNDONE))
    found = conn.execute(select(edits.c.state, func.count()).where(*mine).group_by(edits.c.state))
    counts = {state: n for state, n in found}
    return History(undo=counts.get(DONE, 0), redo=counts.get(UNDONE, 0))
