"""A session on the disk: after every act its files say all there is to know, so that a killed one goes on where it was.

`table.csv` has every item and tag, `session.json` where the loop stands, `embeddings.npy` a row an item, `metrics.json`
and `probabilities.json` what the two reports are written from. Originals are read, never moved.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.learning.curation.table import LabelTable
from core.learning.curation.table_csv import read_csv, write_csv

TABLE, STATE, POINTS = "table.csv", "session.json", "embeddings.npy"


@dataclass(frozen=True)
class State:
    """Where the loop stands. seeded : rounds of seeding done. step : trainings done. queue : ids waiting for labels.

    unsure : ids people could not tell. labelled : (positive, negative) of the last labelling. rows : of the metrics.
    probabilities : of each step, {id: chance}.
    """

    seeded: int = 0
    step: int = 0
    queue: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    labelled: tuple[int, int] = (0, 0)
    rows: tuple[Mapping[str, Any], ...] = ()
    probabilities: tuple[Mapping[str, float], ...] = field(default=())

    def with_queue(self, ids: tuple[str, ...]) -> "State":
        return replace(self, queue=ids)


@dataclass(frozen=True)
class Session:
    """folder : of the runtime. purpose : differs for other settings."""

    folder: Path
    purpose: str

    def exists(self) -> bool:
        return (self.folder / STATE).exists()

    def load(self) -> tuple[LabelTable, State]:
        """Raises InvalidInputError when the folder holds a session of other settings."""
        saved = json.loads((self.folder / STATE).read_text())
        if saved.pop("purpose") != self.purpose:
            told = f"{self.folder} holds a session of other settings."
            raise InvalidInputError(told, "Choose another runtime_path, or the settings that it was begun with.")
        saved = {name: tuple(value) if isinstance(value, list) else value for name, value in saved.items()}
        with (self.folder / TABLE).open(newline="") as file:
            return read_csv(file.read()), State(**saved)

    def save(self, table: LabelTable, state: State) -> None:
        """The table first: a queue that is asked about again finds the tags it has got already."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / TABLE, write_csv(table))
        write_whole(self.folder / STATE, json.dumps({"purpose": self.purpose, **asdict(state)}))

    def keep_points(self, points: NDArray[np.float32]) -> None:
        np.save(self.folder / POINTS, points)

    def points(self) -> NDArray[np.float32] | None:
        """None when they were not made yet."""
        path = self.folder / POINTS
        return np.load(path, allow_pickle=False) if path.exists() else None


def purpose_of(*settings: Any) -> str:
    """A short word for all options."""
    told = json.dumps([asdict(each) for each in settings], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def write_whole(path: Path, text: str) -> None:
    """Either the old file or the new one is there, never half of it."""
    part = path.with_name(path.name + ".part")
    with part.open("w", newline="") as file:
        file.write(text)
    part.replace(path)
