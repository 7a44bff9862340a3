"""A PostgreSQL of our own for tests; those that need it are skipped where it is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scripts import postgres


@contextmanager
def running_postgres() -> Iterator[str]:
    """Start a server and yield the URL of a database."""
    if postgres.find_program("initdb") is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with postgres.running_postgres() as url:
        yield url
