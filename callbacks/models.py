"""Training and segmenting: forms from the registry's descriptions, jobs from forms, the models and curves that came."""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, State, no_update

from callbacks.choices import unless_offered, unless_same
from callbacks.events import changed
from callbacks.model_requests import (
    Choice,
    Volume,
    find_algorithm,
    model_algorithm,
    ready_to_train,
    segmentation_obstacle,
    segmentation_request,
    training_request,
)
from components import curves, forms, ids, jobs, model_details, model_table, models, stores
from core.errors import AppError
from core.learning.descriptors import Group, Parameter
from core.learning.jobs import JobKind
from core.learning.requests import Scope
from core.services import Services

MAX_COMPARED = 4  # more curves than that cannot be told apart


def register(app: Dash, services: Services) -> None:
    """Lists, form, advice, buttons, curves."""
    _register_registry(app, services)
    _register_form(app, services)
    _register_prediction_form(app, services)
    _register_advice(app, services)
    _register_start(app, services)
    _register_curves(app, services)
    _register_scores(app, services)


def _register_registry(app: Dash, services: Services) -> None:
    @app.callback(
        Output(stores.REGISTRY, "data"),
        Output(stores.REGISTRY_STAMP, "data"),
        Output(ids.MODEL_PROBLEM, "children"),
        Input(stores.JOBS_TICK, "n_intervals"),
        State(stores.REGISTRY_STAMP, "data"),
    )
    def poll_registry(_tick: int | None, seen: int | None) -> Any:
        try:
            found = registry_as_json(services)
        except AppError as error:
            return no_update, no_update, jobs.notice(error.message, error.hint)
        now = zlib.crc32(json.dumps(found).encode())
        return (no_update, no_update, None) if now == seen else (found, now, None)

    @app.callback(
        Output(ids.ALGORITHM_SELECT, "options"),
        Output(ids.ALGORITHM_SELECT, "value"),
        Output(ids.MODEL_SELECT, "options"),
        Output(ids.MODEL_SELECT, "value"),
        Input(stores.MODELS_REGISTRY, "data"),
        State(ids.ALGORITHM_SELECT, "value"),
        State(ids.MODEL_SELECT, "value"),
        prevent_initial_call=True,
    )
    def offer(registry: dict[str, Any], algorithm: str | None, model: str | None) -> Any:
        names = registry["algorithms"]
        algorithm_options = [{"label": name, "value": name} for name in names]
        offered = model_table.options(registry["models"])
        wanted = models.first_choice([each["value"] for each in offered], model)
        learned = models.first_choice(names, algorithm)
        return algorithm_options, unless_same(learned, algorithm or ""), offered, unless_same(wanted, model)

    app.clientside_callback(
        ClientsideFunction("page", "modelRows"),
        Output(ids.MODEL_TABLE, "rowData"),
        Input(stores.REGISTRY, "data"),
        Input(ids.MODEL_ARCHIVED, "value"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.MODEL_TABLE, "exportDataAsCsv"), Input(ids.MODEL_DOWNLOAD, "n_clicks"), prevent_initial_call=True
    )
    def download(_clicks: int) -> bool:
        return True


def _register_form(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.TRAINING_FORM, "children"),
        Output(ids.ALGORITHM_ABOUT, "children"),
        Output(ids.TRAIN_SCOPE_FIELD, "hidden"),
        Input(ids.ALGORITHM_SELECT, "value"),
        prevent_initial_call=True,
    )
    def show_form(name: str | None) -> Any:
        if not name:
            return [], "No algorithm is registered. Run scripts/save_mlflow_algorithm.py to register them.", False
        algorithm = find_algorithm(services, name)
        return forms.form(algorithm), models.about(algorithm), not algorithm.needs_labels

    @app.callback(
        Output(ids.parameter_error(MATCH), "children"),
        Output(ids.parameter_aside(MATCH), "children"),
        Input(ids.parameter(MATCH), "value"),
        State(ids.parameter(MATCH), "id"),
        State(ids.ALGORITHM_SELECT, "value"),
        prevent_initial_call=True,  # a fresh form has its defaults, which are right
    )
    def check_field(value: Any, field: dict[str, str], name: str | None) -> Any:
        return checked_field(find_algorithm(services, name).parameters() if name else (), field["key"], value)

    @app.callback(
        Output(ids.TRAIN_START, "options"),
        Output(ids.TRAIN_START, "value"),
        Output(ids.TRAIN_START_FIELD, "hidden"),
        Input(ids.ALGORITHM_SELECT, "value"),
        Input(stores.MODELS_REGISTRY, "data"),
        State(ids.TRAIN_START, "value"),
        prevent_initial_call=True,
    )
    def offer_starts(name: str | None, registry: dict[str, Any] | None, chosen: str | None) -> Any:
        offered = models.start_options((registry or {}).get("models", []), name)
        can = bool(name) and find_algorithm(services, name).can_continue
        return offered, unless_offered(offered, chosen, models.ANEW), not can or len(offered) == 1


