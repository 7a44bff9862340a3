"""The card of Exchange for Label Studio: connect, send slices, bring annotations back, lend models."""

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from components import ids
from core.labelstudio.exporting import ROLES
from core.labelstudio.port import Project
from core.labelstudio.results import STYLES
from core.labelstudio.running import UNDER_WAY, Progress
from core.labelstudio.tagging import Plan
from core.learning.curation.store import Table

NEW = "new"  # a project that is made
OWN_TABLE = "own"
LABELS = "labels"  # the source that is no result
SCOPES = {"painted": "Labelled slices", "slice": "This slice", "range": "Range", "all": "All slices"}
PARTS = {"whole": "Whole slices", "tiles": "Tiles", "part": "A part"}
TILE_PX = 1024


def card() -> html.Section:
    """`callbacks/labelstudio.py` fills it in."""
    return html.Section(
        [
            html.H2("Label Studio"),
            _connection(),
            html.Div([_sending(), _lending()], id=ids.LS_WORK, className="ls-work", hidden=True),
            dcc.Interval(ids.LS_TICK, interval=500, disabled=True),
        ],
        className="models-card exchange-card ls-card",
    )


def project_options(projects: Sequence[Project]) -> list[dict[str, str]]:
    """What slices can be sent to."""
    there = [{"label": f"{each.title} ({_tasks(each.tasks)})", "value": str(each.id)} for each in projects]
    return [{"label": "A new project", "value": NEW}, *there]


def table_options(tables: Sequence[Table]) -> list[dict[str, str]]:
    """Where choices can go."""
    own = {"label": "The project's own table", "value": OWN_TABLE}
    return [own, *({"label": each.name, "value": each.id} for each in tables)]


def choices_planned(plan: Plan) -> list[Any]:
    """What would become of a label table."""
    first, *more = plan.told()
    return [html.Strong(first), *map(html.Span, more)]


def progress(now: Progress) -> Any:
    """How far the sending is, and what came of it."""
    if now.stage == "idle":
        return None
    if now.stage in UNDER_WAY:
        share, doing = round(100 * now.done), now.stage.capitalize()
        bar = html.Div(html.Div(style={"width": f"{share}%"}), className="job-bar")
        return [html.Span(f"{doing}, {share} %", className="ls-share"), bar]
    link = html.A("Open the project", href=now.url, target="_blank", rel="noopener") if now.url else None
    return [html.Strong(now.said), *map(html.Span, (*now.details, now.hint)), link]


def told(said: str, hint: str = "") -> list[Any]:
    """A sentence, and the way out."""
    return [html.Strong(said), html.Span(hint)]


def what_follows(*, follows: bool) -> str:
    """What to expect of a project that asks our models."""
    submitted = " What is submitted from now on becomes labels, each annotation as one edit." if follows else ""
    return f"Retrieve predictions in its Data Manager.{submitted}"


def _connection() -> html.Div:
    form = html.Div(
        [
            _field("Address", dbc.Input(id=ids.LS_URL, placeholder="http://localhost:8080", type="url")),
            _field("Token", dbc.Input(id=ids.LS_TOKEN, type="password", autocomplete="off")),
            html.Button("Connect", id=ids.LS_CONNECT, className="button primary"),
        ],
        id=ids.LS_FORM,
        className="ls-form",
    )
    buttons = html.Div(
        [
            html.Button("Test", id=ids.LS_TEST, className="button"),
            html.Button("Disconnect", id=ids.LS_DISCONNECT, className="button"),
        ],
        id=ids.LS_CONNECTED,
        className="ls-buttons",
        hidden=True,
    )
    status = html.Div(first_words(), id=ids.LS_STATUS, className="ls-status", role="status")
    return html.Div([form, html.Div([status, buttons], className="ls-line")])


def first_words() -> list[Any]:
    """What to do first."""
    return [
        html.Span(
            "Sends slices for annotation and brings them back to the same pixels. The token is in Label Studio under "
            "Account & Settings; both kinds work."
        )
    ]


