"""The Models place: train a model, segment with one, watch the jobs, compare what came of them."""

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from components import algorithm_list, class_shares, ids, infrastructure, model_card
from components.model_table import table
from core.learning.descriptors import AlgorithmDescriptor

ANEW = "anew"  # a select cannot offer None
FIRST_CHOICE = "Pixel classifier"  # seconds instead of minutes, so a first try begins with it


def place() -> html.Div:
    """Without algorithms, models or jobs; callbacks fill them in."""
    return html.Div(
        [
            html.Div(
                [_training(), _segmentation(), infrastructure.card(), algorithm_list.card()], className="models-column"
            ),
            _jobs(),
            html.Div([_models(), model_card.card(), _scores(), _curves()], className="models-column models-results"),
        ],
        className="models-grid",
    )


def first_choice(names: Sequence[str], selected: str | None) -> str | None:
    """What a select shows: what was chosen before, else the algorithm to begin with, else the first.

    >>> first_choice(["A", "Pixel classifier"], None)
    'Pixel classifier'
    """
    if selected in names:
        return selected
    return FIRST_CHOICE if FIRST_CHOICE in names else next(iter(names), None)


def start_options(rows: Sequence[dict[str, Any]], algorithm: str | None) -> list[dict[str, str]]:
    """What training may start from: nothing, a model of the same algorithm, or an encoder for it; newest first."""
    known = [{"label": _start_label(row), "value": row["id"]} for row in rows if row["starts"] == algorithm]
    return [{"label": "Nothing learned yet", "value": ANEW}, *known]


def _start_label(row: dict[str, Any]) -> str:
    return row["name"] if row["segments"] else f"{row['name']} (without labels)"


def about(algorithm: AlgorithmDescriptor) -> str:
    """The algorithm's own words, and whether a GPU helps."""
    return f"{algorithm.description}{' It uses a GPU when there is one.' if algorithm.is_gpu_enabled else ''}"


def advice(message: str, hint: str) -> list[Any]:
    """Why a button cannot be pressed, and what to do."""
    return [html.Span(className="icon icon-hint"), html.Span([html.Strong(message), " ", hint])]


def ready(pixels: int, classes: int, slices: int) -> str:
    """What training will learn from.

    >>> ready(12345, 2, 1)
    'Learns from 12,345 labelled pixels of 2 classes on 1 slice.'
    """
    where = "1 slice" if slices == 1 else f"{slices} slices"
    return f"Learns from {pixels:,} labelled pixels of {classes} classes on {where}."


def ready_without_labels(slices: int) -> str:
    """The same, of an algorithm that learns from images alone.

    >>> ready_without_labels(30)
    'Learns from the images of this volume, 30 slices. Nothing needs to be painted.'
    """
    where = "1 slice" if slices == 1 else f"{slices:,} slices"
    return f"Learns from the images of this volume, {where}. Nothing needs to be painted."


def _training() -> html.Section:
    scopes = {"painted": "Painted slices", "all": "All slices"}
    return html.Section(
        [
            html.H2("Train"),
            _labelled("Algorithm", dbc.Select(id=ids.ALGORITHM_SELECT, placeholder="Asking the registry")),
            html.P(id=ids.ALGORITHM_ABOUT, className="models-about"),
            html.Details([html.Summary("Parameters"), html.Div(id=ids.TRAINING_FORM)], className="parameters"),
            html.Div(
                _labelled("Start from", dbc.Select(id=ids.TRAIN_START, value=ANEW, options=[])),
                id=ids.TRAIN_START_FIELD,
                hidden=True,
            ),
            _labelled(
                "Name of the model",
                dbc.Input(id=ids.MODEL_NAME, placeholder="Algorithm and time", autocomplete="off", maxlength=120),
            ),
            html.Div(
                _labelled("Segment afterwards", _choices(ids.TRAIN_SCOPE, scopes, "painted")),
                id=ids.TRAIN_SCOPE_FIELD,
            ),
            html.Button("Train", id=ids.TRAIN_BUTTON, className="button primary", disabled=True),
            html.Div(id=ids.TRAINING_ADVICE, className="models-advice", role="status"),
        ],
        className="models-card",
    )


def _segmentation() -> html.Section:
    scopes = {"slice": "This slice", "range": "Range", "all": "All slices"}
    return html.Section(
        [
            html.H2("Segment"),
            _labelled("Trained model", dbc.Select(id=ids.MODEL_SELECT, placeholder="None yet")),
            _labelled("Slices", _choices(ids.SEGMENT_SCOPE, scopes, "all")),
            html.Div(
                [_slice_field("From", ids.SEGMENT_FIRST), _slice_field("to", ids.SEGMENT_LAST)],
                id=ids.SEGMENT_RANGE,
                className="slice-range",
                hidden=True,
            ),
            html.Details(
                [html.Summary("Parameters"), html.Div(id=ids.SEGMENT_FORM)],
                id=ids.SEGMENT_FORM_FOLD,
                className="parameters",
                hidden=True,
            ),
            class_shares.section(),
            html.Button("Segment", id=ids.SEGMENT_BUTTON, className="button primary", disabled=True),
            html.Div(id=ids.SEGMENT_ADVICE, className="models-advice", role="status"),
        ],
        className="models-card",
    )


def _jobs() -> html.Section:
    return html.Section(
        [html.H2("Jobs"), html.Div(id=ids.JOB_PROBLEM), html.Div(id=ids.JOB_LIST, className="job-list")],
        className="models-card models-jobs",
    )


def _models() -> html.Section:
    download = html.Button("Download CSV", id=ids.MODEL_DOWNLOAD, className="button")
    archived = dbc.Switch(id=ids.MODEL_ARCHIVED, label="Archived, too", value=False)
    buttons = html.Div([archived, model_card.loader(), download], className="models-buttons")
    return html.Section(
        [
            html.Div([html.H2("Trained models"), buttons], className="models-head"),
            html.Div(id=ids.MODEL_PROBLEM),
            html.Div(id=ids.MODEL_CARE_NOTE, role="status"),
            table(),
        ],
        className="models-card",
    )


def _scores() -> html.Section:
    return html.Section([html.H2("Scores"), html.Div(id=ids.MODEL_SCORES)], className="models-card model-scores")


def _curves() -> html.Section:
    return html.Section(
        [
            html.H2("Training curves"),
            dcc.Dropdown(id=ids.CURVE_SELECT, multi=True, placeholder="Choose trainings to compare"),
            html.Div(id=ids.CURVE, className="curve-area"),  # empty until the place is opened: Plotly is large
            html.Div(id=ids.CURVE_PREVIEW),
        ],
        className="models-card models-curves",
    )


def _choices(choice_id: str, texts: dict[str, str], value: str) -> dbc.RadioItems:
    options = [{"label": text, "value": key} for key, text in texts.items()]
    return dbc.RadioItems(id=choice_id, options=options, value=value, inline=True)


def _slice_field(text: str, field_id: str) -> html.Label:
    return html.Label([text, dbc.Input(id=field_id, type="number", min=1, step=1, value=1)])


def _labelled(title: str, control: Any) -> html.Div:
    return html.Div([dbc.Label(title, html_for=control.id), control], className="models-field")
