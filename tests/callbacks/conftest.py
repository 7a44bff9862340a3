"""What tests of the routes share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from utils.labels.label_db import SqlLabelStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlLabelStore]:
    """Labels of nobody yet, in a database of the test's own."""
    store = SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    yield store
    store.close()
