"""Connections to the label database, which several adapters share: each has its own tables there.

Nothing is connected before the first question; the tables are made then, by one process at a time.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.errors import BusyError, UnavailableError
from utils.labels.label_tables import open_engine

SCHEMA_LOCK = 0x6C6162656C73  # any number, but always the same one: PostgreSQL's lock while tables are made
log = logging.getLogger(__name__)


class LabelConnections:
    """Transactions of one adapter.

    Parameters
    ----------
    url : SQLAlchemy URL of the label database.
    make_tables : makes what is missing of the adapter's tables.
    comfort : what people should know while the database does not answer; ends with a space.

    Raises
    ------
    InvalidInputError, UnavailableError
        If `url` is not one, or its driver is missing.
    """

    def __init__(self, url: str, make_tables: Callable[[Connection], None], *, comfort: str = "") -> None:
        self._engine = open_engine(url)
        self._make_tables, self._comfort = make_tables, comfort
        self._lock = threading.Lock()
        self._has_tables = False

    def close(self) -> None:
        """Close the connections; the next question opens new ones."""
        self._engine.dispose()

    @contextmanager
    def transaction(self, *, writes: bool = False) -> Iterator[Connection]:
        """A transaction that commits at the end, or leaves nothing behind. Readers see one moment.

        Raises UnavailableError; BusyError where another write took SQLite's only place for longer than `BUSY_S`.
        """
        try:
            self._ensure_tables()
            with self._connect(writes=writes) as conn, conn.begin():
                yield conn
        except (DBAPIError, PoolTimeoutError) as error:
            if _is_busy(error):
                raise BusyError(
                    "Somebody else is writing many labels.", f"{self._comfort}Try again when it is done."
                ) from error
            log.exception("the label database failed")
            raise UnavailableError(
                "The label database does not answer.",
                f"{self._comfort}If it lasts, check the disk and LABELS_DB_URI.",
            ) from error

    def _connect(self, *, writes: bool) -> Connection:
        if self._engine.dialect.name == "sqlite" or writes:
            return self._engine.connect().execution_options(writes=writes)
        return self._engine.connect().execution_options(isolation_level="REPEATABLE READ")

    def _ensure_tables(self) -> None:
        with self._lock:
            if not self._has_tables:
                with self._connect(writes=True) as conn, conn.begin():
                    if conn.dialect.name == "postgresql":
                        conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SCHEMA_LOCK})
                    self._make_tables(conn)
                self._has_tables = True


def _is_busy(error: Exception) -> bool:
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY  # the upper bits tell the cases apart
