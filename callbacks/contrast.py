"""Contrast: window, colour map and gamma go from the panel to the viewer, without asking the server."""

from dash import ClientsideFunction, Dash, Input, Output, State

from components import ids
from core.services import Services


def register(app: Dash, services: Services) -> None:  # noqa: ARG001 - as all features
    """A volume starts as it was last seen; each handle moves what is shown."""
    app.clientside_callback(
        ClientsideFunction("page", "contrast"),
        Output(ids.CONTRAST, "histogram"),
        Output(ids.CONTRAST, "range"),
        Output(ids.CONTRAST, "auto"),
        Output(ids.CONTRAST, "channels"),
        Output(ids.CONTRAST, "window"),
        Output(ids.CONTRAST, "look"),
        Input(ids.VIEWER, "manifest"),
    )
    app.clientside_callback(
        ClientsideFunction("page", "chooseContrast"),
        Output(ids.VIEWER, "window"),
        Output(ids.VIEWER, "look"),
        Input(ids.CONTRAST, "window"),
        Input(ids.CONTRAST, "look"),
        State(ids.VIEWER, "manifest"),
        prevent_initial_call=True,
    )
