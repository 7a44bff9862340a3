"""The part of the overlay panel that begins a review of the result; the review itself is the viewer's (src/review)."""

from dash import dcc, html

from components import ids

WAYS = {"pieces": "Pieces", "slices": "Whole slices"}
LEAST_PX = 20  # smaller pieces are mostly noise, and cleaned up quicker all at once


def section() -> html.Details:
    """Closed; it goes through the classes that are ticked above it."""
    return html.Details(
        [
            html.Summary("Review"),
            html.P("Look through it, the least sure first, and accept, fix or reject.", className="accept-about"),
            dcc.RadioItems(
                id=ids.REVIEW_BY,
                options=[{"label": text, "value": way} for way, text in WAYS.items()],
                value="pieces",
                inline=True,
                className="accept-choices",
            ),
            html.Div(
                html.Div(
                    [
                        html.Label("Smallest, px", htmlFor=ids.REVIEW_LEAST),
                        dcc.Input(id=ids.REVIEW_LEAST, type="number", min=1, step=1, value=LEAST_PX),
                    ]
                ),
                id=ids.REVIEW_SIZE,
                className="slice-range",
            ),
            html.Button("Begin, or go on", id=ids.REVIEW_BUTTON, className="button accept-button"),
        ],
        id=ids.REVIEW,
        className="accept",
        hidden=True,
    )
