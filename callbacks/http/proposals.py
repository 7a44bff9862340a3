"""Proposals through the stack for the browser, as docs/contracts.md ("Proposals") says."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from dash import Dash
from flask import Response, jsonify, request
from numpy.typing import NDArray

from callbacks.http.images import IMMUTABLE, uncached
from callbacks.http.labels import check_plane, tile_size
from callbacks.http.pixels import deflated_tile, empty_answer
from callbacks.http.proposing import Order, order_of, propose
from core.errors import AppError, InvalidInputError
from core.images.planes import PlaneAxis, plane_axis, turned
from core.images.volumes import volume_path
from core.labels.planes import PlaneLabels, TileReader, Versions
from core.labels.proposals import Decision, Proposals, StackProposal
from core.labels.pyramid import LabelPyramid
from core.labels.spans import check_edit_id
from core.labels.store import Rewrite, TileIndex
from core.learning.jobs import format_ranges
from core.services import Services

log = logging.getLogger(__name__)
AT_ONCE = 2  # orders worked on at a time, whoever gave them: each may hold a few hundred megabytes
DECISIONS: dict[str, Decision] = {"accept": "accepted", "reject": "rejected", "reopen": "open"}

Key = tuple[str, str]
"""(user, volume)"""


class Ended(Exception):
    """Another order has taken the place of this one, or it was discarded."""


@dataclass
class Run:
    """How far an order is; written by its threads. found : the id of what has come of it. error : why no more came."""

    order: Order
    done: int = 0
    total: int = 1
    found: str = ""
    error: str = ""
    ended: bool = False

    def report(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        self.check()

    def check(self) -> None:
        if self.ended:
            raise Ended


class Desk:
    """Works on the orders of all people in threads of its own, and keeps what comes of them."""

    def __init__(self, services: Services) -> None:
        self.proposals = Proposals()
        self._services = services
        self._lock = threading.Lock()  # held while a proposal is kept, or the work on it ends
        self._places = threading.Semaphore(AT_ONCE)
        self._runs: dict[Key, Run] = {}

    def start(self, user: str, order: Order) -> None:
        """Begin an order in place of the one under way; what waits stays until a slice is found."""
        self.stop(user, order.volume)
        run = self._runs[user, order.volume] = Run(order)
        threading.Thread(target=self._work, args=(user, run), daemon=True, name=order.method).start()

    def discard(self, user: str, volume: str) -> None:
        """Forget the proposal, or end the work on it."""
        self.stop(user, volume)
        self.proposals.discard(user, volume)

    def state(self, user: str, volume: str) -> dict[str, Any]:
        """In the words of the contract. Why an order failed is told once."""
        run, waiting = self._runs.get((user, volume)), self.proposals.of(user, volume)
        told = state_json(waiting) if waiting else {"state": "none"}
        if run is None or run.error:
            self._runs.pop((user, volume), None)
            return told | {"error": run.error if run else ""}
        found = told if waiting and waiting.id == run.found else {"method": run.order.method}
        return found | {"state": "working", "done": run.done, "total": run.total, "error": ""}

    def stop(self, user: str, volume: str) -> None:
        """End the work; what it has found so far stays."""
        with self._lock:
            run = self._runs.pop((user, volume), None)
            if run is not None:
                run.ended = True

    def _keep(self, user: str, run: Run, found: StackProposal) -> None:
        with self._lock:
            run.check()
            self.proposals.keep(user, found)
            run.found = found.id

    def _forget(self, user: str, run: Run) -> None:
        if self._runs.get((user, run.order.volume)) is run:
            del self._runs[user, run.order.volume]

    def _work(self, user: str, run: Run) -> None:
        try:
            with self._places:
                for found in propose(self._services, run.order, run.report):
                    self._keep(user, run, found)
            self._forget(user, run)
        except Ended:
            return
        except AppError as error:
            run.error = str(error)
        except Exception:
            log.exception("proposing labels failed")
            run.error = "The server failed, and nothing was changed. Its log tells the cause."


@dataclass(frozen=True)
class ProposedTiles:
    """A proposal as a reader of label tiles; which volume they are asked of means nothing."""

    one: StackProposal

    def tile_versions(self, volume: str, z: int) -> Versions:  # noqa: ARG002 - as the protocol has it
        return self.one.tile_versions(z)

    def tile_versions_across(self, volume: str, axis: PlaneAxis, place: int) -> Versions:  # noqa: ARG002
        return self.one.tile_versions_across(axis, place)

    def tile(self, volume: str, index: TileIndex) -> NDArray[np.uint8] | None:  # noqa: ARG002
        return self.one.tile(index)


def register(app: Dash, services: Services) -> None:
    """Add the routes below /api/proposals."""
    desk = Desk(services)
    _register_orders(app, services, desk)
    _register_tiles(app, services, desk)
    _register_decisions(app, services, desk)


def _register_orders(app: Dash, services: Services, desk: Desk) -> None:
    server = app.server

    @server.get("/api/proposals/<vid>")
    def proposal_state(vid: str) -> Response:
        return _state(services, desk, volume_path(vid))

    @server.post("/api/proposals/<vid>")
    def proposal_order(vid: str) -> Response:
        volume = volume_path(vid)
        desk.start(services.current_user(), order_of(services, volume, _json()))
        return _state(services, desk, volume)

    @server.post("/api/proposals/<vid>/<any(stop, discard):word>")
    def proposal_end(vid: str, word: str) -> Response:
        volume = volume_path(vid)
        end = desk.stop if word == "stop" else desk.discard
        end(services.current_user(), volume)
        return _state(services, desk, volume)


def _register_tiles(app: Dash, services: Services, desk: Desk) -> None:
    @app.server.get("/api/proposals/<vid>/<proposal>/<axis>/<int:index>/<int:level>/<int:tx>/<int:ty>")
    def proposal_tile(vid: str, proposal: str, axis: str, index: int, level: int, tx: int, ty: int) -> Response:
        volume, plane = volume_path(vid), plane_axis(axis)
        manifest = services.tiles.manifest(volume)
        check_plane(manifest, plane, index)
        height, width = tile_size(turned(manifest.info.shape, plane)[1:], level, tx, ty)
        found = desk.proposals.find(services.current_user(), volume, proposal)
        one = ProposedTiles(found)
        reader: TileReader = one if plane == "z" else PlaneLabels(one, plane)
        tile = LabelPyramid(reader).tile(volume, index, level, tx=tx, ty=ty)
        answer = empty_answer() if tile is None or not tile.any() else deflated_tile(tile[:height, :width])
        if plane != "z" or index not in found.decisions:  # it may still be found
            return uncached(answer)
        answer.headers["Cache-Control"] = IMMUTABLE
        return answer


def _register_decisions(app: Dash, services: Services, desk: Desk) -> None:
    @app.server.post("/api/proposals/<vid>/<proposal>/<any(accept, reject, reopen):word>")
    def proposal_decision(vid: str, proposal: str, word: str) -> Response:
        volume, asked, user = volume_path(vid), _json(), services.current_user()
        one = desk.proposals.find(user, volume, proposal)
        slices = chosen_slices(one, asked.get("slices"))
        if word == "accept":
            services.labels.rewrite(edit_of(one, slices, check_edit_id(asked.get("edit")), user))
        desk.proposals.decide(user, volume, slices, DECISIONS[word])
        return _state(services, desk, volume)


def state_json(one: StackProposal) -> dict[str, Any]:
    """What the browser needs to show a proposal."""
    decisions = [[z, decision] for z, decision in one.decisions.items()]
    return {"state": "ready", "id": one.id, "method": one.method, "note": one.note, "slices": decisions}


def chosen_slices(one: StackProposal, asked: object) -> tuple[int, ...]:
    """The slices meant; all that are open where none is named. Raises InvalidInputError for others."""
    if asked is None:
        return one.open_slices
    if not isinstance(asked, list) or not all(isinstance(z, int) and z in one.decisions for z in asked):
        raise InvalidInputError(f"Nothing is proposed for the slices {str(asked)[:60]}.", "Choose others.")
    return tuple(asked)


def edit_of(one: StackProposal, slices: tuple[int, ...], edit_id: str, user: str) -> Rewrite:
    """What makes labels of some slices, as one edit."""
    detail = {"slices": format_ranges(slices)}
    return Rewrite(edit_id, one.volume, one.method, one.changes(slices), user, detail)


def _state(services: Services, desk: Desk, volume: str) -> Response:
    return uncached(jsonify(desk.state(services.current_user(), volume)))


def _json() -> Mapping[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInputError("The order is not a JSON object.", "Reload the page.")
    return body
