"""The panel that sets which grey values are black and white; all of it works in the browser."""

from dash import html

from components import ids
from components.slice_viewer import ContrastHistogram


def panel() -> html.Section:
    """Without a histogram."""
    return html.Section(
        [html.Div(html.H2("Contrast"), className="panel-head"), ContrastHistogram(id=ids.CONTRAST)], className="panel"
    )
