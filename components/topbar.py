"""The bar at the top: which volume is open, the places of the page, whether all is saved, and who is there."""

from collections.abc import Mapping
from typing import Any

from dash import html

from components import ids, jobs, people

PLACES = {"annotate": "Annotate", "models": "Models", "curate": "Curate", "exchange": "Exchange"}


def top_bar(volume: str | None) -> html.Header:
    """With the path of the open volume; `facts` and callbacks fill it in."""
    return html.Header(
        [
            html.Button(
                [html.Span(className="icon icon-stack"), _name(volume)],
                id=ids.DATASET_BUTTON,
                className="button dataset-button",
                title="Choose a dataset",
                **{"aria-haspopup": "dialog"},
            ),
            html.Span(id=ids.DATASET_FACTS, className="dataset-facts"),
            html.Nav([_tab(place) for place in PLACES], className="places", **{"aria-label": "Places"}),
            jobs.strip(),
            html.Span(id=ids.SAVE_STATE, className="save-state", role="status"),
            html.Button(
                html.Span(className="icon icon-theme"),
                id=ids.THEME_SWITCH,
                className="icon-button",
                title="Dark or light",
                **{"aria-label": "Dark or light"},
            ),
            html.Button(
                html.Span(className="icon icon-sidebar"),
                id=ids.SIDEBAR_TOGGLE,
                className="icon-button",
                title="Show or hide the panels",
                **{"aria-label": "Show or hide the panels"},
            ),
            people.others(),
            people.myself(),
        ],
        className="top-bar",
    )


def _name(volume: str | None) -> html.Span:
    return html.Span(volume or "Choose a dataset", id=ids.DATASET_NAME, className="dataset-name")


def facts(manifest: Mapping[str, Any] | None) -> str:
    """What kind of data is open.

    >>> facts({"dtype": "float32", "shape": [24, 1024, 1536], "channels": 1})
    'float32, 24 slices of 1536 x 1024'
    """
    if not manifest:
        return ""
    z, y, x = manifest["shape"]
    channels = manifest["channels"]
    many = "colour " if manifest.get("is_colour") else f"{channels} channels "
    kind = manifest["dtype"] if channels == 1 else f"{many}{manifest['dtype']}"
    return f"{kind}, {f'{z} slices of ' if z > 1 else ''}{x} x {y}"


def _tab(place: str) -> html.Button:
    return html.Button(PLACES[place], id=ids.place_tab(place), className="place-tab", **{"aria-current": "false"})
