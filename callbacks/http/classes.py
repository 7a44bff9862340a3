"""The class table over HTTP: the list of the page (assets/classes.js) says what a person wishes, one wish a request.

Each is one operation of core/labels/classes.py; docs/contracts.md ("Labels") lists them. The answer is the table.
"""

import uuid
from dataclasses import asdict
from functools import partial

from dash import Dash
from flask import Response, jsonify

from callbacks.http.bodies import Body, json_body, text_of, whole_of
from callbacks.http.images import uncached
from core.errors import InvalidInputError
from core.images.volumes import volume_path
from core.labels.classes import add_class, lock_class, recolor_class, rename_class, show_class
from core.labels.store import ClassChange, LabelStore
from core.services import Services


def register(app: Dash, services: Services) -> None:
    """Add the routes of the table, below /api/labels."""
    labels = services.labels

    @app.server.get("/api/labels/<vid>/classes")
    def class_table(vid: str) -> Response:
        return _table(labels, volume_path(vid))

    @app.server.post("/api/labels/<vid>/classes")
    def class_wish(vid: str) -> Response:
        volume = volume_path(vid)
        fulfil(labels, volume, json_body(), user=services.current_user())
        return _table(labels, volume)


def _table(labels: LabelStore, volume: str) -> Response:
    return uncached(jsonify(classes=[asdict(label_class) for label_class in labels.classes(volume)]))


def fulfil(labels: LabelStore, volume: str, wish: Body, *, user: str) -> None:
    """Do what {"action", "class", "value"} asks for. Raises InvalidInputError, NotFoundError."""
    if wish.get("action") == "delete":
        labels.delete_class(volume, whole_of(wish, "class", 0), edit_id=str(uuid.uuid4()), user=user)
    elif wish.get("action") == "add":
        labels.change_classes(volume, partial(add_class, class_id=labels.next_class_id(volume)), user=user)
    else:
        labels.change_classes(volume, _change(wish), user=user)


def _change(wish: Body) -> ClassChange:
    """A field takes a value, never the other one, so that a wish that comes twice changes nothing."""
    class_id = whole_of(wish, "class", 0)
    match wish.get("action"):
        case "name":
            return partial(rename_class, class_id=class_id, name=text_of(wish, "value"))
        case "color":
            return partial(recolor_class, class_id=class_id, color=text_of(wish, "value"))
        case "visible":
            return partial(show_class, class_id=class_id, visible=_switch(wish))
        case "locked":
            return partial(lock_class, class_id=class_id, locked=_switch(wish))
    raise InvalidInputError(f"{str(wish.get('action'))[:20]!r} is nothing to do with a class.", "Reload the page.")


def _switch(wish: Body) -> bool:
    if not isinstance(value := wish.get("value"), bool):
        raise InvalidInputError(f"value is {str(value)[:20]!r}.", "It must be true or false.")
    return value
