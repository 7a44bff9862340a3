"""The Exchange place: labels out to other programs and back in, with a report before anything is changed."""

from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html

from components import ids, labelstudio
from components.jobs import percent, time_left
from components.labelstudio import LABELS, SCOPES
from core.labels.exchange import FORMATS, Format
from core.labels.exchange.importing import POLICIES, Match, Report

Job = Mapping[str, Any]
STATES = {
    "queued": "Waiting",
    "running": "Writing",
    "paused": "Paused",
    "done": "Ready",
    "failed": "Failed",
    "cancelled": "Cancelled",
}


def place() -> html.Div:
    """Three cards; callbacks, assets/exchange.js and assets/imports.js fill them in."""
    return html.Div([_export(), _import(), labelstudio.card()], className="exchange-grid")


def export_rows(jobs: Sequence[Job]) -> list[Any]:
    """A row for each export, newest first."""
    return [_export_row(job) for job in jobs]


def report(found: Report, name: str) -> list[Any]:
    """What an import would do."""
    slices = "1 slice" if len(found.slices) == 1 else f"{len(found.slices):,} slices"
    head = html.P(
        [html.Strong(name), html.Span(f"{slices}, {found.pixels:,} labelled pixels")], className="import-file"
    )
    obstacles = [html.P([html.Strong("Does not fit. "), text], className="import-obstacle") for text in found.obstacles]
    notes = [html.P(text, className="import-note") for text in found.notes]
    return [head, *obstacles, *([_table(found.matches)] if found.matches else []), *notes]


def hint() -> html.P:
    """What happens when a file is chosen."""
    return html.P("First you see what the file holds and what fits; nothing changes before you press Import.")


def outcome(said: str, hint: str) -> Any:
    """What came of an import, under the button; None when there is nothing to say."""
    return [said, html.Span(hint)] if hint else said or None


def refusal(message: str, hint: str) -> list[Any]:
    """Why a file cannot be read."""
    return [html.P([html.Strong(f"{message} "), hint], className="import-obstacle")]


def source_options(results: Sequence[Job]) -> list[dict[str, str]]:
    """What can be exported: the labels, and each result of the volume."""
    made = [{"label": f"Result: {job['name']}", "value": job["id"]} for job in results if job["slices_done"]]
    return [{"label": "Labels", "value": LABELS}, *made]


def _export() -> html.Section:
    return html.Section(
        [
            html.H2("Export"),
            html.Div([_field("What", dbc.Select(id=ids.EXPORT_SOURCE, options=source_options([]), value=LABELS))]),
            _field("Format", _formats()),
            _field("Slices", _choices(ids.EXPORT_SCOPE, SCOPES, "painted", inline=True)),
            html.Div(
                [_number("From", ids.EXPORT_FIRST), _number("to", ids.EXPORT_LAST)],
                id=ids.EXPORT_RANGE, className="slice-range", hidden=True,
            ),
            html.Button("Export", id=ids.EXPORT_BUTTON, className="button primary", disabled=True),
            html.Div(id=ids.EXPORT_ADVICE, className="models-advice", role="status"),
            html.Div(id=ids.EXPORT_LIST, className="export-list"),
        ],
        className="models-card exchange-card",
    )  # fmt: skip


def _import() -> html.Section:
    return html.Section(
        [
            html.H2("Import"),
            html.Div(id=ids.IMPORT_DROP, className="import-drop"),
            html.Div(_number("First slice, where the file does not say", ids.IMPORT_FIRST), className="import-first"),
            html.Div(
                hint(),
                id=ids.IMPORT_REPORT, className="import-report", role="status",
            ),
            html.Div(
                [
                    _field("Where labels meet", _choices(ids.IMPORT_POLICY, POLICIES, "unlabelled")),
                    html.Div(
                        [
                            html.Button("Import", id=ids.IMPORT_BUTTON, className="button primary"),
                            html.Button("Discard", id=ids.IMPORT_DISCARD, className="button"),
                        ],
                        className="import-actions",
                    ),
                ],
                id=ids.IMPORT_CHOICES, hidden=True,
            ),
            html.Div(id=ids.IMPORT_DONE, className="models-advice", role="status"),
        ],
        className="models-card exchange-card",
    )  # fmt: skip


def _formats() -> dbc.RadioItems:
    options = [{"label": _about(kind), "value": kind.key} for kind in FORMATS.values()]
    return dbc.RadioItems(id=ids.EXPORT_FORMAT, options=options, value="tiff", className="export-formats")


def _about(kind: Format) -> html.Span:
    words = [html.Strong(kind.title), html.Span(kind.purpose), html.Span(kind.limits, className="export-limits")]
    return html.Span(words, className="export-format")


def _export_row(job: Job) -> html.Div:
    facts = f"{STATES[job['state']]}{_how_far(job)}" if job["state"] != "failed" else job["error"]
    words = html.Div([html.Strong(job["name"]), html.Span(facts, title=job["hint"])])
    return html.Div(
        [words, _action(job)], className="export-row", **{"data-job": job["id"], "data-state": job["state"]}
    )


def _how_far(job: Job) -> str:
    if job["state"] != "running":
        return ""
    left = time_left(job["seconds_left"])
    return f", {percent(job['progress'])}{', ' if left else ''}{left}"


def _action(job: Job) -> Any:
    if job["state"] == "done":
        return html.A("Download", href=f"api/exports/jobs/{job['id']}", className="button", download="")
    if job["state"] in ("queued", "running", "paused"):
        return html.Button("Cancel", id=ids.export_cancel(job["id"]), className="button")
    return None


def _table(matches: Sequence[Match]) -> html.Table:
    head = html.Thead(html.Tr([html.Th("Class in the file"), html.Th("Pixels"), html.Th("Becomes")]))
    return html.Table([head, html.Tbody([_match(match) for match in matches])], className="import-classes")


def _match(match: Match) -> html.Tr:
    swatch = html.Span(className="swatch", style={"background": match.color or "var(--muted)"})
    becomes = "the class of that name" if match.class_id else html.Strong("a new class")
    return html.Tr([html.Td([swatch, match.name]), html.Td(f"{match.pixels:,}"), html.Td(becomes)])


def _choices(choice_id: str, texts: Mapping[Any, str], value: str, *, inline: bool = False) -> dbc.RadioItems:
    options = [{"label": text, "value": key} for key, text in texts.items()]
    return dbc.RadioItems(id=choice_id, options=options, value=value, inline=inline)


def _number(text: str, field_id: str) -> html.Label:
    return html.Label([text, dbc.Input(id=field_id, type="number", min=1, step=1, value=1)])


def _field(title: str, control: Any) -> html.Div:
    return html.Div([dbc.Label(title, html_for=control.id), control], className="models-field")
