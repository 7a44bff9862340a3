"""The panel that suggests the next place to annotate: a way, a button, and a sentence that says why."""

from dash import dcc, html

from components import ids
from components.panels import folding_panel

NEXT, LOOKING = "Next suggestion", "Looking…"
WAYS = {
    "random": ("At random, where something shows", "Needs no result; a fair sample of the stack"),
    "unlike": ("Unlike what was suggested", "Needs no result; the square least like those before"),
    "unsure": ("Where the result is unsure", "The lowest mean confidence of the likeliest class"),
    "mixed": ("Where classes are mixed", "The highest mean entropy of all classes"),
    "close": ("Where two classes are close", "The least mean margin between the likeliest class and the second"),
    "differ": ("Where two results differ", "The result, and the one it is compared with"),
}


def panel() -> html.Details:
    """Folded on the first visit; random is the default, since nothing beats it everywhere (docs/active.md)."""
    body = [
        dcc.RadioItems(
            [{"label": words, "value": way, "title": title} for way, (words, title) in WAYS.items()],
            "random",
            id=ids.SUGGEST_WAY,
            className="result-classes",
        ),
        html.Button(
            NEXT,
            id=ids.SUGGEST_BUTTON,
            className="button",
            title="Go to the next place to annotate (Shift G)",
        ),
        html.Div(
            [
                html.Span("Find more like"),
                html.Button(
                    "This view",
                    id=ids.ALIKE_VIEW,
                    className="button",
                    title="Tiles of this volume that look like the middle of the window, sorted, in Curate",
                ),
                html.Button(
                    "What is painted",
                    id=ids.ALIKE_PAINTED,
                    className="button",
                    title="Tiles of this volume that look like what is painted in view, sorted, in Curate",
                ),
            ],
            className="suggest-alike",
        ),
        html.Div(
            "Squares with labels in them are passed over.",
            id=ids.SUGGEST_TEXT,
            className="result-state",
            role="status",
        ),
        html.Figure(id=ids.GROWTH, className="growth"),
    ]
    return folding_panel("suggestions", "What next", body, is_open=False)
