"""The panel that chooses a result to lay over the image, its classes, and how strongly labels and result show."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from components import accept, ids, origin, review
from components.panels import folding_panel

Job = Mapping[str, Any]
WAYS = {
    "classes": ("Classes", "The likeliest class of each pixel"),
    "uncertainty": ("Uncertainty", "Where the model is unsure"),
    "confidence": ("Confidence", "How sure the model is of the likeliest class"),
    "entropy": ("Entropy", "How mixed the chances of all classes are"),
}
ENDS = {  # what the darkest and the brightest colour mean
    "uncertainty": ("5 % unsure", "50 % or more"),
    "confidence": ("below 55 % sure", "95 % or more"),
    "entropy": ("0.1", "1: all classes alike"),
}


def panel() -> html.Details:
    """Without a result."""
    return folding_panel(
        "overlay",
        "Overlay",
        [
            html.Label("Result", htmlFor=ids.RESULT_SELECT, className="visually-hidden"),
            dcc.Dropdown(id=ids.RESULT_SELECT, options=[], placeholder="None yet", clearable=True, searchable=False),
            html.Div(state_text(None), id=ids.RESULT_STATE, className="result-state"),
            origin.fold(),
            html.Div(
                [
                    html.Label("Compare with", htmlFor=ids.RESULT_BESIDE),
                    dcc.Dropdown(
                        id=ids.RESULT_BESIDE, options=[], placeholder="Another result", clearable=True, searchable=False
                    ),
                ],
                id=ids.RESULT_BESIDE_FIELD,
                className="result-beside",
                hidden=True,
            ),
            dcc.RadioItems(
                id=ids.RESULT_SHOWN,
                options=[{"label": name, "value": way, "title": title} for way, (name, title) in WAYS.items()],
                value="classes",
                inline=True,
                className="result-shown",
            ),
            html.Div(id=ids.RESULT_LEGEND),
            dcc.Checklist(id=ids.RESULT_CLASSES, options=[], value=[], className="result-classes"),
            _opacity("Result", ids.RESULT_OPACITY, 0.45),
            _opacity("Labels", ids.LABEL_OPACITY, 0.6),
            accept.section(),
            review.section(),
        ],
    )


def results(jobs: Sequence[Job], volume: str) -> list[Job]:
    """Jobs on `volume` that have a slice to show, or will have, newest first."""
    return [
        job
        for job in jobs
        if job["volume"] == volume and job["kind"] != "export" and (job["slices_done"] or not is_over(job))
    ]


def is_over(job: Job) -> bool:
    """True when nothing more will come."""
    return job["state"] in ("done", "failed", "cancelled")


def options(jobs: Sequence[Job]) -> list[dict[str, str]]:
    """What the select offers."""
    return [{"label": job["name"], "value": job["id"]} for job in jobs]


def state_text(job: Job | None) -> str:
    """How much of the result is there.

    >>> state_text({"slices_done": [0, 1], "state": "running"})
    '2 slices so far'
    """
    if job is None:
        return "Train a model, and its predicted masks show here."
    count = len(job["slices_done"])
    if not is_over(job):
        return f"{_slices(count)} so far" if count else "Waiting for the first slice"
    return _slices(count)


def legend(way: str, job: Job | None) -> list[Any]:
    """What the colours mean when they are not those of the classes."""
    if job is None or way not in ENDS:
        return []
    least, most = ENDS[way]
    bar = html.Div(className="legend-bar", role="presentation")
    parts: list[Any] = [html.Div([html.Span(least), bar, html.Span(most)], className="legend")]
    if way == "entropy" and len(job["classes"]) > 2:
        parts.append(
            html.P("Of more than two classes a result has it if it was made with “Keep entropy and margin maps”.")
        )
    return parts


def class_options(table: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A check box for each class of the run, with its colour."""
    return [{"label": _class_label(row), "value": row["id"]} for row in table]


def _class_label(row: Mapping[str, Any]) -> html.Span:
    return html.Span([html.Span(className="swatch", style={"background": row["color"]}), row["name"]])


def _slices(count: int) -> str:
    return f"{count} slice" if count == 1 else f"{count} slices"


def _opacity(title: str, slider_id: str, value: float) -> html.Div:
    """The label's words are the slider's name; 0 is clear, 100 % opaque."""
    slider = dcc.Input(id=slider_id, type="range", min=0, max=1, step=0.05, value=value, className="range")
    return html.Div([html.Label(f"{title} opacity", htmlFor=slider_id), slider], className="range-row")
