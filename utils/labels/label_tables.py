"""The tables of the label database, and how connections to it behave. `label_db.py` reads and writes them."""

import time
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    insert,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError

from core.errors import InvalidInputError, UnavailableError

SCHEMA_VERSION = 4  # 1 had no snapshots, no index of edits by revision; 2 smaller indexes of changes; 3 none by kind
BUSY_S = 20.0  # how long a writer waits for another; the browser gives up after 60 s and asks again

metadata = MetaData()

schema = Table("label_schema", metadata, Column("version", Integer, primary_key=True))

# classes: JSON list in display order. highest_class_id: deleted classes included, so that no id is used twice.
volumes = Table(
    "label_volumes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", Text, nullable=False, unique=True),
    Column("revision", BigInteger, nullable=False),
    Column("classes", Text, nullable=False),
    Column("classes_revision", BigInteger, nullable=False),
    Column("highest_class_id", Integer, nullable=False),
)

# at: POSIX seconds. state: where the edit stands in its user's history. step: the revision that an undo or redo of this
# edit takes back: its own at first, later that of its last undo or redo. detail: JSON, what was done.
edits = Table(
    "label_edits",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("volume", ForeignKey("label_volumes.id"), nullable=False),
    Column("edit_id", String(36), nullable=False),
    Column("user", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("state", String(7), nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    UniqueConstraint("volume", "edit_id"),
    Index("label_edits_history", "volume", "user", "state", "number"),
    Index("label_edits_revision", "volume", "revision"),
    Index("label_edits_kind", "volume", "kind", "revision"),
)

tile_versions = Table(
    "label_tile_versions",
    metadata,
    Column("volume", ForeignKey("label_volumes.id"), primary_key=True),
    Column("z", Integer, primary_key=True),
    Column("ty", Integer, primary_key=True),
    Column("tx", Integer, primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("pixels", LargeBinary, nullable=False),
    # With the places in it, or SQLite prefers the primary key and walks through the whole history of the volume.
    Index("label_tile_versions_change", "volume", "revision", "z", "ty", "tx"),
)

# What can be counted from the newest tile versions, kept so that lists cost nothing.
tiles = Table(
    "label_tiles",
    metadata,
    Column("volume", ForeignKey("label_volumes.id"), primary_key=True),
    Column("z", Integer, primary_key=True),
    Column("ty", Integer, primary_key=True),
    Column("tx", Integer, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("labelled", Integer, nullable=False),
    Index("label_tiles_change", "volume", "revision", "z", "ty", "tx"),
)

# How many edits of a person are in a state that undo and redo take; without a row they are counted from the edits.
steps = Table(
    "label_steps",
    metadata,
    Column("volume", ForeignKey("label_volumes.id"), primary_key=True),
    Column("user", Text, primary_key=True),
    Column("undo", Integer, nullable=False),
    Column("redo", Integer, nullable=False),
)

class_pixels = Table(
    "label_class_pixels",
    metadata,
    Column("volume", ForeignKey("label_volumes.id"), primary_key=True),
    Column("z", Integer, primary_key=True),
    Column("class_id", Integer, primary_key=True),
    Column("pixels", BigInteger, nullable=False),
)

# Merges and cuts of instances. made: the revision of the edit. since, until: the revisions from and up to which it
# stands; until is NULL while it does. One that stands again after an undo has a row for each time.
corrections = Table(
    "label_corrections",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("volume", ForeignKey("label_volumes.id"), nullable=False),
    Column("class_id", Integer, nullable=False),
    Column("dims", Integer, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("kind", String(12), nullable=False),
    Column("detail", Text, nullable=False),
    Index("label_corrections_volume", "volume", "class_id", "dims"),
)

# Moments with a name.
snapshots = Table(
    "label_snapshots",
    metadata,
    Column("volume", ForeignKey("label_volumes.id"), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("user", Text, nullable=False),
    Column("at", Float, nullable=False),
)


def open_engine(url: str) -> Engine:
    """An engine for `url` that makes SQLite durable and lets one writer in at a time. Nothing is connected yet.

    Raises
    ------
    InvalidInputError
        If `url` is not a SQLAlchemy URL.
    UnavailableError
        If its driver is not installed.
    """
    try:
        if make_url(url).get_backend_name() == "sqlite":
            return _sqlite_engine(url)
        return create_engine(url, pool_pre_ping=True)
    except ArgumentError as error:
        raise InvalidInputError(
            f"LABELS_DB_URI is not a database URL: {url!r}.",
            "Write sqlite:////folder/labels.db or postgresql+psycopg://user:password@host/database.",
        ) from error
    except ModuleNotFoundError as error:
        raise UnavailableError(
            f"The database driver {error.name!r} is not installed.",
            "For PostgreSQL: pip install 'psycopg[binary]', and begin the URL with postgresql+psycopg://.",
        ) from error


def create_tables(conn: Connection) -> None:
    """Make the tables if they are not there, bring older ones up to date, and refuse those of a later program.

    Raises
    ------
    UnavailableError
        If the tables have another version.
    """
    metadata.create_all(conn)
    version = conn.execute(select(schema.c.version)).scalar()
    if version is None:
        conn.execute(insert(schema).values(version=SCHEMA_VERSION))
    elif version < SCHEMA_VERSION:
        _migrate(conn)
    elif version > SCHEMA_VERSION:
        raise UnavailableError(
            f"The label database has tables of version {version}; this program knows {SCHEMA_VERSION}.",
            "Start the version of the program that wrote it, or name another database in LABELS_DB_URI.",
        )


def _migrate(conn: Connection) -> None:
    """From versions 1 to 3: what they lack beside the tables that `create_all` has just made."""
    for table in (edits, tile_versions, tiles):
        for index in table.indexes:
            index.create(conn, checkfirst=True)
    for name in ("label_tile_versions_revision", "label_tiles_revision"):
        conn.execute(text(f"DROP INDEX IF EXISTS {name}"))
    conn.execute(update(schema).values(version=SCHEMA_VERSION))


def first_revision() -> int:
    """A revision that no earlier database has reached: milliseconds since 1970. Nobody saves 1,000 edits a second."""
    return time.time_ns() // 1_000_000


def _sqlite_engine(url: str) -> Engine:
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_S})
    event.listen(engine, "connect", _make_durable)
    event.listen(engine, "begin", _begin)
    return engine


def _make_durable(connection: Any, _: object) -> None:
    connection.isolation_level = None  # or Python's driver begins transactions by its own rules, see `_begin`
    connection.execute("PRAGMA journal_mode=WAL")  # readers do not wait for the writer
    connection.execute("PRAGMA synchronous=FULL")  # a commit is on the disk before it is acknowledged
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(conn: Connection) -> None:
    """Writers queue up at the beginning: one that reads first and writes later could be refused half-way."""
    conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get("writes") else "BEGIN")
