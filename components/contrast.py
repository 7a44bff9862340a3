"""The panel that sets which grey values are black and white; all of it works in the browser."""

from dash import html

from components import ids
from components.panels import folding_panel
from components.slice_viewer import ContrastHistogram


def panel() -> html.Details:
    """Without a histogram."""
    return folding_panel("contrast", "Contrast", [ContrastHistogram(id=ids.CONTRAST)])
