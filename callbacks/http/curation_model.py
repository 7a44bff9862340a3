"""What a model makes of a table: an embedding of each item, heads that learn from its tags, and how good they are.

It is made by a thread, in the memory of this process, and thrown away with it: a minute makes it anew.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.errors import AppError, InvalidInputError
from core.images.pictures import Bounds, look
from core.learning.curation.embeddings import Scale, layout, read_points, standardised
from core.learning.curation.kept import label_table
from core.learning.curation.pool import Points
from core.learning.curation.pooled import pooled
from core.learning.curation.store import Item
from core.learning.curation.table import Chances, LabelTable
from core.learning.normalisation import Normalisation
from core.services import Services

if TYPE_CHECKING:
    from core.learning.curation.learned import Choice

log = logging.getLogger(__name__)

LOOK_PX = 128  # of the longer side of what is embedded
MAX_ITEMS = 20_000  # two minutes on two cores
WINDOW = Normalisation((0.0,) * 3, (255.0,) * 3)


@dataclass(frozen=True)
class Model:
    """stage : "none", "looking", "seen", "learning", "ready" or "failed". points : (n, d), chances : (n, C) in table
    order. scale : of the points; None where they come from a file. file : its name, or empty. maps : layouts of the
    points by their way.

    revision : of the table that was learned from. course : accuracy on held-out rows each time it learned.
    """

    stage: str = "none"
    done: int = 0
    total: int = 0
    said: str = ""
    hint: str = ""
    revision: int = 0
    points: Points | None = None
    scale: Scale | None = None
    file: str = ""
    maps: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    chances: Chances | None = None
    scores: Mapping[str, Any] = field(default_factory=dict)
    pairs: Sequence[tuple[int, int]] = ()
    parameters: int = 0
    losses: Any = None
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

    def train(self, table: str, choice: "Choice") -> None:
        """Begin to look at the items, if that has not been done, and to learn from their tags. Raises AppError."""
        self._begin(table, self._counted(table), lambda: self._learn(table, choice))

    def look(self, table: str) -> None:
        """Begin to look at the items, unless that has been done or goes on. Raises AppError."""
        count = self._counted(table)
        if self.of(table).points is None:
            self._begin(table, count, lambda: self._see(table))

    def use_file(self, table: str, data: BinaryIO, name: str) -> None:
        """Embeddings from a .npy file in place of our own. Raises InvalidInputError where it does not fit."""
        points = standardised(read_points(data, self._counted(table), name=name))
        with self._lock:
            if self.of(table).is_busy:
                raise InvalidInputError("A model is at work.", "Wait until it has learned.")
            self._models[table] = Model(stage="seen", points=points, file=name)

    def forget(self, table: str) -> None:
        """Look at the images anew when embeddings are wanted next."""
        with self._lock:
            if not self.of(table).is_busy:
                self._models.pop(table, None)

    def _begin(self, table: str, total: int, work: Callable[[], None]) -> None:
        with self._lock:
            if self.of(table).is_busy:
                return
            self._change(table, stage="looking", done=0, total=total, said="", hint="")
        threading.Thread(target=self._guarded, args=(table, work), daemon=True, name="curation").start()

    def _guarded(self, table: str, work: Callable[[], None]) -> None:
        try:
            work()
        except AppError as error:
            self._change(table, stage="failed", said=error.message, hint=error.hint)
        except Exception:
            log.exception("learning from the table %s failed", table)
            self._change(table, stage="failed", said="The server failed.", hint="Try again; its log tells the cause.")

    def _counted(self, table: str) -> int:
        count = self._services.curation.table(table).count
        if count > MAX_ITEMS:
            raise InvalidInputError(f"{count:,} items are too many.", f"At most {MAX_ITEMS:,} can be looked at.")
        return count

    def _see(self, table: str) -> None:
        self._points(table)
        self._change(table, stage="seen")

    def _points(self, table: str) -> Points:
        """Of all items, made when they are first wanted."""
        points = self.of(table).points
        if points is None:
            looked = np.stack([self._look(table, row.item) for row in self._services.curation.rows(table)])
            scale = Scale.of(looked)
            points = scale.apply(looked)
            self._change(table, points=points, scale=scale, file="", maps={})
        return points

    def _learn(self, table: str, choice: "Choice") -> None:
        from core.learning.curation.learned import learn  # late: scikit-learn takes a second

        points = self._points(table)
        self._change(table, stage="learning")
        facts, rows = self._services.curation.table(table), self._services.curation.rows(table)
        learned = learn(label_table(facts, rows), points, choice)
        step = {name: score["accuracy"] for name, score in learned.scores.items()}
        tags = sum(value in (0, 1) for row in rows for value in row.values.values())
        course = (*self.of(table).course, {"tags": tags, **step})
        self._change(table, stage="ready", revision=facts.revision, course=course, **vars(learned))

    def layout(self, table: str, way: str) -> NDArray[np.float64]:
        """(n, 2) of the items that were looked at, made when it is first wanted. Raises InvalidInputError."""
        model = self.of(table)
        assert model.points is not None, "looked at before"
        if way not in model.maps:
            self._change(table, maps={**model.maps, way: layout(model.points, way)})
        return self.of(table).maps[way]

    def places(self, table: str, volume: str, z: int, parts: Sequence[Bounds | None]) -> Points:
        """(k, d) of parts of a slice, on the scale of the table's items. Raises AppError."""
        scale = self.of(table).scale
        if scale is None:
            raise InvalidInputError("The features of this table come from a file.", "Choose one of its pictures.")
        return scale.apply(np.stack([self._embedded(volume, z, part) for part in parts]))

    def _look(self, table: str, item: Item) -> Points:
        found = self._embedded(item.volume, item.z, item.box)
        self._change(table, done=self.of(table).done + 1)
        return found

    def _embedded(self, volume: str, z: int, part: Bounds | None) -> Points:
        seen, _ = look(self._services.tiles, volume, z, part, px=LOOK_PX)
        return pooled(seen if seen.ndim == 3 else np.repeat(seen[..., np.newaxis], 3, axis=2), WINDOW)

    def _change(self, table: str, **values: Any) -> None:
        self._models[table] = replace(self.of(table), **values)
