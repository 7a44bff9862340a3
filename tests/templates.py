"""Databases that a program takes minutes to make: made once, kept in its environment, and copied for each test."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any


def begin_with(environment: Path, folder: Path) -> None:
    """Fill a folder with what is kept; nothing where nothing is."""
    if (environment / "template").is_dir():
        shutil.copytree(environment / "template", folder, dirs_exist_ok=True)


def keep(environment: Path, running: Callable[[Path], AbstractContextManager[Any]]) -> None:
    """Let a first start make the database, and keep it. running : the program in a folder, until the block ends."""
    draft = environment / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    with running(draft):
        pass
    draft.replace(environment / "template")
