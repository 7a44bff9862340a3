"""Each label store that the contract suite is run against."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.labels.store import LabelStore
from scripts.postgres import new_schema
from tests.postgres import running_postgres
from utils.labels.label_db import SqlLabelStore

_numbers = itertools.count()

OpenStore = Callable[[], LabelStore]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes URLs of empty databases."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path / f'labels{next(_numbers)}.db'}"
    server = request.getfixturevalue("postgres")
    return lambda: new_schema(server, f"labels{next(_numbers)}")


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    return new_url()


@pytest.fixture
def open_store(url: str) -> Iterator[OpenStore]:
    """Opens the database of this test once more, as another process or a restart would."""
    opened: list[SqlLabelStore] = []

    def open_again() -> SqlLabelStore:
        opened.append(SqlLabelStore(url))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> LabelStore:
    return open_store()
