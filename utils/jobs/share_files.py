"""Which shares of a job are handed out to which flow runs: `shares.json` in the folder of the job.

Only who looks after the job writes it, whole or not at all.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.learning.shares import Share
from utils.jobs.job_folders import write_whole

SHARES_FILE = "shares.json"


@dataclass(frozen=True)
class Handed:
    """A share in the hands of a flow run; "" while there is none.

    tries : runs that it had, this one too. children : runs that a flow of the former app has started, in turn.
    """

    share: Share
    flow_run: str = ""
    tries: int = 1
    done: bool = False
    children: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What Prefect knows this try by."""
        return f"{self.share.id}-{self.tries}"


def read_shares(folder: Path) -> list[Handed]:
    """Those of the folder of a job; none before they are handed out."""
    try:
        rows = json.loads((folder / SHARES_FILE).read_text())
    except FileNotFoundError:
        return []
    return [Handed(**{**row, "share": _share(**row["share"]), "children": tuple(row["children"])}) for row in rows]


def write_shares(folder: Path, shares: Sequence[Handed]) -> None:
    """Raises OSError."""
    write_whole(folder / SHARES_FILE, json.dumps([asdict(each) for each in shares]))


def _share(*, id: str, task: str, slices: Sequence[int]) -> Share:
    return Share(id, task, tuple(slices))  # type: ignore[arg-type]
