"""The algorithms that are registered, and the way to register more."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from components import ids
from core.learning.descriptors import AlgorithmDescriptor
from core.learning.versions import Line, side_by_side

MAX_VERSIONS = 4  # more columns than that cannot be read beside each other


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
    compare = html.Button("Compare versions", id=ids.algorithm_compare(each.model_name), className="button")
    told = html.Div(id=ids.algorithm_versions(each.model_name), className="algorithm-versions", role="status")
    return html.Details([head, html.P(each.description), html.Dl(pairs, className="model-facts"), compare, told])


def versions(found: Sequence[AlgorithmDescriptor]) -> Any:
    """Versions of one algorithm, newest first, a column each: what differs, and folded what is the same."""
    if len(found) < 2:
        return html.P("No other version is registered.")
    shown = found[:MAX_VERSIONS]
    lines = side_by_side(shown)
    alike = [line for line in lines if not line.differs]
    return [_differences(shown, [line for line in lines if line.differs]), _alike(alike)]


def _differences(shown: Sequence[AlgorithmDescriptor], lines: Sequence[Line]) -> Any:
    if not lines:
        return html.P("The versions say the same of themselves.")
    head = html.Tr([html.Th(each.version, scope="col") for each in shown])
    rows = [row for line in lines for row in _rows(line)]
    return html.Table([html.Thead(head), html.Tbody(rows)])


def _rows(line: Line) -> list[html.Tr]:
    """The name of the fact over its values: the column is narrow."""
    title = html.Th(line.title, colSpan=len(line.cells), scope="rowgroup")
    return [html.Tr(title), html.Tr([html.Td(cell) for cell in line.cells])]


def _alike(lines: Sequence[Line]) -> html.Details:
    pairs = [part for line in lines for part in (html.Dt(line.title), html.Dd(line.cells[0]))]
    summary = html.Summary(f"{len(lines)} facts are the same")
    return html.Details([summary, html.Dl(pairs, className="model-facts")])
