"""The class table of the open volume: each change is one operation of core/labels/classes.py on the stored table."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, no_update

from callbacks.events import changed, events
from components import classes, ids, stores
from core.labels.classes import add_class, find_class, lock_class, recolor_class, rename_class, show_class
from core.labels.store import ClassChange, LabelStore
from core.services import Services

Event = tuple[Any, Any]


def register(app: Dash, services: Services) -> None:
    """Read, change and show the table."""
    app.clientside_callback(
        ClientsideFunction("page", "chooseClass"),
        Output(ids.VIEWER, "activeClass"),
        Input(ids.class_row(ALL), "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("page", "markClass"), Input(ids.VIEWER, "activeClass"), Input(ids.CLASS_LIST, "children")
    )

    @app.callback(
        Output(stores.CLASSES, "data"),
        Input(stores.VOLUME, "data"),
        Input(ids.VIEWER, "classesRevision"),
        Input(ids.CLASS_ADD, "n_clicks"),
        Input(ids.class_action("name", ALL), "value"),
        Input(ids.class_action("color", ALL), "value"),
        Input(ids.class_action("visible", ALL), "n_clicks"),
        Input(ids.class_action("locked", ALL), "n_clicks"),
        Input(ids.class_action("delete", ALL), "n_clicks"),
        State(stores.CLASSES, "data"),
    )
    def change_table(volume: dict[str, str] | None, *values: Any) -> Any:
        if volume is None:
            return []
        table, user = values[-1] or [], services.current_user()
        for event, value in asked_for(events(), table):
            apply_event(services.labels, volume["path"], event, value, user=user)
        now = [asdict(label_class) for label_class in services.labels.classes(volume["path"])]
        return no_update if now == table and not changed(stores.VOLUME) else now

    @app.callback(Output(ids.CLASS_LIST, "children"), Output(ids.VIEWER, "classes"), Input(stores.CLASSES, "data"))
    def show_table(table: list[dict[str, Any]] | None) -> Any:
        if not table:
            return "Open a dataset to see its classes.", []
        return classes.rows(table), table


def asked_for(told: Sequence[Event], table: Sequence[Mapping[str, Any]]) -> list[Event]:
    """What a person asks for. Where several have changed, a field that says what the page knows was only drawn.

    >>> drawn, asked = ({"type": "class-name", "class": 1}, "pore"), ({"type": "class-locked", "class": 1}, 1)
    >>> asked_for([drawn, asked], [{"id": 1, "name": "pore", "color": "#E69F00"}]) == [asked]
    True
    """
    known = {(field, row["id"]): row[field] for row in table for field in ("name", "color")} if len(told) > 1 else {}
    return [(event, value) for event, value in told if value is None or known.get(_field(event)) != value]


def _field(event: Any) -> tuple[str, Any] | None:
    """("name", class id) of the field that a class is named in, and so on; None for what is no field."""
    return (event["type"].removeprefix("class-"), event["class"]) if isinstance(event, dict) else None


def apply_event(labels: LabelStore, volume: str, event: Any, value: Any, *, user: str) -> None:
    """Do what a control asks for; a control that was only drawn (its value is None) asks for nothing."""
    if event == ids.CLASS_ADD and value:
        class_id = labels.next_class_id(volume)
        labels.change_classes(volume, partial(add_class, class_id=class_id), user=user)
    elif isinstance(event, dict) and value is not None:
        _apply_action(labels, volume, event["type"], event["class"], value, user=user)


def _apply_action(labels: LabelStore, volume: str, action: str, class_id: int, value: Any, *, user: str) -> None:
    if action == "class-delete":
        labels.delete_class(volume, class_id, edit_id=str(uuid.uuid4()), user=user)
        return
    labels.change_classes(volume, _change(action, class_id, value), user=user)


def _change(action: str, class_id: int, value: Any) -> ClassChange:
    if action == "class-name":
        return partial(rename_class, class_id=class_id, name=value)
    if action == "class-color":
        return partial(recolor_class, class_id=class_id, color=value)
    return partial(_toggle_lock if action == "class-locked" else _toggle, class_id=class_id)


def _toggle(table: Any, *, class_id: int) -> Any:
    return show_class(table, class_id, visible=not find_class(table, class_id).visible)


def _toggle_lock(table: Any, *, class_id: int) -> Any:
    return lock_class(table, class_id, locked=not find_class(table, class_id).locked)
