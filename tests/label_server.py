"""A server of the viewer and its routes, to be killed: ``python -m tests.label_server PORT DATABASE_URL [--again]``.

With ``--again`` the process loads the program once and then, for each line it reads, lets a child serve until that is
killed; so the server is there again in an instant. It writes the child's process id, and a line when it is gone.

Who paints is told by the cookie `painter`, so that several people can paint without a login.
"""

import os
import sys
from pathlib import Path

import numpy as np
from dash import Dash, html
from flask import request
from werkzeug.serving import make_server

from callbacks.http import errors, images
from callbacks.http import labels as labels_http
from components.slice_viewer import SliceViewer
from core.images.memory import ArrayVolume
from core.images.volumes import CatalogEntry
from core.labels.store import LabelStore
from core.services import Services
from tests.tile_server import tile_server
from utils.labels.label_db import SqlLabelStore

PATH = "stack"
SHAPE = (3, 600, 700)
ROOT = Path(__file__).resolve().parents[1]


class OneVolume:
    """A catalogue of one empty volume."""

    source = ArrayVolume(np.zeros(SHAPE, np.uint8), PATH)

    def list_entries(self) -> list[CatalogEntry]:
        return [CatalogEntry(PATH, self.source.info)]

    def open(self, _path: str) -> ArrayVolume:
        return self.source


def build(database: str) -> Dash:
    """A page with nothing but the viewer, and the routes it calls."""
    app = Dash("labels", assets_folder=str(ROOT / "assets"), update_title="")
    labels = SqlLabelStore(database)
    app.layout = html.Div(viewer(labels), style={"position": "fixed", "inset": 0})
    fields = {name: None for name in Services.__dataclass_fields__}
    own = {"tiles": tile_server(OneVolume()), "labels": labels, "current_user": painter}
    services = Services(**fields | own)
    for feature in (images, labels_http):
        feature.register(app, services)
    errors.register(app.server)
    app.server.test_client().get("/_dash-layout")  # fills Dash's registry before threads ask for it (plotly/dash #3971)
    return app


def viewer(labels: LabelStore) -> SliceViewer:
    classes = [{"id": c.id, "name": c.name, "color": c.color, "visible": True} for c in labels.classes(PATH)]
    volume = OneVolume.source.info.id
    return SliceViewer(id="viewer", volume=volume, classes=classes, activeClass=1, tool="brush", brushRadius=6)


def painter() -> str:
    return request.cookies.get("painter", "ann")


def main(port: int, database: str) -> None:
    """Serve until killed."""
    make_server("127.0.0.1", port, build(database).server, threaded=True).serve_forever()


def main_again(port: int, database: str) -> None:
    """Serve as often as it is asked for."""
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            main(port, database)
        print(child, flush=True)  # noqa: T201 - to the one who will kill it
        os.waitpid(child, 0)
        print("gone", flush=True)  # noqa: T201


if __name__ == "__main__":
    (main_again if "--again" in sys.argv else main)(int(sys.argv[1]), sys.argv[2])
