"""Label Studio in the page: connecting, sending with progress, fetching into the import, lending models."""

import io
import json
from functools import partial
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, no_update
from flask import request

from callbacks import labelstudio_choices
from callbacks.choices import unless_offered
from callbacks.events import changed
from callbacks.http.labelstudio_backend import ROOT
from callbacks.labelstudio_sending import Sending, Volume, chosen_project, open_path, shipped
from components import exchange, ids, labelstudio, stores
from core.errors import AppError
from core.labelstudio.exporting import Role
from core.labelstudio.fetching import Change, fetched
from core.labelstudio.running import UNDER_WAY, Exports
from core.labelstudio.weak import outlined
from core.learning.requests import Scope
from core.services import Services


def register(app: Dash, services: Services) -> None:
    """Connection, fields, sending, fetching, lending."""
    _register_connection(app, services)
    _register_fields(app)
    _register_sending(app, services, Exports())
    _register_fetching(app, services)
    _register_lending(app, services)
    labelstudio_choices.register(app, services)


def _register_connection(app: Dash, services: Services) -> None:
    @app.callback(
        output={
            "status": Output(ids.LS_STATUS, "children"),
            "form": Output(ids.LS_FORM, "hidden"),
            "connected": Output(ids.LS_CONNECTED, "hidden"),
            "work": Output(ids.LS_WORK, "hidden"),
            "token": Output(ids.LS_TOKEN, "value"),
            "projects": Output(ids.LS_PROJECT, "options"),
            "backend": Output(ids.LS_BACKEND, "value"),
        },
        inputs={
            "place": Input(stores.PLACE, "data"),
            "connect": Input(ids.LS_CONNECT, "n_clicks"),
            "test": Input(ids.LS_TEST, "n_clicks"),
            "disconnect": Input(ids.LS_DISCONNECT, "n_clicks"),
            "sent": Input(stores.LS_SENT, "data"),
        },
        state={"url": State(ids.LS_URL, "value"), "token": State(ids.LS_TOKEN, "value")},
        running=[(Output(ids.LS_CONNECT, "className"), "button primary busy", "button primary")],
        prevent_initial_call=True,
    )
    def connect(place: str, url: str | None, token: str | None, **_clicks: Any) -> Any:
        if place != "exchange":
            return dict.fromkeys(("status", "form", "connected", "work", "token", "projects", "backend"), no_update)
        try:
            if changed(ids.LS_CONNECT):
                services.labelstudio.connect(url or "", token or "")
            if changed(ids.LS_DISCONNECT):
                services.labelstudio.disconnect()
            return connection_shown(services)
        except AppError as error:
            return unconnected(services, error)


def connection_shown(services: Services) -> dict[str, Any]:
    """What the card shows of a connection; asks Label Studio. Raises AppError when it does not answer."""
    there = services.labelstudio.connection()
    if there is None:
        return _shown(labelstudio.first_words(), connected=False)
    account = services.labelstudio.test()
    said = f"Connected to {there.url} as {account.email}."
    projects = labelstudio.project_options(services.labelstudio.projects())
    backend = f"{request.url_root.rstrip('/')}{ROOT}/{services.labelstudio.secret()}"
    words = labelstudio.told(said, f"Label Studio {account.version}, {there.kind} token.")
    return _shown(words, connected=True) | {"projects": projects, "backend": backend, "token": ""}


def unconnected(services: Services, error: AppError) -> dict[str, Any]:
    """What the card shows when Label Studio refuses, or does not answer."""
    known = services.labelstudio.connection() is not None and not changed(ids.LS_CONNECT)
    return _shown(labelstudio.told(error.message, error.hint), connected=known) | {"work": True}


def _shown(status: Any, *, connected: bool) -> dict[str, Any]:
    hidden = {"form": connected, "connected": not connected, "work": not connected}
    return {"status": status, **hidden, "token": no_update, "projects": no_update, "backend": no_update}


def _register_fields(app: Dash) -> None:
    @app.callback(
        Output(ids.LS_TITLE_FIELD, "hidden"),
        Output(ids.LS_LEAST_FIELD, "hidden"),
        Output(ids.LS_RANGE, "hidden"),
        Output(ids.LS_TILE_FIELD, "hidden"),
        Output(ids.LS_REGION, "hidden"),
        Input(ids.LS_PROJECT, "value"),
        Input(ids.LS_SOURCE, "value"),
        Input(ids.LS_ROLE, "value"),
        Input(ids.LS_SCOPE, "value"),
        Input(ids.LS_PART, "value"),
        prevent_initial_call=True,
    )
    def show_fields(project: str, source: str, role: Role, scope: Scope, part: str) -> Any:
        scored = source != exchange.LABELS and role == "predictions"
        return project != labelstudio.NEW, not scored, scope != "range", part != "tiles", part != "part"

    @app.callback(
        Output(ids.LS_SOURCE, "options"),
        Output(ids.LS_SOURCE, "value"),
        Input(ids.EXPORT_SOURCE, "options"),
        State(ids.LS_SOURCE, "value"),
        prevent_initial_call=True,
    )
    def offer_sources(options: list[dict[str, str]], chosen: str) -> Any:
        return options, unless_offered(options, chosen, exchange.LABELS)

    @app.callback(Output(ids.LS_ROLE, "value"), Input(ids.LS_SOURCE, "value"), prevent_initial_call=True)
    def suggest_role(source: str) -> Role:
        return "annotations" if source == exchange.LABELS else "predictions"

    app.clientside_callback(
        ClientsideFunction("exchange", "fitFields"),
        Output(ids.LS_LAST, "value"),
        Output(ids.LS_WIDTH, "value"),
        Output(ids.LS_HEIGHT, "value"),
        Output(ids.LS_TITLE, "value"),
        Input(ids.VIEWER, "manifest"),
        prevent_initial_call=True,
    )


