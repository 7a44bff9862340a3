"""The scores of one model, or of several side by side: by class, as confusion, and how far confidence can be believed.

All from labels that were kept out of training. The chart is a plain dictionary, as in components/curves.py.
"""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from components import curves
from components.model_table import thumbnail_url
from core.labels.classes import OKABE_ITO, LabelClass
from core.learning.comparison import warning
from core.learning.models import TrainedModel

MAX_COMPARED = 4
MAX_FEATURES = 8  # of some thirty; those after them hardly count
OVERALL = (("mean_iou", "Mean IoU"), ("accuracy", "Accuracy"), ("calibration_error", "Calibration error"))
BY_CLASS = (
    ("iou", "IoU"),
    ("dice", "Dice"),
    ("precision", "Precision"),
    ("recall", "Recall"),
    ("boundary_f1", "Boundary F1"),
)
HELP = {
    "mean_iou": "Mean over the classes of the overlap; 1 is perfect",
    "accuracy": "Share of the pixels that are right",
    "calibration_error": "Mean distance of confidence and accuracy; 0 is perfect",
    "iou": "Overlap: pixels both have, of those either has",
    "dice": "Overlap: twice the pixels both have, of the pixels each has",
    "precision": "Of what is predicted, the share that is right",
    "recall": "Of what is there, the share that is found",
    "boundary_f1": "Boundaries within 2 px; needs filled areas",
}


def details(chosen: Sequence[TrainedModel], models: Sequence[TrainedModel]) -> list[Any]:
    """What is below the table.

    chosen : at most `MAX_COMPARED` are shown. models : all, to tell which came before which.
    """
    shown = [model for model in chosen if model.scores][:MAX_COMPARED]
    if not chosen:
        return [html.P("Choose a model in the table to see its scores, or several to compare them.")]
    if not any(model.classes for model in chosen):
        return [html.P("Trained without labels, so there is nothing to score. Train a network from it.")]
    if not shown:
        return [html.P("Too few labels to keep some out of training, so there are no scores.")]
    parts = [_warnings(shown, models), _same_labels(shown), _table(shown), _confusions(shown), _importances(shown)]
    parts.append(_calibration(shown))
    return [part for part in parts if part is not None]


def calibration_figure(shown: Sequence[TrainedModel]) -> dict[str, Any]:
    """Accuracy over confidence, a line for each model; on the diagonal confidence can be believed."""
    clear = "rgba(0,0,0,0)"
    diagonal = {"x": [0, 1], "y": [0, 1], "mode": "lines", "hoverinfo": "skip", "showlegend": False}
    axis = {"range": [0, 1.02], "dtick": 0.25}
    return {
        "data": [{**diagonal, "type": "scatter", "line": {"dash": "dot", "width": 1, "color": "#888"}}]
        + [_calibration_line(model, place) for place, model in enumerate(shown) if model.evaluation.calibration],
        "layout": {
            "paper_bgcolor": clear,
            "plot_bgcolor": clear,
            "font": {"size": 12, "family": "inherit"},
            "margin": {"l": 56, "r": 16, "t": 8, "b": 40},
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "showlegend": len(shown) > 1,
            "xaxis": {**axis, "title": {"text": "Confidence"}},
            "yaxis": {**axis, "title": {"text": "Accuracy"}},
        },
    }


def _calibration_line(model: TrainedModel, place: int) -> dict[str, Any]:
    bins = model.evaluation.calibration
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [each.confidence for each in bins],
        "y": [each.accuracy for each in bins],
        "customdata": [each.pixels for each in bins],
        "name": model.name,
        "line": {"color": OKABE_ITO[place % len(OKABE_ITO)], "width": 2},
        "marker": {"size": 6},
        "hovertemplate": "sure to %{x:.2f}, right in %{y:.2f} of %{customdata:,} pixels<extra>%{fullData.name}</extra>",
    }


def _warnings(shown: Sequence[TrainedModel], models: Sequence[TrainedModel]) -> html.Div | None:
    found = [(model.name, text) for model in shown if (text := warning(model, models))]
    lines = [
        html.P([html.Span(className="icon icon-hint"), html.Span([html.Strong(name), " ", text])])
        for name, text in found
    ]
    return html.Div(lines, className="model-warnings", role="status") if lines else None


def _same_labels(shown: Sequence[TrainedModel]) -> html.P | None:
    if len({model.labels_hash for model in shown}) < 2:
        return None
    return html.P(
        "These models were judged on different labels: small differences mean little.", className="model-note"
    )


