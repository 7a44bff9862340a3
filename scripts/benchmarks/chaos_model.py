"""What the labels must be, in plain numpy: every edit the server gave a revision, applied in their order.

It knows neither tiles nor databases: one array, loops over spans, and for each person the steps that can be taken back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import create_engine, select

from core.labels.spans import EditBody
from utils.label_tables import edits, volumes

Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Row:
    """One edit as the server wrote it down."""

    id: str
    user: str
    kind: str
    revision: int


@dataclass
class Step:
    """The last change that a step made: flat pixel indices, and their class ids before and after."""

    at: NDArray[np.intp]
    before: Labels
    after: Labels


@dataclass
class Steps:
    """What one person can take back, and what can be done again; the next one is the last."""

    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)


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
    labels = np.zeros(shape, np.uint8)
    people: dict[str, Steps] = {}
    for row in rows:
        steps = people.setdefault(row.user, Steps())
        if row.kind == "paint":
            _paint(labels, sent[row.id], steps)
        else:
            _step(labels, *((steps.done, steps.undone) if row.kind == "undo" else (steps.undone, steps.done)))
    return labels


def plane_of(labels: Labels, axis: str, index: int) -> Labels:
    """A view of the plane an edit is painted on: XY, XZ (rows z) or YZ (rows y)."""
    if axis == "z":
        return labels[index]
    return labels[:, index] if axis == "y" else labels[:, :, index].T


def _paint(labels: Labels, edit: EditBody, steps: Steps) -> None:
    old = labels.copy()
    plane = plane_of(labels, edit.axis, edit.index)
    for row, start, stop in edit.spans:
        plane[row, start:stop] = edit.label
    at = np.flatnonzero(old != labels)
    if len(at):  # else it is no step
        steps.done.append(Step(at, old.flat[at], labels.flat[at]))
        steps.undone.clear()


def _step(labels: Labels, source: list[Step], target: list[Step]) -> None:
    """Take back the last change of the last step of `source`, where it still stands."""
    if not source:
        return
    step = source.pop()
    now = labels.flat[step.at]
    labels.flat[step.at] = np.where(now == step.after, step.before, now)
    target.append(Step(step.at, now, labels.flat[step.at]))
