"""What made the result on the image: told below its name, with a button that leads to the model's card."""

from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, State, no_update

from callbacks.overlay import Jobs, find_job
from components import ids, origin, stores
from core.errors import AppError
from core.learning.models import TrainedModel
from core.services import Services


def register(app: Dash, services: Services) -> None:
    """Tell what made a result, and go to its model; the way back is in the card of the model."""

    @app.callback(
        Output(ids.ORIGIN, "hidden"),
        Output(ids.ORIGIN_FACTS, "children"),
        Output(ids.ORIGIN_MODEL, "children"),
        Output(ids.ORIGIN_MODEL, "hidden"),
        Input(ids.RESULT_SELECT, "value"),
        Input(stores.REGISTRY_STAMP, "data"),
        State(stores.JOBS, "data"),
    )
    def tell(selected: str | None, _stamp: int | None, jobs: Jobs | None) -> Any:
        job = find_job(jobs, selected)
        if job is None:
            return True, [], None, True
        try:
            model = model_of(job, services.registry.models())
        except AppError:
            return (no_update,) * 4  # the Models place says that MLflow is gone
        return False, origin.facts(job, model, services.timezone), "Show the model", model is None

    @app.callback(
        Output(ids.MODEL_TABLE, "selectedRows"),
        Output(ids.MODEL_TABLE, "scrollTo"),
        Output(ids.MODEL_ARCHIVED, "value"),
        Input(ids.ORIGIN_MODEL, "n_clicks"),
        State(ids.RESULT_SELECT, "value"),
        State(stores.JOBS, "data"),
        State(stores.REGISTRY, "data"),
        prevent_initial_call=True,
    )
    def go_to_model(_clicks: int, selected: str | None, jobs: Jobs | None, registry: dict[str, Any] | None) -> Any:
        job = find_job(jobs, selected) or {}
        rows = [row for row in (registry or {}).get("models", []) if row["id"] == made_by(job)]
        if not rows:
            return no_update, no_update, no_update
        place = {"rowId": rows[0]["id"], "rowPosition": "middle"}
        return rows, place, True if rows[0]["archived"] else no_update


def made_by(job: dict[str, Any]) -> str:
    """The id of the model behind a result; a training bears the id of its model from the beginning."""
    return str(job.get("model_id") or job.get("id", ""))


def model_of(job: dict[str, Any], models: Sequence[TrainedModel]) -> TrainedModel | None:
    """None when the model is not registered, or no more."""
    return next((model for model in models if model.id == made_by(job)), None)
