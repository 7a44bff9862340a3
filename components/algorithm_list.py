"""The algorithms that are registered, and the way to register more."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from components import ids
from core.learning.descriptors import AlgorithmDescriptor


def card() -> html.Section:
    """Without algorithms; a callback fills it in."""
    button = html.Button(
        "Register from a file", className="button", title="A JSON file as docs/own-algorithm.md shows it"
    )
    return html.Section(
        [
            html.H2("Algorithms"),
            html.Div(id=ids.ALGORITHM_LIST, className="algorithm-list"),
            dcc.Upload(button, id=ids.ALGORITHM_LOAD, accept=".json"),
            html.Div(id=ids.ALGORITHM_NOTE, role="status"),
        ],
        className="models-card",
    )


def rows(algorithms: Sequence[AlgorithmDescriptor]) -> list[Any]:
    """One for each, folded; opened, it says what it is and where it comes from."""
    return [_row(each) for each in algorithms]


def _row(each: AlgorithmDescriptor) -> html.Details:
    head = html.Summary([html.Span(each.model_name), html.Span(each.version, className="algorithm-version")])
    facts = [
        ("Owner", each.owner),
        ("Source", each.source),
        ("Runs in", each.image_name and f"{each.image_name}:{each.image_tag}"),
        ("For", ", ".join(each.application)),
    ]
    pairs = [part for term, fact in facts if fact for part in (html.Dt(term), html.Dd(fact))]
    return html.Details([head, html.P(each.description), html.Dl(pairs, className="model-facts")])
