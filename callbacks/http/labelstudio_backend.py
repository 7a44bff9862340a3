"""Our models as a machine-learning backend of Label Studio: its wire protocol below /labelstudio/<secret>.

It asks for predictions, for what somebody points at, and for trainings. Whoever knows the secret may ask; Label Studio
gets it as part of the address, or as the password of its basic authentication. `python -m scripts.labelstudio ml-start`
serves the same routes alone. What is answered is in `labelstudio_answers.py`.
"""

import hmac
import logging
from collections.abc import Callable, Mapping
from typing import Any

from dash import Dash
from flask import Flask, Response, jsonify, request

from callbacks.http.errors import refuse
from callbacks.http.labelstudio_answers import Answers, Wishes
from callbacks.http.labelstudio_arrivals import ARRIVES, Arrivals
from callbacks.http.labelstudio_training import Trainings
from core.labelstudio.asking import project_id, read_asked
from core.services import Services

ROOT = "/labelstudio"
HEADER = "X-Labelstudio-Secret"
CHANGES = (*ARRIVES, "ANNOTATION_DELETED", "ANNOTATIONS_DELETED")
Answer = Callable[[Mapping[str, Any]], Any]
log = logging.getLogger(__name__)


def register(app: Dash, services: Services) -> None:
    """Add the routes to the app."""
    add_routes(app.server, services, Wishes())


def add_routes(server: Flask, services: Services, wishes: Wishes) -> None:
    """Every route twice: with the secret in its address, and without, where a header has it."""
    for name, (method, answer) in _routes(Backend(services, wishes)).items():
        for path in (f"{ROOT}/<secret>{name}", f"{ROOT}{name}"):
            endpoint = f"labelstudio{path.count('<')}_{name}"
            server.add_url_rule(path, endpoint, _guarded(services, answer), methods=[method], strict_slashes=False)


class Backend:
    """What each route answers."""

    def __init__(self, services: Services, wishes: Wishes) -> None:
        self._answers, self._trainings = Answers(services, wishes), Trainings(services, wishes)
        self._arrivals = Arrivals(services, wishes)

    def health(self, _body: Mapping[str, Any]) -> Any:
        """It is up; and by project, how many annotations have changed since the last training, and came in at once."""
        counts = {"changed": self._trainings.changed, "brought": self._arrivals.brought}
        return {"status": "UP", "model_class": "segmentation", **counts}

    def setup(self, body: Mapping[str, Any]) -> Any:
        """Asked often, so nothing is loaded. The token that comes with it is not ours to use."""
        return {"model_version": self._answers.version_for(str(body.get("schema", "")))}

    def versions(self, _body: Mapping[str, Any]) -> Any:
        """Names of the trained models, newest first."""
        return {"versions": self._answers.versions()}

    def predict(self, body: Mapping[str, Any]) -> Any:
        """A prediction for each task; or the object that somebody points at."""
        return {"results": self._answers.predict(read_asked(body))}

    def webhook(self, body: Mapping[str, Any]) -> Any:
        """Something has happened there; what we do not know is fine."""
        action, project = str(body.get("action", "")), project_id(body.get("project"))
        if action == "START_TRAINING":
            self._trainings.begin(project)
        if action in CHANGES:
            self._trainings.note_change(project)
        if action in ARRIVES:
            self._arrivals.take(project, body)
        return {"status": "ok"}

    def train(self, body: Mapping[str, Any]) -> Any:
        """As older servers ask for it."""
        self._trainings.begin(project_id(body.get("project")))
        return {"job": "begun"}


def _routes(backend: Backend) -> dict[str, tuple[str, Answer]]:
    return {
        "/": ("GET", backend.health),
        "/health": ("GET", backend.health),
        "/setup": ("POST", backend.setup),
        "/versions": ("GET", backend.versions),
        "/predict": ("POST", backend.predict),
        "/webhook": ("POST", backend.webhook),
        "/train": ("POST", backend.train),
    }


def _guarded(services: Services, answer: Answer) -> Callable[..., Response]:
    def view(secret: str = "") -> Response:
        if not _is_known(services, secret):
            return refuse("The secret of the address is wrong.", "Copy the address again from Exchange, Label Studio.")
        body = request.get_json(silent=True)
        return jsonify(answer(body if isinstance(body, Mapping) else {}))

    return view


def _is_known(services: Services, secret: str) -> bool:
    """Whether the address, a header, or the password of basic authentication has the secret of the connection."""
    if services.labelstudio.connection() is None:
        return False
    login = request.authorization.password if request.authorization else ""
    told = secret or request.headers.get(HEADER, "") or login or ""
    return hmac.compare_digest(told.encode(), services.labelstudio.secret().encode())
