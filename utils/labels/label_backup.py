"""Backups of the label database: one SQLite file with every table, and a checksum beside it.

The file is the same whether SQLite or PostgreSQL holds the labels, so a backup of one can be restored into the other,
and may itself be named in LABELS_DB_URI. It is read in one transaction: people may paint meanwhile, and the backup is
the labels of the moment at which it began. Masks and results in Tiled, and models in MLflow, are not in it.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, create_engine, delete, func, insert, inspect, make_url, select, text
from sqlalchemy.exc import DatabaseError

from core.errors import InvalidInputError, NotFoundError, UnavailableError
from utils.curation import curation_tables
from utils.labels import instance_db, label_tables
from utils.labels.label_connections import LabelConnections
from utils.labels.label_tables import SCHEMA_VERSION, first_revision, open_engine, schema, volumes

ALL = (label_tables.metadata, curation_tables.metadata, instance_db.metadata)
# The version is that of the database, not of its rows: a restored database keeps its own.
TABLES = tuple(table for metadata in ALL for table in metadata.sorted_tables if table is not schema)
ROWS_AT_ONCE = 200  # a tile takes at most 256 KiB, so these stay below 51 MB


@dataclass(frozen=True)
class Contents:
    """What a backup holds: volumes with labels, edits, tables of items; `size` of its file in bytes."""

    volumes: int
    edits: int
    item_tables: int
    size: int


def back_up(url: str, file: Path) -> Contents:
    """Write all labels of the database `url` into a new file, and its checksum beside it.

    Raises
    ------
    InvalidInputError
        If the file is there already; backups are never overwritten.
    NotFoundError
        If there is no database yet.
    UnavailableError
        If the database does not answer, or the file cannot be written.
    """
    if file.exists():
        raise InvalidInputError(f"{file} is there already.", "Choose another name; a backup is never overwritten.")
    _check_there(url)
    part = file.with_name(f"{file.name}.part")
    try:
        part.unlink(missing_ok=True)  # of a backup that broke off
        _copy_into(part, url)
        _write_checksum(part, file)
        part.replace(file)
    except OSError as error:
        raise UnavailableError(f"{file} cannot be written: {error}.", "Choose a folder with enough room.") from error
    return look_into(file)


def restore(file: Path, url: str, *, overwrite: bool = False) -> Contents:
    """Make the labels of the database `url` those of a backup: all of them, or none if something fails.

    Pages that are open must be loaded anew: what was painted after the backup is gone from the database, not from them.

    overwrite : the database holds labels already, and they shall go.

    Raises
    ------
    InvalidInputError
        If the database holds labels and `overwrite` is not given, or the file is no backup or damaged.
    NotFoundError, UnavailableError
        If the file, its checksum or the database is not there.
    """
    contents = check(file)
    connections = LabelConnections(url, _make_tables)
    try:
        with _reading(file) as backup, connections.transaction(writes=True) as conn:
            _make_room(conn, overwrite=overwrite)
            _copy(backup, conn)
            _go_on_from_here(conn)
    finally:
        connections.close()
    return contents


def check(file: Path) -> Contents:
    """Read a backup and compare it with its checksum. Raises NotFoundError, InvalidInputError."""
    told, found = _read_checksum(file), _digest(file)
    if told != found:
        raise InvalidInputError(f"{file} is damaged: its checksum is not the one beside it.", "Take another backup.")
    return look_into(file)


def look_into(file: Path) -> Contents:
    """What a backup holds. Raises InvalidInputError if the file is none that this program can read."""
    counted = (label_tables.volumes, label_tables.edits, curation_tables.tables)
    with _reading(file) as conn:
        _check_version(conn, file)
        numbers = [_count(conn, table) if _has(conn, table) else 0 for table in counted]
    return Contents(*numbers, size=file.stat().st_size)


def checksum_beside(file: Path) -> Path:
    """Where the checksum of a backup stands, in the words of `sha256sum --check`."""
    return file.with_name(f"{file.name}.sha256")


def _check_there(url: str) -> None:
    """A wrong setting would else be backed up as an empty database."""
    open_engine(url).dispose()  # says what is wrong with the URL
    database = make_url(url).database
    if make_url(url).get_backend_name() == "sqlite" and not (database and Path(database).is_file()):
        raise NotFoundError(f"There is no label database {database}.", "Check LABELS_DB_URI and STATE_DIR.")


def _copy_into(part: Path, url: str) -> None:
    connections = LabelConnections(url, _make_tables)
    engine = open_engine(f"sqlite:///{part}")
    try:
        with connections.transaction() as source, engine.begin() as target:
            _make_tables(target)
            _copy(source, target)
        _leave_one_file(engine)
    finally:
        engine.dispose()
        connections.close()


def _make_tables(conn: Connection) -> None:
    label_tables.create_tables(conn)
    for metadata in ALL[1:]:
        metadata.create_all(conn)


def _copy(source: Connection, target: Connection) -> None:
    """All rows. A backup of an earlier program lacks some tables; these stay empty."""
    for table in TABLES:
        if _has(source, table):
            _copy_table(source, target, table)


def _copy_table(source: Connection, target: Connection, table: Table) -> None:
    rows = source.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table))
    for some in rows.mappings().partitions():
        target.execute(insert(table), [dict(row) for row in some])


def _leave_one_file(engine: Engine) -> None:
    """Without a write-ahead log a backup is one file that can be read from anywhere."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.connection.cursor().execute("PRAGMA journal_mode=DELETE")


