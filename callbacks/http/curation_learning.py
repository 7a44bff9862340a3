"""How a table is learned from: the choices of a model as JSON has them, what was learned, and earlier runs reopened."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from dash import Dash
from flask import Response, jsonify

from callbacks.http.bodies import Body, json_body, text_of, whole_of
from callbacks.http.curation_kept import Model
from callbacks.http.curation_model import Models
from callbacks.http.images import uncached
from core.errors import InvalidInputError
from core.learning.curation.runs import course
from core.learning.curation.store import Table
from core.services import Services

if TYPE_CHECKING:
    from core.learning.curation.learned import Choice

WHOLES, WORDS = ("ratio", "steps", "batch", "seed", "kernel"), ("loss", "strata", "schedule", "optimiser", "spec")
NUMBERS = ("dropout", "gamma", "smoothing", "unlabelled", "sure", "confusion", "rate", "decay")
MOST_TRIES = 24  # a minute


def register(app: Dash, services: Services, models: Models) -> None:
    """Add the routes below /api/curation."""
    server = app.server

    @server.get("/api/curation/<table>/model")
    def model_state(table: str) -> Response:
        return uncached(jsonify(model_json(models.of(table), services.curation.table(table))))

    @server.post("/api/curation/<table>/model")
    def train_model(table: str) -> Response:
        body = json_body()
        models.train(table, read_choice(body), tries=whole_of(body, "tries", 1, least=1, most=MOST_TRIES))
        return jsonify(model_json(models.of(table), services.curation.table(table)))

    @server.post("/api/curation/<table>/compare")
    def compare_strategies(table: str) -> Response:
        models.compare(table, text_of(json_body(), "class"))
        return jsonify(model_json(models.of(table), services.curation.table(table)))

    @server.post("/api/curation/<table>/runs/<int:number>/open")
    def open_run(table: str, number: int) -> Response:
        models.open_run(table, number)
        return jsonify(model_json(models.of(table), services.curation.table(table)))


def read_choice(body: Body) -> "Choice":
    """What to learn by. Raises InvalidInputError."""
    from core.learning.curation.learned import Choice  # late: scikit-learn takes a second
    from core.learning.curation.network_settings import NetworkSettings

    said = {name: read_number(body, name, (int,)) for name in WHOLES if name in body}
    said |= {name: read_number(body, name, (int, float)) for name in NUMBERS if name in body}
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


def read_number(body: Body, name: str, kinds: tuple[type, ...]) -> float:
    """Raises InvalidInputError where it is none."""
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise InvalidInputError(f"{name} is {str(value)[:20]!r}.", "Write a number.")
    return float(value) if float in kinds else int(value)


def model_json(model: Model, table: Table) -> dict[str, Any]:
    """What the page shows of it; the answers themselves come with the items."""
    runs = [run.renamed(table.classes) for run in model.runs]
    told = {
        name: getattr(model, name)
        for name in ("stage", "done", "total", "said", "hint", "open", "comparison", "probes")
    }
    told |= {"tuned": model.tuned[0].words if model.tuned else ""}
    told |= {"source": asdict(model.source), "runs": [run.brief() for run in runs], "course": course(runs)}
    return told | _opened(replace(model, runs=tuple(runs)), table)


def _opened(model: Model, table: Table) -> dict[str, Any]:
    """Of the run whose answers count."""
    run = model.run
    if run is None:
        return {"scores": {}, "pairs": [], "losses": {}, "parameters": 0, "has_model": False, "is_old": False}
    told = {name: getattr(run, name) for name in ("scores", "pairs", "losses", "parameters", "has_model")}
    return told | {"is_old": model.stage == "ready" and run.revision < table.revision}
