"""The panel with the label classes: choose one to paint with, rename, recolour, hide, delete, add."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from components import ids
from components.slice_viewer import ColorField
from core.labels.classes import MAX_NAME_LENGTH

KEYS = 9  # the first nine can be chosen with a digit


def panel() -> html.Section:
    """Without classes."""
    return html.Section(
        [
            html.Div(
                [
                    html.H2("Classes"),
                    html.Button(
                        html.Span(className="icon icon-plus"),
                        id=ids.CLASS_ADD,
                        className="icon-button",
                        title="Add a class",
                        **{"aria-label": "Add a class"},
                    ),
                ],
                className="panel-head",
            ),
            html.Div("Open a dataset to see its classes.", id=ids.CLASS_LIST, className="class-list"),
        ],
        className="panel",
    )


def rows(table: Sequence[Mapping[str, Any]]) -> list[html.Div]:
    """A row for each class, in the order of the number keys."""
    return [_row(label_class, place) for place, label_class in enumerate(table, start=1)]


def _row(label_class: Mapping[str, Any], place: int) -> html.Div:
    class_id, name, visible = label_class["id"], label_class["name"], label_class["visible"]
    hide = "Hide" if visible else "Show"
    return html.Div(
        [
            html.Button(
                str(place) if place <= KEYS else "",
                id=ids.class_row(class_id),
                className="class-key",
                title=f"Paint with {name}" + (f" ({place})" if place <= KEYS else ""),
                **{"aria-label": f"Paint with {name}"},
            ),
            _color(label_class),
            dcc.Input(
                id=ids.class_action("name", class_id),
                value=name,
                debounce=True,
                maxLength=MAX_NAME_LENGTH,
                className="class-name",
                autoComplete="off",
            ),
            html.Button(
                html.Span(className="icon icon-eye" if visible else "icon icon-eye-off"),
                id=ids.class_action("visible", class_id),
                className="icon-button",
                title=f"{hide} {name}",
                **{"aria-label": f"{hide} {name}", "aria-pressed": str(visible).lower()},
            ),
            _lock(label_class),
            _deletion(class_id, name),
        ],
        className="class-row",
        **{"data-class": class_id},
    )


def _lock(label_class: Mapping[str, Any]) -> html.Button:
    name, locked = label_class["name"], label_class.get("locked", False)
    title = f"Unlock {name}" if locked else f"Lock {name}: strokes leave its pixels as they are"
    return html.Button(
        html.Span(className="icon icon-lock" if locked else "icon icon-lock-open"),
        id=ids.class_action("locked", label_class["id"]),
        className="icon-button class-lock",
        title=title,
        **{"aria-label": f"Lock {name}", "aria-pressed": str(locked).lower()},
    )


def _color(label_class: Mapping[str, Any]) -> ColorField:
    return ColorField(
        id=ids.class_action("color", label_class["id"]),
        value=label_class["color"],
        title=f"Colour of {label_class['name']}",
    )


def _deletion(class_id: int, name: str) -> html.Details:
    """Asks once; Ctrl+Z takes it back all the same."""
    question = html.Div(
        [
            html.Span(f"Delete {name} and all its pixels, on every slice?"),
            html.Button("Delete", id=ids.class_action("delete", class_id), className="button danger"),
        ],
        className="question",
    )
    summary = html.Summary(html.Span(className="icon icon-trash"), title=f"Delete {name}", className="icon-button")
    return html.Details([summary, question], className="class-delete")
