"""The Curate place: tables of items to tag, in a grid. assets/curate.js fills it in, as fast as keys are pressed."""

from dash import html

from components import ids


def place() -> html.Div:
    """Empty until it is opened."""
    return html.Div([html.Div(id=ids.CURATE, className="curate")], className="curate-place")
