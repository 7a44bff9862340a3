"""The panel that asks for labels through the stack; they come as a proposal, to be decided on over the image."""

import dash_bootstrap_components as dbc
from dash import dcc, html

from components import ids
from components.panels import folding_panel

FOLLOW, BETWEEN, ONWARDS = "follow", "interpolate", "propagate"  # as callbacks/http/proposing.py calls them
METHODS = {
    FOLLOW: "Between painted slices, along the image",
    BETWEEN: "Between painted slices, by shape only",
    ONWARDS: "Onwards, along the image",
}


def panel() -> html.Details:
    """Folded on the first visit; empty fields mean the slices around the open one."""
    methods = [{"label": words, "value": name} for name, words in METHODS.items()]
    body = [
        dcc.RadioItems(methods, FOLLOW, id=ids.STACK_METHOD, className="result-classes"),
        html.Div([_slice_field("From", ids.STACK_FIRST), _slice_field("to", ids.STACK_LAST)], className="slice-range"),
        html.Button("Propose labels", id=ids.STACK_PROPOSE, className="button"),
        html.Div(
            "Nothing is a label before you accept it. The fill tool (G) can propose in 3-D, too.",
            className="result-state",
        ),
    ]
    return folding_panel("stack", "Through the stack", body, is_open=False)


def _slice_field(title: str, field_id: str) -> html.Label:
    """A slice as the page counts them, from 1."""
    return html.Label([title, dbc.Input(id=field_id, type="number", min=1, step=1, placeholder="auto", size="sm")])
