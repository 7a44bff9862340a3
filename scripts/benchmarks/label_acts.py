"""Random work on the labels of one volume, done by the label store and by the numpy model side by side.

Three people use every kind of edit: strokes on the three planes in each overwrite mode with locked classes, several
classes in one edit, rewrites of whole slices, classes added, locked and deleted, moments restored, steps back and
forth, and writes that arrive twice. `label_checks.py` compares.
"""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from core.errors import InvalidInputError
from core.images.geometry import TILE_PX
from core.images.planes import PlaneAxis, turned
from core.labels.classes import DEFAULT_CLASSES, LabelClass, add_class, lock_class, rename_class
from core.labels.edits import Tile
from core.labels.rules import PaintRule
from core.labels.store import ClassChange, LabelStore, Paint, Receipt, Rewrite, TileChange, TileIndex
from scripts.benchmarks.label_model import LabelModel, Labels

PEOPLE = ("ann", "bob", "cleo")
AXES: tuple[PlaneAxis, ...] = ("z", "y", "x")
BUSY_SHARE = 0.8  # of the spans begin where edits meet
LOYALTY = 0.6  # how often the next act is the same person's
RECENCY = 0.25  # of all restores go to the newest moment, of the rest as many to the one before, and so on
MOST_CLASSES = 5
KEPT_MOMENTS = 64  # to restore and to compare, the newest


@dataclass(frozen=True)
class Canvas:
    """shape : (Z, Y, X). busy : columns in which most spans begin. longest, rows : of a stroke, in pixels, at most."""

    shape: tuple[int, int, int]
    busy: tuple[int, int]
    longest: int
    rows: int


