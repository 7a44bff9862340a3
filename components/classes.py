"""The panel with the label classes; its list is drawn in the browser (assets/classes.js), for it may be long."""

from dash import html

from components import ids


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
            html.Div(id=ids.CLASS_LIST, className="class-list"),
        ],
        className="panel",
    )
