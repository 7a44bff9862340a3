"""Moments of the labels on the image: one is looked at or restored, two are compared.

`stores.MOMENT` holds ``{"revision", "at", "slices", "against"}``: what is looked at, or A of a comparison; `against` is
None, or B as ``{"revision", "at", "is_now"}``. `at` is POSIX seconds, None before the first edit; `slices` the first
and the last that the edit changed.
"""

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, no_update

from callbacks.events import changed, events
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
        Input(stores.MOMENT, "data"),
        Input(ids.VIEWER, "moment"),
        Input(ids.MOMENT_PREVIOUS, "n_clicks"),
        Input(ids.MOMENT_NEXT, "n_clicks"),
        State(ids.VIEWER, "slice"),
        prevent_initial_call=True,
    )


def _register_choice(app: Dash, services: Services) -> None:
    @app.callback(
        Output(stores.MOMENT, "data"),
        Input(ids.moment(ALL), "n_clicks"),
        Input(ids.named_moment(ALL, ALL), "n_clicks"),
        Input(ids.moment_end(ALL, ALL, ALL), "n_clicks"),
        Input(ids.MOMENT_BACK, "n_clicks"),
        Input(ids.MOMENT_COMPARE, "n_clicks"),
        Input(ids.MOMENT_RESTORE, "n_clicks"),
        Input(stores.VOLUME, "data"),
        State(stores.MOMENT, "data"),
        prevent_initial_call=True,
    )
    def choose_moment(*values: Any) -> Any:
        volume, moment = values[-2:]
        if volume is None or changed(stores.VOLUME, ids.MOMENT_BACK):
            return None
        event = next((event for event, value in events() if value), None)
        if event is None:
            return no_update  # drawn, not pressed
        return next_moment(services, volume["path"], event, moment)


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
        beside = moment["against"] is not None
        shown, words = (comparison if beside else view)(services, volume, moment)
        restore = "Restore A" if beside else "Restore"
        return shown, words, False, len(shown["differing"]) < 1, beside, restore, moment["at"] is None


def next_moment(services: Services, path: str, event: Any, moment: MomentState) -> MomentState:
    """What to look at after a button was pressed; None: now."""
    if isinstance(event, dict):
        if event["type"] == "moment-end":
            return choose_end(services, path, event["end"], event["revision"], moment)
        return moment_at(services, path, event["revision"])
    if moment is None:
        return None
    if event == ids.MOMENT_RESTORE:
        services.labels.restore(path, moment["revision"], edit_id=str(uuid.uuid4()), user=services.current_user())
        return None
    return moment | {"against": end_at(services, path, history.NOW)}


def choose_end(services: Services, path: str, end: str, revision: int, moment: MomentState) -> MomentState:
    """A comparison with a new A or B. Without the other one: A with now, B with the moment just before it."""
    if end == "a":
        first = moment_at(services, path, revision or services.labels.revision(path))
        return first | {"against": (moment or {}).get("against") or end_at(services, path, history.NOW)}
    second = end_at(services, path, revision)
    return (moment or moment_at(services, path, second["revision"] - 1)) | {"against": second}


def moment_at(services: Services, path: str, revision: int) -> dict[str, Any]:
    """A revision to look at."""
    record = find_record(services, path, revision)
    slices = [record.first, record.last] if record and record.tiles else None
    return {"revision": revision, "at": record.at if record else None, "slices": slices, "against": None}


def end_at(services: Services, path: str, revision: int) -> dict[str, Any]:
    """B of a comparison; `history.NOW` is the newest moment there is."""
    place = revision or services.labels.revision(path)
    record = find_record(services, path, place)
    return {"revision": place, "at": record.at if record else None, "is_now": revision == history.NOW}


def find_record(services: Services, path: str, revision: int) -> EditRecord | None:
    """The newest edit at a revision."""
    return next(iter(services.labels.edits(path, before=revision + 1, limit=1)), None)


def view(services: Services, volume: Mapping[str, str], moment: Mapping[str, Any]) -> tuple[Shown, Any]:
    """One moment: the viewer's `moment` (docs/contracts.md), and what the banner says."""
    table = [asdict(label_class) for label_class in services.labels.classes(volume["path"])]
    slices = list(range(services.tiles.manifest(volume["path"]).info.shape[0]))
    shown = _shown(volume, f"at/{moment['revision']}", table, slices, OPACITY)
    return shown | {"differing": []}, moments.looked_at(_clock(services, moment["at"]))


def comparison(services: Services, volume: Mapping[str, str], moment: Mapping[str, Any]) -> tuple[Shown, Any]:
    """Two moments: where they differ, and how much."""
    path, first, other = volume["path"], moment["revision"], moment["against"]
    between = Difference(Moment(services.labels, first), Moment(services.labels, other["revision"]))
    start = _clock(services, moment["at"])
    ends = start, "now" if other["is_now"] else _clock(services, other["at"], since=start)
    tiles = between.tiles(path)
    slices = sorted({z for z, _, _ in tiles})
    if len(tiles) > COUNTED_TILES:
        words = moments.uncounted(ends, len(tiles), slices)
    else:
        summary = between.summary(path)
        words, slices = moments.compared(ends, summary, _names(services, path)), list(summary.slices)
    place = f"between/{first}/{other['revision']}"
    shown = _shown(volume, place, moments.overlay_classes(), slices, DIFFERENCE_OPACITY)
    return shown | {"differing": slices}, words


def _shown(volume: Mapping[str, str], place: str, table: list[Any], slices: list[int], opacity: float) -> Shown:
    root = f"labels/{volume['id']}/{place}"
    return {"id": place, "root": root, "classes": table, "opacity": opacity, "slices": slices}


def _names(services: Services, path: str) -> dict[int, str]:
    return {c.id: c.name for c in services.labels.classes(path)}


def _clock(services: Services, at: float | None, *, since: str = "") -> str:
    """Words for a time; without the day where it is that of `since`."""
    if at is None:
        return "the beginning"
    day, _, time = history.clock(at, services.timezone).partition(" ")
    return time if since.startswith(day) else f"{day} {time}"
