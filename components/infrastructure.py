"""The card of the Models place that says what the app stands on, and how to mend what is down."""

from collections.abc import Sequence
from typing import Any

from dash import html

from components import ids
from core.infrastructure import Part

WORDS = {"up": "up", "down": "down", "absent": "not there"}


def card() -> html.Section:
    """Without parts; the callback fills it in."""
    return html.Section(
        [html.H2("Infrastructure"), html.Ul(id=ids.INFRASTRUCTURE, className="infrastructure", role="status")],
        className="models-card",
    )


def rows(parts: Sequence[Part]) -> list[html.Li]:
    """A line for each part."""
    return [row(part) for part in parts]


def row(part: Part) -> html.Li:
    """A dot, the name, how quick it answers; below, what it says, or what is wrong and the way out."""
    dot = html.Span(className="infrastructure-dot", role="img", **{"aria-label": WORDS[part.state]})
    head: list[Any] = [dot, html.Span(part.name), html.Span(latency(part.latency_ms), className="infrastructure-time")]
    below = [html.P(words) for words in (part.told, part.hint) if words]
    return html.Li([html.Div(head, className="infrastructure-head"), *below], className=f"infrastructure-{part.state}")


def latency(milliseconds: float | None) -> str:
    """
    >>> latency(3.4), latency(0.2), latency(1234), latency(None)
    ('3 ms', '1 ms', '1.2 s', '')
    """
    if milliseconds is None:
        return ""
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 1000 else f"{max(1, round(milliseconds))} ms"
