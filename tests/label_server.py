"""A server of the label routes over a database on the disk, to be killed: ``python -m tests.label_server PORT URL``."""

import sys

import numpy as np
from dash import Dash, html
from werkzeug.serving import make_server

from callbacks.http import errors, labels
from core.images.memory import ArrayVolume
from core.images.volumes import CatalogEntry
from core.services import Services
from tests.tile_server import tile_server
from utils.label_db import SqlLabelStore

PATH = "stack"
SHAPE = (1, 480, 700)


class OneVolume:
    """A catalogue of one empty volume."""

    source = ArrayVolume(np.zeros(SHAPE, np.uint8), PATH)

    def list_entries(self) -> list[CatalogEntry]:
        return [CatalogEntry(PATH, self.source.info)]

    def open(self, _path: str) -> ArrayVolume:
        return self.source


def main(port: int, database: str) -> None:
    """Serve until killed."""
    app = Dash("labels")
    app.layout = html.Div()
    errors.register(app.server)
    fields = {name: None for name in Services.__dataclass_fields__}
    own = {"tiles": tile_server(OneVolume()), "labels": SqlLabelStore(database), "current_user": lambda: "ann"}
    labels.register(app, Services(**fields | own))
    make_server("127.0.0.1", port, app.server, threaded=True).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
