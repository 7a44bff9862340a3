"""Exports, at once or as a job, and what the page shows of an import. Files travel by callbacks/http."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, no_update

from callbacks.choices import unless_offered
from callbacks.events import changed, pressed
from callbacks.http.exchange import opened
from components import exchange, ids, models, overlay, stores
from core.errors import AppError, InvalidInputError
from core.images.volumes import VolumeInfo
from core.labels.exchange import find_format
from core.labels.exchange.exporting import MAX_DIRECT_PIXELS, facts_of
from core.labels.exchange.importing import Report
from core.learning.jobs import JobKind, JobRequest, format_ranges
from core.learning.requests import Scope, Stack, chosen_slices
from core.services import Services

MAX_SHOWN = 8
Volume = dict[str, str] | None


def register(app: Dash, services: Services) -> None:
    """Choices, buttons, lists."""
    _register_choices(app, services)
    _register_export(app, services)
    _register_import(app)


def _register_choices(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.EXPORT_SOURCE, "options"),
        Output(ids.EXPORT_SOURCE, "value"),
        Input(stores.EXCHANGE_JOBS, "data"),
        Input(stores.EXCHANGE_VOLUME, "data"),
        State(ids.EXPORT_SOURCE, "value"),
        State(ids.EXPORT_SOURCE, "options"),
        prevent_initial_call=True,
    )
    def offer_sources(jobs: list[dict[str, Any]] | None, volume: Volume, chosen: str, before: Any) -> Any:
        options = exchange.source_options(overlay.results(jobs or [], volume["path"]) if volume else [])
        if options == before:
            return no_update, no_update
        return options, unless_offered(options, chosen, exchange.LABELS)

    @app.callback(Output(ids.EXPORT_RANGE, "hidden"), Input(ids.EXPORT_SCOPE, "value"), prevent_initial_call=True)
    def show_range(scope: Scope) -> bool:
        return scope != "range"

    app.clientside_callback(
        ClientsideFunction("page", "limitRange"),
        Output(ids.EXPORT_LAST, "value"),
        Output(ids.EXPORT_LAST, "max"),
        Output(ids.EXPORT_FIRST, "max"),
        Input(ids.VIEWER, "manifest"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.EXPORT_ADVICE, "children"),
        Output(ids.EXPORT_BUTTON, "disabled"),
        Input(stores.PLACE, "data"),
        Input(stores.EXCHANGE_VOLUME, "data"),
        Input(ids.EXPORT_SOURCE, "value"),
        Input(ids.EXPORT_SCOPE, "value"),
        Input(ids.EXPORT_FIRST, "value"),
        Input(ids.EXPORT_LAST, "value"),
        Input(stores.EXCHANGE_SAVE, "data"),
        State(ids.VIEWER, "slice"),
        prevent_initial_call=True,
    )
    def advise(shown: str, volume: Volume, source: str, scope: Scope, first: Any, last: Any, save: Any, z: Any) -> Any:
        if shown != "exchange":
            return no_update, no_update
        try:
            return obstacle_or_size(services, Choice(volume, z, source, scope, first, last), save), False
        except AppError as error:
            return models.advice(error.message, error.hint), True


def _register_export(app: Dash, services: Services) -> None:
    app.clientside_callback(
        ClientsideFunction("exchange", "download"), Input(stores.DOWNLOAD, "data"), prevent_initial_call=True
    )

    @app.callback(
        Output(stores.DOWNLOAD, "data"),
        Output(stores.EXPORT_JOB, "data"),
        Input(ids.EXPORT_BUTTON, "n_clicks"),
        Input(ids.export_cancel(ALL), "n_clicks"),
        State(stores.VOLUME, "data"),
        State(ids.VIEWER, "slice"),
        State(ids.EXPORT_SOURCE, "value"),
        State(ids.EXPORT_SCOPE, "value"),
        State(ids.EXPORT_FIRST, "value"),
        State(ids.EXPORT_LAST, "value"),
        State(ids.EXPORT_FORMAT, "value"),
        running=[(Output(ids.EXPORT_BUTTON, "className"), "button primary busy", "button primary")],
        prevent_initial_call=True,
    )
    def start(_clicks: Any, _cancels: Any, *chosen: Any) -> Any:
        if not changed(ids.EXPORT_BUTTON):
            return no_update, _cancel(services)
        choice, kind = Choice(*chosen[:-1]), chosen[-1]
        info, slices = choice.resolve(services)
        if _pixels(info, slices) <= MAX_DIRECT_PIXELS:
            words = {"format": kind, "slices": format_ranges(slices), "source": choice.job}
            return {"url": f"api/exports/{info.id}?{urlencode(words)}", "click": _clicks}, no_update
        return no_update, services.jobs.submit(export_request(services, choice, kind))

    @app.callback(
        Output(ids.EXPORT_LIST, "children"),
        Input(stores.EXCHANGE_JOBS, "data"),
        Input(stores.EXCHANGE_VOLUME, "data"),
        prevent_initial_call=True,
    )
    def list_exports(jobs: list[dict[str, Any]] | None, volume: Volume) -> Any:
        if volume is None:
            return no_update
        mine = [job for job in jobs or [] if job["kind"] == JobKind.EXPORT and job["volume"] == volume["path"]]
        return exchange.export_rows(mine[:MAX_SHOWN])


def _register_import(app: Dash) -> None:
    in_browser = partial(ClientsideFunction, "imports")
    app.clientside_callback(in_browser("prepare"), Input(ids.IMPORT_DROP, "id"), Input(stores.VOLUME, "data"))
    app.clientside_callback(in_browser("place"), Input(ids.IMPORT_FIRST, "value"))
    app.clientside_callback(in_browser("discard"), Input(ids.IMPORT_DISCARD, "n_clicks"), prevent_initial_call=True)
    app.clientside_callback(
        in_browser("write"),
        Input(ids.IMPORT_BUTTON, "n_clicks"),
        State(ids.IMPORT_POLICY, "value"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.IMPORT_REPORT, "children"),
        Output(ids.IMPORT_CHOICES, "hidden"),
        Output(ids.IMPORT_BUTTON, "children"),
        Output(ids.IMPORT_DONE, "children"),
        Input(stores.IMPORT, "data"),
        prevent_initial_call=True,
    )
    def show_import(state: dict[str, Any]) -> Any:
        return what_shows(state)


@dataclass(frozen=True)
class Choice:
    """What the page says when Export is pressed. source : "labels" or the id of a job."""

    volume: Volume
    z: int | None
    source: str
    scope: Scope
    first: Any
    last: Any

    @property
    def job(self) -> str:
        return "" if self.source == exchange.LABELS else self.source

    def resolve(self, services: Services) -> tuple[VolumeInfo, tuple[int, ...]]:
        """The volume and the slices. Raises InvalidInputError, NotFoundError."""
        if self.volume is None:
            raise InvalidInputError("No dataset is open.", "Choose one at the top left.")
        info = services.volumes.open(self.volume["path"]).info
        there = self._there(services, info.path)
        slices = chosen_slices(
            Stack(info.shape[0], current=self.z or 0, painted=there), self.scope, first=self.first, last=self.last
        )
        if not slices:
            raise InvalidInputError("Nothing is labelled yet.", "Go to Annotate and paint, or export a result.")
        if self.job and not set(slices) <= set(there):
            raise InvalidInputError("The result does not hold all these slices.", "Choose Labelled slices.")
        return info, slices

    def _there(self, services: Services, path: str) -> Sequence[int]:
        return services.jobs.job(self.job).slices_done if self.job else services.labels.annotated_slices(path)


def export_request(services: Services, choice: Choice, kind: str) -> JobRequest:
    """Describe an export that takes a while. Raises InvalidInputError, NotFoundError."""
    info, slices = choice.resolve(services)
    classes, _ = opened(services, info.path, (info.shape[1], info.shape[2]), choice.job)
    facts_of(info, classes, slices)
    what = f"Result {services.jobs.job(choice.job).name}" if choice.job else "Labels"
    count = "all slices" if len(slices) == info.shape[0] else f"{len(slices)} slices"
    return JobRequest(
        kind=JobKind.EXPORT,
        name=f"{what}, {count}, {find_format(kind).title}",
        user=services.current_user(),
        algorithm=find_format(kind).title,
        parameters={"format": kind, "source": choice.job},
        volume=info.path,
        data_uri=info.uri,
        slices=slices,
        classes=classes,
    )


def what_shows(state: Mapping[str, Any]) -> tuple[Any, bool, Any, Any]:
    """(report, whether its choices are hidden, text of the button, outcome) of an import at a stage."""
    stage, said = state["stage"], (state.get("said", ""), state.get("hint", ""))
    if stage == "failed":
        return exchange.refusal(*said), True, no_update, None
    if stage == "done":
        return exchange.hint(), True, no_update, done_text(state["changed"])
    if stage not in ("ready", "writing"):
        return exchange.hint(), True, no_update, None
    found = Report.from_json(state["report"])
    closed = stage == "writing" or not found.fits
    return exchange.report(found, state["name"]), closed, button_text(found), exchange.outcome(*said)


def obstacle_or_size(services: Services, choice: Choice, save: dict[str, Any] | None) -> str:
    """What an export will hold; raises what stands in the way."""
    if (save or {}).get("pending", 0):
        raise InvalidInputError("Your last strokes are still on their way to the server.", "Wait a moment.")
    info, slices = choice.resolve(services)
    size = f"{len(slices):,} slice{'' if len(slices) == 1 else 's'} of {info.shape[2]} x {info.shape[1]} pixels."
    at_once = _pixels(info, slices) <= MAX_DIRECT_PIXELS
    return f"{size} {'Downloads at once.' if at_once else 'Written in the background; a link appears below.'}"


def button_text(found: Report) -> str:
    """
    >>> button_text(Report((0,)))
    'Import'
    """
    count = len(found.new)
    return f"Import and add {count} class{'' if count == 1 else 'es'}" if count else "Import"


def done_text(slices: int) -> str:
    """
    >>> done_text(1)
    'Imported: 1 slice changed. Undo takes it back.'
    """
    if not slices:
        return "Nothing changed: these labels are there already, or lie under others."
    return f"Imported: {slices:,} slice{'' if slices == 1 else 's'} changed. Undo takes it back."


def _cancel(services: Services) -> Any:
    buttons = pressed()
    for button in buttons:
        services.jobs.cancel(str(button["job"]))
    return str(buttons[-1]["job"]) if buttons else no_update


def _pixels(info: VolumeInfo, slices: Sequence[int]) -> int:
    return len(slices) * info.shape[1] * info.shape[2]
