"""How a table is learned from: features of one's own in a .npy file, and the choices of a model, as JSON has them."""

import io
from typing import TYPE_CHECKING

from dash import Dash
from flask import Response, request

from callbacks.http.bodies import Body, text_of
from callbacks.http.curation_model import Models
from core.errors import InvalidInputError
from core.services import Services

if TYPE_CHECKING:
    from core.learning.curation.learned import Choice

MAX_FILE_BYTES = 512 << 20  # 20,000 items of 6,000 numbers
WHOLES, NUMBERS, WORDS = ("ratio",), ("dropout", "gamma", "smoothing", "unlabelled", "sure"), ("loss", "strata")


def register(app: Dash, services: Services, models: Models) -> None:  # noqa: ARG001 - as all features
    """Add the routes below /api/curation."""
    server = app.server

    @server.post("/api/curation/<table>/features")
    def upload_features(table: str) -> Response:
        request.max_content_length = MAX_FILE_BYTES
        name = " ".join(request.args.get("name", "").split())[:100] or "The file"
        models.use_file(table, io.BytesIO(request.get_data(cache=False)), name)
        return Response(status=204)

    @server.post("/api/curation/<table>/features/forget")
    def forget_features(table: str) -> Response:
        models.forget(table)
        return Response(status=204)


def read_choice(body: Body) -> "Choice":
    """What to learn by. Raises InvalidInputError."""
    from core.learning.curation.learned import Choice  # late: scikit-learn takes a second
    from core.learning.curation.small_network import NetworkSettings

    said = {name: _number(body, name, (int,)) for name in WHOLES if name in body}
    said |= {name: _number(body, name, (int, float)) for name in NUMBERS if name in body}
    said |= {name: text_of(body, name) for name in WORDS if name in body}
    layers = {"hidden": _layers(text_of(body, "hidden"))} if "hidden" in body else {}
    network = NetworkSettings(**said, **layers, normalise=body.get("normalise") is True)
    return Choice(text_of(body, "kind"), network)


def _layers(text: str) -> tuple[int, ...]:
    """
    >>> _layers("128, 64"), _layers("")
    ((128, 64), ())
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not all(word.isascii() and word.isdigit() for word in words):
        raise InvalidInputError(f"{text!r} names no layers.", "Write numbers with commas between, such as 128, 64.")
    return tuple(int(word) for word in words)


def _number(body: Body, name: str, kinds: tuple[type, ...]) -> float:
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise InvalidInputError(f"{name} is {str(value)[:20]!r}.", "Write a number.")
    return float(value) if float in kinds else int(value)
