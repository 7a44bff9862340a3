"""Contrast: window, colour map and gamma go from the panel to the viewer, without asking the server."""

from dash import ClientsideFunction, Dash, Input, Output

from components import ids
from core.services import Services


def register(app: Dash, services: Services) -> None:  # noqa: ARG001 - as all features
    """A new volume starts with its own window; each handle moves what is shown."""
    app.clientside_callback(
        ClientsideFunction("page", "contrast"),
        Output(ids.CONTRAST, "histogram"),
        Output(ids.CONTRAST, "range"),
        Output(ids.CONTRAST, "auto"),
        Output(ids.CONTRAST, "window"),
        Input(ids.VIEWER, "manifest"),
    )
    app.clientside_callback(
        ClientsideFunction("page", "same"),
        Output(ids.VIEWER, "window"),
        Input(ids.CONTRAST, "window"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("page", "same"),
        Output(ids.VIEWER, "look"),
        Input(ids.CONTRAST, "look"),
        prevent_initial_call=True,
    )
