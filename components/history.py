"""The history panel: what happened to the labels, moments with names, and the banner over an image of the past."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from dash import dcc, html

from components import ids
from components.panels import folding_panel
from core.labels.history import MAX_SNAPSHOT_NAME, EditRecord, Snapshot, sentence, slices_text

EMPTY = "Nothing has happened yet. Paint, and each stroke is listed here."


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
        [
            html.Div([name, keep], className="snapshot-row"),
            html.Div(id=ids.SNAPSHOT_LIST),
            html.Div(EMPTY, id=ids.HISTORY_LIST, className="history-list"),
            html.Button("Earlier", id=ids.HISTORY_MORE, className="button", hidden=True),
        ],
        is_open=False,
    )


def banner() -> html.Div:
    """Hidden while the labels of now are shown."""
    return html.Div(
        [
            html.Span(id=ids.MOMENT_TEXT),
            html.Button("Back to now", id=ids.MOMENT_BACK, className="button"),
            html.Button("Compare with now", id=ids.MOMENT_COMPARE, className="button"),
            html.Button("Restore", id=ids.MOMENT_RESTORE, className="button primary", title="Can be undone"),
        ],
        id=ids.MOMENT_BANNER,
        className="moment-banner",
        role="status",
        hidden=True,
    )


def clock(at: float, timezone: tzinfo) -> str:
    """A time as the page shows it; `at` is POSIX seconds."""
    return datetime.fromtimestamp(at, timezone).strftime("%Y-%m-%d %H:%M:%S")


def rows(
    records: Sequence[EditRecord], classes: Mapping[int, str], *, vid: str, timezone: tzinfo
) -> list[html.Button] | str:
    """A button for each edit, which shows the moment right after it."""
    if not records:
        return EMPTY
    return [_row(record, classes, vid, timezone) for record in records]


def snapshot_rows(snapshots: Sequence[Snapshot], timezone: tzinfo) -> list[html.Div]:
    """A row for each named moment, with a button that takes the name away."""
    return [_snapshot(snapshot, timezone) for snapshot in snapshots]


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
    source = f"/api/labels/{vid}/thumbnails/{record.revision}"
    return html.Img(src=source, alt="", className="history-picture")


def _snapshot(snapshot: Snapshot, timezone: tzinfo) -> html.Div:
    drop = f"Take the name {snapshot.name} away; the moment stays"
    words = [
        html.Span(snapshot.name, className="history-what"),
        html.Small(f"{snapshot.user} · {clock(snapshot.at, timezone)}"),
    ]
    return html.Div(
        [
            html.Button(
                html.Span(words, className="history-words"),
                id=ids.named_moment(snapshot.name, snapshot.revision),
                className="history-row",
                title=f"Look at {snapshot.name}",
            ),
            html.Button(
                html.Span(className="icon icon-trash"),
                id=ids.snapshot_drop(snapshot.name),
                className="icon-button",
                title=drop,
                **{"aria-label": drop},
            ),
        ],
        className="snapshot",
    )


def moment_text(at: str, told: Mapping[str, Any] | None) -> str:
    """What the banner says. `told`: {"pixels", "classes": {name: pixels won}} of a comparison with now.

    >>> moment_text("12:01", {"pixels": 1200, "classes": {"bead": -1200}})
    'From 12:01 to now 1,200 pixels differ: bead -1,200'
    """
    if told is None:
        return f"You look at {at}"
    counts = ", ".join(f"{name} {won:+,}" for name, won in told["classes"].items())
    return f"From {at} to now {told['pixels']:,} pixels differ{': ' if counts else ''}{counts}"
