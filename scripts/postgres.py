"""A PostgreSQL of our own: made in a temporary folder, reached by a socket in it, gone afterwards.

For tests and benchmarks only: it does not wait for the disk unless it is told to.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from core.errors import UnavailableError

DEBIAN_FOLDERS = "usr/lib/postgresql/*/bin"  # outside PATH


def find_program(name: str) -> str | None:
    """The path of a PostgreSQL program."""
    debian = sorted(Path("/").glob(f"{DEBIAN_FOLDERS}/{name}"), reverse=True)
    return shutil.which(name) or next((str(path) for path in debian), None)


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[str]:
    """Start a server and yield the URL of a database.

    durable : a commit waits for the disk, as in production.

    Raises
    ------
    UnavailableError
        If PostgreSQL is not installed, or does not start.
    """
    if find_program("initdb") is None:
        raise UnavailableError("PostgreSQL is not installed.", "On Debian: apt-get install postgresql.")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    data = folder / "data"
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        _run("initdb", "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync")
        options = f"-k {folder} -c listen_addresses= -c fsync={'on' if durable else 'off'}"
        _run("pg_ctl", "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            _run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def new_schema(url: str, name: str) -> str:
    """The URL of an empty database: a schema whose tables are its own."""
    engine = create_engine(url)
    with engine.begin() as conn:
        conn.execute(text(f"CREATE SCHEMA {name}"))
    engine.dispose()
    return f"{url}&options=-csearch_path%3D{name}"


def _run(name: str, *arguments: str) -> None:
    """Run a PostgreSQL program, which refuses to be root."""
    program = find_program(name)
    assert program is not None
    user = pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else None
    done = subprocess.run(
        [program, *arguments], user=user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    if done.returncode != 0:
        raise UnavailableError(f"PostgreSQL's {name} failed.", "Run it by hand to see why.")
