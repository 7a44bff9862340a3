"""The state of the model of each table, and the one piece of work that may go on with it at a time.

`curation_model.py` says what the pieces are. What comes of them is kept (`core/learning/curation/memory.py`), so that a
restart of the app costs nothing but what was under way.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from callbacks.http.curation_kept import Model, remembered
from callbacks.http.curation_looks import Spot
from core.errors import AppError, InvalidInputError
from core.learning.curation.kept import label_table
from core.learning.curation.memory import Kept
from core.learning.curation.table import LabelTable
from core.services import Services

log = logging.getLogger(__name__)

MAX_ITEMS = 20_000  # two minutes on two cores


class ModelStates:
    """One for each table."""

    def __init__(self, services: Services) -> None:
        self._services, self._memory = services, services.curation_memory
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._models: dict[str, Model] = {}

    def of(self, table: str) -> Model:
        """As it is now; what an earlier process has made is read when it is first asked for."""
        found = self._models.get(table)
        if found is None:
            with self._reading:
                found = self._models.setdefault(table, remembered(self._memory.facts(table), self._part(table)))
        return found

    def drop(self, table: str) -> None:
        """Forget all of a table that is no more."""
        with self._lock:
            self._models.pop(table, None)
        self._memory.forget(table)

    def _check_idle(self, table: str) -> None:
        if self.of(table).is_busy:
            raise InvalidInputError("A model is at work.", "Wait until it has learned.")

    def _begin(self, table: str, total: int, work: Callable[[], None], *, stage: str = "looking") -> None:
        with self._lock:
            if self.of(table).is_busy:
                return
            self._change(table, stage=stage, done=0, total=total, said="", hint="")
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

    def _tell(self, table: str, done: int) -> None:
        self._change(table, done=done)

    def _labels(self, table: str) -> LabelTable:
        return label_table(self._services.curation.table(table), self._services.curation.rows(table))

    def _spots(self, table: str) -> list[Spot]:
        items = [row.item for row in self._services.curation.rows(table)]
        return [(item.volume, item.z, item.box) for item in items]

    def _part(self, table: str) -> Callable[[str], Kept | None]:
        return lambda part: self._memory.read(table, part)

    def _change(self, table: str, **values: Any) -> None:
        self._models[table] = replace(self.of(table), **values)