def _sending() -> html.Div:
    project = dbc.Select(id=ids.LS_PROJECT, options=project_options([]), value=NEW)
    return html.Div(
        [
            html.H3("Send slices"),
            _field("Project", project),
            html.Div(_field("Title", dbc.Input(id=ids.LS_TITLE, maxLength=50)), id=ids.LS_TITLE_FIELD),
            _field("What", dbc.Select(id=ids.LS_SOURCE, options=[{"label": "Labels", "value": LABELS}], value=LABELS)),
            _field("As", _choices(ids.LS_ROLE, ROLES, "annotations")),
            _field("Shapes", _choices(ids.LS_STYLE, STYLES, "brush")),
            html.Div(_least(), id=ids.LS_LEAST_FIELD, hidden=True),
            _field("Slices", _choices(ids.LS_SCOPE, SCOPES, "painted", inline=True)),
            html.Div([_number("From", ids.LS_FIRST), _number("to", ids.LS_LAST)], id=ids.LS_RANGE,
                     className="slice-range", hidden=True),
            _field("Of each slice", _choices(ids.LS_PART, PARTS, "whole", inline=True)),
            html.Div(_number("Side of a tile, px", ids.LS_TILE, TILE_PX), id=ids.LS_TILE_FIELD, hidden=True),
            html.Div([_number(name, field, value) for name, field, value in _REGION], id=ids.LS_REGION,
                     className="ls-region", hidden=True),
            html.Div(
                [
                    html.Button("Send", id=ids.LS_SEND, className="button primary"),
                    html.Button("Preview", id=ids.LS_PREVIEW, className="button"),
                    html.Button("Stop", id=ids.LS_STOP, className="button", hidden=True),
                ],
                className="ls-buttons",
            ),
            html.Div(id=ids.LS_PROGRESS, className="ls-progress", role="status"),
        ],
        className="ls-column",
    )  # fmt: skip


_REGION = (("Left, px", ids.LS_X, 0), ("Top, px", ids.LS_Y, 0), ("Width, px", ids.LS_WIDTH, TILE_PX),
           ("Height, px", ids.LS_HEIGHT, TILE_PX))  # fmt: skip


def _lending() -> html.Div:
    return html.Div(
        [
            html.H3("Bring annotations back"),
            html.P("Fetches what is annotated in the project for the open volume. Import, above, first reports what it "
                   "would change."),
            dbc.Checkbox(id=ids.LS_WEAK, value=False, label="Boxes and points become the objects they stand for"),
            html.Button("Fetch annotations", id=ids.LS_FETCH, className="button"),
            html.Div(id=ids.LS_FETCHED, className="ls-progress", role="status"),
            *_choosing(),
            html.H3("Lend our models"),
            html.P("With this address as a model of the project, Label Studio gets predictions, objects under clicks, "
                   "and trainings. It must reach this app at it."),
            _field("Address", dbc.Input(id=ids.LS_BACKEND, class_name="ls-address")),
            dbc.Checkbox(id=ids.LS_FOLLOW, value=False, label="What is submitted there becomes labels at once"),
            html.Button("Add to the project", id=ids.LS_LEND, className="button"),
            html.Div(id=ids.LS_LENT, className="ls-progress", role="status"),
        ],
        className="ls-column",
    )  # fmt: skip


def _choosing() -> list[Any]:
    return [
        html.H3("Choices into a label table"),
        html.P("Choices for whole pictures become labels of slices or tiles in Curate. First see what would change."),
        _field("Table", dbc.Select(id=ids.LS_TABLE, options=table_options([]), value=OWN_TABLE)),
        html.Div(
            [
                html.Button("Look at choices", id=ids.LS_CHOICES_LOOK, className="button"),
                html.Button("Write them", id=ids.LS_CHOICES_WRITE, className="button primary", hidden=True),
            ],
            className="ls-buttons",
        ),
        html.Div(id=ids.LS_CHOICES_TOLD, className="ls-progress", role="status"),
    ]


def _least() -> html.Div:
    field = dbc.Input(id=ids.LS_LEAST, type="number", min=0, max=1, step=0.05, value=0)
    return _field("Least score of an object, 0 to 1", field)


def _choices(choice_id: str, texts: Any, value: str, *, inline: bool = False) -> dbc.RadioItems:
    options = [{"label": text, "value": key} for key, text in texts.items()]
    return dbc.RadioItems(id=choice_id, options=options, value=value, inline=inline)


def _number(text: str, field_id: str, value: int = 1) -> html.Label:
    return html.Label([text, dbc.Input(id=field_id, type="number", min=0, step=1, value=value)])


def _field(title: str, control: Any) -> html.Div:
    return html.Div([dbc.Label(title, html_for=control.id), control], className="models-field")


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count:,} tasks"
