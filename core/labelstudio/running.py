"""Exports and their previews: how far each is, and how one is stopped. A person has one; any thread may ask."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from core.errors import AppError, InvalidInputError
from core.labelstudio.exporting import Shipment, Source, project_for, send
from core.labelstudio.port import LabelStudio
from core.labelstudio.preview import preview

log = logging.getLogger(__name__)
Stage = Literal["idle", "looking", "sending", "done", "failed", "stopped"]
UNDER_WAY = ("looking", "sending")
NOT_SENT = "Nothing was sent."
SENT_STAYS = "What was sent stays; send again for the rest."
FAULT = ("The server failed.", "Its log tells the cause. What was sent is there; send again, and only the rest goes.")


class Stopped(Exception):
    """Somebody has stopped the export."""


@dataclass(frozen=True)
class Progress:
    """done : fraction. said, hint : what came of it. details : of a preview. url : of the project."""

    stage: Stage = "idle"
    done: float = 0.0
    said: str = ""
    hint: str = ""
    details: tuple[str, ...] = ()
    url: str = ""


class Exports:
    """In the memory of this process. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: dict[str, Progress] = {}
        self._stops: dict[str, threading.Event] = {}

    def of(self, user: str) -> Progress:
        """What this person sends or looks at, or did last."""
        return self._now.get(user, Progress())

    def stop(self, user: str) -> None:
        """Let it end between two tasks; harmless when nothing is under way."""
        if user in self._stops:
            self._stops[user].set()

    def begin(self, user: str, studio: LabelStudio, title: str, shipment: Shipment, source: Source) -> None:
        """Send in a thread. Raises InvalidInputError while something is under way for this person."""
        self._start(user, "sending", lambda: self._send(user, studio, title, shipment, source))

    def look(self, user: str, shipment: Shipment, source: Source) -> None:
        """Count in a thread what would be sent. Raises InvalidInputError as `begin`."""
        self._start(user, "looking", lambda: self._look(user, shipment, source))

    def _start(self, user: str, stage: Stage, work: Callable[[], None]) -> None:
        with self._lock:
            if self.of(user).stage in UNDER_WAY:
                raise InvalidInputError("Slices are being sent or looked at already.", "Wait for them, or stop them.")
            self._now[user] = Progress(stage)
            self._stops[user] = threading.Event()
        threading.Thread(target=self._guarded, args=(user, work), daemon=True, name="labelstudio-export").start()

    def _look(self, user: str, shipment: Shipment, source: Source) -> None:
        first, *more = preview(shipment, source, told=lambda done: self._told(user, done)).told()
        self._change(user, stage="done", done=1.0, said=first, details=tuple(more), hint=NOT_SENT)

    def _send(self, user: str, studio: LabelStudio, title: str, shipment: Shipment, source: Source) -> None:
        project = project_for(studio, title, shipment.classes)
        self._change(user, url=project.url)
        sent = send(studio, project, shipment, source, told=lambda done: self._told(user, done))
        self._change(user, stage="done", done=1.0, said=sent.told())

    def _told(self, user: str, done: float) -> None:
        if self._stops[user].is_set():
            raise Stopped
        self._change(user, done=done)

    def _change(self, user: str, **values: object) -> None:
        self._now[user] = replace(self._now[user], **values)  # type: ignore[arg-type]  # names of its own fields

    def _guarded(self, user: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Stopped:
            hint = SENT_STAYS if self.of(user).stage == "sending" else NOT_SENT
            self._change(user, stage="stopped", said="Stopped.", hint=hint)
        except AppError as error:
            self._change(user, stage="failed", said=error.message, hint=error.hint)
        except Exception:
            log.exception("an export to Label Studio failed")
            self._change(user, stage="failed", said=FAULT[0], hint=FAULT[1])
