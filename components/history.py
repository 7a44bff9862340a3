"""The history panel: what happened to the labels, moments with names, and two of them to be compared."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from dash import dcc, html

from components import ids
from components.panels import folding_panel
from core.labels.history import MAX_SNAPSHOT_NAME, EditRecord, Snapshot, sentence, slices_text

EMPTY = "Nothing has happened yet. Paint, and each stroke is listed here."
NOW = 0  # stands for now where a revision names a moment


def panel() -> html.Details:
    """Folded; its list comes when it is opened."""
    name = dcc.Input(
        id=ids.SNAPSHOT_NAME,
        placeholder="Name this moment",
        maxLength=MAX_SNAPSHOT_NAME,
        className="snapshot-name",
        autoComplete="off",
    )
    keep = html.Button("Keep", id=ids.SNAPSHOT_KEEP, className="button", title="Give the labels of now a name")
    return folding_panel(
        ids.HISTORY_PANEL,
        "History",
        [html.Div([name, keep], className="snapshot-row"), _heading(), _lists()],
        is_open=False,
    )


def _heading() -> html.Div:
    compare = html.Button(
        "Compare",
        id=ids.HISTORY_COMPARE,
        className="button",
        title="Choose two moments, A and B, and see what differs",
        **{"aria-pressed": "false"},
    )
    return html.Div([html.Span("Newest first"), compare], className="history-heading")


def _lists() -> html.Div:
    """Named moments, then edits; with `comparing` in its class each row has an A and a B."""
    return html.Div(
        [
            html.Div(
                _line(html.Span("Now", className="history-row history-now"), NOW, "b"),
                className="history-only-comparing",
            ),
            html.Div(id=ids.SNAPSHOT_LIST),
            html.Div(EMPTY, id=ids.HISTORY_LIST, className="history-list"),
            html.Button("Earlier", id=ids.HISTORY_MORE, className="button", hidden=True),
        ],
        id=ids.HISTORY_LISTS,
        className="history-lists",
    )


def clock(at: float, timezone: tzinfo) -> str:
    """A time as the page shows it; `at` is POSIX seconds."""
    return datetime.fromtimestamp(at, timezone).strftime("%Y-%m-%d %H:%M:%S")


def rows(
    records: Sequence[EditRecord], classes: Mapping[int, str], *, vid: str, timezone: tzinfo
) -> list[html.Div] | str:
    """A line for each edit: a button that shows the moment right after it, and its two ends of a comparison."""
    if not records:
        return EMPTY
    return [_line(_row(record, classes, vid, timezone), record.revision, "ab") for record in records]


def snapshot_rows(snapshots: Sequence[Snapshot], timezone: tzinfo) -> list[html.Div]:
    """A line for each named moment, with a button that takes the name away."""
    return [_snapshot(snapshot, timezone) for snapshot in snapshots]


def _line(row: html.Button | html.Span, revision: int, ends: str, *more: html.Button, name: str = "") -> html.Div:
    """ends : of a comparison that the moment may be, of "ab"."""
    buttons = [_end(end, revision, name) for end in ends]
    choice = html.Span(buttons, className="history-ends history-only-comparing")
    return html.Div([row, choice, *more], className="history-line", **{"data-revision": str(revision)})


def _end(end: str, revision: int, name: str) -> html.Button:
    words = {"a": "A: compare from this moment", "b": "B: compare to this moment"}[end]
    return html.Button(
        end.upper(),
        id=ids.moment_end(end, revision, name),
        className="history-end",
        title=words,
        **{"aria-label": words, "aria-pressed": "false", "data-end": end},
    )


def _row(record: EditRecord, classes: Mapping[int, str], vid: str, timezone: tzinfo) -> html.Button:
    what = sentence(record, classes, lambda at: clock(at, timezone))
    where = " · ".join(filter(None, [clock(record.at, timezone)[11:], record.user, slices_text(record)]))
    words = html.Span([html.Span(what, className="history-what"), html.Small(where)], className="history-words")
    return html.Button(
        [_thumbnail(record, vid), words],
        id=ids.moment(record.revision),
        className="history-row taken-back" if record.taken_back else "history-row",
        title=f"{what}. Look at the labels right after it, {clock(record.at, timezone)}",
    )


def _thumbnail(record: EditRecord, vid: str) -> html.Img | html.Span:
    if not record.tiles:
        return html.Span(className="history-picture")
    source = f"api/labels/{vid}/thumbnails/{record.revision}"
    return html.Img(src=source, alt="", className="history-picture")


def _snapshot(snapshot: Snapshot, timezone: tzinfo) -> html.Div:
    drop = f"Take the name {snapshot.name} away; the moment stays"
    words = [
        html.Span(snapshot.name, className="history-what"),
        html.Small(f"{snapshot.user} · {clock(snapshot.at, timezone)}"),
    ]
    row = html.Button(
        html.Span(words, className="history-words"),
        id=ids.named_moment(snapshot.name, snapshot.revision),
        className="history-row",
        title=f"Look at {snapshot.name}",
    )
    trash = html.Button(
        html.Span(className="icon icon-trash"),
        id=ids.snapshot_drop(snapshot.name),
        className="icon-button",
        title=drop,
        **{"aria-label": drop},
    )
    return _line(row, snapshot.revision, "ab", trash, name=snapshot.name)
