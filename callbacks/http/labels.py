"""Label tiles, edits and undo for the browser, as docs/contracts.md ("Labels") says."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from dash import Dash
from flask import Response, jsonify, request

from callbacks.http.images import IMMUTABLE, uncached
from callbacks.http.pixels import deflated_tile, empty_answer
from core.errors import InvalidInputError, NotFoundError
from core.images.geometry import level_shapes, tile_bounds
from core.images.planes import PlaneAxis, plane_axis, turned
from core.images.tiles import Manifest
from core.images.volumes import volume_path
from core.labels.planes import PlaneLabels, TileReader
from core.labels.pyramid import LabelPyramid
from core.labels.spans import MAX_INFLATED_BYTES, check_edit_id, decode_edit
from core.labels.store import Changes, LabelStore, Paint, Receipt, TileIndex
from core.people import Presence, Visit, check_tab, color_of
from core.services import Services

MAX_REVISION = 2**53  # what a browser counts exactly


def register(app: Dash, services: Services) -> None:
    """Add the routes below /api/labels."""
    _register_reads(app, services)
    _register_tiles(app, services)
    _register_writes(app, services)


def _register_reads(app: Dash, services: Services) -> None:
    labels = services.labels
    server = app.server
    presence = Presence()

    @server.get("/api/labels/<vid>")
    def labels_overview(vid: str) -> Response:
        volume = volume_path(vid)
        revision = labels.revision(volume)  # first: what comes after may be newer, and is asked for again then
        classes = [asdict(label_class) for label_class in labels.classes(volume)]
        return uncached(jsonify(revision=revision, classes=classes, **_state(services, volume)))

    @server.get("/api/labels/<vid>/changes")
    def labels_changes(vid: str) -> Response:
        volume = volume_path(vid)
        since = _revision(request.args.get("since", ""))
        met = _meet(presence, services, volume)
        if labels.revision(volume) == since:  # nearly always, and asked often
            return uncached(jsonify(_changes_json(Changes(since, (), classes_changed=False)) | met))
        changes = labels.changes(volume, since=since)
        return uncached(jsonify(_changes_json(changes) | _state(services, volume) | met))

    planes = _plane_readers(labels)

    @server.get("/api/labels/<vid>/<axis>/<int:index>")
    def label_tiles(vid: str, axis: str, index: int) -> Response:
        volume, plane = volume_path(vid), plane_axis(axis)
        check_plane(services.tiles.manifest(volume), plane, index)
        revision = labels.revision(volume)
        versions = planes[plane].tile_versions(volume, index)
        return uncached(jsonify(revision=revision, tiles=[[tx, ty, version] for (ty, tx), version in versions.items()]))


def _register_tiles(app: Dash, services: Services) -> None:
    pyramids = {axis: LabelPyramid(reader) for axis, reader in _plane_readers(services.labels).items()}

    @app.server.get("/api/labels/<vid>/<axis>/<int:index>/<int:level>/<int:tx>/<int:ty>")
    def label_tile(vid: str, axis: str, index: int, level: int, tx: int, ty: int) -> Response:
        volume, plane = volume_path(vid), plane_axis(axis)
        manifest = services.tiles.manifest(volume)
        check_plane(manifest, plane, index)
        height, width = tile_size(turned(manifest.info.shape, plane)[1:], level, tx, ty)
        tile = pyramids[plane].tile(volume, index, level, tx=tx, ty=ty)
        answer = empty_answer() if tile is None or not tile.any() else deflated_tile(tile[:height, :width])
        answer.headers["Cache-Control"] = IMMUTABLE if "v" in request.args else "no-cache"
        return answer


def _register_writes(app: Dash, services: Services) -> None:
    labels = services.labels
    server = app.server

    @server.post("/api/labels/<vid>/edits")
    def label_edit(vid: str) -> Response:
        volume = volume_path(vid)
        shape = services.tiles.manifest(volume).info.shape
        request.max_content_length = MAX_INFLATED_BYTES
        body = decode_edit(request.get_data(cache=False))
        where = {"index": body.index, "axis": body.axis, "user": services.current_user()}
        what = {"label": body.label, "spans": body.spans, "parts": body.parts, "rule": body.rule}
        edit = Paint(body.id, volume, **where, **what, source=body.source)
        return edit_answer(services, volume, labels.paint(edit, shape=shape))

    @server.post("/api/labels/<vid>/undo")
    def label_undo(vid: str) -> Response:
        volume = volume_path(vid)
        receipt = labels.undo(volume, edit_id=_edit_id(), user=services.current_user())
        return step_answer(services, volume, receipt)

    @server.post("/api/labels/<vid>/redo")
    def label_redo(vid: str) -> Response:
        volume = volume_path(vid)
        receipt = labels.redo(volume, edit_id=_edit_id(), user=services.current_user())
        return step_answer(services, volume, receipt)


def tile_size(shape: tuple[int, int], level: int, tx: int, ty: int) -> tuple[int, int]:
    """(height, width) of a tile of a (Y, X) slice, cropped at the edge. Raises NotFoundError."""
    shapes = level_shapes(shape)
    if level >= len(shapes):
        raise NotFoundError(f"Level {level} does not exist; the image has 0 to {len(shapes) - 1}.")
    rows, columns = tile_bounds(shapes[level], tx, ty)
    return rows.stop - rows.start, columns.stop - columns.start


def step_answer(services: Services, volume: str, receipt: Receipt) -> Response:
    """With whether the class table has changed too: a deletion taken back brings its class back."""
    news = services.labels.changes(volume, since=receipt.revision - 1)
    return edit_answer(services, volume, receipt, classes_changed=news.classes_changed)


def edit_answer(
    services: Services, volume: str, receipt: Receipt, *, said: str = "", classes_changed: bool = False
) -> Response:
    """What every write is answered with; `said` is a sentence for the person."""
    done = {
        "revision": receipt.revision,
        "changed": _changed_json(receipt.changed),
        "duplicate": receipt.duplicate,
        "of": receipt.of,
        "said": said,
        "classes_changed": classes_changed,
    }
    return uncached(jsonify(done | _state(services, volume)))


def _state(services: Services, volume: str) -> dict[str, Any]:
    labels: LabelStore = services.labels
    history = labels.history(volume, user=services.current_user())
    return {"annotated": labels.annotated_slices(volume), "history": asdict(history)}


def _meet(presence: Presence, services: Services, volume: str) -> dict[str, Any]:
    """Who asks, by name, and who else is there, if the page says which window it is."""
    name, z = services.current_user(), request.args.get("z", 0, type=int)
    if "tab" not in request.args:
        return {"author": name, "present": []}
    others = presence.meet(volume, Visit(check_tab(request.args["tab"]), name, z))
    return {"author": name, "present": [asdict(other) | {"color": color_of(other.name)} for other in others]}


def _changes_json(changes: Changes) -> dict[str, Any]:
    return {
        "revision": changes.revision,
        "changed": _changed_json(changes.changed),
        "classes_changed": changes.classes_changed,
    }


def _changed_json(indices: Iterable[TileIndex]) -> list[list[int]]:
    """Tiles as the browser names them: [z, tx, ty]."""
    return [[z, tx, ty] for z, ty, tx in indices]


def _edit_id() -> str:
    content = request.get_json(silent=True)
    return check_edit_id(content.get("id") if isinstance(content, dict) else None)


def _revision(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > MAX_REVISION:
        raise InvalidInputError(f"{text[:60]!r} is not a revision: an integer from 0.", "Reload the page.")
    return int(text)


def _plane_readers(labels: LabelStore) -> dict[PlaneAxis, TileReader]:
    return {"z": labels, "y": PlaneLabels(labels, "y"), "x": PlaneLabels(labels, "x")}


def check_plane(manifest: Manifest, axis: PlaneAxis, index: int) -> None:
    """Raise NotFoundError unless the volume has the plane."""
    count = turned(manifest.info.shape, axis)[0]
    if index >= count:
        raise NotFoundError(f"Slice {index} does not exist; {manifest.info.path} has 0 to {count - 1}.")
