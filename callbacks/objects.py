"""The drawer of objects: counted in the background, looked at while it is open, merged, split and edited."""

import uuid
from collections.abc import Sequence
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from components import ids, objects, stores
from core.errors import InvalidInputError
from core.images.volumes import volume_id
from core.labels.instance_builder import Built
from core.labels.instance_changes import check_ids, cut_along, give_class
from core.labels.instance_table import columns, rows
from core.labels.instances import Correction, InstanceSet
from core.services import InstanceView, Services

Rows = list[dict[str, Any]]
Volume = dict[str, str] | None


def register(app: Dash, services: Services) -> None:
    """Open and close, list, show on the image, change."""
    _register_frame(app)
    _register_list(app, services)
    _register_changes(app, services)


def _register_frame(app: Dash) -> None:
    space = "objects"
    app.clientside_callback(
        ClientsideFunction(space, "open"),
        Output(ids.OBJECTS_DRAWER, "hidden"),
        Output(stores.OBJECTS_TICK, "disabled"),
        Input(ids.OBJECTS_OPEN, "n_clicks"),
        Input(ids.OBJECTS_CLOSE, "n_clicks"),
        State(ids.OBJECTS_DRAWER, "hidden"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction(space, "columns"),
        Output(ids.OBJECTS_TABLE, "columnDefs"),
        Input(ids.OBJECTS_CHOICE, "value"),
        State(stores.OBJECTS_COLUMNS, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction(space, "choice"),
        Output(ids.OBJECTS_CHOICE, "options"),
        Output(ids.OBJECTS_CHOICE, "value"),
        Input(stores.OBJECTS_COLUMNS, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction(space, "allow"),
        Output(ids.OBJECTS_MERGE, "disabled"),
        Output(ids.OBJECTS_SPLIT, "disabled"),
        Output(ids.OBJECTS_DELETE, "disabled"),
        Output(ids.OBJECTS_MOVE, "disabled"),
        Input(ids.OBJECTS_TABLE, "selectedRows"),
    )
    app.clientside_callback(
        ClientsideFunction(space, "cutting"),
        Output(stores.OBJECTS_CUTTING, "data"),
        Input(ids.OBJECTS_SPLIT, "n_clicks"),
        Input(ids.VIEWER, "cut"),
        Input(ids.OBJECTS_TABLE, "selectedRows"),
        Input(ids.OBJECTS_DRAWER, "hidden"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction(space, "show"),
        Output(ids.VIEWER, "objects"),
        Input(ids.OBJECTS_TABLE, "selectedRows"),
        Input(stores.OBJECTS_CUTTING, "data"),
        Input(stores.OBJECTS_SEEN, "data"),
        Input(ids.OBJECTS_DRAWER, "hidden"),
    )


def _register_list(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.OBJECTS_CLASS, "options"),
        Output(ids.OBJECTS_CLASS, "value"),
        Output(ids.OBJECTS_MOVE, "options"),
        Input(stores.CLASSES, "data"),
        Input(ids.OBJECTS_OPEN, "n_clicks"),
        State(ids.VIEWER, "activeClass"),
        State(ids.OBJECTS_CLASS, "value"),
    )
    def offer_classes(table: Rows | None, _open: int | None, active: int | None, chosen: int | None) -> Any:
        known = [row["id"] for row in table or []]
        wanted = active if ctx.triggered_id == ids.OBJECTS_OPEN or chosen not in known else chosen
        value = wanted if wanted in known else next(iter(known), None)
        return objects.class_options(table or []), value, objects.class_options(table or [])

    @app.callback(
        output={
            "row_data": Output(ids.OBJECTS_TABLE, "rowData"),
            "transaction": Output(ids.OBJECTS_TABLE, "rowTransaction"),
            "selected": Output(ids.OBJECTS_TABLE, "selectedRows"),
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
            "_done": Input(stores.OBJECTS_DONE, "data"),
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
        if ctx.triggered_id == ids.OBJECTS_CANCEL:
            services.instances.cancel(chosen)
        view = services.instances.look(chosen, again=ctx.triggered_id not in (stores.OBJECTS_TICK, ids.OBJECTS_CANCEL))
        return dict.fromkeys(LOOK, no_update) | _listed(chosen, view, seen)


LOOK = ("row_data", "transaction", "selected", "columns", "seen", "state", "no_cancel", "no_again", "csv")


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
        return told if is_same else told | {"row_data": [], "selected": [], "seen": {"root": root, "serial": 0}}
    if seen is not None and is_same and seen["serial"] == view.serial:
        return told
    told |= {"seen": {"root": root, "serial": view.serial}, "csv": f"{root}?format=csv"}
    if seen is not None and is_same and view.before is not None and seen["serial"] == view.serial - 1:
        return told | {"transaction": transaction(view.before, view.built)}
    return told | {"row_data": list(rows(view.built).values()), "selected": [], "columns": column_facts(view.built)}


def api_root(chosen: InstanceSet) -> str:
    """Where the routes of an instance set are."""
    return f"/api/instances/{volume_id(chosen.volume)}/{chosen.class_id}/{chosen.dims}"


def transaction(before: Built, now: Built) -> dict[str, Any]:
    """Which rows to add, change and take away: of 10,000 objects a stroke changes one or two."""
    old, new = rows(before), rows(now)
    changed = [row for each, row in new.items() if each in old and old[each] != row]
    added = [row for each, row in new.items() if each not in old]
    return {
        "add": added,
        "update": changed,
        "remove": [{"id": each} for each in old if each not in new],
        "async": False,
    }


def column_facts(built: Built) -> list[dict[str, Any]]:
    """The columns as the page keeps them."""
    return [{"key": c.key, "header": c.header, "help": c.help, "shown": c.shown} for c in columns(built)]


def _register_changes(app: Dash, services: Services) -> None:
    @app.callback(
        Output(stores.OBJECTS_DONE, "data"),
        Output(ids.OBJECTS_SAID, "children"),
        Output(ids.OBJECTS_MOVE, "value"),
        Input(ids.OBJECTS_MERGE, "n_clicks"),
        Input(ids.OBJECTS_DELETE, "n_clicks"),
        Input(ids.OBJECTS_UNDO, "n_clicks"),
        Input(ids.OBJECTS_MOVE, "value"),
        Input(ids.VIEWER, "cut"),
        State(ids.OBJECTS_TABLE, "selectedRows"),
        State(ids.OBJECTS_CLASS, "value"),
        State(ids.OBJECTS_DIMS, "value"),
        State(stores.VOLUME, "data"),
        State(stores.OBJECTS_DONE, "data"),
        prevent_initial_call=True,
    )
    def change(*values: Any) -> Any:
        move, cut, selected, class_id, dims, volume, done = values[3:]
        if not ctx.triggered[0]["value"] or volume is None:
            return no_update
        chosen = InstanceSet(volume["path"], class_id, dims)
        asked = {"cut": cut, "move": move, "ids": [int(row["id"]) for row in selected or []]}
        said = apply(services, chosen, ctx.triggered_id, asked)
        return (done + 1, said, None) if said else (no_update, "", None)


def apply(services: Services, chosen: InstanceSet, event: str, asked: dict[str, Any]) -> str:
    """Do what a control asks for, and say what was done; "" when nothing was."""
    if event == ids.OBJECTS_UNDO:
        return _undo(services, chosen)
    built = services.instances.look(chosen).built
    if built is None:
        raise InvalidInputError("The objects have not been counted yet.", "Wait until they are listed.")
    if event == ids.OBJECTS_MERGE:
        return _merge(services, built, asked["ids"])
    if event == ids.VIEWER:
        return _cut(services, built, asked["ids"], asked["cut"])
    return _give(services, built, asked["ids"], asked["move"] if event == ids.OBJECTS_MOVE else 0)


def _undo(services: Services, chosen: InstanceSet) -> str:
    taken = services.instances.take_back(chosen, user=services.current_user())
    return "You have merged or split nothing here." if taken is None else f"The last {WORDS[taken.kind]} is taken back."


WORDS = {"merge": "merge", "cut": "split"}


def _merge(services: Services, built: Built, chosen: Sequence[int]) -> str:
    check_ids(built, chosen)
    if len({rows(built)[each]["slice"] for each in chosen}) > 1 and built.chosen.dims == 2:
        raise InvalidInputError(
            "Objects of different slices cannot be one in a slice.",
            "Choose “Through the stack” to merge across slices.",
        )
    services.instances.correct(built.chosen, Correction("merge", tuple(chosen)), user=services.current_user())
    return f"{len(chosen)} objects are object {min(chosen)} now."


def _cut(services: Services, built: Built, chosen: Sequence[int], cut: dict[str, Any]) -> str:
    if not cut["points"]:
        return ""
    if len(chosen) != 1:
        raise InvalidInputError("A line splits one object.", "Choose one in the table.")
    correction = cut_along(built, chosen[0], cut["z"], cut["points"])
    services.instances.correct(built.chosen, correction, user=services.current_user())
    return f"Object {chosen[0]} is split along the line."


def _give(services: Services, built: Built, chosen: Sequence[int], class_id: int) -> str:
    edit = give_class(built, chosen, class_id, edit_id=str(uuid.uuid4()), user=services.current_user())
    services.labels.rewrite(edit)
    what = "1 object" if len(chosen) == 1 else f"{len(chosen)} objects"
    return f"{what} {'moved' if class_id else 'deleted'}. Ctrl+Z takes it back."
