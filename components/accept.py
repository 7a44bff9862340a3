"""The part of the overlay panel that turns the result on the image into labels: what to take, where, how sure."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from components import ids

SCOPES = {"slice": "This slice", "range": "A range", "all": "All"}


def section() -> html.Details:
    """Closed; it takes the classes that are ticked above it."""
    return html.Details(
        [
            html.Summary("Use as labels"),
            dcc.RadioItems(
                id=ids.ACCEPT_SCOPE,
                options=[{"label": text, "value": scope} for scope, text in SCOPES.items()],
                value="slice",
                inline=True,
                className="accept-choices",
            ),
            html.Div(
                [_number("From", ids.ACCEPT_FIRST), _number("to", ids.ACCEPT_LAST)],
                id=ids.ACCEPT_RANGE,
                className="slice-range",
                hidden=True,
            ),
            _confidence(),
            dcc.Checklist(
                id=ids.ACCEPT_OPTIONS,
                options=[
                    {"label": "Only the part in view", "value": "view"},
                    {"label": "Also over what is labelled", "value": "over"},
                ],
                value=[],
                className="accept-options",
            ),
            html.Button("Use as labels", id=ids.ACCEPT_BUTTON, className="button primary accept-button"),
            html.Div(id=ids.ACCEPT_STATE, className="result-state", role="status"),
            html.Button("Add the missing classes", id=ids.ACCEPT_ADD, className="button", hidden=True),
        ],
        id=ids.ACCEPT,
        className="accept",
        hidden=True,
    )


def progress_text(*, done: int, total: int) -> str:
    """What is being read.

    >>> progress_text(done=3, total=40)
    'Reading the result: slice 4 of 40'
    >>> progress_text(done=40, total=40)
    'Saving 40 slices…'
    """
    if done < total:
        return f"Reading the result: slice {done + 1} of {total}"
    return f"Saving {_slices(total)}…"


def outcome_text(changed: int) -> str:
    """What has become of it.

    >>> outcome_text(1), outcome_text(0)
    ('Labels on 1 slice. Ctrl+Z takes them back.', 'Nothing to take: no such pixel is free, or sure enough.')
    """
    if not changed:
        return "Nothing to take: no such pixel is free, or sure enough."
    return f"Labels on {_slices(changed)}. Ctrl+Z takes them back."


def missing_text(names: Sequence[str]) -> str:
    """Which classes of the result the volume lacks.

    >>> missing_text(["rim"])
    'This volume has no class “rim”. Add it, or untick it above.'
    """
    quoted = ", ".join(f"“{name}”" for name in names)
    return f"This volume has no class {quoted}. Add {'it' if len(names) == 1 else 'them'}, or untick it above."


def _slices(count: int) -> str:
    return f"{count} slice" if count == 1 else f"{count} slices"


def _confidence() -> html.Div:
    options: dict[str, Any] = {"min": 0, "max": 1, "step": 0.05, "value": 0}
    slider = dcc.Input(id=ids.ACCEPT_CONFIDENCE, type="range", className="range", **options)
    words = html.Label(["Confidence from ", html.Span("0 %", id=ids.ACCEPT_LEAST)], htmlFor=ids.ACCEPT_CONFIDENCE)
    return html.Div([words, slider], className="range-row")


def _number(title: str, field: str) -> html.Div:
    return html.Div([html.Label(title, htmlFor=field), dcc.Input(id=field, type="number", min=1, step=1)])