def _register_sending(app: Dash, services: Services, exports: Exports) -> None:
    @app.callback(
        output={
            "progress": Output(ids.LS_PROGRESS, "children"),
            "idle": Output(ids.LS_TICK, "disabled"),
            "busy": (Output(ids.LS_SEND, "disabled"), Output(ids.LS_PREVIEW, "disabled")),
            "stop": Output(ids.LS_STOP, "hidden"),
            "sent": Output(stores.LS_SENT, "data"),
        },
        inputs={
            "place": Input(stores.PLACE, "data"),
            "send": Input(ids.LS_SEND, "n_clicks"),
            "preview": Input(ids.LS_PREVIEW, "n_clicks"),
            "stop": Input(ids.LS_STOP, "n_clicks"),
            "tick": Input(ids.LS_TICK, "n_intervals"),
        },
        state={
            "given": {
                "volume": State(stores.VOLUME, "data"),
                "z": State(ids.VIEWER, "slice"),
                "manifest": State(ids.VIEWER, "manifest"),
                "window": State(ids.VIEWER, "window"),
                "project": State(ids.LS_PROJECT, "value"),
                "title": State(ids.LS_TITLE, "value"),
                "source": State(ids.LS_SOURCE, "value"),
                "role": State(ids.LS_ROLE, "value"),
                "style": State(ids.LS_STYLE, "value"),
                "least": State(ids.LS_LEAST, "value"),
                "scope": State(ids.LS_SCOPE, "value"),
                "first": State(ids.LS_FIRST, "value"),
                "last": State(ids.LS_LAST, "value"),
                "part": State(ids.LS_PART, "value"),
                "tile": State(ids.LS_TILE, "value"),
                "corner": (State(ids.LS_X, "value"), State(ids.LS_Y, "value")),
                "size": (State(ids.LS_WIDTH, "value"), State(ids.LS_HEIGHT, "value")),
            },
            "was_idle": State(ids.LS_TICK, "disabled"),
        },
        prevent_initial_call=True,
    )
    def send(place: str, given: dict[str, Any], was_idle: bool, **_events: Any) -> Any:  # noqa: ARG001 - it starts it
        user = services.current_user()
        if changed(ids.LS_PREVIEW):
            exports.look(user, *shipped(services, Sending(**given)))
        if changed(ids.LS_SEND):
            shipment, source = shipped(services, Sending(**given))
            exports.begin(user, services.labelstudio, Sending(**given).target, shipment, source)
        if changed(ids.LS_STOP):
            exports.stop(user)
        now = exports.of(user)
        busy = now.stage in UNDER_WAY
        ended = not busy and not was_idle
        shown = {"progress": labelstudio.progress(now), "idle": not busy, "busy": (busy, busy), "stop": not busy}
        return shown | {"sent": now.said if ended else no_update}


def _register_fetching(app: Dash, services: Services) -> None:
    app.clientside_callback(
        ClientsideFunction("imports", "fetched"), Input(stores.LS_FETCHED, "data"), prevent_initial_call=True
    )

    @app.callback(
        Output(stores.LS_FETCHED, "data"),
        Output(ids.LS_FETCHED, "children"),
        Input(ids.LS_FETCH, "n_clicks"),
        State(ids.LS_PROJECT, "value"),
        State(stores.VOLUME, "data"),
        State(ids.LS_WEAK, "value"),
        running=[(Output(ids.LS_FETCH, "className"), "button busy", "button")],
        prevent_initial_call=True,
    )
    def fetch(clicks: int, project: str, volume: Volume, weak: bool | None) -> Any:
        try:
            path = open_path(volume)
            change = outliner(services, path) if weak else list
            content = fetched(services.labelstudio, chosen_project(project), path, change=change)
        except AppError as error:
            return no_update, labelstudio.told(error.message, error.hint)
        name = f"{content['labelstudio']['project']}.json"
        upload = services.exchange.receive(name, io.BytesIO(json.dumps(content).encode()))
        count = len(content["tasks"])
        words = labelstudio.told(f"{count} annotated task{'' if count == 1 else 's'}.", "See Import, above.")
        return {"id": upload, "name": name, "click": clicks}, words


def _register_lending(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.LS_LENT, "children"),
        Input(ids.LS_LEND, "n_clicks"),
        State(ids.LS_PROJECT, "value"),
        State(ids.LS_BACKEND, "value"),
        State(ids.LS_FOLLOW, "value"),
        running=[(Output(ids.LS_LEND, "className"), "button busy", "button")],
        prevent_initial_call=True,
    )
    def lend(_clicks: int, project: str, address: str | None, follows: bool | None) -> Any:
        try:
            chosen = chosen_project(project)
            services.labelstudio.add_backend(chosen, address or "", "Segmentation models")
            services.labelstudio.follow(chosen, follows=bool(follows))
        except AppError as error:
            return labelstudio.told(error.message, error.hint)
        return labelstudio.told("The project asks our models now.", labelstudio.what_follows(follows=bool(follows)))

    @app.callback(Output(ids.LS_FOLLOW, "value"), Input(ids.LS_PROJECT, "value"), prevent_initial_call=True)
    def show_following(project: str) -> bool:
        return project != labelstudio.NEW and services.labelstudio.follows(int(project))


def outliner(services: Services, path: str) -> Change:
    """Makes objects of the boxes and points of tasks."""
    return partial(outlined, volume=services.volumes.open(path), window=services.tiles.manifest(path).window)
