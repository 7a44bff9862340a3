"""The map of a table: two coordinates of every item, and all that is said of it, as docs/contracts.md says."""

from typing import Any

import numpy as np
from dash import Dash
from flask import Response, jsonify, request

from callbacks.http.curation_kept import Model
from callbacks.http.curation_model import Models
from callbacks.http.images import uncached
from core.learning.curation.embeddings import LAYOUTS, layout_refusal
from core.learning.curation.store import Row, Table
from core.services import Services


def register(app: Dash, services: Services, models: Models) -> None:
    """Add the route below /api/curation."""

    @app.server.get("/api/curation/<table>/map")
    def map_of_items(table: str) -> Response | tuple[Response, int]:
        way = request.args.get("way", "pca")
        models.look(table)
        if models.of(table).points is None or not models.arrange(table, way):
            return jsonify(stage=models.of(table).stage), 202
        x, y = models.of(table).maps[way].T.round(4).tolist()
        facts, rows = services.curation.table(table), services.curation.rows(table)
        ways = [{"name": name, "title": title, "reason": layout_refusal(name)} for name, title in LAYOUTS.items()]
        return uncached(jsonify({"x": x, "y": y, "ways": ways} | _said(facts, rows, models.of(table))))


def _said(table: Table, rows: tuple[Row, ...], model: Model) -> dict[str, Any]:
    """By class, in the order of the items: what people say, and what the model says."""
    values = {name: [row.values.get(name) for row in rows] for name in table.classes}
    exclude = [row.item.number for row in rows if row.exclude]
    validation = [row.item.number for row in rows if row.validation]
    return {"values": values, "exclude": exclude, "validation": validation, "chances": _chances(table, model)}


def _chances(table: Table, model: Model) -> dict[str, list[float | None]] | None:
    if model.chances is None:
        return None
    names = table.classes[: model.chances.shape[1]]
    columns = np.where(np.isnan(model.chances), -1, model.chances.round(3)).T.tolist()
    said = {name: [None if each < 0 else each for each in column] for name, column in zip(names, columns, strict=True)}
    return said | {name: [None] * len(model.chances) for name in table.classes[len(names) :]}
