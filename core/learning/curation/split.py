"""Every item as positive or negative of a class: as people say, else as the model says, and who said it."""

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from core.learning.curation.table import LabelTable

LIKELY = 0.5
COLUMNS = ("filepath", "label", "probability", "by")


@dataclass(frozen=True)
class Decided:
    """chance : what the model says, NaN where it says nothing. by_person : else the model has decided."""

    row: int
    positive: bool
    chance: float
    by_person: bool

    @property
    def words(self) -> tuple[str, str, str]:
        """label, probability and by, as a file has them."""
        chance = "" if np.isnan(self.chance) else str(round(self.chance, 4))
        return "positive" if self.positive else "negative", chance, "person" if self.by_person else "model"


def split_rows(table: LabelTable, name: str, unsure: Collection[int]) -> Iterator[Decided]:
    """In the order of the table, but for what is excluded, of what people could not tell (`unsure`, rows), and of what
    nobody says anything. Raises NotFoundError for a class that there is not.
    """
    place = table.place(name)
    for row in np.flatnonzero(~table.exclude).tolist():
        tag = int(table.tags[row, place])
        chance = float("nan") if table.chances is None else float(table.chances[row, place])
        if row not in unsure and (tag >= 0 or not np.isnan(chance)):
            yield Decided(row, tag == 1 if tag >= 0 else chance > LIKELY, chance, tag >= 0)


def write_split(table: LabelTable, name: str, unsure: Collection[int]) -> str:
    """A row an item: what it is called, whether it is one, how likely that is, and who says so."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((table.items[each.row].filename, *each.words) for each in split_rows(table, name, unsure))
    return lines.getvalue()
