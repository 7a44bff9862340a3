"""The panel "Through the stack": its button hands an order to the viewer, which asks `http/proposals.py`."""

from dash import ClientsideFunction, Dash, Input, Output, State

from components import ids
from core.services import Services


def register(app: Dash, services: Services) -> None:  # noqa: ARG001 - as all features
    """Order a proposal when the button is pressed."""
    app.clientside_callback(
        ClientsideFunction("page", "orderStack"),
        Output(ids.VIEWER, "order"),
        Input(ids.STACK_PROPOSE, "n_clicks"),
        State(ids.STACK_METHOD, "value"),
        State(ids.STACK_FIRST, "value"),
        State(ids.STACK_LAST, "value"),
        prevent_initial_call=True,
    )
