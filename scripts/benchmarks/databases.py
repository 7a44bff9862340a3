"""The label databases that benchmarks run on: made for them, and gone afterwards."""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from scripts.postgres import new_schema, running_postgres

DATABASES = ("sqlite", "postgresql", "memory")

NewUrl = Callable[[], str]
"""Makes the URL of an empty label database."""


def add_database_argument(parser: argparse.ArgumentParser, *, default: str = "sqlite") -> None:
    words = f"where the labels are kept; memory is SQLite without a disk; {default} if left out"
    parser.add_argument("--database", choices=DATABASES, default=default, help=words)


@contextmanager
def databases(name: str) -> Iterator[NewUrl]:
    """What makes databases of a kind, until the block ends. Their commits wait for the disk, except in memory."""
    numbers = count()
    if name == "memory":
        yield lambda: "sqlite://"
    elif name == "postgresql":
        with running_postgres(durable=True) as url:
            yield lambda: new_schema(url, f"labels{next(numbers)}")
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield lambda: f"sqlite:///{folder}/labels{next(numbers)}.db"


def part(subject: str, database: str) -> str:
    """The name of a table in docs/reliability.md."""
    return f"{subject} on PostgreSQL" if database == "postgresql" else subject
