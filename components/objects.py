"""Objects: the instances of a class, counted and measured in a drawer below the image."""

import dash_ag_grid as dag
from dash import dcc, html

from components import ids
from components.grids import GRID_THEME
from components.panels import folding_panel
from core.services import InstanceView

DIMS = [{"label": "In each slice", "value": 2}, {"label": "Through the stack", "value": 3}]
NO_ROWS = "No object yet: paint something of this class, and its connected pieces are listed here."


def panel() -> html.Details:
    """The way to the drawer, in the side panels."""
    button = html.Button(
        "Count and measure",
        id=ids.OBJECTS_OPEN,
        className="button",
        title="List the connected pieces of a class with their measurements",
    )
    return folding_panel("objects", "Objects", [button])


def drawer() -> html.Section:
    """Closed."""
    return html.Section(
        [
            html.Div(
                className="drawer-grip",
                role="separator",
                tabIndex=0,
                title="Drag to resize",
                **{"aria-label": "Height of the objects", "aria-orientation": "horizontal"},
            ),
            html.Div([_question(), _actions()], className="drawer-head"),
            _table(),
        ],
        id=ids.OBJECTS_DRAWER,
        className="drawer",
        hidden=True,
        **{"aria-label": "Objects"},
    )


def _question() -> html.Div:
    """What is listed, and how far it is."""
    return html.Div(
        [
            html.H2("Objects"),
            dcc.Dropdown(id=ids.OBJECTS_CLASS, options=[], clearable=False, searchable=False, placeholder="Class"),
            dcc.RadioItems(DIMS, 2, id=ids.OBJECTS_DIMS, inline=True, className="segments"),
            html.Span(id=ids.OBJECTS_STATE, className="objects-state", role="status"),
            html.Button("Cancel", id=ids.OBJECTS_CANCEL, className="button", hidden=True),
            html.Button("Count again", id=ids.OBJECTS_AGAIN, className="button", hidden=True),
            html.Span(className="drawer-push"),
            _columns(),
            html.A("CSV", id=ids.OBJECTS_CSV, className="button", title="Download the table", download=""),
            html.Button(
                html.Span(className="icon icon-close"),
                id=ids.OBJECTS_CLOSE,
                className="icon-button",
                title="Close the objects",
                **{"aria-label": "Close the objects"},
            ),
        ],
        className="drawer-row",
    )


def _actions() -> html.Div:
    """What can be done to the chosen objects."""
    move = dcc.Dropdown(id=ids.OBJECTS_MOVE, options=[], placeholder="Give class…", searchable=False, disabled=True)
    return html.Div(
        [
            html.Button(
                [html.Span(className="icon icon-choose"), "Choose on image"],
                id=ids.OBJECTS_PICK,
                className="button",
                title="Click an object on the image to choose it; Shift and a click choose another beside it",
            ),
            html.Span(className="drawer-gap"),
            _button("Merge", ids.OBJECTS_MERGE, "Make the chosen objects one; their pixels stay as they are"),
            _button(
                "Split", ids.OBJECTS_SPLIT, "Draw a line that divides the chosen object; its pixels keep their class"
            ),
            move,
            _button("Delete", ids.OBJECTS_DELETE, "Erase the pixels of the chosen objects"),
        ],
        className="drawer-row",
    )


def _button(text: str, button_id: str, title: str) -> html.Button:
    return html.Button(text, id=button_id, className="button", title=title, disabled=True)


def _columns() -> html.Details:
    choice = dcc.Checklist(id=ids.OBJECTS_CHOICE, options=[], value=[], className="column-choice")
    return html.Details([html.Summary("Columns", className="button"), choice], className="columns")


def _table() -> dag.AgGrid:
    return dag.AgGrid(
        id=ids.OBJECTS_TABLE,
        rowData=[],
        columnDefs=[],
        defaultColDef={
            "cellDataType": False,  # or the grid takes its own words for numbers
            "filter": "agNumberColumnFilter",
            "sortable": True,
            "resizable": True,
            "minWidth": 112,
            "flex": 1,
            "wrapHeaderText": True,
            "autoHeaderHeight": True,
            "type": "rightAligned",
            "suppressHeaderMenuButton": True,
            "valueFormatter": {"function": "objectNumber(params.value)"},
        },
        dashGridOptions={
            "theme": {"function": GRID_THEME},
            "rowSelection": {"mode": "multiRow", "enableClickSelection": True, "headerCheckbox": False},
            "localeText": {"noRowsToShow": NO_ROWS},
            "tooltipShowDelay": 400,
            "rowHeight": 32,
        },
        getRowId="params.data.id",
        className="objects-table",
    )


def state_text(view: InstanceView) -> str:
    """How far the counting is, in words.

    >>> state_text(InstanceView("working", done=3, total=12))
    'Counting, 25 %'
    """
    count = None if view.built is None else len(view.built.totals.ids)
    found = "" if count is None else ("1 object" if count == 1 else f"{count:,} objects")
    if view.state == "working" and count is None:
        return f"Counting, {100 * view.done // view.total} %" if view.total else "Counting…"
    if view.state == "working":
        return f"{found}, updating…"
    if view.state == "failed":
        return f"Not counted: {view.reason}"
    if view.state == "cancelled":
        return f"{found}, cancelled" if found else "Cancelled"
    return found
