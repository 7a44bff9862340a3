"""Predicted masks as tiles, as docs/contracts.md ("Results") says: slice by slice while the job still runs."""

from dataclasses import asdict

import numpy as np
from dash import Dash
from flask import Response, jsonify
from numpy.typing import NDArray

from callbacks.http.images import IMMUTABLE, uncached
from callbacks.http.pixels import deflated_tile, empty_answer
from core.byte_cache import ByteCache
from core.errors import NotFoundError
from core.images.geometry import level_shapes, tile_bounds
from core.images.pyramid import max_pool
from core.services import Services

KEPT_BYTES = 256 << 20  # 28 slices of 2560 x 2560 with their levels

Levels = list[NDArray[np.uint8]]


def register(app: Dash, services: Services) -> None:
    """Add the routes below /api/results."""
    kept = ByteCache(KEPT_BYTES, size=lambda levels: sum(level.nbytes for level in levels))
    server = app.server

    @server.get("/api/results/<job>/manifest")
    def result_manifest(job: str) -> Response:
        view = services.jobs.job(job)
        return uncached(
            jsonify(
                id=view.id,
                name=view.name,
                volume=view.volume,
                state=view.state.value,
                classes=[asdict(label_class) for label_class in view.classes],
                slices_done=list(view.slices_done),
            )
        )

    @server.get("/api/results/<job>/z/<int:z>/<int:level>/<int:tx>/<int:ty>")
    def result_tile(job: str, z: int, level: int, tx: int, ty: int) -> Response:
        if kept.peek((job, z)) is None and z not in services.jobs.job(job).slices_done:
            return uncached(empty_answer())
        levels: Levels = kept.get((job, z), lambda: reduce_slice(services.results.read_slice(job, z)))
        answer = deflated_tile(cut_tile(levels, level, tx, ty))
        answer.headers["Cache-Control"] = IMMUTABLE
        return answer


def reduce_slice(labels: NDArray[np.uint8]) -> Levels:
    """All levels of a predicted slice, full size first, each by the greatest class id of 2 x 2 blocks."""
    levels = [labels]
    for _ in level_shapes((labels.shape[0], labels.shape[1]))[1:]:
        levels.append(max_pool(levels[-1], 1))
    return levels


def cut_tile(levels: Levels, level: int, tx: int, ty: int) -> NDArray[np.uint8]:
    """One tile, cropped at the edge. Raises NotFoundError when it lies outside."""
    if level >= len(levels):
        raise NotFoundError(f"Level {level} does not exist; the result has 0 to {len(levels) - 1}.")
    pixels = levels[level]
    return pixels[tile_bounds((pixels.shape[0], pixels.shape[1]), tx, ty)]
