"""Manifests, tiles and single values of images, as docs/contracts.md ("Images") says."""

import math
import struct
from dataclasses import asdict
from typing import Any

from dash import Dash
from flask import Response, jsonify, request

from core.errors import NotFoundError
from core.images.geometry import TILE_PX, level_shapes
from core.images.overview import is_large
from core.images.planes import plane_axes, plane_axis, turned, turned_info
from core.images.preview import can_preview, preview_range
from core.images.tiles import Manifest, Tile, read_places
from core.images.volumes import volume_path
from core.services import Services, TileServer

PREVIEW = "preview"  # query of a tile's URL: a JPEG, for slow links
DRAFT = "X-Draft"  # a first impression of a tile; the overview is still being made
IMMUTABLE = "private, max-age=31536000, immutable"  # the version is part of the URL


def register(app: Dash, services: Services) -> None:
    """Add the routes below /api/img."""
    tiles = services.tiles
    server = app.server

    @server.get("/api/img/<vid>/manifest")
    def image_manifest(vid: str) -> Response:
        return uncached(jsonify(manifest_json(tiles.manifest(volume_path(vid)))))

    @server.get("/api/img/<vid>/<version>/<axis>/<int:index>/<int:level>/<int:tx>/<int:ty>")
    def image_tile(vid: str, version: str, axis: str, index: int, level: int, tx: int, ty: int) -> Response:
        volume = volume_path(vid)
        check_version(tiles, volume, version)
        tile = tiles.tile(volume, plane_axis(axis), index, level, tx, ty, preview=PREVIEW in request.args)
        return Response(tile.pixels, mimetype=tile.mimetype, headers=lasting(tile.draft))

    @server.get("/api/img/<vid>/<version>/<axis>/<int:index>/tiles/<places>")
    def image_tiles(vid: str, version: str, axis: str, index: int, places: str) -> Response:
        volume = volume_path(vid)
        check_version(tiles, volume, version)
        preview, asked = PREVIEW in request.args, read_places(places)
        # The finest level first: what is read for it serves the coarser ones.
        found = {at: tiles.tile(volume, plane_axis(axis), index, *at, preview=preview) for at in sorted(asked)}
        return joined([found[at] for at in asked])

    @server.get("/api/img/<vid>/progress")
    def image_progress(vid: str) -> Response:
        return uncached(jsonify([asdict(progress) for progress in tiles.progress(volume_path(vid))]))

    @server.get("/api/img/<vid>/value/<int:z>/<int:y>/<int:x>")
    def image_value(vid: str, z: int, y: int, x: int) -> Response:
        return uncached(jsonify(value_json(tiles.value(volume_path(vid), z, y, x))))


def lasting(draft: bool) -> dict[str, str]:
    """How long an answer may be kept."""
    return {"Cache-Control": "no-store", DRAFT: "1"} if draft else {"Cache-Control": IMMUTABLE}


def joined(tiles: list[Tile]) -> Response:
    """Several tiles as one answer: the length of each (uint32, little-endian), then their bytes. Nothing is copied."""
    lengths = [len(tile.pixels) for tile in tiles]
    head = struct.pack(f"<{len(tiles)}I", *lengths)
    headers = {"Content-Length": str(len(head) + sum(lengths)), **lasting(any(tile.draft for tile in tiles))}
    return Response([head, *(tile.pixels for tile in tiles)], mimetype="application/octet-stream", headers=headers)


def uncached(response: Response) -> Response:
    """Let no cache answer in our place; what has not changed since the browser asked last is not sent again (304)."""
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


def unkept(response: Response) -> Response:
    """Let nobody keep an answer that may be another one the next time."""
    response.headers["Cache-Control"] = "no-store"
    return response


def check_version(tiles: TileServer, volume: str, version: str) -> None:
    """Raise NotFoundError unless `version` is the volume's current one."""
    current = tiles.manifest(volume).info.version
    if version != current:
        raise NotFoundError(f"{volume} has changed since this page opened it.", "Reload the manifest.")


def manifest_json(manifest: Manifest) -> dict[str, Any]:
    """A manifest in the words of the contract."""
    info, encoding = manifest.info, manifest.encoding
    return {
        "id": info.id,
        "path": info.path,
        "base_path": info.base_path,
        "name": info.name,
        "shape": info.shape,
        "channels": info.channels,
        "is_colour": info.is_colour,
        "channel_names": info.channel_names,
        "channel_colors": info.channel_colors,
        "channel_windows": manifest.channel_windows,
        "axes": info.axes,
        "extra_axes": [asdict(axis) for axis in info.extra_axes],
        "dtype": info.dtype.name,
        "version": info.version,
        "voxel_size_um": info.voxel_size_um,
        "tile_px": TILE_PX,
        "levels": level_shapes(info.shape[1:]),
        "preview": preview_range(manifest) if can_preview(info) else None,
        "whole_planes": [axis for axis in plane_axes() if not is_large(turned_info(info, axis))],
        "planes": {axis: level_shapes(turned(info.shape, axis)[1:]) for axis in ("y", "x")},
        "encoding": {
            "dtype": encoding.dtype,
            "lo": encoding.lo,
            "step": encoding.step,
            "exact": encoding.exact,
            "nan_code": encoding.nan_code,
        },
        "window": manifest.window,
        "histogram": manifest.histogram,
        "histogram_range": manifest.histogram_range,
    }


def value_json(value: Any) -> dict[str, Any]:
    """A true value and how to write it. JSON has no NaN and no Inf, so these are null."""
    if isinstance(value, list):
        return {"value": [_finite(v) for v in value], "text": ", ".join(_text(v) for v in value)}
    return {"value": _finite(value), "text": _text(value)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    return repr(value)
