"""A run of one mark reads only the files that name it: importing all others takes half a minute on a slow machine."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave a file out where `-m` asks for one mark that it does not name."""
    mark = config.getoption("markexpr")
    if collection_path.suffix != ".py" or not mark.isidentifier():
        return None
    return f"mark.{mark}" not in collection_path.read_text(encoding="utf-8") or None
