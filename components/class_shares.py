"""Sliders for how much of the image each class covers, where a model can be told: off until somebody switches it on."""

from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from components import ids
from core.labels.classes import LabelClass
from core.learning.class_shares import write_shares

STEP = 0.5  # per cent
ESTIMATE = "Estimate from the unlabelled pixels"
ABOUT = (
    "The model expects the classes in the shares in which they were painted. Where strokes tell little of how much "
    "there is, other shares help; where labels fill areas, they do not. The live prediction follows them too."
)


def section() -> html.Div:
    """Without a model: hidden."""
    return html.Div(
        [
            dbc.Switch(id=ids.CLASS_SHARES_SWITCH, label="Expect other class shares", value=False),
            html.Div(
                [
                    html.P(ABOUT, className="parameter-help"),
                    html.Div(id=ids.CLASS_SHARES_ROWS, className="share-rows"),
                    html.Button(ESTIMATE, id=ids.CLASS_SHARES_ESTIMATE, className="button"),
                    html.P(id=ids.CLASS_SHARES_NOTE, className="parameter-help", role="status"),
                ],
                id=ids.CLASS_SHARES_FOLD,
                hidden=True,
            ),
        ],
        id=ids.CLASS_SHARES,
        className="class-shares",
        hidden=True,
    )


def rows(classes: Sequence[LabelClass], shares: Mapping[int, float]) -> list[html.Div]:
    """A slider for each class that has a share, 0 to 1."""
    known = [each for each in classes if each.id in shares]
    values = rounded([shares[each.id] for each in known])
    return [_row(*row) for row in zip(known, values, told(values), strict=True)]


def told(values: Sequence[Any]) -> list[str]:
    """What the sliders mean: only their proportions count.

    >>> told([60, 20])
    ['75 %', '25 %']
    """
    shares = normalised(values)
    return [f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %" for share in shares]


def normalised(values: Sequence[Any]) -> list[float]:
    """Shares adding up to 1, of values that may come as text; all alike where none is positive.

    >>> normalised(["3", 1])
    [0.75, 0.25]
    """
    numbers = [max(0.0, float(value or 0)) for value in values]
    total = sum(numbers)
    return [number / total if total else 1 / len(numbers) for number in numbers]


def parameter(fields: Sequence[Mapping[str, Any]] | None, values: Sequence[Any] | None, *, on: bool) -> dict[str, str]:
    """What the sliders say, as the parameter of a segmentation; none where they are off.

    fields : the sliders' ids.
    """
    if not on or not fields:
        return {}
    shares = normalised(values or [])
    return {"class_shares": write_shares({each["class"]: share for each, share in zip(fields, shares, strict=True)})}


def rounded(shares: Sequence[float]) -> list[float]:
    """Where the sliders stand. A class with any share stays above 0.

    >>> rounded([0.9981, 0.0019])
    [100.0, 0.5]
    """
    return [max(STEP, round(100 * share / STEP) * STEP) for share in shares]


def estimate_text(classes: Sequence[LabelClass], shares: Mapping[int, float]) -> str:
    """What an estimate found."""
    known = [each for each in classes if each.id in shares]
    texts = told([shares[each.id] for each in known])
    return f"Estimated: {', '.join(f'{each.name} {text}' for each, text in zip(known, texts, strict=True))}."


def _row(label_class: LabelClass, value: float, text: str) -> html.Div:
    slider_id = ids.class_share(label_class.id)
    swatch = html.Span(className="swatch", style={"background": label_class.color})
    label = html.Label([swatch, html.Span(label_class.name)], htmlFor=slider_id, title=label_class.name)
    slider = dcc.Input(id=slider_id, type="range", min=0, max=100, step=STEP, value=value, className="range")
    return html.Div([label, slider, html.Output(text, id=ids.class_share_text(label_class.id))], className="share-row")
