"""The Swipe page over one small volume, by the real routes: for browsers, and to be killed.

``python -m tests.swipe_server PORT DATABASE_URL`` loads the program once and then, for each line it reads, lets a child
serve until that is killed, so the server is there again in an instant. It writes the child's process id, and a line
when it is gone.
"""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from dash import Dash, html
from werkzeug.serving import make_server

from callbacks import access, people
from callbacks.http import errors, pictures, swipe
from core.images.memory import ArrayVolume
from core.learning.curation.store import Item, Table
from tests.browser.painting_app import OneVolume
from tests.tile_server import tile_server
from utils.curation.curation_db import SqlCurationStore

PATH = "stack"
TABLE = "discs"
ROOT = Path(__file__).resolve().parents[1]


def discs(count: int, side: int = 96) -> np.ndarray:
    """(count, side, side) uint8, a disc in every second slice."""
    y, x = np.mgrid[:side, :side]
    noise = np.random.default_rng(5).integers(20, 90, (count, side, side))
    inside = (y - side / 2) ** 2 + (x - side / 2) ** 2 < (side / 4) ** 2
    return np.where(inside & (np.arange(count) % 2 == 0)[:, None, None], 220, noise).astype(np.uint8)


def build(store: SqlCurationStore, values: np.ndarray) -> Dash:
    """The page, behind the same rules as the rest."""
    catalog = OneVolume(ArrayVolume(values, PATH))
    services: Any = SimpleNamespace(
        curation=store, tiles=tile_server(catalog), current_user=lambda: people.said_name() or "nobody"
    )
    app = Dash("swipe", assets_folder=str(ROOT / "assets"), update_title="")
    app.layout = html.Div()
    access.guard(app, login=False, user_name="", password="")
    people.name_guests(app)
    for feature in (pictures, swipe):
        feature.register(app, services)
    errors.register(app.server)
    return app


def make_table(store: SqlCurationStore, count: int, table: str = TABLE) -> None:
    """A table of the first slices, asked about discs and dust."""
    items = [Item(z, PATH, z=z) for z in range(count)]
    store.create(Table(table, "Discs in a stack", ("disc", "dust"), 0, "ann", 0.0), items)


def main(port: int, database: str) -> None:
    store = SqlCurationStore(database)
    make_table(store, 200)
    app = build(store, discs(200, 24))
    store.close()  # connections do not survive a fork
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            make_server("127.0.0.1", port, app.server, threaded=True).serve_forever()
        print(child, flush=True)  # noqa: T201 - to the one who will kill it
        os.waitpid(child, 0)
        print("gone", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
