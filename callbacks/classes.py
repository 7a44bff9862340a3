"""The class table of the open volume: assets/classes.js draws it and says what is wished, http/classes.py does it."""

from dash import ClientsideFunction, Dash, Input, Output

from components import ids, stores
from core.services import Services


def register(app: Dash, services: Services) -> None:  # noqa: ARG001 - as all features
    """Read the table, show it, mark the class that paints."""
    app.clientside_callback(
        ClientsideFunction("classes", "follow"),
        Input(stores.VOLUME, "data"),
        Input(ids.VIEWER, "classesRevision"),
    )
    app.clientside_callback(
        ClientsideFunction("classes", "show"),
        Output(ids.VIEWER, "classes"),
        Input(stores.CLASSES, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(ClientsideFunction("classes", "mark"), Input(ids.VIEWER, "activeClass"))
