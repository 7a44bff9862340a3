"""What people do with trained models and algorithms beyond using them: name, stage, archive, delete, load, register."""

import base64
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from dash import MATCH, Dash, Input, Output, State, ctx, no_update

from components import algorithm_list, ids, model_card, stores
from core.errors import AppError, InvalidInputError
from core.learning.algorithm_file import Registration, read_algorithms
from core.learning.models import ModelWords
from core.services import Services

Rows = list[dict[str, Any]] | None
TOLD = {
    Registration.ADDED: "registered",
    Registration.UNCHANGED: "registered already",
    Registration.REPLACED: "registered again",
    Registration.DIFFERS: "registered already with other content; raise its version",
}


def register(app: Dash, services: Services) -> None:
    """The card of a model, its buttons, and the list of algorithms."""
    _register_card(app, services)
    _register_wishes(app, services)
    _register_algorithms(app, services)


def _register_card(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.MODEL_CARD, "hidden"),
        Output(ids.MODEL_RENAME, "value"),
        Output(ids.MODEL_DESCRIPTION, "value"),
        Output(ids.MODEL_TAGS, "value"),
        Output(ids.MODEL_STAGE, "value"),
        Output(ids.MODEL_FACTS, "children"),
        Output(ids.MODEL_BUNDLE, "href"),
        Output(ids.MODEL_ARCHIVE, "children"),
        Input(ids.MODEL_TABLE, "selectedRows"),
        Input(stores.CARED_MODEL, "data"),
        State(stores.JOBS, "data"),
        State(stores.VOLUME, "data"),
        prevent_initial_call=True,
    )
    def show(
        selected: Rows, _cared: str | None, jobs: list[dict[str, Any]] | None, volume: dict[str, str] | None
    ) -> Any:
        found = [model for model in services.registry.models() if model.id == only(selected)]
        if not found:
            return (True, *[no_update] * 7)
        model = found[0]
        words = (model.name, model.description, ", ".join(model.tags), model.stage)
        facts = model_card.facts(model, jobs or [], (volume or {}).get("path", ""), services.timezone)
        return False, *words, facts, model_card.bundle_url(model), model_card.archive_text(model)


def _register_wishes(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.MODEL_CARE_NOTE, "children"),
        Output(stores.CARED_MODEL, "data"),
        Input(ids.MODEL_SAVE, "n_clicks"),
        Input(ids.MODEL_ARCHIVE, "n_clicks"),
        Input(ids.MODEL_DELETE, "n_clicks"),
        Input(ids.MODEL_LOAD, "contents"),
        State(ids.MODEL_LOAD, "filename"),
        State(ids.MODEL_TABLE, "selectedRows"),
        State(ids.MODEL_RENAME, "value"),
        State(ids.MODEL_DESCRIPTION, "value"),
        State(ids.MODEL_TAGS, "value"),
        State(ids.MODEL_STAGE, "value"),
        prevent_initial_call=True,
    )
    def care(
        _save: Any, _archive: Any, _delete: Any, contents: str | None, file: str, selected: Rows, *fields: str | None
    ) -> Any:  # fmt: skip
        name, description, tags, stage = (field or "" for field in fields)
        model_id, words = only(selected), ModelWords(name, description, model_card.tags_of(tags), stage)
        wishes = {
            ids.MODEL_SAVE: partial(save, services, model_id, words),
            ids.MODEL_ARCHIVE: partial(archive, services, model_id),
            ids.MODEL_DELETE: partial(delete, services, model_id),
            ids.MODEL_LOAD: partial(loaded, services, content_of(contents), file),
        }
        return told(wishes[str(ctx.triggered_id)]), uuid.uuid4().hex


def _register_algorithms(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.ALGORITHM_NOTE, "children"), Input(ids.ALGORITHM_LOAD, "contents"),
        State(ids.ALGORITHM_LOAD, "filename"), prevent_initial_call=True,
    )  # fmt: skip
    def register_file(contents: str | None, name: str) -> Any:
        return told(lambda: registered(services, content_of(contents), name)) if contents else no_update

    @app.callback(
        Output(ids.ALGORITHM_LIST, "children"), Input(stores.MODELS_REGISTRY, "data"), prevent_initial_call=True
    )
    def list_algorithms(_registry: dict[str, Any]) -> Any:
        return algorithm_list.rows(services.registry.algorithms())

    @app.callback(
        Output(ids.algorithm_versions(MATCH), "children"),
        Input(ids.algorithm_compare(MATCH), "n_clicks"),
        State(ids.algorithm_compare(MATCH), "id"),
        prevent_initial_call=True,
    )
    def compare(clicks: int | None, asked: dict[str, str]) -> Any:
        if not clicks:
            return no_update
        return algorithm_list.versions(services.registry.algorithm_versions(asked["name"]))


def only(selected: Rows) -> str:
    """The model that is chosen, "" when none or several are."""
    return str(selected[0]["id"]) if selected and len(selected) == 1 else ""


def told(act: Callable[[], str]) -> Any:
    """What to say of a wish, fulfilled or not."""
    try:
        return model_card.note(act())
    except AppError as error:
        return model_card.note(str(error), wrong=True)


def content_of(upload: str | None) -> bytes:
    """The bytes of what a browser has sent as a data URL."""
    return base64.b64decode((upload or "").partition(",")[2])


def save(services: Services, model_id: str, words: ModelWords) -> str:
    """What the form says, but for what it does not ask."""
    archived = services.registry.model(model_id).archived
    services.registry.describe_model(model_id, replace(words, archived=archived))
    return "Saved."


def archive(services: Services, model_id: str) -> str:
    """Out of the lists, or back into them."""
    words = services.registry.model(model_id).words
    services.registry.describe_model(model_id, replace(words, archived=not words.archived))
    return f"{words.name} is back in the lists." if words.archived else f"{words.name} is archived."


def delete(services: Services, model_id: str) -> str:
    """For good; the page has asked."""
    name = services.registry.model(model_id).name
    services.registry.delete_model(model_id)
    return f"{name} is deleted."


def loaded(services: Services, content: bytes, name: str) -> str:
    """Register the model of a file."""
    with services.exchange.scratch() as folder:
        bundle = folder / "model.zip"
        bundle.write_bytes(content)
        model = services.registry.unpack_model(bundle)
    return f"{model.name} was loaded from {name}."


def registered(services: Services, content: bytes, name: str) -> str:
    """Register the algorithms of a file; all of them are read before the first is registered."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{name} is no text.", "Take a JSON file as docs/own-algorithm.md shows it.") from error
    outcomes = [(each, services.registry.register_algorithm(each)) for each in read_algorithms(text, source=name)]
    if not outcomes:
        raise InvalidInputError(f"{name} holds no algorithm.", "docs/own-algorithm.md shows one.")
    return " ".join(f"{each.model_name} {each.version}: {TOLD[outcome]}." for each, outcome in outcomes)