def _register_prediction_form(app: Dash, services: Services) -> None:
    group: Group = "prediction_model"

    @app.callback(
        Output(ids.SEGMENT_FORM, "children"),
        Output(ids.SEGMENT_FORM_FOLD, "hidden"),
        Input(ids.MODEL_SELECT, "value"),
        prevent_initial_call=True,
    )
    def show_prediction_form(model: str | None) -> Any:
        algorithm = model_algorithm(services, model)
        fields = forms.form(algorithm, group) if algorithm else []
        return fields, not fields

    @app.callback(
        Output(ids.parameter_error(MATCH, group), "children"),
        Output(ids.parameter_aside(MATCH, group), "children"),
        Input(ids.parameter(MATCH, group), "value"),
        State(ids.parameter(MATCH, group), "id"),
        State(ids.MODEL_SELECT, "value"),
        prevent_initial_call=True,
    )
    def check_prediction_field(value: Any, field: dict[str, str], model: str | None) -> Any:
        algorithm = model_algorithm(services, model)
        return checked_field(algorithm.parameters(group) if algorithm else (), field["key"], value)


def _register_advice(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.TRAINING_ADVICE, "children"),
        Output(ids.TRAIN_BUTTON, "disabled"),
        Input(stores.PLACE, "data"),
        Input(stores.MODELS_VOLUME, "data"),
        Input(ids.ALGORITHM_SELECT, "value"),
        Input(stores.MODELS_SAVE, "data"),
        prevent_initial_call=True,
    )
    def advise_training(place: str, volume: Volume, algorithm: str | None, save: dict[str, Any] | None) -> Any:
        if place != "models":
            return no_update, no_update
        try:
            return ready_to_train(services, volume, algorithm, pending=(save or {}).get("pending", 0)), False
        except AppError as error:
            return models.advice(error.message, error.hint), True

    @app.callback(
        Output(ids.SEGMENT_ADVICE, "children"),
        Output(ids.SEGMENT_BUTTON, "disabled"),
        Input(ids.MODEL_SELECT, "value"),
        Input(stores.MODELS_VOLUME, "data"),
        Input(stores.MODELS_REGISTRY, "data"),
        prevent_initial_call=True,
    )
    def advise_segmentation(model: str | None, volume: Volume, _registry: dict[str, Any] | None) -> Any:
        words = segmentation_obstacle(model, volume)
        return words, words is not None

    @app.callback(Output(ids.SEGMENT_RANGE, "hidden"), Input(ids.SEGMENT_SCOPE, "value"), prevent_initial_call=True)
    def show_range(scope: Scope) -> bool:
        return scope != "range"

    app.clientside_callback(
        ClientsideFunction("page", "limitRange"),
        Output(ids.SEGMENT_LAST, "value"),
        Output(ids.SEGMENT_LAST, "max"),
        Output(ids.SEGMENT_FIRST, "max"),
        Input(ids.VIEWER, "manifest"),
        prevent_initial_call=True,
    )


def _register_start(app: Dash, services: Services) -> None:
    buttons = (ids.TRAIN_BUTTON, ids.SEGMENT_BUTTON)

    @app.callback(
        Output(stores.STARTED_JOB, "data"),
        inputs={"train": Input(ids.TRAIN_BUTTON, "n_clicks"), "segment": Input(ids.SEGMENT_BUTTON, "n_clicks")},
        state={
            "volume": State(stores.VOLUME, "data"),
            "z": State(ids.VIEWER, "slice"),
            "algorithm": State(ids.ALGORITHM_SELECT, "value"),
            "fields": State(ids.parameter(ALL), "id"),
            "entered": State(ids.parameter(ALL), "value"),
            "start": State(ids.TRAIN_START, "value"),
            "name": State(ids.MODEL_NAME, "value"),
            "train_scope": State(ids.TRAIN_SCOPE, "value"),
            "model": State(ids.MODEL_SELECT, "value"),
            "wishes": State(ids.parameter(ALL, "prediction_model"), "id"),
            "wished": State(ids.parameter(ALL, "prediction_model"), "value"),
            "shares_on": State(ids.CLASS_SHARES_SWITCH, "value"),
            "share_fields": State(ids.class_share(ALL), "id"),
            "shares": State(ids.class_share(ALL), "value"),
            "scope": State(ids.SEGMENT_SCOPE, "value"),
            "first": State(ids.SEGMENT_FIRST, "value"),
            "last": State(ids.SEGMENT_LAST, "value"),
        },
        running=[(Output(button, "className"), "button primary busy", "button primary") for button in buttons],
        prevent_initial_call=True,
    )
    def start(train: int | None, segment: int | None, **choices: Any) -> str:  # noqa: ARG001 - which one, Dash says
        choice = Choice(**choices)
        build = training_request if changed(ids.TRAIN_BUTTON) else segmentation_request
        return services.jobs.submit(build(services, choice))

    @app.callback(Output(ids.MODEL_NAME, "value"), Input(stores.STARTED_JOB, "data"), prevent_initial_call=True)
    def forget_name(_job: str) -> str:
        return ""


