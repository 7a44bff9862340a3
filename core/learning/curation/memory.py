"""The port behind which what a model has made of a table outlasts the app: embeddings, chances, weights, by their part.

`utils/curation/curation_files.py` implements it. What is kept is numbers and JSON; reading it runs nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Kept:
    """facts : as JSON has them. arrays : by name."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)


class CurationMemory(Protocol):
    """Parts of tables, each replaced as a whole. A part that cannot be read is as good as none."""

    def keep(self, table: str, part: str, kept: Kept) -> None:
        """Write it; what was there under its name is gone once all of it is written."""
        ...

    def read(self, table: str, part: str) -> Kept | None: ...

    def facts(self, table: str) -> Mapping[str, Mapping[str, Any]]:
        """Of every part, by its name; their arrays are not read."""
        ...

    def data(self, table: str, part: str) -> bytes:
        """The file itself, as safetensors. Raises NotFoundError."""
        ...

    def forget(self, table: str, part: str | None = None) -> None:
        """One part, or all of a table; harmless where there is none."""
        ...
