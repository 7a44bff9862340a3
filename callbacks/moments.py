"""Moments of the labels on the image: one is looked at or restored, two are compared.

`stores.MOMENT` holds ``{"revision", "against"}``: the revision that is looked at, or A of a comparison; and None, or
the revision of B, `history.NOW` for the newest one. The browser chooses it (`assets/history.js`): of two presses none
is lost, however slow the server is.
"""

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State

from components import history, ids, moments, stores
from core.labels.history import EditRecord
from core.labels.moments import Difference, Moment
from core.services import Services

COUNTED_TILES = 3000  # about as many seconds as thousands; beyond it the slices are told, not the pixels
OPACITY, DIFFERENCE_OPACITY = 0.6, 0.75

MomentState = dict[str, Any] | None
Shown = dict[str, Any]


def register(app: Dash, services: Services) -> None:
    """Choose a moment or two, show them, say what differs, and go to where it does."""
    _register_choice(app, services)
    _register_view(app, services)
    app.clientside_callback(
        ClientsideFunction("past", "goToMoment"),
        Input(ids.VIEWER, "moment"),
        Input(ids.MOMENT_PREVIOUS, "n_clicks"),
        Input(ids.MOMENT_NEXT, "n_clicks"),
        State(ids.VIEWER, "slice"),
        prevent_initial_call=True,
    )


def _register_choice(app: Dash, services: Services) -> None:
    app.clientside_callback(
        ClientsideFunction("past", "chooseMoment"),
        Output(stores.MOMENT, "data"),
        Input(ids.moment(ALL), "n_clicks"),
        Input(ids.named_moment(ALL, ALL), "n_clicks"),
        Input(ids.moment_end(ALL, ALL, ALL), "n_clicks"),
        Input(ids.MOMENT_BACK, "n_clicks"),
        Input(ids.MOMENT_COMPARE, "n_clicks"),
        Input(stores.VOLUME, "data"),
        State(stores.MOMENT, "data"),
        State(stores.HISTORY_SHOWN, "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(stores.MOMENT, "data", allow_duplicate=True),
        Input(ids.MOMENT_RESTORE, "n_clicks"),
        State(stores.VOLUME, "data"),
        State(stores.MOMENT, "data"),
        prevent_initial_call=True,
    )
    def restore(_clicks: int, volume: dict[str, str] | None, moment: MomentState) -> None:
        if volume is not None and moment is not None:
            edit_id, user = str(uuid.uuid4()), services.current_user()
            services.labels.restore(volume["path"], moment["revision"], edit_id=edit_id, user=user)


def _register_view(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.VIEWER, "moment"),
        Output(ids.MOMENT_TEXT, "children"),
        Output(ids.MOMENT_BANNER, "hidden"),
        Output(ids.MOMENT_JUMP, "hidden"),
        Output(ids.MOMENT_COMPARE, "hidden"),
        Output(ids.MOMENT_RESTORE, "children"),
        Output(ids.MOMENT_RESTORE, "hidden"),
        Input(stores.MOMENT, "data"),
        State(stores.VOLUME, "data"),
        prevent_initial_call=True,
    )
    def show_moment(moment: MomentState, volume: dict[str, str] | None) -> Any:
        if moment is None or volume is None:
            return None, "", True, True, True, "Restore", True
        first = find_record(services, volume["path"], moment["revision"])
        beside = moment["against"] is not None
        shown, words = (comparison if beside else view)(services, volume, moment, first)
        restore = "Restore A" if beside else "Restore"
        return shown, words, False, len(shown["differing"]) < 1, beside, restore, first is None


def find_record(services: Services, path: str, revision: int) -> EditRecord | None:
    """The newest edit at a revision."""
    return next(iter(services.labels.edits(path, before=revision + 1, limit=1)), None)


def view(
    services: Services, volume: Mapping[str, str], moment: Mapping[str, Any], record: EditRecord | None
) -> tuple[Shown, Any]:
    """One moment: the viewer's `moment` (docs/contracts.md) with the slices of its edit, and what the banner says.

    record : the edit that made the moment; None before the first one.
    """
    table = [asdict(label_class) for label_class in services.labels.classes(volume["path"])]
    slices = list(range(services.tiles.manifest(volume["path"]).info.shape[0]))
    shown = _shown(volume, f"at/{moment['revision']}", table, slices, OPACITY)
    edited = [record.first, record.last] if record and record.tiles else None
    return shown | {"differing": [], "edited": edited}, moments.looked_at(_clock(services, record))


def comparison(
    services: Services, volume: Mapping[str, str], moment: Mapping[str, Any], record: EditRecord | None
) -> tuple[Shown, Any]:
    """Two moments: where they differ, and how much. record : of A, as in `view`."""
    path, first, chosen = volume["path"], moment["revision"], moment["against"]
    second = services.labels.revision(path) if chosen == history.NOW else chosen
    between = Difference(Moment(services.labels, first), Moment(services.labels, second))
    start = _clock(services, record)
    ends = start, "now" if chosen == history.NOW else _clock(services, find_record(services, path, second), since=start)
    tiles = between.tiles(path)
    slices = sorted({z for z, _, _ in tiles})
    if len(tiles) > COUNTED_TILES:
        words = moments.uncounted(ends, len(tiles), slices)
    else:
        summary = between.summary(path)
        words, slices = moments.compared(ends, summary, _names(services, path)), list(summary.slices)
    shown = _shown(volume, f"between/{first}/{second}", moments.overlay_classes(), slices, DIFFERENCE_OPACITY)
    return shown | {"differing": slices, "edited": None}, words


def _shown(volume: Mapping[str, str], place: str, table: list[Any], slices: list[int], opacity: float) -> Shown:
    root = f"labels/{volume['id']}/{place}"
    return {"id": place, "root": root, "classes": table, "opacity": opacity, "slices": slices}


def _names(services: Services, path: str) -> dict[int, str]:
    return {c.id: c.name for c in services.labels.classes(path)}


def _clock(services: Services, record: EditRecord | None, *, since: str = "") -> str:
    """Words for the time of an edit; without the day where it is that of `since`."""
    if record is None:
        return "the beginning"
    day, _, time = history.clock(record.at, services.timezone).partition(" ")
    return time if since.startswith(day) else f"{day} {time}"
