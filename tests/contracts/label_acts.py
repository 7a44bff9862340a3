"""What the tests of label stores do with one, and what they look at."""

import uuid

import numpy as np

from core.labels.history import sentence
from core.labels.slices import read_slice
from core.labels.store import LabelStore, Paint, Receipt, Rewrite, TileChange, TileIndex

VOLUME = "folder/stack"
SHAPE = (3, 700, 1100)  # tiles of 512: two rows, three columns, both cropped


def paint(store: LabelStore, *spans, z=0, label=1, user="ann", id=None, volume=VOLUME) -> Receipt:
    edit = Paint(id or str(uuid.uuid4()), volume, z, label, np.array(spans, np.int32).reshape(-1, 3), user)
    return store.paint(edit, shape=SHAPE)


def undo(store: LabelStore, user="ann", id=None) -> Receipt:
    return store.undo(VOLUME, edit_id=id or str(uuid.uuid4()), user=user)


def redo(store: LabelStore, user="ann", id=None) -> Receipt:
    return store.redo(VOLUME, edit_id=id or str(uuid.uuid4()), user=user)


def delete(store: LabelStore, class_id, user="ann", id=None) -> Receipt:
    return store.delete_class(VOLUME, class_id, edit_id=id or str(uuid.uuid4()), user=user)


def rewrite(store: LabelStore, *tiles: tuple[TileIndex, TileChange], id=None) -> Receipt:
    return store.rewrite(Rewrite(id or str(uuid.uuid4()), VOLUME, "import", iter(tiles), "ann"))


def pixels(store: LabelStore, z=0) -> np.ndarray:
    return read_slice(store, VOLUME, z, SHAPE[1:])


def painted(store: LabelStore, z=0) -> list[list[int]]:
    """[y, x, label] of every labelled pixel."""
    labels = pixels(store, z)
    return [[int(y), int(x), int(labels[y, x])] for y, x in np.argwhere(labels)]


def filled_where_empty(label: int) -> TileChange:
    return lambda tile: np.where(tile == 0, np.uint8(label), tile)


def stroke(*spans, label=1, z=0, **values) -> Paint:
    return Paint(str(uuid.uuid4()), VOLUME, z, label, np.array(spans, np.int32).reshape(-1, 3), "ann", **values)


def restore(store: LabelStore, revision: int, user="ann") -> Receipt:
    return store.restore(VOLUME, revision, edit_id=str(uuid.uuid4()), user=user)


def told(store: LabelStore, **which) -> list[str]:
    names = {c.id: c.name for c in store.classes(VOLUME)}
    return [sentence(record, names, lambda _: "then") for record in store.edits(VOLUME, **which)]
