"""What a model has made of a table, on the disk: a safetensors file a part, its facts as JSON in the header.

Implements `core.learning.curation.memory.CurationMemory`.

    curation/<hash of the table's id>/<part>.safetensors
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from core.errors import NotFoundError
from core.learning.curation.memory import Kept

log = logging.getLogger(__name__)

ENDING = ".safetensors"
FACTS = "facts"
UNREADABLE = (OSError, ValueError, KeyError, SafetensorError)


class CurationFiles:
    """root : the folder of all tables. Building it touches nothing."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def keep(self, table: str, part: str, kept: Kept) -> None:
        """Write a part beside the old one, then in its place."""
        path = self._path(table, part)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{uuid4().hex}.draft")
        arrays = {name: np.ascontiguousarray(value) for name, value in kept.arrays.items()}
        try:
            draft.write_bytes(save(arrays, {FACTS: json.dumps(kept.facts)}))
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)

    def read(self, table: str, part: str) -> Kept | None:
        """A part; None where there is none, or none that can be read."""
        try:
            with safe_open(self._path(table, part), framework="numpy") as file:
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
                return Kept(json.loads((file.metadata() or {})[FACTS]), arrays)
        except FileNotFoundError:
            return None
        except UNREADABLE:
            log.exception("the part %s of the table %s cannot be read", part, table)
            return None

    def facts(self, table: str) -> Mapping[str, Mapping[str, Any]]:
        """Of every part that can be read."""
        found = {}
        for path in sorted(self._folder(table).glob(f"*{ENDING}")):
            with contextlib.suppress(*UNREADABLE), safe_open(path, framework="numpy") as file:
                found[path.name.removesuffix(ENDING)] = json.loads((file.metadata() or {})[FACTS])
        return found

    def data(self, table: str, part: str) -> bytes:
        """The file of a part. Raises NotFoundError."""
        try:
            return self._path(table, part).read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError("There is no model of this table.", "Learn from the labels first.") from error

    def forget(self, table: str, part: str | None = None) -> None:
        """Remove a part, or all of a table."""
        if part is not None:
            return self._path(table, part).unlink(missing_ok=True)
        return shutil.rmtree(self._folder(table), ignore_errors=True)

    def _path(self, table: str, part: str) -> Path:
        return self._folder(table) / f"{part}{ENDING}"

    def _folder(self, table: str) -> Path:
        """By hash: an id is what a browser says."""
        return self._root / hashlib.blake2b(table.encode(), digest_size=16).hexdigest()
