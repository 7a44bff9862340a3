"""What a job shows of its work beyond numbers: the patch on which a training is watched."""

from dash import Dash
from flask import Response

from callbacks.http.images import unkept
from core.services import Services


def register(app: Dash, services: Services) -> None:
    """Add the routes below /api/jobs."""

    @app.server.get("/api/jobs/<job>/preview")
    def job_preview(job: str) -> Response:
        return unkept(Response(services.jobs.preview(job), mimetype="image/png"))
