"""The infrastructure card: looked at while the Models place is open, and at no other time."""

from typing import Any

from dash import Dash, Input, Output, no_update

from components import ids, infrastructure, stores
from core.services import Services


def register(app: Dash, services: Services) -> None:
    """Look again and again while somebody watches."""
    app.clientside_callback(
        "(place) => place !== 'models'", Output(stores.INFRASTRUCTURE_TICK, "disabled"), Input(stores.PLACE, "data")
    )

    @app.callback(
        Output(ids.INFRASTRUCTURE, "children"),
        Input(stores.INFRASTRUCTURE_TICK, "n_intervals"),
        Input(stores.PLACE, "data"),
        prevent_initial_call=True,
    )
    def look(_tick: int, place: str) -> Any:
        return infrastructure.rows(services.infrastructure.parts()) if place == "models" else no_update
