"""The routes of tables of items over a catalog, for the tests that ask them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from dash import Dash, html
from flask.testing import FlaskClient

from callbacks.http import curation, errors, pictures, swipe
from core.images.volumes import VolumeCatalog
from tests.tile_server import tile_server
from utils.curation.curation_db import SqlCurationStore
from utils.curation.curation_files import CurationFiles
from utils.labels.label_db import SqlLabelStore


@contextmanager
def curation_client(catalog: VolumeCatalog, folder: Path, encoders: Any = None) -> Iterator[FlaskClient]:
    """A client with Curate, its pictures and Swipe; `labels` of it is the label store. All is kept in `folder`."""
    url = f"sqlite:///{folder / 'labels.db'}"
    with closing(SqlCurationStore(url)) as store, closing(SqlLabelStore(url)) as labels:
        own = {"curation": store, "volumes": catalog, "tiles": tile_server(catalog), "labels": labels}
        own |= {"curation_memory": CurationFiles(folder / "curation"), "encoders": encoders}
        services: Any = SimpleNamespace(**own, current_user=lambda: "ann")
        app = Dash("curation")
        app.layout = html.Div()
        errors.register(app.server)
        for feature in (curation, pictures, swipe):
            feature.register(app, services)
        client = app.server.test_client()
        client.labels = labels
        yield client
