"""The drawer of objects: counted in the background, looked at while it is open.

Merges, splits and what else is done to objects go through the viewer (assets/objects.js), so that they are kept, sent
and undone in order with the strokes; callbacks/http/instances.py does them.
"""

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, no_update

from callbacks.events import changed, events
from components import ids, objects, stores
from core.images.volumes import volume_id
from core.labels.corrections import InstanceSet
from core.labels.instance_builder import Built
from core.labels.instance_table import changed_rows, columns, rows
from core.services import InstanceView, Services

Rows = list[dict[str, Any]]
Volume = dict[str, str] | None

SELECTED = (ids.OBJECTS_TABLE, "selectedRows")
SEEN = (stores.OBJECTS_SEEN, "data")
HIDDEN = (ids.OBJECTS_DRAWER, "hidden")
CUTTING = (stores.OBJECTS_CUTTING, "data")

IN_THE_BROWSER = {
    "open": (
        Output(*HIDDEN),
        Output(stores.OBJECTS_TICK, "disabled"),
        Input(ids.OBJECTS_OPEN, "n_clicks"),
        Input(ids.OBJECTS_CLOSE, "n_clicks"),
        State(*HIDDEN),
    ),
    "columns": (
        Output(ids.OBJECTS_TABLE, "columnDefs"),
        Input(ids.OBJECTS_CHOICE, "value"),
        State(stores.OBJECTS_COLUMNS, "data"),
    ),
    "choice": (
        Output(ids.OBJECTS_CHOICE, "options"),
        Output(ids.OBJECTS_CHOICE, "value"),
        Input(stores.OBJECTS_COLUMNS, "data"),
    ),
    "allow": (
        Output(ids.OBJECTS_MERGE, "disabled"),
        Output(ids.OBJECTS_SPLIT, "disabled"),
        Output(ids.OBJECTS_DELETE, "disabled"),
        Output(ids.OBJECTS_MOVE, "disabled"),
        Input(*SELECTED),
    ),
    "take": (Output(ids.VIEWER, "tool"), Input(ids.OBJECTS_PICK, "n_clicks")),
    "taken": (Output(ids.OBJECTS_PICK, "className"), Input(ids.VIEWER, "tool")),
    "choose": (
        Output(*SELECTED),
        Output(ids.OBJECTS_TABLE, "scrollTo"),
        Input(ids.VIEWER, "pick"),
        Input(*SEEN),
        State(*SELECTED),
    ),
    "cutting": (
        Output(*CUTTING),
        Input(ids.OBJECTS_SPLIT, "n_clicks"),
        Input(ids.VIEWER, "cut"),
        Input(*SELECTED),
        Input(*HIDDEN),
    ),
    "change": (
        Output(ids.VIEWER, "request"),
        Output(ids.OBJECTS_MOVE, "value"),
        Input(ids.OBJECTS_MERGE, "n_clicks"),
        Input(ids.OBJECTS_DELETE, "n_clicks"),
        Input(ids.OBJECTS_MOVE, "value"),
        State(*SELECTED),
        State(*SEEN),
    ),
    "show": (Output(ids.VIEWER, "objects"), Input(*SELECTED), Input(*CUTTING), Input(*SEEN), Input(*HIDDEN)),
}
"""What assets/objects.js does, by the name of the function."""


def register(app: Dash, services: Services) -> None:
    """Open and close, list, show on the image, change."""
    app.clientside_callback(
        ClientsideFunction("classes", "offerObjects"),
        Output(ids.OBJECTS_CLASS, "options"),
        Output(ids.OBJECTS_CLASS, "value"),
        Output(ids.OBJECTS_MOVE, "options"),
        Input(stores.CLASSES, "data"),
        Input(ids.OBJECTS_OPEN, "n_clicks"),
        State(ids.VIEWER, "activeClass"),
        State(ids.OBJECTS_CLASS, "value"),
        State(ids.OBJECTS_CLASS, "options"),
        State(*HIDDEN),
        prevent_initial_call=True,
    )
    for name, wiring in IN_THE_BROWSER.items():
        app.clientside_callback(ClientsideFunction("objects", name), *wiring, prevent_initial_call=True)
    _register_list(app, services)


