"""A side panel that folds away by its title; the browser remembers which ones are folded (assets/page.js)."""

from collections.abc import Sequence
from typing import Any

from dash import html


def folding_panel(name: str, title: str, body: Sequence[Any], *, is_open: bool = True) -> html.Details:
    """A panel with a title that opens and closes it.

    name : tells this panel from the others, for the browser's memory. is_open : on the first visit.
    """
    summary = html.Summary(html.H2(title), className="panel-head")
    return html.Details([summary, *body], className="panel", open=is_open, **{"data-panel": name})
