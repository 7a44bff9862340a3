"""The whole page: a top bar, the image with its side panels, and the places that open over it."""

from collections.abc import Mapping
from typing import Any

from dash import dcc, html

from components import (
    classes,
    contrast,
    curate,
    datasets,
    exchange,
    history,
    ids,
    live,
    messages,
    models,
    moments,
    objects,
    overlay,
    stack,
    suggestions,
    topbar,
)
from components.slice_viewer import SliceViewer
from components.stores import stores
from core.images.volumes import volume_path


def page(*, browser_cache_mb: int | None = None, opened: Mapping[str, Any] | None = None) -> html.Div:
    """The layout; callbacks fill it in.

    Parameters
    ----------
    browser_cache_mb : of tiles that the viewer keeps, MiB.
    opened : properties of the viewer that the address of the page tells, so that the image does not wait for callbacks.
    """
    path = volume_path(opened["volume"]) if opened else None
    viewer = SliceViewer(id=ids.VIEWER, apiRoot="api", classes=[], tileCacheMb=browser_cache_mb, **opened or {})
    return html.Div(
        [
            dcc.Location(ids.LOCATION, refresh=False),
            stores(volume=path),
            topbar.top_bar(path),
            html.Main(
                [
                    html.Div(
                        [
                            html.Div(
                                [
                                    viewer,
                                    objects.drawer(),
                                    moments.banner(),
                                ],
                                className="stage",
                            ),
                            html.Aside(_panels(), id=ids.SIDEBAR, className="sidebar", hidden=False),
                        ],
                        id=ids.ANNOTATE_PLACE,
                        className="annotate",
                    ),
                    html.Div(models.place(), id=ids.MODELS_PLACE, className="models-place", hidden=True),
                    html.Div(curate.place(), id=ids.CURATE_PLACE, className="models-place", hidden=True),
                    html.Div(exchange.place(), id=ids.EXCHANGE_PLACE, className="models-place", hidden=True),
                    datasets.picker(),
                ],
                className="workspace",
            ),
            messages.region(),
        ],
        id=ids.PAGE,
        className="page",
    )


def _panels() -> list[html.Section | html.Details]:
    return [
        classes.panel(),
        live.panel(),
        objects.panel(),
        overlay.panel(),
        stack.panel(),
        suggestions.panel(),
        contrast.panel(),
        history.panel(),
    ]
