"""What the labels must be after the storm: the edits that the server gave revisions, applied in their order."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import create_engine, select

from core.labels.spans import EditBody
from scripts.benchmarks.label_model import LabelModel, Labels
from utils.labels.label_tables import edits, volumes


@dataclass(frozen=True)
class Row:
    """One edit as the server wrote it down."""

    id: str
    user: str
    kind: str
    revision: int


def read_rows(database: str, volume: str) -> list[Row]:
    """The edits of a volume in the order of their revisions."""
    engine = create_engine(database)
    wanted = edits.c.edit_id, edits.c.user, edits.c.kind, edits.c.revision
    query = select(*wanted).join(volumes).where(volumes.c.path == volume).order_by(edits.c.revision)
    with engine.connect() as conn:
        rows = [Row(*row) for row in conn.execute(query)]
    engine.dispose()
    return rows


def replay(rows: list[Row], sent: Mapping[str, EditBody], shape: tuple[int, int, int]) -> Labels:
    """(Z, Y, X) uint8 class ids after all `rows`."""
    model = LabelModel(np.zeros(shape, np.uint8))
    steps = {"undo": model.undo, "redo": model.redo, "classes": _no_pixel}
    for row in rows:
        if row.kind == "paint":
            model.paint(row.user, sent[row.id])
        else:
            steps[row.kind](row.user)
    return model.labels


def _no_pixel(_user: str) -> None:
    """The classes are made before anybody paints, by somebody who takes nothing back."""
