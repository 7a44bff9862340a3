"""One import from its file to the labels: how far it is, and how it is stopped.

A run first looks through the file and waits with its report; then it writes, in one transaction, so that one which is
cancelled leaves nothing. Both take long for a large file, so they are called on a thread of their own; any thread may
ask how far they are. `callbacks/http/importing.py` has the threads.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from core.errors import AppError, BusyError, InvalidInputError, NotFoundError
from core.labels.exchange.facts import LabelFile
from core.labels.exchange.importing import Policy, Report, Target, apply, report_on
from core.labels.store import LabelStore

Key = tuple[str, str]
"""(user, volume)"""
Stage = Literal["reading", "ready", "writing", "done", "failed"]
BUSY: tuple[Stage, ...] = ("reading", "writing")
MAX_KEPT = 256  # reports that nobody came back to; a few kilobytes each
STOPPED = "Cancelled: nothing was changed."


class Stopped(Exception):
    """Somebody has cancelled the run, or begun another in its place."""


@dataclass(frozen=True)
class Progress:
    """Where a run is.

    done, total : slices, while it reads or writes; within a large slice `done` is a fraction.
    placed : whether the file itself says which slices it holds.
    report : from "ready" on, None before. changed : slices whose labels are others now, when it is "done".
    said : a sentence for the person about what happened last, and `hint` the way out.
    """

    stage: Stage
    done: float = 0.0
    total: int = 1
    placed: bool = True
    report: Report | None = None
    changed: int = 0
    said: str = ""
    hint: str = ""


class ImportRun:
    """One file on its way into a volume.

    Parameters
    ----------
    volume : path of the volume.
    name : of the file, as the person knows it.
    upload : id of the file, for who has to remove it.
    open_file : opens it, put where it belongs; may raise AppError, as reading may.
    """

    def __init__(self, volume: str, name: str, upload: str, open_file: Callable[[], LabelFile]) -> None:
        self.volume = volume
        self.name = name
        self.upload = upload
        self.progress = Progress("reading")
        self._open_file = open_file
        self._stop = threading.Event()

    def stop(self) -> None:
        """Let what is under way end soon, without effect; harmless when nothing is."""
        self._stop.set()

    def read(self, target: Target) -> None:
        """Look through the file; then the run is "ready", or "failed". Raises Stopped."""
        try:
            self._report(target)
        except AppError as error:
            self.progress = Progress("failed", said=error.message, hint=error.hint)

    def claim(self) -> None:
        """Say that somebody is about to write. Raises InvalidInputError when there is nothing ready that fits."""
        now = self.progress
        if now.stage != "ready" or now.report is None or not now.report.fits:
            raise InvalidInputError(f"{self.name} cannot be imported now.", "Look at the page again.")
        self._stop.clear()
        self.progress = replace(now, stage="writing", done=0.0, total=len(now.report.slices), said="", hint="")

    def write(self, store: LabelStore, policy: Policy, *, user: str) -> None:
        """Change the labels; then the run is "done", or "ready" again with what stood in the way.

        To be called after `claim`.
        """
        try:
            self._apply(store, policy, user)
        except Stopped:
            self._back_to_ready(STOPPED)
        except AppError as error:
            self._back_to_ready(error.message, error.hint)

    def give_up(self, said: str, hint: str) -> None:
        """What happened is a fault of ours: nothing was changed, and nothing more can be done with the run."""
        self.progress = Progress("failed", said=said, hint=hint)

    def _report(self, target: Target) -> None:
        file = self._open_file()
        self.progress = Progress("reading", total=len(file.facts.slices), placed=file.facts.placed)
        report = report_on(file, target, told=self._told)
        self.progress = replace(self.progress, stage="ready", report=report)

    def _apply(self, store: LabelStore, policy: Policy, user: str) -> None:
        report = self.progress.report
        assert report is not None
        while True:
            try:
                receipt = apply(store, self.volume, self._open_file(), report, policy, user=user, told=self._told)
                break
            except BusyError:  # somebody else's may take minutes; this one waits for its turn, or until it is stopped
                self._told(0.0)
        changed = len({z for z, _, _ in receipt.changed})
        self.progress = replace(self.progress, stage="done", changed=changed)

    def _back_to_ready(self, said: str, hint: str = "") -> None:
        self.progress = replace(self.progress, stage="ready", said=said, hint=hint)

    def _told(self, done: float) -> None:
        if self._stop.is_set():
            raise Stopped
        self.progress = replace(self.progress, done=done)


class Imports:
    """The runs of all people, one for each person and volume, in the memory of this process. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: OrderedDict[Key, ImportRun] = OrderedDict()

    def begin(self, user: str, run: ImportRun) -> ImportRun | None:
        """Put a run in place of the one this person had, which is stopped and returned.

        Raises InvalidInputError while that one writes.
        """
        key = (user, run.volume)
        with self._lock:
            before = self._runs.get(key)
            if before is not None and before.progress.stage == "writing":
                raise InvalidInputError(f"{before.name} is being imported.", "Wait for it, or cancel it first.")
            self._runs[key] = run
            self._runs.move_to_end(key)
            self._forget_old()
        if before is not None:
            before.stop()
        return before

    def of(self, user: str, volume: str) -> ImportRun | None:
        """What this person imports into a volume, or imported last."""
        return self._runs.get((user, volume))

    def claim(self, user: str, volume: str) -> ImportRun:
        """The run, for the one caller who will write it. Raises InvalidInputError, NotFoundError."""
        with self._lock:
            run = self._runs.get((user, volume))
            if run is None:
                raise NotFoundError("There is no file to import (any more).", "Choose it again.")
            run.claim()
            return run

    def drop(self, user: str, volume: str) -> ImportRun | None:
        """Stop what is under way, and forget it unless it writes: then it says itself how it ended."""
        with self._lock:
            run = self._runs.get((user, volume))
            if run is not None and run.progress.stage != "writing":
                del self._runs[user, volume]
        if run is not None:
            run.stop()
        return run

    def _forget_old(self) -> None:
        idle = [key for key, run in self._runs.items() if run.progress.stage not in BUSY]
        for key in idle[: max(0, len(self._runs) - MAX_KEPT)]:
            del self._runs[key]
