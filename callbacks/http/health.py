"""Is the app up, and what of all that it stands on? `docs/deployment.md` says who asks which.

`/health` says only that this process answers. It is asked by Docker, start scripts and load balancers, which have no
login, so `callbacks/access.py` lets them in. `/api/health` needs the login and tells what is down, and the way to mend
it; a monitor sees it by the status.
"""

from dataclasses import asdict

from dash import Dash
from flask import Response, jsonify

from callbacks.http.images import unkept
from core.services import Services

PATH, PARTS_PATH = "/health", "/api/health"


def register(app: Dash, services: Services) -> None:
    """Add the routes."""

    @app.server.get(PATH)
    def health() -> Response:
        return unkept(jsonify(status="ok"))

    @app.server.get(PARTS_PATH)
    def parts_health() -> Response:
        parts = services.infrastructure.parts()
        whole = all(part.state != "down" for part in parts)
        answer = unkept(jsonify(status="ok" if whole else "degraded", parts=[asdict(part) for part in parts]))
        answer.status_code = 200 if whole else 503
        return answer
