"""Training and segmenting: forms from the registry's descriptions, jobs from forms, the models and curves that came."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dash import ALL, MATCH, Dash, Input, Output, State, ctx, no_update

from components import curves, forms, ids, jobs, model_table, models, stores
from core.errors import AppError, InvalidInputError, NotFoundError
from core.learning.descriptors import AlgorithmDescriptor, validate_parameters
from core.learning.jobs import JobKind, JobRequest
from core.learning.models import TrainedModel
from core.learning.requests import (
    Scope,
    Stack,
    check_trainable,
    chosen_slices,
    segmentation_name,
    suggested_name,
)
from core.services import Services

MAX_COMPARED = 4  # more curves than that cannot be told apart
Volume = dict[str, str] | None


def register(app: Dash, services: Services) -> None:
    """Lists, form, advice, buttons, curves."""
    _register_registry(app, services)
    _register_form(app, services)
    _register_advice(app, services)
    _register_start(app, services)
    _register_curves(app, services)


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
        Output(ids.MODEL_TABLE, "rowData"),
        Input(stores.REGISTRY, "data"),
        State(ids.ALGORITHM_SELECT, "value"),
        State(ids.MODEL_SELECT, "value"),
        prevent_initial_call=True,
    )
    def offer(registry: dict[str, Any], algorithm: str | None, model: str | None) -> Any:
        names, rows = registry["algorithms"], registry["models"]
        algorithm_options = [{"label": name, "value": name} for name in names]
        chosen = models.first_choice([row["id"] for row in rows], model)
        return algorithm_options, models.first_choice(names, algorithm), model_table.options(rows), chosen, rows

    @app.callback(
        Output(ids.MODEL_TABLE, "exportDataAsCsv"), Input(ids.MODEL_DOWNLOAD, "n_clicks"), prevent_initial_call=True
    )
    def download(_clicks: int) -> bool:
        return True


def _register_form(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.TRAINING_FORM, "children"),
        Output(ids.ALGORITHM_ABOUT, "children"),
        Input(ids.ALGORITHM_SELECT, "value"),
        prevent_initial_call=True,
    )
    def show_form(name: str | None) -> Any:
        if not name:
            return [], "No algorithm is registered. Run scripts/save_mlflow_algorithm.py to register them."
        algorithm = find_algorithm(services, name)
        return forms.form(algorithm), models.about(algorithm)

    @app.callback(
        Output(ids.parameter_error(MATCH), "children"),
        Output(ids.parameter_aside(MATCH), "children"),
        Input(ids.parameter(MATCH), "value"),
        State(ids.parameter(MATCH), "id"),
        State(ids.ALGORITHM_SELECT, "value"),
    )
    def check_field(value: Any, field: dict[str, str], name: str | None) -> Any:
        parameters = find_algorithm(services, name).parameters() if name else ()
        found = next((each for each in parameters if each.param_key == field["key"]), None)
        return ("", "") if found is None else (forms.error_text(found, value), forms.aside(found, value))


def _register_advice(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.TRAINING_ADVICE, "children"),
        Output(ids.TRAIN_BUTTON, "disabled"),
        Input(stores.PLACE, "data"),
        Input(stores.VOLUME, "data"),
        Input(ids.ALGORITHM_SELECT, "value"),
        Input(ids.VIEWER, "saveState"),
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
        Input(stores.VOLUME, "data"),
    )
    def advise_segmentation(model: str | None, volume: Volume) -> Any:
        words = segmentation_obstacle(model, volume)
        return words, words is not None

    @app.callback(Output(ids.SEGMENT_RANGE, "hidden"), Input(ids.SEGMENT_SCOPE, "value"))
    def show_range(scope: Scope) -> bool:
        return scope != "range"

    @app.callback(
        Output(ids.SEGMENT_LAST, "value"),
        Output(ids.SEGMENT_LAST, "max"),
        Output(ids.SEGMENT_FIRST, "max"),
        Input(ids.VIEWER, "manifest"),
        prevent_initial_call=True,
    )
    def limit_range(manifest: dict[str, Any] | None) -> Any:
        return (manifest["shape"][0],) * 3 if manifest else (no_update,) * 3


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
            "name": State(ids.MODEL_NAME, "value"),
            "train_scope": State(ids.TRAIN_SCOPE, "value"),
            "model": State(ids.MODEL_SELECT, "value"),
            "scope": State(ids.SEGMENT_SCOPE, "value"),
            "first": State(ids.SEGMENT_FIRST, "value"),
            "last": State(ids.SEGMENT_LAST, "value"),
        },
        running=[(Output(button, "className"), "button primary busy", "button primary") for button in buttons],
        prevent_initial_call=True,
    )
    def start(train: int | None, segment: int | None, **choices: Any) -> str:  # noqa: ARG001 - which one, Dash says
        choice = Choice(**choices)
        build = training_request if ctx.triggered_id == ids.TRAIN_BUTTON else segmentation_request
        return services.jobs.submit(build(services, choice))

    @app.callback(Output(ids.MODEL_NAME, "value"), Input(stores.STARTED_JOB, "data"), prevent_initial_call=True)
    def forget_name(_job: str) -> str:
        return ""


def _register_curves(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.CURVE_SELECT, "options"),
        Output(ids.CURVE_SELECT, "value"),
        Input(stores.JOBS, "data"),
        State(ids.CURVE_SELECT, "options"),
        State(ids.CURVE_SELECT, "value"),
    )
    def offer_curves(found: list[dict[str, Any]], before: list[dict[str, str]] | None, value: list[str] | None) -> Any:
        options = curve_options(found)
        if options == before:
            return no_update, no_update
        return options, value or [option["value"] for option in options[:1]]

    @app.callback(
        Output(ids.CURVE, "figure"),
        Input(ids.CURVE_SELECT, "value"),
        Input(stores.JOBS, "data"),
        Input(stores.PLACE, "data"),
    )
    def draw_curves(chosen: list[str] | None, found: list[dict[str, Any]], place: str) -> Any:
        if place != "models":
            return no_update
        names = {job["id"]: job["name"] for job in found}
        compared = [job_id for job_id in chosen or [] if job_id in names][:MAX_COMPARED]
        return curves.figure([(names[job_id], history(services, job_id)) for job_id in compared])


@dataclass(frozen=True)
class Choice:
    """What the page says when a button is pressed; see `_register_start` for where each comes from."""

    volume: Volume
    z: int | None
    algorithm: str | None
    fields: Sequence[Mapping[str, Any]]
    entered: Sequence[Any]
    name: str | None
    train_scope: Scope
    model: str | None
    scope: Scope
    first: Any
    last: Any

    def path(self) -> str:
        """Of the open volume; raises InvalidInputError when there is none."""
        return _path(self.volume)


def training_request(services: Services, choice: Choice) -> JobRequest:
    """Publish the painted slices and describe the training.

    Raises
    ------
    ParameterError, NotEnoughLabelsError, NotFoundError, UnavailableError
    """
    path = choice.path()
    algorithm = find_algorithm(services, choice.algorithm)
    parameters = validate_parameters(algorithm, forms.values(choice.fields, choice.entered))
    classes = services.labels.classes(path)
    check_trainable(services.labels.class_pixels(path), classes)
    info = services.volumes.open(path).info
    stack = Stack(info.shape[0], painted=services.labels.annotated_slices(path))
    return JobRequest(
        kind=JobKind.TRAIN,
        name=(choice.name or "").strip() or suggested_name(algorithm.model_name, datetime.now(services.timezone)),
        user=services.current_user(),
        algorithm=algorithm.model_name,
        parameters=parameters,
        volume=path,
        data_uri=info.uri,
        slices=chosen_slices(stack, choice.train_scope),
        classes=classes,
        mask_uri=services.masks.publish(path, namespace=services.namespace),
    )


def segmentation_request(services: Services, choice: Choice) -> JobRequest:
    """Describe the segmentation of the chosen slices with a trained model.

    Raises
    ------
    InvalidInputError, NotFoundError, UnavailableError
    """
    model = find_model(services, choice.model)
    info = services.volumes.open(choice.path()).info
    stack = Stack(info.shape[0], current=choice.z or 0)
    slices = chosen_slices(stack, choice.scope, first=choice.first, last=choice.last)
    return JobRequest(
        kind=JobKind.SEGMENT,
        name=segmentation_name(model.name, slices, depth=stack.depth),
        user=services.current_user(),
        algorithm=model.algorithm,
        parameters=model.parameters,
        volume=info.path,
        data_uri=info.uri,
        slices=slices,
        classes=model.classes,
        model_id=model.id,
    )


def ready_to_train(services: Services, volume: Volume, algorithm: str | None, *, pending: int) -> str:
    """What training would learn from; raises what stands in the way."""
    path = _path(volume)
    if not algorithm:
        raise InvalidInputError("No algorithm is chosen.", "The list fills as soon as the registry answers.")
    if pending:
        raise InvalidInputError("Your last strokes are still on their way to the server.", "Wait a moment.")
    pixels = services.labels.class_pixels(path)
    check_trainable(pixels, services.labels.classes(path))
    return models.ready(sum(pixels.values()), len(pixels), len(services.labels.annotated_slices(path)))


def segmentation_obstacle(model: str | None, volume: Volume) -> Any:
    """Why nothing can be segmented; None when it can."""
    if not model:
        return models.advice("There is no trained model yet.", "Train one first.")
    if volume is None:
        return models.advice("No dataset is open.", "Choose one at the top left.")
    return None


def find_algorithm(services: Services, name: str | None) -> AlgorithmDescriptor:
    """Raises NotFoundError."""
    for algorithm in services.registry.algorithms():
        if algorithm.model_name == name:
            return algorithm
    raise NotFoundError(f"The algorithm {name!r} is not registered (any more).", "Choose another one.")


def find_model(services: Services, model_id: str | None) -> TrainedModel:
    """Raises NotFoundError."""
    for model in services.registry.models():
        if model.id == model_id:
            return model
    raise NotFoundError("This model is not registered (any more).", "Choose another one, or train again.")


def registry_as_json(services: Services) -> dict[str, Any]:
    """Names of the algorithms and a row for each model."""
    return {
        "algorithms": [algorithm.model_name for algorithm in services.registry.algorithms()],
        "models": model_table.rows(services.registry.models(), services.timezone),
    }


def curve_options(found: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The trainings among the jobs, newest first."""
    return [{"label": job["name"], "value": job["id"]} for job in found if job["kind"] == JobKind.TRAIN]


def history(services: Services, job_id: str) -> dict[str, list[tuple[int, float]]]:
    """The curves of a training; none while its run cannot be read."""
    try:
        return {metric: services.jobs.metric_history(job_id, metric) for metric in curves.METRICS}
    except AppError:
        return {}


def _path(volume: Volume) -> str:
    if volume is None:
        raise InvalidInputError("No dataset is open.", "Choose one at the top left.")
    return volume["path"]
