"""Predicted masks as tiles, as docs/contracts.md ("Results") says: slice by slice while the job still runs."""

from collections.abc import Callable
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
from core.images.planes import PlaneAxis, placed, turned
from core.images.pyramid import max_pool
from core.learning.jobs import JobView
from core.learning.uncertainty import BANDS_OF, Bytes, entropy_of_two, margin_of_two
from core.services import ResultStore, Services

KEPT_BYTES = 256 << 20  # 28 slices of 2560 x 2560 with their levels
SLAB = 16  # planes across the slices read at a time: Tiled unpacks every slice for one as for all of them

Levels = list[NDArray[np.uint8]]


def register(app: Dash, services: Services) -> None:
    """Add the routes below /api/results."""
    kept = ByteCache(KEPT_BYTES, size=count_bytes)
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

    @server.get("/api/results/<job>/<any(y, x):axis>/<int:index>/<int:level>/<int:tx>/<int:ty>")
    def result_plane_tile(job: str, axis: PlaneAxis, index: int, level: int, tx: int, ty: int) -> Response:
        view = services.jobs.job(job)
        shape = turned(services.tiles.manifest(view.volume).info.shape, axis)
        if index >= shape[0]:
            raise NotFoundError(f"Plane {index} does not exist; {view.volume} has 0 to {shape[0] - 1}.")
        if not view.slices_done:
            return uncached(empty_answer())
        key = (job, axis, index // SLAB, tuple(view.slices_done))
        slab = kept.get(key, lambda: read_slab(services.results, view, axis, index // SLAB, shape=shape))
        levels: Levels = slab[index % SLAB]
        return uncached(deflated_tile(cut_tile(levels, level, tx, ty)))

    @server.get("/api/results/<job>/z/<int:z>/<int:level>/<int:tx>/<int:ty>")
    def result_tile(job: str, z: int, level: int, tx: int, ty: int) -> Response:
        if kept.peek((job, z)) is None and z not in services.jobs.job(job).slices_done:
            return uncached(empty_answer())
        levels: Levels = kept.get((job, z), lambda: reduce_slice(services.results.read_slice(job, z)))
        answer = deflated_tile(cut_tile(levels, level, tx, ty))
        answer.headers["Cache-Control"] = IMMUTABLE
        return answer

    _register_certainty(app, services, kept)


def _register_certainty(app: Dash, services: Services, kept: ByteCache) -> None:
    """How sure the model is, in the ways of core/learning/uncertainty.py."""
    ways = "any(uncertainty, confidence, entropy)"

    @app.server.get(f"/api/results/<job>/<{ways}:way>/z/<int:z>/<int:level>/<int:tx>/<int:ty>")
    def certainty_tile(job: str, way: str, z: int, level: int, tx: int, ty: int) -> Response:
        key = (job, z, way)
        if kept.peek(key) is None and z not in services.jobs.job(job).slices_done:
            return uncached(empty_answer())
        levels: Levels = kept.get(key, lambda: read_certainty(services, job, way, z))
        if not levels:
            return uncached(empty_answer())
        answer = deflated_tile(cut_tile(levels, level, tx, ty))
        answer.headers["Cache-Control"] = IMMUTABLE
        return answer

    @app.server.get(f"/api/results/<job>/<{ways}:_way>/<any(y, x):_axis>/<path:_tile>")
    def certainty_plane_tile(job: str, _way: str, _axis: str, _tile: str) -> Response:  # noqa: ARG001 - slices only
        return uncached(empty_answer())


def read_certainty(services: Services, job: str, way: str, z: int) -> Levels:
    """All levels of the bands of a slice; none where the result does not keep what they are of."""
    found = read_entropy(services, job, z) if way == "entropy" else services.results.read_confidence(job, z)
    return [] if found is None else reduce_slice(BANDS_OF[way][found])


def read_entropy(services: Services, job: str, z: int) -> NDArray[np.uint8] | None:
    """As it was kept; of two classes it follows from the confidence."""
    return _kept_or_of_two(services, job, z, services.results.read_entropy(job, z), entropy_of_two)


def read_margin(services: Services, job: str, z: int) -> NDArray[np.uint8] | None:
    """As it was kept; of two classes it follows from the confidence."""
    return _kept_or_of_two(services, job, z, services.results.read_margin(job, z), margin_of_two)


def _kept_or_of_two(
    services: Services, job: str, z: int, kept: NDArray[np.uint8] | None, of_two: Callable[[Bytes], Bytes]
) -> NDArray[np.uint8] | None:
    if kept is not None or len(services.jobs.job(job).classes) != 2:
        return kept
    confidence = services.results.read_confidence(job, z)
    return None if confidence is None else of_two(confidence)


def read_slab(
    results: ResultStore, view: JobView, axis: PlaneAxis, slab: int, *, shape: tuple[int, int, int]
) -> list[Levels]:
    """The planes of one slab with their levels; rows and columns of slices not predicted yet are 0.

    shape : planes, rows and columns of the volume seen along `axis`.
    """
    start, stop = slab * SLAB, min((slab + 1) * SLAB, shape[0])
    slices, labels = results.read_planes(view.id, axis, start, stop)
    return [reduce_slice(plane) for plane in placed(labels, slices, view.slices_done, axis, shape=shape[1:])]


def count_bytes(kept: Levels | list[Levels]) -> int:
    """Of a slice's levels, or of those of a slab."""
    return sum(level.nbytes if isinstance(level, np.ndarray) else count_bytes(level) for level in kept)


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
