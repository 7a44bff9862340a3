"""Labels as they were, what differs between two moments, and small pictures of edits; docs/contracts.md, "Labels"."""

from dash import Dash
from flask import Response

from callbacks.http.images import IMMUTABLE
from callbacks.http.labels import check_plane, tile_size
from callbacks.http.pixels import deflated_tile, empty_answer
from core.errors import NotFoundError
from core.images.planes import PlaneAxis, plane_axis, turned
from core.images.volumes import volume_path
from core.labels.edits import empty_tile
from core.labels.moments import Difference, Moment
from core.labels.planes import PlaneLabels
from core.labels.pyramid import LabelPyramid
from core.labels.thumbnails import thumbnail
from core.services import Services

PLACE = "<axis>/<int:index>/<int:level>/<int:tx>/<int:ty>"


def register(app: Dash, services: Services) -> None:
    """Add the routes of the past below /api/labels."""
    server, labels = app.server, services.labels

    @server.get(f"/api/labels/<vid>/at/<int:revision>/{PLACE}")
    def moment_tile(vid: str, revision: int, axis: str, index: int, level: int, tx: int, ty: int) -> Response:
        return _tile(services, Moment(labels, revision), vid, plane_axis(axis), index, level, tx, ty)

    @server.get(f"/api/labels/<vid>/between/<int:first>/<int:second>/{PLACE}")
    def difference_tile(
        vid: str, first: int, second: int, axis: str, index: int, level: int, tx: int, ty: int
    ) -> Response:
        between = Difference(Moment(labels, first), Moment(labels, second))
        return _tile(services, between, vid, plane_axis(axis), index, level, tx, ty)

    @server.get("/api/labels/<vid>/thumbnails/<int:revision>")
    def edit_thumbnail(vid: str, revision: int) -> Response:
        png = draw_edit(services, volume_path(vid), revision)
        return Response(png, mimetype="image/png", headers={"Cache-Control": IMMUTABLE})


def draw_edit(services: Services, volume: str, revision: int) -> bytes:
    """The picture of the first tile that an edit changed. Raises NotFoundError when it changed none."""
    labels = services.labels
    index = labels.changed_by(volume, revision)
    if index is None:
        raise NotFoundError(f"The edit {revision} changed no pixels.")
    before, after = labels.tile_at(volume, index, revision - 1), labels.tile_at(volume, index, revision)
    colors = {c.id: c.color for c in labels.classes(volume)}
    return thumbnail(empty_tile() if before is None else before, empty_tile() if after is None else after, colors)


def _tile(
    services: Services, past: Moment | Difference, vid: str, axis: PlaneAxis, index: int, level: int, tx: int, ty: int
) -> Response:
    volume = volume_path(vid)
    manifest = services.tiles.manifest(volume)
    check_plane(manifest, axis, index)
    height, width = tile_size(turned(manifest.info.shape, axis)[1:], level, tx, ty)
    reader = past if axis == "z" else PlaneLabels(past, axis)
    tile = LabelPyramid(reader).tile(volume, index, level, tx=tx, ty=ty)
    answer = empty_answer() if tile is None or not tile.any() else deflated_tile(tile[:height, :width])
    answer.headers["Cache-Control"] = IMMUTABLE
    return answer
