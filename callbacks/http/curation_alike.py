"""More like this: the items of a table in the order of how much they look like something, as docs/contracts.md says."""

import time
from dataclasses import asdict
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
from dash import Dash
from flask import Response, jsonify

from callbacks.http.bodies import Body, json_body, text_of, whole_of, wholes_of
from callbacks.http.curation_model import Models
from core.errors import InvalidInputError
from core.images.pictures import Bounds
from core.labels.slices import read_slice
from core.learning.curation.alike import painted_middles, side_of, square
from core.learning.curation.embeddings import Index, unique
from core.learning.curation.pool import Points
from core.learning.curation.sources import searched_items
from core.learning.curation.store import Row, Table
from core.learning.curation.table import Rows
from core.services import Services

MOST = 1000  # items that are told, the likest first


def register(app: Dash, services: Services, models: Models) -> None:
    """Add the routes below /api/curation."""
    server = app.server

    @server.post("/api/curation/of-volume")
    def table_of_volume() -> Response:
        """The newest table of a volume, or one of its tiles, made to be searched."""
        return jsonify(asdict(_table_of(services, text_of(json_body(), "volume", longest=1000))))

    @server.post("/api/curation/<table>/like")
    def items_like(table: str) -> Response | tuple[Response, int]:
        body = json_body()
        models.look(table)
        model = models.of(table)
        if model.points is None:
            return jsonify(stage=model.stage), 202
        return jsonify(_likest(services, models, table, body))


def _table_of(services: Services, volume: str) -> Table:
    known = services.curation.tables(volume=volume)
    if known:
        return known[0]
    items = searched_items(services.volumes.open(volume).info)
    classes = tuple(each.name for each in services.labels.classes(volume)) or ("interesting",)
    made = str(uuid5(NAMESPACE_URL, volume))  # pressed twice, it is made once
    name = f"Tiles of {volume.rpartition('/')[2]}"
    return services.curation.create(Table(made, name, classes, 0, services.current_user(), time.time()), items)


def _likest(services: Services, models: Models, table: str, body: Body) -> dict[str, Any]:
    """{numbers, the likest first; of: what they are like}."""
    points, rows = models.of(table).points, services.curation.rows(table)
    assert points is not None, "looked at before"
    chosen = np.array(wholes_of(body, "items", most=MOST), np.intp)
    if len(chosen):
        return {"numbers": _ranked(points, rows, points[_known(chosen, rows)], first=chosen), "of": chosen.tolist()}
    volume, z = text_of(body, "volume", longest=1000), whole_of(body, "z", 0)
    parts = _parts(services, volume, z, body, side_of([row.item for row in rows]))
    return {"numbers": _ranked(points, rows, models.places(table, volume, z, parts)), "of": [z, *(parts[0] or ())]}


def _known(chosen: Rows, rows: tuple[Row, ...]) -> Rows:
    if chosen.max() >= len(rows):
        raise InvalidInputError(f"Item {chosen.max()} does not exist; the table has 0 to {len(rows) - 1}.")
    return chosen


def _ranked(points: Points, rows: tuple[Row, ...], queries: Points, first: Rows | None = None) -> list[int]:
    """By distance to the nearest of what is asked for, which comes first itself; what is excluded is left out."""
    among = np.array([not row.exclude for row in rows])
    found = Index(points).nearest_to_any(queries, MOST, among=among)
    return [int(row) for row in (found if first is None else unique(np.concatenate([first, found])))]


def _parts(services: Services, volume: str, z: int, body: Body, side_px: int | None) -> list[Bounds | None]:
    """Squares of the table's size that stand for what the person sees; the whole slice where its items are slices."""
    shape = services.tiles.manifest(volume).info.shape
    y0, x0, y1, x1 = _view(body, shape[1:])
    if side_px is None:
        return [None]
    if body.get("painted") is not True:
        return [square(((y0 + y1) // 2, (x0 + x1) // 2), side_px, shape[1:])]
    labels = read_slice(services.labels, volume, z, shape[1:])[y0:y1, x0:x1]
    middles = painted_middles(labels, side_px)
    if not middles:
        raise InvalidInputError("Nothing is painted in view.", "Paint an example, or choose what shows.")
    return [square((y0 + y, x0 + x), side_px, shape[1:]) for y, x in middles]


def _view(body: Body, shape: tuple[int, int]) -> Bounds:
    """What is on the screen, inside the slice; all of it where nothing is said."""
    if body.get("box") is None:
        return 0, 0, *shape
    numbers = wholes_of(body, "box", most=4)
    if len(numbers) != 4 or not (numbers[0] < min(numbers[2], shape[0]) and numbers[1] < min(numbers[3], shape[1])):
        raise InvalidInputError(f"{list(numbers)} is no part of a slice.", "Move the image into the window.")
    return numbers[0], numbers[1], min(numbers[2], shape[0]), min(numbers[3], shape[1])
