"""Choosing a dataset: the address of the page names the volume and the slice, the picker only changes the address."""

from typing import Any
from urllib.parse import parse_qs

from dash import ClientsideFunction, Dash, Input, Output, State, no_update

from components import datasets, ids, stores, topbar
from core.errors import AppError
from core.images.positions import read_positions
from core.images.volumes import volume_id
from core.services import Services

PATIENCE_S = 0.7  # a list that is whole within this comes in one piece


def register(app: Dash, services: Services) -> None:
    """Open volumes and list them."""
    _register_picker(app, services)
    _register_address(app)
    _register_opening(app, services)


def _register_picker(app: Dash, services: Services) -> None:
    picker = "datasets"
    opening, closing = Input(ids.DATASET_BUTTON, "n_clicks"), Input(ids.DATASET_CLOSE, "n_clicks")
    app.clientside_callback(ClientsideFunction(picker, "open"), opening, prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction(picker, "close"), closing, prevent_initial_call=True)
    app.clientside_callback(
        ClientsideFunction(picker, "show"), Input(stores.DATASETS, "data"), Input(ids.DATASET_SEARCH, "value")
    )

    @app.callback(
        Output(stores.DATASETS, "data"),
        Output(ids.DATASET_REFRESH, "disabled"),
        Output(ids.DATASET_POLL, "disabled"),
        Input(ids.DATASET_BUTTON, "n_clicks"),
        Input(ids.DATASET_REFRESH, "n_clicks"),
        Input(ids.DATASET_POLL, "n_intervals"),
        prevent_initial_call=True,
    )
    def list_datasets(_open: int, _refresh: int, _poll: int) -> Any:
        try:
            listing = services.volumes.listing(wait_s=PATIENCE_S)
        except AppError as error:
            return datasets.failed(error), False, True
        return datasets.listed(listing), not listing.is_complete, listing.is_complete


def _register_address(app: Dash) -> None:
    """The address follows the slice and the place that are seen."""
    page = "page"
    app.clientside_callback(
        ClientsideFunction(page, "addressSlice"),
        Input(ids.VIEWER, "slice"),
        Input(ids.VIEWER, "place"),
        State(stores.VOLUME, "data"),
    )
    app.clientside_callback(
        ClientsideFunction(page, "addressedPlace"), Output(ids.VIEWER, "place"), Input(ids.LOCATION, "search")
    )
    app.clientside_callback(
        ClientsideFunction(page, "openSibling"),
        Output(ids.LOCATION, "search"),
        Input(ids.VIEWER, "sibling"),
        State(ids.VIEWER, "slice"),
        State(ids.VIEWER, "place"),
        prevent_initial_call=True,
    )


def _register_opening(app: Dash, services: Services) -> None:
    @app.callback(
        Output(stores.VOLUME, "data"),
        Output(ids.VIEWER, "volume"),
        Output(ids.VIEWER, "slice"),
        Output(ids.DATASET_NAME, "children"),
        Input(ids.LOCATION, "search"),
        State(stores.VOLUME, "data"),
    )
    def open_volume(search: str, current: dict[str, str] | None) -> Any:
        path, z = read_address(search)
        path = path or first_volume(services)
        if path is None:
            return None, None, no_update, "Choose a dataset"
        asked = no_update if z is None else z
        if current is not None and path == current["path"]:
            return no_update, no_update, asked, no_update
        vid = volume_id(path)
        return {"path": path, "id": vid}, vid, asked if _are_siblings(path, current) else z or 0, path

    @app.callback(Output(ids.DATASET_FACTS, "children"), Input(ids.VIEWER, "manifest"), prevent_initial_call=True)
    def show_facts(manifest: dict[str, Any] | None) -> str:
        return topbar.facts(manifest)


def _are_siblings(path: str, current: dict[str, str] | None) -> bool:
    """Whether the volume that is open is another part of the same array, so that its slice means the same."""
    return current is not None and read_positions(path).path == read_positions(current["path"]).path


def read_address(search: str | None) -> tuple[str | None, int | None]:
    """(volume path, z) of the page's address; None for what it does not name.

    >>> read_address("?volume=sample%2Fbeads&slice=5")
    ('sample/beads', 4)
    >>> read_address("?volume=movie%40t%3D3,m%3D0")  # labels belong to a path, so there is one way to write it
    ('movie@t=3', None)
    """
    query = parse_qs((search or "").removeprefix("?"))
    path, number = query.get("volume", [None])[0], query.get("slice", [""])[0]
    path = str(read_positions(path)) if path else None
    return path, int(number) - 1 if number.isdigit() and int(number) > 0 else None


def addressed(search: str) -> dict[str, Any]:
    """Properties of the viewer for the page's address; none where it names no volume.

    >>> addressed("?volume=beads&slice=5&at=1,2,3")
    {'volume': 'YmVhZHM', 'slice': 4, 'place': '1,2,3'}
    >>> addressed("")
    {}
    """
    path, z = read_address(search)
    place = parse_qs(search.removeprefix("?")).get("at", [None])[0]
    return {"volume": volume_id(path), "slice": z or 0, "place": place} if path else {}


def first_volume(services: Services) -> str | None:
    """What a first visit opens: a stack, else an image; None when Tiled has none or is down (the picker says why).

    It does not wait for the whole list when a part of it has a stack.
    """
    try:
        listing = services.volumes.listing(wait_s=PATIENCE_S)
        while not (listing.is_complete or any(info.shape[0] > 1 for info in listing.infos)):
            listing = services.volumes.listing(wait_s=PATIENCE_S)
    except AppError:
        return None
    return min(listing.infos, key=lambda info: info.shape[0] == 1).path if listing.infos else None
