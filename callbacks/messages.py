"""Messages: what failed in a callback, in words and with the way out; the log keeps the cause."""

import logging

from dash import ClientsideFunction, Dash, Input, set_props

from components import stores
from components.messages import message
from core.errors import AppError
from core.services import Services

log = logging.getLogger(__name__)


def register(app: Dash, services: Services) -> None:  # noqa: ARG001 - as all features
    """Show what arrives in the store."""
    app.clientside_callback(ClientsideFunction("page", "say"), Input(stores.MESSAGE, "data"), prevent_initial_call=True)


def show_error(error: Exception) -> None:
    """What Dash calls when a callback raises."""
    if isinstance(error, AppError):
        log.info("%s", error)
        _say(message(error.message, error.hint, kind="error"))
        return
    log.error("A callback failed", exc_info=error)
    _say(message("The server failed.", "Try again; its log tells the cause.", kind="error"))


def _say(record: dict[str, str]) -> None:
    set_props(stores.MESSAGE, {"data": record})
