"""The history panel: its list is asked for while it is open; a click shows a moment, to be restored or compared."""

import uuid
from dataclasses import asdict
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from components import history, ids, stores
from core.labels.history import EditRecord
from core.labels.moments import GONE, Difference, Moment
from core.services import Services

PAGE = 50  # edits listed at a time
GONE_CLASS = {"id": GONE, "name": "erased since", "color": "#FFFFFF", "visible": True}

MomentState = dict[str, Any] | None


def register(app: Dash, services: Services) -> None:
    """List, name, show, compare and restore moments."""
    app.clientside_callback(
        ClientsideFunction("page", "historyWanted"),
        Output(stores.HISTORY_STAMP, "data"),
        Input(stores.HISTORY_TICK, "n_intervals"),
        Input(stores.VOLUME, "data"),
        Input(ids.VIEWER, "saveState"),
    )
    _register_list(app, services)
    _register_moment(app, services)


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
    event, pressed = ctx.triggered_id, ctx.triggered and ctx.triggered[0]["value"]
    if event == ids.SNAPSHOT_KEEP and pressed:
        services.labels.keep_snapshot(path, name or "", services.labels.revision(path), user=services.current_user())
    elif isinstance(event, dict) and pressed:
        services.labels.drop_snapshot(path, event["snapshot"])


def _listed(services: Services, volume: dict[str, str], shown: dict[str, Any]) -> Any:
    """The panel's parts; nothing when it shows the newest edit already and nobody asked for more."""
    path, labels = volume["path"], services.labels
    same = shown.get("volume") == volume["id"]
    revision = labels.revision(path)
    if same and shown["revision"] == revision and ctx.triggered_id == stores.HISTORY_STAMP:
        return no_update, no_update, no_update, no_update
    count = (shown["count"] if same else PAGE) + (PAGE if ctx.triggered_id == ids.HISTORY_MORE else 0)
    records = labels.edits(path, limit=count + 1)
    names = {c.id: c.name for c in labels.classes(path)}
    rows = history.rows(records[:count], names, vid=volume["id"], timezone=services.timezone)
    kept = history.snapshot_rows(labels.snapshots(path), services.timezone)
    return rows, kept, len(records) <= count, {"volume": volume["id"], "revision": revision, "count": count}


def _register_moment(app: Dash, services: Services) -> None:
    @app.callback(
        Output(stores.MOMENT, "data"),
        Input(ids.moment(ALL), "n_clicks"),
        Input(ids.named_moment(ALL, ALL), "n_clicks"),
        Input(ids.MOMENT_BACK, "n_clicks"),
        Input(ids.MOMENT_COMPARE, "n_clicks"),
        Input(ids.MOMENT_RESTORE, "n_clicks"),
        Input(stores.VOLUME, "data"),
        State(stores.MOMENT, "data"),
        prevent_initial_call=True,
    )
    def choose_moment(*values: Any) -> Any:
        volume, moment = values[-2:]
        event = ctx.triggered_id
        if volume is None or event in (stores.VOLUME, ids.MOMENT_BACK):
            return None
        if not ctx.triggered[0]["value"]:
            return no_update  # drawn, not pressed
        return next_moment(services, volume["path"], event, moment)

    @app.callback(
        Output(ids.VIEWER, "moment"),
        Output(ids.MOMENT_TEXT, "children"),
        Output(ids.MOMENT_BANNER, "hidden"),
        Input(stores.MOMENT, "data"),
        State(stores.VOLUME, "data"),
        prevent_initial_call=True,
    )
    def show_moment(moment: MomentState, volume: dict[str, str] | None) -> Any:
        if moment is None or volume is None:
            return None, "", True
        at = history.clock(moment["at"], services.timezone)
        return shown_moment(services, volume, moment), history.moment_text(at, moment["told"]), False


def next_moment(services: Services, path: str, event: Any, moment: MomentState) -> MomentState:
    """The moment to look at after a button was pressed; None: now."""
    if isinstance(event, dict):
        record = find_moment(services, path, event["revision"])
        return {"revision": event["revision"], "at": record.at if record else 0.0, "now": None, "told": None}
    if moment is None:
        return None
    if event == ids.MOMENT_RESTORE:
        services.labels.restore(path, moment["revision"], edit_id=str(uuid.uuid4()), user=services.current_user())
        return None
    if moment["now"] is not None:
        return moment | {"now": None, "told": None}
    return compared(services, path, moment)


def find_moment(services: Services, path: str, revision: int) -> EditRecord | None:
    """The newest edit at a revision."""
    return next(iter(services.labels.edits(path, before=revision + 1, limit=1)), None)


def compared(services: Services, path: str, moment: dict[str, Any]) -> dict[str, Any]:
    """The same moment beside now."""
    labels = services.labels
    now = labels.revision(path)
    pixels, won = Difference(Moment(labels, moment["revision"]), Moment(labels, now)).counts(path)
    names = {c.id: c.name for c in labels.classes(path)}
    classes = {names.get(class_id, f"class {class_id}"): won[class_id] for class_id in sorted(won) if won[class_id]}
    return moment | {"now": now, "told": {"pixels": pixels, "classes": classes}}


def shown_moment(services: Services, volume: dict[str, str], moment: dict[str, Any]) -> dict[str, Any]:
    """The `moment` property of the viewer (docs/contracts.md)."""
    table = [asdict(label_class) for label_class in services.labels.classes(volume["path"])]
    place = f"at/{moment['revision']}"
    if moment["now"] is not None:
        place, table = f"between/{moment['revision']}/{moment['now']}", [*table, GONE_CLASS]
    slices = list(range(services.tiles.manifest(volume["path"]).info.shape[0]))
    return {"id": place, "root": f"labels/{volume['id']}/{place}", "classes": table, "opacity": 0.6, "slices": slices}
