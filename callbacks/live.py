"""The panel of the live prediction; the viewer does the work and asks `http/live.py`.

It learns with what the form of the pixel classifier shows, when that is the algorithm chosen; else with its defaults.
It expects the class shares that a segmentation would.
"""

from collections.abc import Mapping
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State

from callbacks.model_requests import find_algorithm
from components import class_shares, forms, ids, stores
from components.models import FIRST_CHOICE
from core.errors import AppError
from core.learning.descriptors import validate_parameters
from core.services import Services


def register(app: Dash, services: Services) -> None:
    """Switch, button, state, and how it shows."""
    _register_viewer(app)
    app.clientside_callback(
        ClientsideFunction("classes", "offerLive"),
        Output(ids.LIVE_CLASSES, "options"),
        Output(ids.LIVE_CLASSES, "value"),
        Input(stores.CLASSES, "data"),
        State(ids.LIVE_CLASSES, "options"),
        State(ids.LIVE_CLASSES, "value"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(stores.LIVE_PARAMETERS, "data"),
        Input(ids.parameter(ALL), "value"),
        Input(ids.CLASS_SHARES_SWITCH, "value"),
        Input(ids.class_share(ALL), "value"),
        State(ids.parameter(ALL), "id"),
        State(ids.class_share(ALL), "id"),
        State(ids.ALGORITHM_SELECT, "value"),
        prevent_initial_call=True,
    )
    def take_parameters(
        entered: list[Any],
        shares_on: bool | None,
        shares: list[Any],
        fields: list[dict[str, str]],
        share_fields: list[dict[str, Any]],
        algorithm: str | None,
    ) -> dict[str, Any]:
        learning = parameters(services, algorithm, forms.values(fields, entered))
        return learning | class_shares.parameter(share_fields, shares, on=bool(shares_on))


def _register_viewer(app: Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("page", "liveSwitch"),
        Output(ids.LIVE_ON, "value"),
        Output(ids.VIEWER, "live"),
        Input(ids.LIVE_ON, "value"),
        Input(ids.VIEWER, "live"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("page", "same"),
        Output(ids.VIEWER, "liveOnce"),
        Input(ids.LIVE_ONCE, "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("page", "liveOptions"),
        Output(ids.VIEWER, "liveOptions"),
        Input(ids.LIVE_OPACITY, "value"),
        Input(ids.LIVE_CLASSES, "value"),
        Input(ids.LIVE_CLASSES, "options"),
        Input(stores.LIVE_PARAMETERS, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("page", "liveText"),
        Output(ids.LIVE_STATE, "children"),
        Input(ids.VIEWER, "liveText"),
        State(ids.LIVE_STATE, "data-first"),
        prevent_initial_call=True,
    )


def parameters(services: Services, algorithm: str | None, entered: Mapping[str, Any]) -> dict[str, Any]:
    """What the form says, while it is that of the pixel classifier and in order; {} stands for the defaults."""
    if algorithm != FIRST_CHOICE or not entered:
        return {}
    try:
        return dict(validate_parameters(find_algorithm(services, algorithm), entered))
    except AppError:
        return {}  # the form says what is wrong beside the field
