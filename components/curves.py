"""Training curves: loss and held-out score by step, of one training or several side by side.

The figure is a plain dictionary. Greys and text take their colours from assets/models.css, so that they follow the
theme.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from core.labels.classes import OKABE_ITO

GRAPH = {"displayModeBar": False, "responsive": True}
Points = Sequence[tuple[int, float]]
Histories = Sequence[tuple[str, Mapping[str, Points]]]
LOSS, SCORE = "loss", "mean_iou"
METRICS = (LOSS, SCORE)
_TITLES = {LOSS: "loss", SCORE: "mean IoU"}
_LINES: Mapping[str, dict[str, Any]] = {
    LOSS: {"yaxis": "y", "mode": "lines"},
    SCORE: {"yaxis": "y2", "mode": "lines+markers"},
}


def graph(histories: Histories) -> dcc.Graph:
    """The drawn curves. Plotly takes 1.6 s of the page's thread to load, so that no page begins with one."""
    return dcc.Graph(figure=figure(histories), config=GRAPH, className="curve")


def figure(histories: Histories) -> dict[str, Any]:
    """Loss below, score above where there is one, one colour for each training.

    Parameters
    ----------
    histories : (name of the training, {metric: [(step, value), ...]}) of each; two may bear one name.
    """
    data = [
        _line(name, metric, points, place=place)
        for place, (name, metrics) in enumerate(histories)
        for metric, points in metrics.items()
        if points
    ]
    scored = any(metrics.get(SCORE) for _, metrics in histories)
    return {"data": data, "layout": _layout(empty=_empty_text(histories, data), scored=scored)}


def preview(job: Mapping[str, Any] | None) -> html.Figure | None:
    """The newest patch on which a training was watched; None when it has none."""
    if job is None or not job["preview"]:
        return None
    words = f"{job['name']}, step {job['preview']}: image, labels, prediction"
    source = f"api/jobs/{job['id']}/preview?step={job['preview']}"  # the step makes the browser ask again
    return html.Figure([html.Img(src=source, alt=words), html.Figcaption(words)], className="curve-preview")


def _line(name: str, metric: str, points: Points, *, place: int) -> dict[str, Any]:
    steps, values = zip(*points, strict=True)
    return {
        **_LINES[metric],
        "type": "scatter",
        "x": list(steps),
        "y": list(values),
        "name": name,
        "legendgroup": str(place),
        "showlegend": metric == LOSS,
        "line": {"color": OKABE_ITO[place % len(OKABE_ITO)], "width": 2},
        "marker": {"size": 6},
        "hovertemplate": f"step %{{x}}, {_TITLES[metric]} %{{y:.3f}}<extra>%{{fullData.name}}</extra>",
    }


def _empty_text(histories: Sequence[Any], data: Sequence[Any]) -> str:
    if data:
        return ""
    return (
        "No curve yet; an algorithm that learns in one go draws none"
        if histories
        else "Loss and score of a training show here"
    )


def _layout(*, empty: str, scored: bool) -> dict[str, Any]:
    """scored : whether the score has a panel of its own; strokes have no score before the end."""
    note = {"text": empty, "showarrow": False, "x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
    clear = "rgba(0,0,0,0)"
    return {
        "paper_bgcolor": clear,
        "plot_bgcolor": clear,
        "font": {"size": 12, "family": "inherit"},
        "margin": {"l": 56, "r": 16, "t": 8, "b": 40},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "hovermode": "x",
        "uirevision": "keep",  # zoom stays while points arrive
        "xaxis": {"title": {"text": "Training step"}, "anchor": "y", "visible": not empty},
        "yaxis": {
            "title": {"text": "Loss"},
            "domain": [0, 0.46 if scored else 1],
            "rangemode": "tozero",
            "visible": not empty,
        },
        "yaxis2": {"title": {"text": "Mean IoU"}, "domain": [0.54, 1], "range": [0, 1], "visible": scored},
        "annotations": [note] if empty else [],
    }