def _register_list(app: Dash, services: Services) -> None:
    @app.callback(
        output={
            "row_data": Output(ids.OBJECTS_TABLE, "rowData"),
            "transaction": Output(ids.OBJECTS_TABLE, "rowTransaction"),
            "columns": Output(stores.OBJECTS_COLUMNS, "data"),
            "seen": Output(stores.OBJECTS_SEEN, "data"),
            "state": Output(ids.OBJECTS_STATE, "children"),
            "no_cancel": Output(ids.OBJECTS_CANCEL, "hidden"),
            "no_again": Output(ids.OBJECTS_AGAIN, "hidden"),
            "csv": Output(ids.OBJECTS_CSV, "href"),
        },
        inputs={
            "_tick": Input(stores.OBJECTS_TICK, "n_intervals"),
            "class_id": Input(ids.OBJECTS_CLASS, "value"),
            "dims": Input(ids.OBJECTS_DIMS, "value"),
            "volume": Input(stores.VOLUME, "data"),
            "hidden": Input(ids.OBJECTS_DRAWER, "hidden"),
            "_done": Input(ids.VIEWER, "objectsRevision"),
            "_presses": (Input(ids.OBJECTS_CANCEL, "n_clicks"), Input(ids.OBJECTS_AGAIN, "n_clicks")),
            "seen": State(stores.OBJECTS_SEEN, "data"),
        },
        prevent_initial_call=True,
    )
    def look(
        class_id: int | None, dims: int, volume: Volume, hidden: bool, seen: dict[str, Any] | None, **_: Any
    ) -> dict[str, Any]:
        if hidden or volume is None or class_id is None:
            return dict.fromkeys(LOOK, no_update)
        chosen = InstanceSet(volume["path"], class_id, dims)
        if changed(ids.OBJECTS_CANCEL):
            services.instances.cancel(chosen)
        only_looks = all(event in (stores.OBJECTS_TICK, ids.OBJECTS_CANCEL) for event, _ in events())
        view = services.instances.look(chosen, again=not only_looks)
        return dict.fromkeys(LOOK, no_update) | _listed(chosen, view, seen)


LOOK = ("row_data", "transaction", "columns", "seen", "state", "no_cancel", "no_again", "csv")


def _listed(chosen: InstanceSet, view: InstanceView, seen: dict[str, Any] | None) -> dict[str, Any]:
    """What the page must be told to list `view`, given what it lists."""
    root = api_root(chosen)
    told: dict[str, Any] = {
        "state": objects.state_text(view),
        "no_cancel": view.state != "working" or view.built is not None,
        "no_again": view.state not in ("failed", "cancelled"),
    }
    is_same = seen is not None and seen["root"] == root
    if view.built is None:
        return told if is_same else told | {"row_data": [], "seen": {"root": root, "serial": 0}}
    if seen is not None and is_same and seen["serial"] == view.serial:
        return told
    told |= {"seen": {"root": root, "serial": view.serial}, "csv": f"{root}?format=csv"}
    if seen is not None and is_same and view.before is not None and seen["serial"] == view.serial - 1:
        return told | {"transaction": {**changed_rows(view.before, view.built), "async": False}}
    return told | {"row_data": list(rows(view.built).values()), "columns": column_facts(view.built)}


def api_root(chosen: InstanceSet) -> str:
    """Where the routes of an instance set are."""
    return f"api/instances/{volume_id(chosen.volume)}/{chosen.class_id}/{chosen.dims}"


def column_facts(built: Built) -> list[dict[str, Any]]:
    """The columns as the page keeps them."""
    return [{"key": c.key, "header": c.header, "help": c.help, "shown": c.shown} for c in columns(built)]
