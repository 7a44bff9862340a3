"""An uploaded file on its way into the labels, as docs/contracts.md ("Exchange") says: looked through, then written.

Each step is a thread of its own, so that the page can tell how far it is, stop it, and find it again after a reload.
What a step does is in `core/labels/exchange/running.py`.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dash import Dash
from flask import Response, jsonify, request

from callbacks.http.images import uncached
from core.errors import InvalidInputError
from core.images.volumes import volume_path
from core.labels.exchange import open_labels
from core.labels.exchange.facts import LabelFile
from core.labels.exchange.importing import POLICIES, Policy, Target, place
from core.labels.exchange.running import ImportRun, Imports, Stopped
from core.services import Services

log = logging.getLogger(__name__)
FAULT = ("The server failed, and nothing was changed.", "Its log tells the cause.")


class ImportDesk:
    """Reads and writes the files of all people in threads."""

    def __init__(self, services: Services) -> None:
        self.imports = Imports()
        self._services = services

    def read(self, user: str, volume: str, asked: Mapping[str, Any]) -> None:
        """Look through an upload. Raises NotFoundError, and InvalidInputError while another is written."""
        info = self._services.volumes.open(volume).info
        target = Target(info.shape, self._services.labels.classes(volume), info.voxel_size_um)
        upload = str(asked.get("id"))
        path = self._services.exchange.upload(upload)
        opener = _opener(path, target, asked.get("first"))
        run = ImportRun(volume, str(asked.get("name", path.name)), upload, opener)
        before = self.imports.begin(user, run)
        if before is not None and before.upload != upload:
            self._services.exchange.forget_upload(before.upload)
        _start(run, lambda: run.read(target))

    def write(self, user: str, volume: str, policy: Policy) -> None:
        """Write what was looked through. Raises InvalidInputError, NotFoundError when there is nothing to write."""
        run = self.imports.claim(user, volume)

        def work() -> None:
            run.write(self._services.labels, policy, user=user)
            if run.progress.stage == "done":
                self._services.exchange.forget_upload(run.upload)

        _start(run, work)

    def cancel(self, user: str, volume: str) -> None:
        """Stop what is under way. A file that is not being written is forgotten, and removed."""
        run = self.imports.drop(user, volume)
        if run is not None and self.imports.of(user, volume) is None:
            self._services.exchange.forget_upload(run.upload)


def register(app: Dash, services: Services) -> None:
    """Add the routes below /api/imports/<vid>."""
    desk = ImportDesk(services)
    server = app.server

    @server.get("/api/imports/<vid>")
    def import_state(vid: str) -> Response:
        return _answer(services, desk, volume_path(vid))

    @server.post("/api/imports/<vid>")
    def import_read(vid: str) -> Response:
        volume = volume_path(vid)
        desk.read(services.current_user(), volume, _json())
        return _answer(services, desk, volume)

    @server.post("/api/imports/<vid>/write")
    def import_write(vid: str) -> Response:
        volume = volume_path(vid)
        desk.write(services.current_user(), volume, _policy(_json().get("policy")))
        return _answer(services, desk, volume)

    @server.post("/api/imports/<vid>/cancel")
    def import_cancel(vid: str) -> Response:
        volume = volume_path(vid)
        desk.cancel(services.current_user(), volume)
        return _answer(services, desk, volume)


def state_json(run: ImportRun | None) -> dict[str, Any]:
    """Where an import is, in the words of the contract."""
    if run is None:
        return {"stage": "none"}
    return {"id": run.upload, "name": run.name} | asdict(run.progress)


def _opener(path: Path, target: Target, first: object) -> Callable[[], LabelFile]:
    begin = first - 1 if isinstance(first, int) and first > 0 else 0
    return lambda: place(open_labels(path, target.shape), target, begin)


def _start(run: ImportRun, work: Callable[[], None]) -> None:
    threading.Thread(target=_guarded, args=(run, work), daemon=True, name="import").start()


def _guarded(run: ImportRun, work: Callable[[], None]) -> None:
    try:
        work()
    except Stopped:
        log.info("the import of %s into %s was cancelled", run.name, run.volume)
    except Exception:
        log.exception("the import of %s into %s failed", run.name, run.volume)
        run.give_up(*FAULT)


def _policy(asked: object) -> Policy:
    for policy in POLICIES:
        if policy == asked:
            return policy
    raise InvalidInputError(f"{str(asked)[:40]!r} is no way to import.", f"Choose one of {', '.join(POLICIES)}.")


def _answer(services: Services, desk: ImportDesk, volume: str) -> Response:
    return uncached(jsonify(state_json(desk.imports.of(services.current_user(), volume))))


def _json() -> Mapping[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInputError("The request is not a JSON object.", "Reload the page.")
    return body