def _table(shown: Sequence[TrainedModel]) -> html.Div:
    head = html.Tr([html.Th(), *(html.Th(_head(model), scope="col", title=model.name) for model in shown)])
    rows = [_row(title, key, key, shown) for key, title in OVERALL]
    for each in _classes(shown):
        swatch = html.Span(className="swatch", style={"background": each.color})
        rows.append(
            html.Tr(html.Th([swatch, each.name], colSpan=len(shown) + 1, scope="rowgroup", className="score-class"))
        )
        rows += [_row(title, key, f"{key}/{each.id}", shown) for key, title in BY_CLASS]
    body = html.Tbody([row for row in rows if row is not None])
    return html.Div(html.Table([html.Thead(head), body], className="score-table"), className="score-scroll")


def _head(model: TrainedModel) -> list[Any]:
    """The name, below a picture of what the model predicted first."""
    if not model.has_thumbnail:
        return [model.name]
    return [html.Img(src=thumbnail_url(model), alt="", className="model-picture"), model.name]


def _row(title: str, key: str, name: str, shown: Sequence[TrainedModel]) -> html.Tr | None:
    """One score of all models, the best one marked; None when no model has it."""
    values = [model.scores.get(name) for model in shown]
    known = [value for value in values if value is not None]
    if not known:
        return None
    best = (min if key == "calibration_error" else max)(known) if len(shown) > 1 else None
    cells = [html.Td(_number(value), className="score-best" if value == best else "") for value in values]
    return html.Tr([html.Th(title, scope="row", title=HELP[key]), *cells])


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _classes(shown: Sequence[TrainedModel]) -> list[LabelClass]:
    found: dict[int, LabelClass] = {}
    for model in shown:
        for each in model.classes:
            if f"iou/{each.id}" in model.scores:
                found.setdefault(each.id, each)
    return list(found.values())


def _confusions(shown: Sequence[TrainedModel]) -> html.Div | None:
    parts = [_confusion(model) for model in shown if model.evaluation.confusion]
    return html.Div([html.H3("Confusion"), html.Div(parts, className="confusions")]) if parts else None


def _confusion(model: TrainedModel) -> html.Figure:
    """Of each true class (row), the share that was taken for each class (column)."""
    evaluation = model.evaluation
    names = {each.id: each.name for each in model.classes}
    titles = [names.get(class_id, str(class_id)) for class_id in evaluation.class_ids]
    head = html.Tr([html.Th("true \\ predicted"), *(html.Th(title, scope="col", title=title) for title in titles)])
    rows = [_confusion_row(title, row, titles) for title, row in zip(titles, evaluation.confusion, strict=True)]
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="confusion")
    return html.Figure([html.Figcaption(model.name), html.Div(table, className="score-scroll")])


def _confusion_row(title: str, row: Sequence[int], titles: Sequence[str]) -> html.Tr:
    total = sum(row)
    cells = [
        html.Td(
            f"{count / total:.0%}" if total else "–",
            style={"--share": f"{count / total if total else 0:.3f}"},
            title=f"{count:,} pixels of {title} taken for {other}",
        )
        for count, other in zip(row, titles, strict=True)
    ]
    return html.Tr([html.Th(title, scope="row", title=title), *cells])


def _importances(shown: Sequence[TrainedModel]) -> html.Div | None:
    """What a model goes by: a bar for each of the features that count most."""
    parts = [_bars(model) for model in shown if model.importances]
    about = html.P("How much of what the model has learned comes from each feature.")
    return html.Div([html.H3("Features"), about, html.Div(parts, className="importances")]) if parts else None


def _bars(model: TrainedModel) -> html.Figure:
    ranked = sorted(model.importances.items(), key=lambda item: -item[1])
    most = ranked[0][1] or 1.0
    rows = [_bar(name, share, share / most) for name, share in ranked[:MAX_FEATURES]]
    if rest := ranked[MAX_FEATURES:]:
        rows.append(_bar(f"{len(rest)} others", sum(share for _, share in rest), 0))
    return html.Figure([html.Figcaption(model.name), html.Table(html.Tbody(rows))])


def _bar(name: str, share: float, length: float) -> html.Tr:
    bar = html.Div(className="importance-bar", style={"--length": f"{length:.3f}"})
    return html.Tr([html.Th(name, scope="row"), html.Td(bar), html.Td(f"{share:.0%}")])


def _calibration(shown: Sequence[TrainedModel]) -> html.Div | None:
    if not any(model.evaluation.calibration for model in shown):
        return None
    return html.Div(
        [
            html.H3("Calibration"),
            html.P("Below the dotted line a model is surer than it is right."),
            dcc.Graph(figure=calibration_figure(shown), config=curves.GRAPH, className="calibration"),
        ]
    )
