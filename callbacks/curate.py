"""The Curate place works in the browser, on `http/curation.py`; here it hears that it is opened, and where."""

from dash import ClientsideFunction, Dash, Input

from components import stores
from core.services import Services


def register(app: Dash, services: Services) -> None:  # noqa: ARG001 - as all features
    """Tie the place to assets/curate.js."""
    app.clientside_callback(
        ClientsideFunction("curate", "open"), Input(stores.PLACE, "data"), Input(stores.VOLUME, "data")
    )
