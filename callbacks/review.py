"""Begin a review of the result on the image, and end it when another result is chosen."""

from dash import ClientsideFunction, Dash, Input, Output, State

from components import ids
from core.services import Services


def register(app: Dash, services: Services) -> None:  # noqa: ARG001 - as all features
    """The viewer does the rest."""
    page = "page"
    app.clientside_callback(
        ClientsideFunction(page, "isNothing"), Output(ids.REVIEW, "hidden"), Input(ids.RESULT_SELECT, "value")
    )
    app.clientside_callback(
        ClientsideFunction(page, "isSlices"), Output(ids.REVIEW_SIZE, "hidden"), Input(ids.REVIEW_BY, "value")
    )
    app.clientside_callback(
        ClientsideFunction(page, "review"),
        Output(ids.VIEWER, "review"),
        Input(ids.REVIEW_BUTTON, "n_clicks"),
        Input(ids.RESULT_SELECT, "value"),
        State(ids.RESULT_CLASSES, "value"),
        State(ids.REVIEW_BY, "value"),
        State(ids.REVIEW_LEAST, "value"),
        prevent_initial_call=True,
    )
