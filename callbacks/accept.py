"""Use a result as labels, as chosen in the overlay panel; a thread of its own does it and tells how far it is.

The slices are read first and kept packed, then written as one edit: while Tiled is read, nobody's strokes wait.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State

from callbacks.events import changed
from components import accept, ids, stores
from core.errors import AppError, InvalidInputError
from core.labels.acceptance import CERTAIN, Acceptance, Prediction, Proposal, changes, match_classes, propose
from core.labels.classes import LabelClass, add_class
from core.labels.spans import check_edit_id
from core.labels.store import Rewrite
from core.learning.jobs import JobView, format_ranges
from core.learning.requests import Stack, chosen_slices
from core.services import Services

log = logging.getLogger(__name__)
KIND = "accept"
MAX_RUNS = 100  # remembered; the label store knows an edit's id for ever


@dataclass(frozen=True)
class Order:
    """One press of the button. id : of the edit, made by the browser; the same id twice changes nothing."""

    id: str
    view: JobView
    slices: tuple[int, ...]
    acceptance: Acceptance
    user: str


@dataclass
class Run:
    """How far an order is; written by its thread, read by the page. changed : slices, None while it runs."""

    total: int
    done: int = 0
    changed: int | None = None
    error: str = ""

    @property
    def over(self) -> bool:
        return self.changed is not None or self.error != ""

    @property
    def text(self) -> str:
        if self.changed is None:
            return self.error or accept.progress_text(done=self.done, total=self.total)
        return accept.outcome_text(self.changed)


@dataclass
class Runs:
    """Orders of this process by id."""

    services: Services
    known: dict[str, Run] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, order: Order) -> Run:
        """Begin an order, unless it has been."""
        with self.lock:
            if order.id in self.known:
                return self.known[order.id]
            run = self.known[order.id] = Run(len(order.slices))
            for old in list(self.known)[:-MAX_RUNS]:
                del self.known[old]
        threading.Thread(target=self._work, args=(order, run), daemon=True, name=KIND).start()
        return run

    def _work(self, order: Order, run: Run) -> None:
        try:
            proposals = read_proposals(self.services, order, run)
            receipt = self.services.labels.rewrite(rewrite_of(order, proposals))
            run.changed = len({z for z, _, _ in receipt.changed})
        except AppError as error:
            run.error = str(error)
        except Exception:
            log.exception("accepting a result failed")
            run.error = "The server failed, and nothing was changed. Its log tells the cause."


def read_proposals(services: Services, order: Order, run: Run) -> list[Proposal]:
    """All tiles to take, packed: 15 to 50 times smaller than the slices."""
    results, job = services.results, order.view.id

    def read(z: int) -> Prediction:
        least = order.acceptance.threshold
        return results.read_slice(job, z), results.read_confidence(job, z) if least else None

    proposals: list[Proposal] = []
    for found in propose(order.acceptance, order.slices, read):
        proposals += found
        run.done += 1
    return proposals


def rewrite_of(order: Order, proposals: Sequence[Proposal]) -> Rewrite:
    """The edit, with what the history tells of it."""
    taken = order.acceptance
    detail = {
        "job": order.view.id,
        "name": order.view.name,
        "classes": sorted(set(taken.classes.values())),
        "slices": format_ranges(order.slices),
        "threshold": taken.threshold,
        "region": taken.region,
        "over_labels": taken.over_labels,
    }
    return Rewrite(order.id, order.view.volume, KIND, changes(taken, proposals), order.user, detail)


def order_of(services: Services, asked: Mapping[str, Any]) -> Order:
    """Check what the page asks for.

    asked : {id, job, z, classes, scope, first, last, confidence, options, view: [y0, x0, y1, x1] | None}; a field that
        nobody has filled in is missing.

    Raises
    ------
    InvalidInputError
        If nothing is ticked or there, a class is missing in the volume, or the range is none.
    """
    view = services.jobs.job(str(asked["job"]))
    table = services.labels.classes(view.volume)
    depth = services.tiles.manifest(view.volume).info.shape[0]
    stack = Stack(depth, current=int(asked["z"]))
    wanted = chosen_slices(stack, asked["scope"], first=asked.get("first"), last=asked.get("last"))
    slices = tuple(z for z in wanted if z in set(view.slices_done))
    if not slices:
        raise InvalidInputError("The result holds none of these slices.", "Choose others, or segment them first.")
    options = asked.get("options") or []
    acceptance = Acceptance(
        _chosen_classes(view, table, asked.get("classes") or []),
        region=_region(asked["view"]) if "view" in options else None,
        threshold=round(float(asked.get("confidence") or 0) * CERTAIN),
        over_labels="over" in options,
        protect=tuple(c.id for c in table if c.locked),
    )
    return Order(check_edit_id(asked["id"]), view, slices, acceptance, services.current_user())


def missing_classes(services: Services, job: str, ticked: Sequence[int]) -> list[LabelClass]:
    """Ticked classes of a result that its volume lacks."""
    view = services.jobs.job(job)
    known = match_classes(view.classes, services.labels.classes(view.volume))
    return [c for c in view.classes if c.id in ticked and c.id not in known]


def add_missing(services: Services, job: str, ticked: Sequence[int]) -> None:
    """Give the volume the classes, with their colours where these are free."""
    volume = services.jobs.job(job).volume
    for lacking in missing_classes(services, job, ticked):
        taken = {c.color.upper() for c in services.labels.classes(volume)}
        color = "" if lacking.color.upper() in taken else lacking.color
        new = partial(add_class, class_id=services.labels.next_class_id(volume), name=lacking.name, color=color)
        services.labels.change_classes(volume, new, user=services.current_user())


def _chosen_classes(view: JobView, table: Sequence[LabelClass], ticked: Sequence[int]) -> dict[int, int]:
    known = match_classes(view.classes, table)
    chosen = [c for c in view.classes if c.id in ticked]
    lacking = [c.name for c in chosen if c.id not in known]
    if lacking:
        raise InvalidInputError(accept.missing_text(lacking))
    if not chosen:
        raise InvalidInputError("No class of the result is ticked.", "Tick what should become labels.")
    return {c.id: known[c.id] for c in chosen}


def _region(view: Sequence[float] | None) -> tuple[int, int, int, int]:
    if view is None:
        raise InvalidInputError("The part in view is not one of slices.", "Show the XY plane, or untick it.")
    y0, x0, y1, x1 = (max(0, int(value)) for value in view)
    return y0, x0, y1, x1


def register(app: Dash, services: Services) -> None:
    """Start orders and tell how far they are."""
    runs = Runs(services)
    page = "page"
    app.clientside_callback(
        ClientsideFunction(page, "percent"), Output(ids.ACCEPT_LEAST, "children"), Input(ids.ACCEPT_CONFIDENCE, "value")
    )
    app.clientside_callback(
        ClientsideFunction(page, "isNoRange"), Output(ids.ACCEPT_RANGE, "hidden"), Input(ids.ACCEPT_SCOPE, "value")
    )
    app.clientside_callback(
        ClientsideFunction(page, "isNothing"), Output(ids.ACCEPT, "hidden"), Input(ids.RESULT_SELECT, "value")
    )
    app.clientside_callback(
        ClientsideFunction(page, "orderLabels"),
        Output(stores.ACCEPT_ORDER, "data"),
        Input(ids.ACCEPT_BUTTON, "n_clicks"),
        State(ids.RESULT_SELECT, "value"),
        State(ids.VIEWER, "slice"),
        State(ids.RESULT_CLASSES, "value"),
        State(ids.ACCEPT_SCOPE, "value"),
        State(ids.ACCEPT_FIRST, "value"),
        State(ids.ACCEPT_LAST, "value"),
        State(ids.ACCEPT_CONFIDENCE, "value"),
        State(ids.ACCEPT_OPTIONS, "value"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.ACCEPT_STATE, "children"),
        Output(ids.ACCEPT_ADD, "hidden"),
        Output(stores.ACCEPT_TICK, "disabled"),
        Input(stores.ACCEPT_ORDER, "data"),
        Input(stores.ACCEPT_TICK, "n_intervals"),
        Input(ids.ACCEPT_ADD, "n_clicks"),
        Input(ids.RESULT_SELECT, "value"),
        prevent_initial_call=True,
    )
    def follow(order: dict[str, Any] | None, _tick: int, _clicks: int | None, _job: str | None) -> tuple[Any, ...]:
        if order is None or changed(ids.RESULT_SELECT):
            return "", True, True
        if changed(ids.ACCEPT_ADD):
            add_missing(services, order["job"], order.get("classes") or [])
            return "Added. Press again to use the result as labels.", True, True
        try:
            run = runs.known.get(order["id"]) or runs.start(order_of(services, order))
        except AppError as error:
            lacking = bool(order["job"]) and bool(missing_classes(services, order["job"], order.get("classes") or []))
            return str(error), not lacking, True
        return run.text, True, run.over
