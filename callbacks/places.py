"""The frame of the page: places, theme, side panels, whether all is saved. It works in the browser."""

from dash import ALL, ClientsideFunction, Dash, Input, Output, State

from components import ids, stores
from core.services import Services


def register(app: Dash, services: Services) -> None:  # noqa: ARG001 - as all features
    """Tie the frame to assets/page.js."""
    page = "page"
    app.clientside_callback(
        ClientsideFunction(page, "choosePlace"),
        Output(stores.PLACE, "data"),
        Input(ids.place_tab(ALL), "n_clicks"),
        Input(ids.job_action("show", ALL), "n_clicks"),
        Input(ids.model_result(ALL), "n_clicks"),
        Input(ids.ORIGIN_MODEL, "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction(page, "showPlace"),
        Output(ids.ANNOTATE_PLACE, "hidden"),
        Output(ids.MODELS_PLACE, "hidden"),
        Output(ids.CURATE_PLACE, "hidden"),
        Output(ids.EXCHANGE_PLACE, "hidden"),
        Output(ids.place_tab(ALL), "aria-current"),
        Input(stores.PLACE, "data"),
        State(ids.place_tab(ALL), "id"),
    )
    _register_followers(app)
    app.clientside_callback(
        ClientsideFunction(page, "switchTheme"),
        Output(stores.THEME, "data"),
        Input(ids.THEME_SWITCH, "n_clicks"),
        State(stores.THEME, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(ClientsideFunction(page, "applyTheme"), Input(stores.THEME, "data"))
    app.clientside_callback(
        ClientsideFunction(page, "toggle"),
        Output(ids.SIDEBAR, "hidden"),
        Input(ids.SIDEBAR_TOGGLE, "n_clicks"),
        State(ids.SIDEBAR, "hidden"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction(page, "saveState"),
        Output(ids.SAVE_STATE, "children"),
        Output(ids.SAVE_STATE, "className"),
        Input(ids.VIEWER, "saveState"),
    )


def _register_followers(app: Dash) -> None:
    """A hidden place hears of nothing; what it has missed it hears when it is opened."""
    for follower, followed in stores.FOLLOWED.items():
        app.clientside_callback(
            ClientsideFunction("page", "whileOpen"),
            Output(follower, "data"),
            Input(*followed),
            Input(stores.PLACE, "data"),
            State(follower, "data"),
            prevent_initial_call=True,
        )
