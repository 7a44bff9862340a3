"""How much of the image each class covers: sliders for a model that can be told, and their estimate from the image."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dash import ALL, Dash, Input, Output, State, no_update

from callbacks.events import changed
from callbacks.model_requests import Volume, find_model
from components import class_shares, ids, stores
from core.errors import InvalidInputError
from core.learning.models import TrainedModel
from core.services import Services


def register(app: Dash, services: Services) -> None:
    """Show the sliders of the chosen model, tell what they mean, estimate."""

    @app.callback(
        Output(ids.CLASS_SHARES, "hidden"),
        Output(ids.CLASS_SHARES_ROWS, "children"),
        Output(ids.CLASS_SHARES_SWITCH, "value"),
        Output(ids.CLASS_SHARES_NOTE, "children"),
        Input(ids.MODEL_SELECT, "value"),
        Input(ids.CLASS_SHARES_ESTIMATE, "n_clicks"),
        State(stores.VOLUME, "data"),
        running=[
            (Output(ids.CLASS_SHARES_ESTIMATE, "disabled"), True, False),
            (Output(ids.CLASS_SHARES_ESTIMATE, "children"), "Looking at the image", class_shares.ESTIMATE),
        ],
        prevent_initial_call=True,
    )
    def offer(model_id: str | None, _clicks: int | None, volume: Volume) -> Any:
        if changed(ids.CLASS_SHARES_ESTIMATE):
            return no_update, *estimate(services, find_model(services, model_id), volume)
        model = next((each for each in services.registry.models() if each.id == model_id), None)
        shown = class_shares.rows(model.classes, model.learned_shares) if model else []
        return not shown, shown, False, ""

    @app.callback(
        Output(ids.CLASS_SHARES_FOLD, "hidden"), Input(ids.CLASS_SHARES_SWITCH, "value"), prevent_initial_call=True
    )
    def fold(on: bool) -> bool:
        return not on

    @app.callback(
        Output(ids.class_share_text(ALL), "children"),
        Input(ids.class_share(ALL), "value"),
        prevent_initial_call=True,
    )
    def tell(values: Sequence[Any]) -> list[str]:
        return class_shares.told(values)


def estimate(services: Services, model: TrainedModel, volume: Volume) -> tuple[Any, Any, str]:
    """Sliders as the image wants them, the switch as it is, and a sentence about it."""
    found = estimated(services, model, volume)
    return class_shares.rows(model.classes, found), no_update, class_shares.estimate_text(model.classes, found)


def estimated(services: Services, model: TrainedModel, volume: Volume) -> dict[int, float]:
    """{class id: share} of the open volume.

    Raises
    ------
    InvalidInputError
        If no volume is open, or it is of another kind of image than the model knows.
    NotFoundError, UnavailableError
    """
    # Of the whole page only this needs them, and importing the trees takes a second.
    from core.learning.pixel_classifier import load_pixel_classifier
    from core.learning.share_estimate import shares_of

    if volume is None:
        raise InvalidInputError("No dataset is open.", "Choose one at the top left.")
    with TemporaryDirectory() as folder:
        classifier = load_pixel_classifier(services.registry.fetch_model(model.id, Path(folder)))
    return shares_of(classifier, services.volumes.open(volume["path"]))
