"""The panel of the live prediction: whether it follows what is painted, how far it is, and how it shows."""

from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from components import ids
from components.panels import folding_panel

FIRST_WORDS = "Paint strokes of two classes and switch it on: it predicts what you see after each stroke. (Shift V)"


def panel() -> html.Details:
    """Switched off; the viewer says how far it is."""
    return folding_panel(
        "live",
        "Live prediction",
        [
            html.Div(
                [
                    dbc.Switch(id=ids.LIVE_ON, label="Follow strokes", value=False, className="live-switch"),
                    html.Button(
                        "Update once", id=ids.LIVE_ONCE, className="button", title="Predict what shows (Shift U)"
                    ),
                ],
                className="live-row",
            ),
            html.Div(
                FIRST_WORDS,
                id=ids.LIVE_STATE,
                className="result-state",
                role="status",
                **{"data-first": FIRST_WORDS},
            ),
            html.Details(
                [
                    html.Summary("How it shows"),
                    dcc.Checklist(id=ids.LIVE_CLASSES, options=[], value=[], className="result-classes"),
                    _opacity(),
                ],
                className="accept",
            ),
        ],
    )


def _opacity() -> html.Div:
    options: dict[str, Any] = {"min": 0, "max": 1, "step": 0.05, "value": 0.45}
    slider = dcc.Input(id=ids.LIVE_OPACITY, type="range", className="range", **options)
    return html.Div([html.Label("Live opacity", htmlFor=ids.LIVE_OPACITY), slider], className="range-row")