@dataclass
class Workplace:
    """One volume, as the store and the model have it.

    moments : labels at the newest revisions. counts : acts by name. again : sends the last write once more.
    spent_s : how long the store took for it.
    """

    store: LabelStore
    rng: np.random.Generator
    volume: str
    canvas: Canvas
    people: tuple[str, ...] = PEOPLE
    model: LabelModel = field(init=False)
    moments: dict[int, Labels] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    again: Callable[[], Receipt] | None = None
    spent_s: float = 0.0
    _classes: tuple[LabelClass, ...] = DEFAULT_CLASSES
    _last: str = ""

    def __post_init__(self) -> None:
        self.model = LabelModel(np.zeros(self.canvas.shape, np.uint8))

    # ---- acts: what they return names the tiles they have changed; None: nothing was written ----

    def act(self, shares: dict[str, float]) -> Receipt | None:
        """One of the acts named in `shares`, as often as it says there."""
        name = str(self.rng.choice(list(shares), p=list(shares.values())))
        receipt: Receipt | None = getattr(self, name)()
        self.counts[name] += 1
        if receipt is not None:
            self._remember(receipt.revision)
        return receipt

    def _remember(self, revision: int) -> None:
        self.moments[revision] = self.model.labels
        if len(self.moments) > KEPT_MOMENTS:
            del self.moments[min(self.moments)]

    def paint(self) -> Receipt:
        """A stroke of one class or several on any plane, where its rule allows it."""
        edit = self._stroke(self._user())
        self.model.paint(edit.user, edit)
        return self._write(lambda: self.store.paint(edit, shape=self.canvas.shape))

    def rewrite(self) -> Receipt:
        """As an import, an acceptance or a change of instances: whole slices by a rule."""
        user, slices, table = self._user(), self._slices(), self._table()
        after = self.model.labels.copy()
        after[slices] = table[after[slices]]
        self.model.become(user, after)
        tiles = [(index, _looked_up(table)) for index in self.tiles() if index[0] in slices]
        edit = Rewrite(self._id(), self.volume, "import", tiles, user)
        return self._write(lambda: self.store.rewrite(edit))

    def undo(self) -> Receipt:
        user, edit_id = self._user(), self._id()
        receipt = self._write(lambda: self.store.undo(self.volume, edit_id=edit_id, user=user))
        self.model.undo(user, self.class_ids())
        return receipt

    def redo(self) -> Receipt | None:
        """Refused where it would delete the only class."""
        user, edit_id = self._user(), self._id()
        undone = self.model.steps(user).undone
        if undone and {undone[-1].deleted} == self.class_ids():
            return self._refused(lambda: self.store.redo(self.volume, edit_id=edit_id, user=user))
        receipt = self._write(lambda: self.store.redo(self.volume, edit_id=edit_id, user=user))
        self.model.redo(user, self.class_ids())
        return receipt

    def restore(self) -> Receipt | None:
        """Any moment, also one of classes that are gone."""
        if not self.moments:
            return None
        user, edit_id, known = self._user(), self._id(), self.class_ids()
        revision = self._moment()
        receipt = self._write(lambda: self.store.restore(self.volume, revision, edit_id=edit_id, user=user))
        self.model.become(user, self.moments[revision], is_step=self.class_ids() != known)
        return receipt

    def delete_class(self) -> Receipt | None:
        known = sorted(self.class_ids())
        if len(known) == 1:
            return None
        user, edit_id, class_id = self._user(), self._id(), int(self.rng.choice(known))
        self.model.delete_class(user, class_id)
        return self._write(lambda: self.store.delete_class(self.volume, class_id, edit_id=edit_id, user=user))

    def change_classes(self) -> None:
        """Add or rename one, which are steps; lock one or open its lock, which are none. No pixel changes."""
        user, change, is_step = self._user(), self._lock(), False
        if self.rng.random() < 0.6:
            change, is_step = self._new_name(), True
        revision = self.store.change_classes(self.volume, change, user=user)
        self.model.become(user, self.model.labels, is_step=is_step)
        self._classes = self.store.classes(self.volume)
        self._remember(revision)

    def _lock(self) -> ClassChange:
        one = self._classes[int(self.rng.integers(len(self._classes)))]
        return partial(lock_class, class_id=one.id, locked=not one.locked)

    def _new_name(self) -> ClassChange:
        """Of a new class, or of one that is there."""
        name = f"class {self.rng.integers(10**9)}"
        if len(self._classes) < MOST_CLASSES and self.rng.random() < 0.5:
            return partial(add_class, class_id=self.store.next_class_id(self.volume), name=name)
        one = self._classes[int(self.rng.integers(len(self._classes)))]
        return partial(rename_class, class_id=one.id, name=name)

    def repeat(self) -> None:
        """The last write arrives again, and nothing happens."""
        if self.again is not None:
            before = self.store.revision(self.volume)
            assert self.again().duplicate, f"{self.volume}: a write that came twice was taken for another"
            assert self.store.revision(self.volume) == before, f"{self.volume}: a write was done twice"

    # ---- what there is ----

    def tiles(self) -> Iterator[TileIndex]:
        depth, height, width = self.canvas.shape
        rows, columns = (range(-(-size // TILE_PX)) for size in (height, width))
        return ((z, ty, tx) for z in range(depth) for ty in rows for tx in columns)

    def class_ids(self) -> set[int]:
        """Those that existed after the last act."""
        return {c.id for c in self._classes}

    # ---- what chance says ----

    def _stroke(self, user: str) -> Paint:
        axis = AXES[int(self.rng.choice(3, p=(0.6, 0.2, 0.2)))]
        count, *plane = turned(self.canvas.shape, axis)
        index = self._column() if axis == "x" else int(self.rng.integers(count))
        spans, labels = self._spans(axis, plane[0], plane[1]), [*self.class_ids(), 0]
        parts = tuple((int(self.rng.choice(labels)), 1) for _ in spans) if self.rng.random() < 0.3 else ()
        label = int(self.rng.choice(labels))
        return Paint(self._id(), self.volume, index, label, spans, user, axis, parts, self._rule())

    def _spans(self, axis: PlaneAxis, rows: int, columns: int) -> np.ndarray:
        """(N, 3) int32: neighbouring rows, ragged at both ends, partly beyond the plane."""
        first, count = int(self.rng.integers(rows)), int(self.rng.integers(1, self.canvas.rows + 1))
        at = int(self.rng.integers(columns)) if axis == "x" else self._column()
        starts = np.maximum(0, at + self.rng.integers(-3, 4, count))
        stops = starts + self.rng.integers(1, self.canvas.longest + 1, count)
        return np.stack([first + np.arange(count), starts, stops], axis=1).astype(np.int32)

    def _column(self) -> int:
        low, high = self.canvas.busy if self.rng.random() < BUSY_SHARE else (0, self.canvas.shape[2])
        return int(self.rng.integers(low, high))

    def _rule(self) -> PaintRule:
        """Any overwrite mode; locks as the page sends them."""
        modes = ["all", "all", "empty", *self.class_ids()]
        locked = tuple(c.id for c in self._classes if c.locked)
        return PaintRule(modes[int(self.rng.integers(len(modes)))], locked)  # type: ignore[arg-type]

    def _slices(self) -> list[int]:
        depth = self.canvas.shape[0]
        return sorted(self.rng.choice(depth, int(self.rng.integers(1, min(3, depth) + 1)), replace=False).tolist())

    def _table(self) -> Tile:
        """(256,) uint8: what becomes of each class. Unlabelled pixels stay, for tiles reach beyond the slice."""
        table, known = np.arange(256, dtype=np.uint8), sorted(self.class_ids())
        for class_id in self.rng.choice(known, int(self.rng.integers(1, len(known) + 1))):
            table[class_id] = self.rng.choice([0, *known])
        return table

    def _user(self) -> str:
        """Most often the one who did the last act, so that steps back and forth follow what they are of."""
        if not self._last or self.rng.random() > LOYALTY:
            self._last = str(self.rng.choice(self.people))
        return self._last

    def _moment(self) -> int:
        """Any that is remembered, the newest most often."""
        known, back = sorted(self.moments, reverse=True), int(self.rng.geometric(RECENCY)) - 1
        return known[back % len(known)]

    def _id(self) -> str:
        return str(uuid.UUID(bytes=self.rng.bytes(16), version=4))

    def _refused(self, write: Callable[[], Receipt]) -> None:
        before = self.store.revision(self.volume)
        with suppress(InvalidInputError):
            write()
        assert self.store.revision(self.volume) == before, f"{self.volume}: what should be refused was done"

    def _write(self, write: Callable[[], Receipt]) -> Receipt:
        self.again, began = write, time.perf_counter()
        receipt = write()
        self.spent_s = time.perf_counter() - began
        self._classes = self.store.classes(self.volume)
        return receipt


def _looked_up(table: Tile) -> TileChange:
    return lambda tile: table[tile]
