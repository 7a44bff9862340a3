"""The panel that carries labels through the stack: between painted slices, or onwards along the image."""

import dash_bootstrap_components as dbc
from dash import dcc, html

from components import ids
from components.panels import folding_panel

BETWEEN, ONWARDS = "interpolate", "propagate"


def panel() -> html.Details:
    """Folded on the first visit; empty fields mean the slices around the open one."""
    methods = [
        {"label": "Between painted slices", "value": BETWEEN},
        {"label": "Onwards, following the image", "value": ONWARDS},
    ]
    body = [
        dcc.RadioItems(methods, BETWEEN, id=ids.STACK_METHOD, className="result-classes"),
        html.Div([_slice_field("From", ids.STACK_FIRST), _slice_field("to", ids.STACK_LAST)], className="slice-range"),
        html.Button("Fill slices", id=ids.STACK_FILL, className="button"),
        html.Div(
            "Only unlabelled pixels are filled; undo takes all back.", id=ids.STACK_STATE, className="result-state"
        ),
    ]
    return folding_panel("stack", "Through the stack", body, is_open=False)


def _slice_field(title: str, field_id: str) -> html.Label:
    """A slice as the page counts them, from 1."""
    return html.Label([title, dbc.Input(id=field_id, type="number", min=1, step=1, placeholder="auto", size="sm")])
