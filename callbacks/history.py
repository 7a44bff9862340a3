"""The history panel: its list is asked for while it is open. What a moment looks like is in `callbacks/moments.py`."""

from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, no_update

from callbacks.events import changed, events, pressed
from components import history, ids, stores
from core.services import Services

PAGE = 50  # edits listed at a time


def register(app: Dash, services: Services) -> None:
    """List edits and named moments, give names and take them away."""
    app.clientside_callback(
        ClientsideFunction("page", "historyWanted"),
        Output(stores.HISTORY_STAMP, "data"),
        Input(stores.HISTORY_TICK, "n_intervals"),
        Input(stores.VOLUME, "data"),
        Input(ids.VIEWER, "saveState"),
    )
    _register_list(app, services)
    app.clientside_callback(
        ClientsideFunction("past", "offerEnds"),
        Output(ids.HISTORY_LISTS, "className"),
        Output(ids.HISTORY_COMPARE, "aria-pressed"),
        Input(ids.HISTORY_COMPARE, "n_clicks"),
        Input(stores.MOMENT, "data"),
        State(ids.HISTORY_COMPARE, "aria-pressed"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("past", "markMoment"),
        Input(stores.MOMENT, "data"),
        Input(ids.HISTORY_LIST, "children"),
        Input(ids.SNAPSHOT_LIST, "children"),
    )


def _register_list(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.HISTORY_LIST, "children"),
        Output(ids.SNAPSHOT_LIST, "children"),
        Output(ids.HISTORY_MORE, "hidden"),
        Output(stores.HISTORY_SHOWN, "data"),
        Input(stores.HISTORY_STAMP, "data"),
        Input(ids.HISTORY_MORE, "n_clicks"),
        Input(ids.SNAPSHOT_KEEP, "n_clicks"),
        Input(ids.snapshot_drop(ALL), "n_clicks"),
        State(stores.VOLUME, "data"),
        State(ids.SNAPSHOT_NAME, "value"),
        State(stores.HISTORY_SHOWN, "data"),
        prevent_initial_call=True,
    )
    def show_history(*values: Any) -> Any:
        volume, name, shown = values[-3:]
        if volume is None:
            return history.EMPTY, [], True, None
        _name_moment(services, volume["path"], name)
        return _listed(services, volume, shown or {})


def _name_moment(services: Services, path: str, name: str | None) -> None:
    if any(event == ids.SNAPSHOT_KEEP and value for event, value in events()):
        services.labels.keep_snapshot(path, name or "", services.labels.revision(path), user=services.current_user())
    for dropped in pressed():
        services.labels.drop_snapshot(path, dropped["snapshot"])


def _listed(services: Services, volume: dict[str, str], shown: dict[str, Any]) -> Any:
    """The panel's parts; nothing when it shows the newest edit already and nobody asked for more."""
    path, labels = volume["path"], services.labels
    same = shown.get("volume") == volume["id"]
    revision = labels.revision(path)
    if same and shown["revision"] == revision and all(event == stores.HISTORY_STAMP for event, _ in events()):
        return no_update, no_update, no_update, no_update
    count = (shown["count"] if same else PAGE) + (PAGE if changed(ids.HISTORY_MORE) else 0)
    records = labels.edits(path, limit=count + 1)
    names = {c.id: c.name for c in labels.classes(path)}
    rows = history.rows(records[:count], names, vid=volume["id"], timezone=services.timezone)
    kept = history.snapshot_rows(labels.snapshots(path), services.timezone)
    return rows, kept, len(records) <= count, {"volume": volume["id"], "revision": revision, "count": count}