def _make_room(conn: Connection, *, overwrite: bool) -> None:
    held = [_count(conn, table) for table in (label_tables.volumes, curation_tables.tables)]
    if any(held) and not overwrite:
        raise InvalidInputError(
            f"The database holds labels of {held[0]} volumes and {held[1]} tables of items already.",
            "Back them up, then give --overwrite to put the backup in their place.",
        )
    for table in reversed(TABLES):
        conn.execute(delete(table))


def _go_on_from_here(conn: Connection) -> None:
    """New revisions and row numbers come after all that there ever were.

    Browsers keep a tile for as long as its revision is named; one of the time between backup and restore must not be
    taken for what is painted now.
    """
    now = first_revision()
    conn.execute(volumes.update().where(volumes.c.revision < now).values(revision=now))
    if conn.dialect.name == "postgresql":
        for table in TABLES:
            _move_sequence(conn, table)


def _move_sequence(conn: Connection, table: Table) -> None:
    column = table.autoincrement_column
    if column is None or column.foreign_keys or len(table.primary_key) > 1:
        return
    name = text("SELECT pg_get_serial_sequence(:table, :column)")
    sequence = conn.execute(name, {"table": table.name, "column": column.name}).scalar()
    highest = conn.execute(select(func.max(column))).scalar()
    if sequence and highest:
        conn.execute(text("SELECT setval(:sequence, :highest)"), {"sequence": sequence, "highest": highest})


@contextmanager
def _reading(file: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///file:{file.resolve()}?mode=ro&uri=true")
    try:
        with engine.connect() as conn:
            yield conn
    finally:
        engine.dispose()


def _check_version(conn: Connection, file: Path) -> None:
    try:
        version = conn.execute(select(schema.c.version)).scalar()
    except DatabaseError as error:
        raise InvalidInputError(f"{file} is no backup of labels.", "Name a file that a backup has written.") from error
    if version is None or version > SCHEMA_VERSION:
        raise InvalidInputError(
            f"{file} was written by a later program (tables of version {version}; this one knows {SCHEMA_VERSION}).",
            "Restore it with the program that wrote it.",
        )


def _has(conn: Connection, table: Table) -> bool:
    return inspect(conn).has_table(table.name)


def _count(conn: Connection, table: Table) -> int:
    return conn.execute(select(func.count()).select_from(table)).scalar() or 0


def _write_checksum(part: Path, file: Path) -> None:
    checksum_beside(file).write_text(f"{_digest(part)}  {file.name}\n")


def _read_checksum(file: Path) -> str:
    try:
        return checksum_beside(file).read_text().partition(" ")[0].strip().lower()
    except OSError as error:
        raise NotFoundError(
            f"There is no checksum {checksum_beside(file)}.",
            f"Bring it along. For a file you trust: sha256sum {file.name} > {file.name}.sha256",
        ) from error


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise NotFoundError(f"The backup {file} cannot be read.", "Check its name.") from error
