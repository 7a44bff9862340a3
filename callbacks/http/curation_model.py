"""What a model makes of a table: an embedding of each item, heads that learn from its tags, and how good they are.

It is made by a thread, in the memory of this process, and thrown away with it: a minute makes it anew.
"""

import logging
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from core.errors import AppError, InvalidInputError
from core.images.pictures import look
from core.learning.curation.embeddings import near_duplicates, standardised
from core.learning.curation.heads import HeadSettings, held_out_rows, teaching_rows, train_heads
from core.learning.curation.kept import label_table
from core.learning.curation.pool import Points
from core.learning.curation.pooled import pooled
from core.learning.curation.scores import histogram, score_rows
from core.learning.curation.store import Item
from core.learning.curation.table import Chances, LabelTable, Rows
from core.learning.normalisation import Normalisation
from core.services import Services

log = logging.getLogger(__name__)

LOOK_PX = 128  # of the longer side of what is embedded
MAX_ITEMS = 20_000  # two minutes on two cores
WINDOW = Normalisation((0.0,) * 3, (255.0,) * 3)
MAX_PAIRS = 50  # near duplicates that are told


@dataclass(frozen=True)
class Model:
    """stage : "none", "looking", "learning", "ready" or "failed". points : (n, d), chances : (n, C) in table order.

    revision : of the table that was learned from. course : accuracy on held-out rows each time it learned.
    """

    stage: str = "none"
    done: int = 0
    total: int = 0
    said: str = ""
    hint: str = ""
    revision: int = 0
    points: Points | None = None
    chances: Chances | None = None
    scores: Mapping[str, Any] = field(default_factory=dict)
    pairs: Sequence[tuple[int, int]] = ()
    course: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_busy(self) -> bool:
        return self.stage in ("looking", "learning")

    def chances_of(self, labels: LabelTable) -> Chances | None:
        """What the heads say; NaN of classes that have been added since."""
        if self.chances is None:
            return None
        added = len(labels.classes) - self.chances.shape[1]
        return np.pad(self.chances, ((0, 0), (0, added)), constant_values=np.nan)


class Models:
    """One for each table."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._models: dict[str, Model] = {}

    def of(self, table: str) -> Model:
        return self._models.get(table, Model())

    def train(self, table: str, settings: HeadSettings) -> None:
        """Begin to look at the items, if that has not been done, and to learn from their tags. Raises AppError."""
        facts = self._services.curation.table(table)
        if facts.count > MAX_ITEMS:
            raise InvalidInputError(
                f"{facts.count:,} items are too many.", f"At most {MAX_ITEMS:,} can be learned from."
            )
        with self._lock:
            if self.of(table).is_busy:
                return
            self._change(table, stage="looking", done=0, total=facts.count, said="", hint="")
        threading.Thread(target=self._guarded, args=(table, settings), daemon=True, name="curation").start()

    def _guarded(self, table: str, settings: HeadSettings) -> None:
        try:
            self._work(table, settings)
        except AppError as error:
            self._change(table, stage="failed", said=error.message, hint=error.hint)
        except Exception:
            log.exception("learning from the table %s failed", table)
            self._change(table, stage="failed", said="The server failed.", hint="Try again; its log tells the cause.")

    def _work(self, table: str, settings: HeadSettings) -> None:
        facts, rows = self._services.curation.table(table), self._services.curation.rows(table)
        points = self.of(table).points
        if points is None:
            points = standardised(np.stack([self._look(table, row.item) for row in rows]))
            self._change(table, points=points)
        self._change(table, stage="learning")
        labels = label_table(facts, rows)
        chances = train_heads(labels, points, settings).chances(points)
        scores = scores_of(labels, chances)
        step = {"tags": int((labels.tags >= 0).sum()), **{name: each["accuracy"] for name, each in scores.items()}}
        learned = {"chances": chances, "scores": scores, "revision": facts.revision}
        pairs = near_duplicates(points, np.flatnonzero(labels.validation), np.flatnonzero(labels.training))[:MAX_PAIRS]
        self._change(table, stage="ready", pairs=pairs, course=(*self.of(table).course, step), **learned)

    def _look(self, table: str, item: Item) -> np.ndarray:
        seen, _ = look(self._services.tiles, item.volume, item.z, item.box, px=LOOK_PX)
        self._change(table, done=self.of(table).done + 1)
        return pooled(seen if seen.ndim == 3 else np.repeat(seen[..., np.newaxis], 3, axis=2), WINDOW)

    def _change(self, table: str, **values: Any) -> None:
        self._models[table] = replace(self.of(table), **values)


def scores_of(labels: LabelTable, chances: Chances) -> dict[str, dict[str, Any]]:
    """Of each class there is a head for: on held-out rows where there are any, else on those it learned from."""
    known = [name for at, name in enumerate(labels.classes) if not np.isnan(chances[:, at]).all()]
    return {name: _scores(labels, chances, name) for name in known}


def _scores(labels: LabelTable, chances: Chances, name: str) -> dict[str, Any]:
    held_out = held_out_rows(labels, name)
    rows = held_out if len(held_out) else teaching_rows(labels, name)
    numbers = {key: _plain(value) for key, value in asdict(score_rows(labels, chances, name, rows)).items()}
    return numbers | {"held_out": bool(len(held_out)), "histograms": _histograms(labels, chances, name, rows)}


def _histograms(labels: LabelTable, chances: Chances, name: str, rows: Rows) -> dict[str, list[int]]:
    """Of what the head says: of positives, of negatives, and of items without a tag."""
    place = labels.place(name)
    truth, said = labels.tags[rows, place], chances[:, place]
    parts = {"positive": rows[truth == 1], "negative": rows[truth == 0]}
    parts["unlabelled"] = np.flatnonzero((labels.tags[:, place] < 0) & ~labels.exclude)
    return {kind: histogram(said[part]).tolist() for kind, part in parts.items()}


def _plain(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None
