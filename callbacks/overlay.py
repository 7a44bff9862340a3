"""The result over the image: the newest one this page started is chosen by itself, and grows while its job runs."""

from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, no_update

from callbacks.choices import unless_offered, unless_same
from callbacks.events import changed
from components import ids, overlay, stores
from core.services import Services

Jobs = list[dict[str, Any]]


def register(app: Dash, services: Services) -> None:  # noqa: ARG001 - as all features
    """Choose a result and show it."""
    _register_choice(app)
    _register_picture(app)
    _register_words(app)


def _register_choice(app: Dash) -> None:
    """Which result shows, and which other one beside it."""
    app.callback(
        Output(ids.RESULT_SELECT, "options"),
        Output(ids.RESULT_SELECT, "value"),
        Input(stores.JOBS, "data"),
        Input(stores.VOLUME, "data"),
        Input(stores.STARTED_JOB, "data"),
        State(ids.RESULT_SELECT, "options"),
        State(ids.RESULT_SELECT, "value"),
        prevent_initial_call=True,
    )(offer_results)
    _register_wishes(app)
    app.callback(
        Output(ids.RESULT_BESIDE, "options"),
        Output(ids.RESULT_BESIDE, "value"),
        Output(ids.RESULT_BESIDE_FIELD, "hidden"),
        Input(ids.RESULT_SELECT, "value"),
        Input(ids.RESULT_SELECT, "options"),
        State(ids.RESULT_BESIDE, "value"),
        prevent_initial_call=True,
    )(offer_beside)


def _register_wishes(app: Dash) -> None:
    """A result that is asked for by its button. The browser chooses it: no press is lost on a slow server."""
    chosen = Output(ids.RESULT_SELECT, "value", allow_duplicate=True)
    app.clientside_callback(
        ClientsideFunction("results", "ask"),
        chosen,
        Input(ids.job_action("show", ALL), "n_clicks"),
        Input(ids.model_result(ALL), "n_clicks"),
        State(ids.RESULT_SELECT, "options"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("results", "grant"), chosen, Input(ids.RESULT_SELECT, "options"), prevent_initial_call=True
    )


def _register_picture(app: Dash) -> None:
    """What the viewer shows over the image, and beside it."""
    app.clientside_callback(
        ClientsideFunction("page", "overlay"),
        Output(ids.VIEWER, "overlay"),
        Input(ids.RESULT_SELECT, "value"),
        Input(ids.RESULT_CLASSES, "value"),
        Input(ids.RESULT_OPACITY, "value"),
        Input(ids.ACCEPT_CONFIDENCE, "value"),
        Input(stores.JOBS, "data"),
        Input(ids.RESULT_SHOWN, "value"),
    )
    app.clientside_callback(
        ClientsideFunction("page", "beside"),
        Output(ids.VIEWER, "beside"),
        Input(ids.RESULT_SELECT, "value"),
        Input(ids.RESULT_BESIDE, "value"),
        Input(ids.RESULT_OPACITY, "value"),
        Input(stores.JOBS, "data"),
        Input(ids.RESULT_SHOWN, "value"),
        Input(stores.REGISTRY, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("page", "number"), Output(ids.VIEWER, "labelOpacity"), Input(ids.LABEL_OPACITY, "value")
    )


def _register_words(app: Dash) -> None:
    """Classes, legend and state of the result."""
    app.callback(
        Output(ids.RESULT_CLASSES, "options"),
        Output(ids.RESULT_CLASSES, "value"),
        Input(ids.RESULT_SELECT, "value"),
        State(stores.JOBS, "data"),
        prevent_initial_call=True,
    )(show_classes)
    app.callback(
        Output(ids.RESULT_LEGEND, "children"),
        Output(ids.RESULT_CLASSES, "style"),
        Input(ids.RESULT_SHOWN, "value"),
        Input(ids.RESULT_SELECT, "value"),
        State(stores.JOBS, "data"),
        prevent_initial_call=True,
    )(show_legend)
    app.callback(
        Output(ids.RESULT_STATE, "children"),
        Input(ids.RESULT_SELECT, "value"),
        Input(stores.JOBS, "data"),
        prevent_initial_call=True,
    )(show_state)


def offer_results(
    jobs: Jobs | None,
    volume: dict[str, str] | None,
    started: str | None,
    options: list[dict[str, str]],
    selected: str | None,
) -> Any:
    """The results of this volume; which one is chosen."""
    found = overlay.results(jobs or [], volume["path"]) if volume else []
    offered = overlay.options(found)
    before = [] if changed(stores.VOLUME) else [option["value"] for option in options]
    chosen = choose([job["id"] for job in found], before=before, started=started, selected=selected)
    return offered if offered != options else no_update, unless_same(chosen, selected)


def offer_beside(selected: str | None, options: list[dict[str, str]], chosen: str | None) -> Any:
    """The other results of this volume; which one stands beside; whether there is nothing to compare."""
    others = [option for option in options if option["value"] != selected]
    return others, unless_offered(others, chosen, None), selected is None or not others


def choose(found: list[str], *, before: list[str], started: str | None, selected: str | None) -> str | None:
    """The id of the result to show.

    The job just started as soon as it appears, else what is shown; a result that somebody took off the image does not
    come back by itself.

    >>> choose(["new", "old"], before=["old"], started="new", selected="old")
    'new'
    >>> choose(["new", "old"], before=["new", "old"], started="new", selected=None)
    """
    if started in found and started not in before:
        return started
    if selected in found:
        return selected
    return next(iter(found), None) if not before else None


def show_classes(selected: str | None, jobs: Jobs | None) -> Any:
    """The classes of the run, all shown."""
    job = find_job(jobs, selected)
    table = job["classes"] if job else []
    return overlay.class_options(table), [row["id"] for row in table]


def show_legend(way: str, selected: str | None, jobs: Jobs | None) -> Any:
    """What the colours mean; check boxes of classes only where classes show."""
    return overlay.legend(way, find_job(jobs, selected)), {} if way == "classes" else {"display": "none"}


def show_state(selected: str | None, jobs: Jobs | None) -> str:
    """How much of the result is there."""
    return overlay.state_text(find_job(jobs, selected))


def find_job(jobs: Jobs | None, job_id: str | None) -> dict[str, Any] | None:
    """The job of the list, None when it is not there."""
    return next((job for job in jobs or [] if job["id"] == job_id), None)
