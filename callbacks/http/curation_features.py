"""What the items of a table are seen by: pixels, the encoder of a trained model, or a .npy file of one's own."""

import io
from dataclasses import asdict

from dash import Dash
from flask import Response, jsonify, request

from callbacks.http.bodies import Body, json_body, text_of
from callbacks.http.curation_learning import read_choice, read_number
from callbacks.http.curation_model import Models
from callbacks.http.images import uncached
from core.errors import InvalidInputError
from core.learning.curation.encoders import PLAIN, Tuning, View
from core.services import Services

WHOLES, NUMBERS = ("epochs", "frozen"), ("rate", "encoder_rate", "momentum", "decay")
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
        body = json_body()
        view = View(*(str(body.get(name, usual)) for name, usual in asdict(PLAIN).items()))
        models.see_by(table, text_of(body, "encoder"), view)
        return Response(status=204)

    @server.post("/api/curation/<table>/features/probe")
    def probe_features(table: str) -> Response:
        models.probe(table)
        return Response(status=204)

    @server.post("/api/curation/<table>/features/tune")
    def tune_encoder(table: str) -> Response:
        """By the labels; the body also has the choices of what learns afterwards."""
        body = json_body()
        models.tune(table, read_choice(body), read_tuning(body))
        return Response(status=204)

    @server.get("/api/curation/encoders")
    def list_encoders() -> Response:
        return uncached(jsonify(encoders=[asdict(offer) for offer in services.encoders.offers()]))


def read_tuning(body: Body) -> Tuning:
    """What `tuning` of a body says; its rate is the head's. Raises InvalidInputError."""
    said = body.get("tuning", {})
    if not isinstance(said, dict):
        raise InvalidInputError("tuning holds no choices.", "Write an object.")
    numbers = {name: read_number(said, name, (int,)) for name in WHOLES if name in said}
    numbers |= {name: read_number(said, name, (int, float)) for name in NUMBERS if name in said}
    schedule = {"schedule": text_of(said, "schedule")} if "schedule" in said else {}
    return Tuning(**numbers, **schedule)
