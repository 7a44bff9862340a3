"""An app that has one feature of callbacks/http, as a browser meets it: guarded, over given tiles and labels."""

from types import ModuleType
from typing import Any

from dash import Dash, html
from flask.testing import FlaskClient

from callbacks import access
from callbacks.http import errors
from core.labels.store import LabelStore
from core.services import Services, TileServer


def feature_client(feature: ModuleType, tiles: TileServer, labels: LabelStore, **others: Any) -> FlaskClient:
    """The client of a person named ann, who has opened the page and so has a CSRF cookie. others : of the services."""
    app = Dash("feature")
    app.layout = html.Div()
    access.guard(app, login=False, user_name="", password="")
    errors.register(app.server)
    fields = dict.fromkeys(Services.__dataclass_fields__)
    feature.register(
        app, Services(**fields | {"tiles": tiles, "labels": labels, "current_user": lambda: "ann"} | others)
    )
    client = app.server.test_client()
    client.get("/")
    return client
