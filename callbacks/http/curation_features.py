"""What the items of a table are seen by: pixels, the encoder of a trained model, or a .npy file of one's own."""

import io
from dataclasses import asdict

from dash import Dash
from flask import Response, jsonify, request

from callbacks.http.bodies import json_body, text_of
from callbacks.http.curation_model import Models
from callbacks.http.images import uncached
from core.services import Services

MAX_FILE_BYTES = 512 << 20  # 20,000 items of 6,000 numbers


def register(app: Dash, services: Services, models: Models) -> None:
    """Add the routes below /api/curation."""
    server = app.server

    @server.post("/api/curation/<table>/features")
    def upload_features(table: str) -> Response:
        request.max_content_length = MAX_FILE_BYTES
        name = " ".join(request.args.get("name", "").split())[:100] or "The file"
        models.use_file(table, io.BytesIO(request.get_data(cache=False)), name)
        return Response(status=204)

    @server.post("/api/curation/<table>/features/look")
    def look_anew(table: str) -> Response:
        """By the encoder that is named, else by pixels; also after an image has changed."""
        models.see_by(table, text_of(json_body(), "encoder"))
        return Response(status=204)

    @server.get("/api/curation/encoders")
    def list_encoders() -> Response:
        return uncached(jsonify(encoders=[asdict(offer) for offer in services.encoders.offers()]))
