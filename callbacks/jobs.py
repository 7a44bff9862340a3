"""Jobs: one poll for the whole page; cards and the strip of the top bar; cancelling, and logs."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from callbacks.events import pressed
from components import ids, jobs, stores
from core.errors import AppError
from core.learning.jobs import JobEngine, JobKind, JobView, Way
from core.services import Services

Job = dict[str, Any]
WISHES = ("cancel", "pause", "resume", "first", "earlier", "later")  # what a button asks of the engine
MAX_SHOWN = 40  # all of them travel whenever one changes


def register(app: Dash, services: Services) -> None:
    """Poll, show, cancel, read logs."""
    app.clientside_callback(
        ClientsideFunction("page", "pace"),
        Output(stores.JOBS_TICK, "interval"),
        Input(stores.JOBS, "data"),
        Input(stores.PLACE, "data"),
        Input(stores.STARTED_JOB, "data"),
    )
    _register_poll(app, services)
    _register_cards(app, services)


def _register_poll(app: Dash, services: Services) -> None:
    @app.callback(
        Output(stores.JOBS, "data"),
        Output(stores.JOBS_STAMP, "data"),
        Output(stores.CARDS_STAMP, "data"),
        Output(ids.JOB_PROBLEM, "children"),
        Input(stores.JOBS_TICK, "n_intervals"),
        Input(stores.STARTED_JOB, "data"),
        *(Input(ids.job_action(wish, ALL), "n_clicks") for wish in WISHES),
        State(stores.JOBS_STAMP, "data"),
        State(stores.CARDS_STAMP, "data"),
    )
    def poll(_tick: int, _started: str | None, *rest: Any) -> Any:
        seen, seen_cards = rest[len(WISHES) :]
        for button in pressed():
            fulfil(services.jobs, button)
        try:
            found = [as_json(view) for view in services.jobs.jobs()[:MAX_SHOWN]]
        except AppError as error:
            return no_update, no_update, no_update, jobs.notice(error.message, error.hint)
        now, cards = stamp(found), stamp([jobs.shape(job) for job in found])
        new_cards = no_update if cards == seen_cards else cards
        return (no_update, no_update, new_cards, None) if now == seen else (found, now, new_cards, None)


def _register_cards(app: Dash, services: Services) -> None:
    app.clientside_callback(
        ClientsideFunction("page", "toggleLogs"),
        Output(stores.OPEN_LOGS, "data"),
        Input(ids.job_action("log", ALL), "n_clicks"),
        State(stores.OPEN_LOGS, "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.JOB_LIST, "children"),
        Input(stores.MODELS_CARDS, "data"),
        Input(stores.OPEN_LOGS, "data"),
        State(stores.JOBS, "data"),
        prevent_initial_call=True,
    )
    def show_cards(_stamp: int | None, open_logs: list[str], found: list[Job]) -> Any:
        learning = [job for job in found if job["kind"] != JobKind.EXPORT]  # exports have a place of their own
        return jobs.cards(learning, {job_id: log_text(services, job_id) for job_id in open_logs})

    @app.callback(
        Output(ids.job_progress(ALL), "children"),
        Output(ids.job_log(ALL), "children"),
        Output(ids.JOB_STRIP, "children"),
        Input(stores.JOBS, "data"),
        prevent_initial_call=True,
    )
    def show_progress(found: list[Job]) -> Any:
        running, logs = ([output["id"]["job"] for output in group] for group in ctx.outputs_list[:2])
        by_id = {job["id"]: job for job in found}
        bars = [jobs.progress(by_id[job_id]) if job_id in by_id else no_update for job_id in running]
        return bars, [log_text(services, job_id) for job_id in logs], jobs.strip_content(found)


def fulfil(engine: JobEngine, button: Mapping[str, str]) -> None:
    """Do with a job what its button is for."""
    job_id = str(button["job"])
    wishes = {"cancel": engine.cancel, "pause": engine.pause, "resume": engine.resume}
    ways: tuple[Way, ...] = ("first", "earlier", "later")
    wishes |= {way: partial(engine.move, way=way) for way in ways}
    next(act for wish, act in wishes.items() if button == ids.job_action(wish, job_id))(job_id)


def as_json(view: JobView) -> dict[str, Any]:
    """A job as the page keeps it; seconds are whole, so that the page is not drawn anew for fractions."""
    left = None if view.seconds_left is None else round(view.seconds_left)
    return {**asdict(view), "seconds_left": left, "slices_done": list(view.slices_done)}


def stamp(found: Sequence[Any]) -> int:
    """A number that changes when the list does."""
    return zlib.crc32(json.dumps(found).encode())


def log_text(services: Services, job_id: str) -> str:
    """The end of a log, or why it cannot be read."""
    try:
        return services.jobs.log(job_id)
    except AppError as error:
        return str(error)
