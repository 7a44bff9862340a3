"""Exports under way: how far each is, and how one is stopped. A person has one; any thread may ask."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from core.errors import AppError, InvalidInputError
from core.labelstudio.exporting import Shipment, Source, project_for, send
from core.labelstudio.port import LabelStudio

log = logging.getLogger(__name__)
Stage = Literal["idle", "sending", "done", "failed", "stopped"]
FAULT = ("The server failed; what was sent is there.", "Its log tells the cause. Send again: only the rest goes.")


class Stopped(Exception):
    """Somebody has stopped the export."""


@dataclass(frozen=True)
class Progress:
    """done : fraction. said, hint : what came of it. url : of the project."""

    stage: Stage = "idle"
    done: float = 0.0
    said: str = ""
    hint: str = ""
    url: str = ""


class Exports:
    """In the memory of this process. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: dict[str, Progress] = {}
        self._stops: dict[str, threading.Event] = {}

    def of(self, user: str) -> Progress:
        """What this person sends, or sent last."""
        return self._now.get(user, Progress())

    def stop(self, user: str) -> None:
        """Let it end between two tasks; harmless when nothing is under way."""
        if user in self._stops:
            self._stops[user].set()

    def begin(self, user: str, studio: LabelStudio, title: str, shipment: Shipment, source: Source) -> None:
        """Send in a thread. Raises InvalidInputError while this person sends already."""
        with self._lock:
            if self.of(user).stage == "sending":
                raise InvalidInputError("Slices are being sent already.", "Wait for them, or stop them first.")
            self._now[user] = Progress("sending")
            self._stops[user] = threading.Event()
        work = (user, lambda: self._send(user, studio, title, shipment, source))
        threading.Thread(target=self._guarded, args=work, daemon=True, name="labelstudio-export").start()

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
            self._change(user, stage="stopped", said="Stopped.", hint="What was sent stays; send again for the rest.")
        except AppError as error:
            self._change(user, stage="failed", said=error.message, hint=error.hint)
        except Exception:
            log.exception("an export to Label Studio failed")
            self._change(user, stage="failed", said=FAULT[0], hint=FAULT[1])