def _register_curves(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.CURVE_SELECT, "options"),
        Output(ids.CURVE_SELECT, "value"),
        Input(stores.MODELS_JOBS, "data"),
        State(ids.CURVE_SELECT, "options"),
        State(ids.CURVE_SELECT, "value"),
        State(stores.STARTED_JOB, "data"),
        prevent_initial_call=True,
    )
    def offer_curves(
        found: list[dict[str, Any]],
        before: list[dict[str, str]] | None,
        value: list[str] | None,
        started: str | None,
    ) -> Any:
        options = curve_options(found)
        if options == before:
            return no_update, no_update
        return options, followed_curves([each["value"] for each in options], before or [], value or [], started)

    @app.callback(
        Output(ids.CURVE, "children"),
        Input(ids.CURVE_SELECT, "value"),
        Input(stores.MODELS_JOBS, "data"),
        prevent_initial_call=True,
    )
    def draw_curves(chosen: list[str] | None, found: list[dict[str, Any]]) -> Any:
        names = {job["id"]: job["name"] for job in found}
        compared = [job_id for job_id in chosen or [] if job_id in names][:MAX_COMPARED]
        return curves.graph([(names[job_id], history(services, job_id)) for job_id in compared])

    @app.callback(
        Output(ids.CURVE_PREVIEW, "children"),
        Input(ids.CURVE_SELECT, "value"),
        Input(stores.MODELS_JOBS, "data"),
        prevent_initial_call=True,
    )
    def show_preview(chosen: list[str] | None, found: list[dict[str, Any]]) -> Any:
        shown = [job for job in found if job["id"] in (chosen or []) and job["preview"]]
        return curves.preview(next(iter(shown), None))  # the newest of them


def _register_scores(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.MODEL_SCORES, "children"),
        Input(ids.MODEL_TABLE, "selectedRows"),
        Input(stores.MODELS_REGISTRY, "data"),
        prevent_initial_call=True,
    )
    def show_scores(selected: list[dict[str, Any]] | None, _registry: dict[str, Any] | None) -> Any:
        chosen = {row["id"] for row in selected or []}
        try:
            found = services.registry.models()
        except AppError:
            return no_update  # the table says so
        return model_details.details([model for model in found if model.id in chosen], found)


def checked_field(parameters: Sequence[Parameter], key: str, value: Any) -> tuple[str, str]:
    """What is wrong with a field, and what stands beside its title."""
    found = next((each for each in parameters if each.param_key == key), None)
    return ("", "") if found is None else (forms.error_text(found, value), forms.aside(found, value))


def registry_as_json(services: Services) -> dict[str, Any]:
    """Names of the algorithms and a row for each model."""
    return {
        "algorithms": [algorithm.model_name for algorithm in services.registry.algorithms()],
        "models": model_table.rows(services.registry.models(), services.timezone),
    }


def curve_options(found: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The trainings among the jobs, newest first."""
    return [{"label": job["name"], "value": job["id"]} for job in found if job["kind"] == JobKind.TRAIN]


def followed_curves(
    offered: Sequence[str], before: Sequence[Mapping[str, str]], chosen: Sequence[str], started: str | None
) -> list[str]:
    """The trainings whose curves are drawn: the one just started as soon as it appears, else those that were.

    >>> followed_curves(["new", "old"], [{"value": "old"}], ["old"], "new")
    ['new']
    >>> followed_curves(["new", "old"], [{"value": "old"}], ["old"], None)
    ['old']
    """
    if started in offered and started not in [option["value"] for option in before]:
        return [started]
    return list(chosen) or list(offered[:1])


def history(services: Services, job_id: str) -> dict[str, list[tuple[int, float]]]:
    """The curves of a training; none while its run cannot be read."""
    try:
        return {metric: services.jobs.metric_history(job_id, metric) for metric in curves.METRICS}
    except AppError:
        return {}
