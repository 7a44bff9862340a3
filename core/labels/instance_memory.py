"""The port behind which instances are remembered: which pixel belonged to which.

`utils/labels/instance_db.py` implements it with SQLAlchemy; `tests/contracts/test_instance_memory.py` says what it
must do.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from core.labels.corrections import InstanceSet
from core.labels.fragments import Runs
from core.labels.store import TileIndex


class InstanceMemory(Protocol):
    """Every method is safe to call from several threads.

    Methods raise UnavailableError when the database does not answer.
    """

    def runs(self, chosen: InstanceSet, tiles: Iterable[TileIndex]) -> dict[TileIndex, Runs]:
        """What was kept of these tiles: (y, x_start, x_stop, id). Tiles never kept are left out."""
        ...

    def next_id(self, chosen: InstanceSet) -> int:
        """The first id never used."""
        ...

    def keep(self, chosen: InstanceSet, runs: Mapping[TileIndex, Runs], *, next_id: int) -> None:
        """Remember the runs of these tiles instead of what was kept of them, in one transaction."""
        ...
