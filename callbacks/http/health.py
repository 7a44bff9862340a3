"""Is the app up? Asked by Docker, start scripts and load balancers; says nothing else, so that it needs no login."""

from dash import Dash
from flask import Response, jsonify

from core.services import Services

PATH = "/health"


def register(app: Dash, services: Services) -> None:  # noqa: ARG001 - every feature registers alike
    """Add the route."""

    @app.server.get(PATH)
    def health() -> Response:
        answer = jsonify(status="ok")
        answer.headers["Cache-Control"] = "no-store"
        return answer
