"""Instances made in the background: one thread works on what was asked for, and the page looks how far it is.

Implements `core.services.Instances`. What was built last is shown until something newer is there.
"""

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from core.errors import AppError
from core.images.volumes import VolumeCatalog
from core.labels.corrections import InstanceSet
from core.labels.instance_builder import Built, InstanceBuilder
from core.labels.instance_memory import InstanceMemory
from core.labels.store import LabelStore
from core.services import InstanceView

log = logging.getLogger(__name__)

KEPT_SETS = 6  # with the instances of each
REST = 3.0  # after a build, times as long as it took: the thread takes at most a quarter of a processor from the page
LONGEST_REST_S = 5.0
RETRY_S = 5.0  # after a failure


class _CancelledError(Exception):
    """Somebody no longer wants it."""


@dataclass
class _Entry:
    """One instance set. not_before : when it may be built again."""

    view: InstanceView = field(default_factory=InstanceView)
    cancelled: bool = False
    not_before: float = 0.0


class BackgroundInstances:
    """The instances of the app, over these ports."""

    def __init__(self, labels: LabelStore, volumes: VolumeCatalog, memory: InstanceMemory) -> None:
        self._labels, self._memory = labels, memory
        self._builder = InstanceBuilder(labels, volumes, memory)
        self._lock = threading.Lock()
        self._entries: OrderedDict[InstanceSet, _Entry] = OrderedDict()
        self._queue: list[InstanceSet] = []
        self._worker: threading.Thread | None = None

    def look(self, chosen: InstanceSet, *, again: bool = False) -> InstanceView:
        revision = self._labels.revision(chosen.volume)
        with self._lock:
            entry = self._entry(chosen)
            if again:
                entry.cancelled, entry.not_before = False, 0.0
            if self._is_due(entry, revision) and chosen not in self._queue:
                self._queue.append(chosen)
                entry.view = entry.view.change(state="working", done=0, total=0, reason="")
                self._start()
            return entry.view

    def cancel(self, chosen: InstanceSet) -> None:
        with self._lock:
            entry = self._entry(chosen)
            entry.cancelled = chosen in self._queue

    def _entry(self, chosen: InstanceSet) -> _Entry:
        entry = self._entries.setdefault(chosen, _Entry())
        self._entries.move_to_end(chosen)
        for old in [each for each in self._entries if each not in self._queue][:-KEPT_SETS]:
            del self._entries[old]
        return entry

    def _is_due(self, entry: _Entry, revision: int) -> bool:
        if entry.cancelled or entry.view.state == "working" or time.monotonic() < entry.not_before:
            return False
        built = entry.view.built
        return built is None or built.revision != revision

    def _start(self) -> None:
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, name="instances", daemon=True)
            self._worker.start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._worker = None
                    return
                chosen = self._queue[0]
                entry = self._entries[chosen]
            self._build(chosen, entry)
            with self._lock:
                self._queue.remove(chosen)

    def _build(self, chosen: InstanceSet, entry: _Entry) -> None:
        began = time.monotonic()

        def tell(done: int, total: int) -> None:
            if entry.cancelled:
                raise _CancelledError
            entry.view = entry.view.change(done=done, total=total)

        try:
            built = self._builder.build(chosen, entry.view.built, tell)
        except _CancelledError:
            self._settle(entry, entry.view.change(state="cancelled"), rest_s=0)
        except AppError as error:
            log.warning("instances of %s were given up: %s", chosen, error)
            self._settle(entry, entry.view.change(state="failed", reason=str(error)), rest_s=RETRY_S)
        except Exception:
            log.exception("instances of %s failed", chosen)
            reason = "The server failed. Try again; if it stays, tell the administrator."
            self._settle(entry, entry.view.change(state="failed", reason=reason), rest_s=RETRY_S)
        else:
            rest_s = min(LONGEST_REST_S, REST * (time.monotonic() - began))
            self._settle(entry, _finished(entry.view, built), rest_s=rest_s)

    def _settle(self, entry: _Entry, view: InstanceView, *, rest_s: float) -> None:
        entry.not_before = time.monotonic() + rest_s
        entry.view = view


def _finished(view: InstanceView, built: Built) -> InstanceView:
    return view.change(state="ready", built=built, before=view.built, serial=view.serial + 1, reason="")
