"""The Curate place: tables of items to tag, in a grid. assets/curate.js fills it in, as fast as keys are pressed."""

from dash import html

from components import ids


def place() -> html.Div:
    """Empty until it is opened. The map stands beside what assets/curate.js fills, since its graph is Dash's."""
    scatter = html.Div([html.Div(id=ids.CURATE_MAP_BAR, className="curate-map-bar"), html.Div(id=ids.CURATE_MAP)])
    scatter.className = "curate-map"
    return html.Div([html.Div(id=ids.CURATE, className="curate"), scatter], className="curate-place")
