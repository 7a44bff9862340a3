"""What a model makes of a table: an embedding of each item, heads that learn from its tags, and how good they are.

It is made by a thread, in the memory of this process, and thrown away with it: a minute makes it anew.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from core.errors import AppError, InvalidInputError
from core.images.pictures import look
from core.learning.curation.kept import label_table
from core.learning.curation.pool import Points
from core.learning.curation.pooled import pooled
from core.learning.curation.store import Item
from core.learning.curation.table import Chances, LabelTable
from core.learning.normalisation import Normalisation
from core.services import Services

log = logging.getLogger(__name__)

LOOK_PX = 128  # of the longer side of what is embedded
MAX_ITEMS = 20_000  # two minutes on two cores
WINDOW = Normalisation((0.0,) * 3, (255.0,) * 3)


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

    def train(self, table: str, kind: str) -> None:
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
        threading.Thread(target=self._guarded, args=(table, kind), daemon=True, name="curation").start()

    def _guarded(self, table: str, kind: str) -> None:
        try:
            self._work(table, kind)
        except AppError as error:
            self._change(table, stage="failed", said=error.message, hint=error.hint)
        except Exception:
            log.exception("learning from the table %s failed", table)
            self._change(table, stage="failed", said="The server failed.", hint="Try again; its log tells the cause.")

    def _work(self, table: str, kind: str) -> None:
        from core.learning.curation.embeddings import standardised  # late, both: scikit-learn takes a second
        from core.learning.curation.learned import learn

        facts, rows = self._services.curation.table(table), self._services.curation.rows(table)
        points = self.of(table).points
        if points is None:
            points = standardised(np.stack([self._look(table, row.item) for row in rows]))
            self._change(table, points=points)
        self._change(table, stage="learning")
        labels = label_table(facts, rows)
        learned = learn(labels, points, kind)
        step = {name: score["accuracy"] for name, score in learned.scores.items()}
        course = (*self.of(table).course, {"tags": int((labels.tags >= 0).sum()), **step})
        self._change(table, stage="ready", revision=facts.revision, course=course, **vars(learned))

    def _look(self, table: str, item: Item) -> np.ndarray:
        seen, _ = look(self._services.tiles, item.volume, item.z, item.box, px=LOOK_PX)
        self._change(table, done=self.of(table).done + 1)
        return pooled(seen if seen.ndim == 3 else np.repeat(seen[..., np.newaxis], 3, axis=2), WINDOW)

    def _change(self, table: str, **values: Any) -> None:
        self._models[table] = replace(self.of(table), **values)
