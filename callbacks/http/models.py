"""Trained models as files, to be taken elsewhere, and as pictures."""

from contextlib import ExitStack

from dash import Dash
from flask import Response, send_file

from callbacks.http.images import IMMUTABLE, unkept
from core.services import Services


def register(app: Dash, services: Services) -> None:
    """Add the routes below /api/models."""

    @app.server.get("/api/models/<model>/thumbnail")
    def model_thumbnail(model: str) -> Response:
        answer = Response(services.registry.thumbnail(model), mimetype="image/png")
        answer.headers["Cache-Control"] = IMMUTABLE
        return answer

    @app.server.get("/api/models/<model>/bundle")
    def bundle(model: str) -> Response:
        with ExitStack() as stack:
            folder = stack.enter_context(services.exchange.scratch())
            file = services.registry.pack_model(model, folder)
            answer = unkept(send_file(file, as_attachment=True, download_name=file.name, max_age=0))
            answer.call_on_close(stack.pop_all().close)
            return answer
