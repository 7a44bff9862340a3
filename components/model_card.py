"""One model of the table: what people say of it, what is known of it, and what can be done with it."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from components import ids
from components.times import minute
from core.learning.models import MAX_NAME, TrainedModel

STAGES = {"": "None", "candidate": "Candidate", "production": "Production"}
ARCHIVE_HELP = "It leaves the lists; nothing is lost"


def card() -> html.Section:
    """Hidden until a single model is chosen; a callback fills it in."""
    facts = html.Dl(id=ids.MODEL_FACTS, className="model-facts")
    parts = [html.H2("Model"), _form(), facts, _actions()]
    return html.Section(parts, id=ids.MODEL_CARD, className="models-card model-care", hidden=True)


def loader() -> dcc.Upload:
    """Takes the file of a model that was downloaded, here or elsewhere."""
    button = html.Button("Load", className="button", title="A model that was downloaded, here or elsewhere")
    return dcc.Upload(button, id=ids.MODEL_LOAD, accept=".zip", className="model-load")


def note(message: str, *, wrong: bool = False) -> html.P:
    """What became of a wish."""
    return html.P(message, className="model-note wrong" if wrong else "model-note")


def tags_of(text: str | None) -> tuple[str, ...]:
    """
    >>> tags_of("membranes,  2026 ,")
    ('membranes', '2026')
    """
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def facts(model: TrainedModel, jobs: Sequence[dict[str, Any]], volume: str, timezone: tzinfo) -> list[Any]:
    """What made the model, enough to make it again, and what it has made.

    jobs : those that the page knows. volume : the open one, whose results can be shown at once.
    """
    when = minute(model.created, timezone)
    parameters = ", ".join(f"{key} {value}" for key, value in sorted(model.parameters.items()))
    told = {
        "Algorithm": model.algorithm,
        "Classes": ", ".join(each.name for each in model.classes) or "none, it learned without labels",
        "Trained": f"{when} on {model.volume}",
        "Labels": model.labels_hash or "none",
        "Code": f"version {model.code_version}" if model.code_version else "not known",
        "Parameters": parameters or "as they come",
        "Results": _results(model, jobs, volume) or "none among the jobs listed here",
    }
    return [part for term, fact in told.items() for part in (html.Dt(term), html.Dd(fact))]


def _results(model: TrainedModel, jobs: Sequence[dict[str, Any]], volume: str) -> list[Any]:
    """A button for each result on the open volume, and the names of the others."""
    made = [job for job in jobs if job["model_id"] == model.id and job["slices_done"]]
    return [_result(job) if job["volume"] == volume else html.Div(f"{job['name']}, on {job['volume']}") for job in made]


def _result(job: dict[str, Any]) -> html.Button:
    return html.Button(job["name"], id=ids.model_result(job["id"]), className="button", title="Show it on the image")


def archive_text(model: TrainedModel) -> str:
    """What the button does to the model."""
    return "Bring back" if model.archived else "Archive"


def bundle_url(model: TrainedModel) -> str:
    """Where its file is."""
    return f"api/models/{model.id}/bundle"


def _form() -> html.Div:
    stages = [{"label": text, "value": stage} for stage, text in STAGES.items()]
    return html.Div(
        [
            _field("Name", dbc.Input(id=ids.MODEL_RENAME, maxlength=MAX_NAME, autocomplete="off")),
            _field("Stage", dbc.Select(id=ids.MODEL_STAGE, options=stages)),
            _field("Description", dbc.Input(id=ids.MODEL_DESCRIPTION, autocomplete="off")),
            _field("Tags", dbc.Input(id=ids.MODEL_TAGS, placeholder="With commas between", autocomplete="off")),
        ],
        className="model-form",
    )


def _actions() -> html.Div:
    return html.Div(
        [
            html.Button("Save", id=ids.MODEL_SAVE, className="button"),
            html.A("Download", id=ids.MODEL_BUNDLE, className="button", download=""),
            html.Button("Archive", id=ids.MODEL_ARCHIVE, className="button", title=ARCHIVE_HELP),
            _deletion(),
        ],
        className="job-actions",
    )


def _deletion() -> html.Details:
    sure = html.Button("Delete the model", id=ids.MODEL_DELETE, className="button danger")
    words = html.Span("It can segment no more; results that it made stay. This cannot be undone.")
    return html.Details(
        [html.Summary("Delete", className="button"), html.Div([words, sure], className="job-question")],
        className="job-cancel",
    )


def _field(title: str, control: Any) -> html.Div:
    return html.Div([dbc.Label(title, html_for=control.id), control], className="models-field")
