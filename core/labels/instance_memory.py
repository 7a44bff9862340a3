"""The port behind which instances are remembered: which pixel belonged to which, and what people have merged and cut.

`utils/instance_db.py` implements it with SQLAlchemy; `tests/contracts/test_instance_memory.py` says what it must do.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from core.labels.fragments import Runs
from core.labels.instances import Correction, InstanceSet
from core.labels.store import TileIndex


class InstanceMemory(Protocol):
    """Every method is safe to call from several threads.

    Methods raise UnavailableError when the database does not answer.
    """

    def corrections(self, chosen: InstanceSet) -> list[Correction]:
        """Merges and cuts that stand, in the order they were made."""
        ...

    def correct(self, chosen: InstanceSet, correction: Correction, *, user: str) -> None:
        """Remember one more; durable when this returns."""
        ...

    def take_back(self, chosen: InstanceSet, *, user: str) -> Correction | None:
        """Forget the last one that `user` made, and return it; None when there is none."""
        ...

    def runs(self, chosen: InstanceSet, tiles: Iterable[TileIndex]) -> dict[TileIndex, Runs]:
        """What was kept of these tiles: (y, x_start, x_stop, id). Tiles never kept are left out."""
        ...

    def next_id(self, chosen: InstanceSet) -> int:
        """The first id never used."""
        ...

    def keep(self, chosen: InstanceSet, runs: Mapping[TileIndex, Runs], *, next_id: int) -> None:
        """Remember the runs of these tiles instead of what was kept of them, in one transaction."""
        ...
