"""What leaves a table but for its labels: the model as a file, what it says of each item, and the split by a class."""

from dash import Dash
from flask import Response, request

from callbacks.http.curation_kept import part_of
from callbacks.http.curation_model import Models
from callbacks.http.images import unkept
from core.errors import NotFoundError
from core.learning.curation.kept import label_table
from core.learning.curation.split import write_split
from core.learning.curation.store import UNSURE
from core.learning.curation.table import LabelTable
from core.learning.curation.table_csv import write_csv
from core.services import Services

NO_MODEL = NotFoundError("There is no model of this table.", "Learn from the labels first.")
NO_WEIGHTS = NotFoundError("Label propagation leaves no model.", "Choose another head, and learn again.")


def register(app: Dash, services: Services, models: Models) -> None:
    """Add the routes below /api/curation."""
    server = app.server

    def labels_of(table: str) -> LabelTable:
        """With what the model says; it may not be there."""
        labels = label_table(services.curation.table(table), services.curation.rows(table))
        return labels.with_chances(models.of(table).chances_of(labels))

    @server.get("/api/curation/<table>/model.safetensors")
    def write_model(table: str) -> Response:
        run = models.of(table).run
        if run is None or not run.has_model:
            raise NO_WEIGHTS if run else NO_MODEL
        data = services.curation_memory.data(table, part_of(run.number))
        return _file(data, "application/octet-stream", f"model-{table[:8]}-{run.number}.safetensors")

    @server.get("/api/curation/<table>/chances.csv")
    def write_chances_of(table: str) -> Response:
        labels = labels_of(table)
        if labels.chances is None:
            raise NO_MODEL
        return _file(write_csv(labels), "text/csv", f"chances-{table[:8]}.csv")

    @server.get("/api/curation/<table>/split.csv")
    def write_split_of(table: str) -> Response:
        labels = labels_of(table)
        name = request.args.get("class", labels.classes[0])
        unsure = {row.item.number for row in services.curation.rows(table) if row.values.get(name) == UNSURE}
        return _file(write_split(labels, name, unsure), "text/csv", f"split-{table[:8]}.csv")


def _file(content: str | bytes, mimetype: str, name: str) -> Response:
    answer = Response(content, mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return unkept(answer)
