"""The whole page over one small volume in memory, with real labels and files; no Tiled, no MLflow, no jobs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from werkzeug.serving import make_server

from callbacks import access, create_app
from core.images.memory import ArrayVolume
from core.labels.classes import LabelClass
from core.labels.slices import read_slice
from core.labels.store import Rewrite, TileChange, TileIndex
from core.services import Services
from tests.browser.painting_app import PATH, OneVolume
from tests.tile_server import tile_server
from utils.curation.curation_db import SqlCurationStore
from utils.curation.curation_files import CurationFiles
from utils.exchange_files import DiskExchange
from utils.labels.label_db import SqlLabelStore
from utils.labelstudio.labelstudio_client import HttpLabelStudio

SHAPE = (4, 300, 400)
CLASSES = (LabelClass(1, "pore", "#E69F00"), LabelClass(2, "bead", "#56B4E9"))
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class ExchangeApp:
    """A running page."""

    url: str
    labels: SqlLabelStore
    curation: SqlCurationStore

    def pixels(self) -> NDArray[np.uint8]:
        """(Z, Y, X) uint8 class ids the server holds."""
        return np.stack([read_slice(self.labels, PATH, z, SHAPE[1:]) for z in range(SHAPE[0])])

    def wipe(self, edit_id: str) -> None:
        """Erase every label, as another person would."""
        tiles = [((z, 0, 0), np.zeros_like) for z in range(SHAPE[0])]
        self.labels.rewrite(Rewrite(edit_id, PATH, "import", tiles, "somebody else"))

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """While the block lasts somebody else writes, and all others wait."""
        begun, over = threading.Event(), threading.Event()

        def tiles() -> Iterator[tuple[TileIndex, TileChange]]:
            begun.set()
            over.wait()
            yield (0, 0, 0), np.zeros_like

        edit = Rewrite("8" * 32, PATH, "import", tiles(), "somebody else")
        writer = threading.Thread(target=self.labels.rewrite, args=(edit,))
        writer.start()
        try:
            assert begun.wait(240), "the other writer began"
            yield
        finally:
            over.set()
            writer.join()


@contextmanager
def exchange_app(folder: Path) -> Iterator[ExchangeApp]:
    """Serve the page on a free port of this machine until the block ends."""
    volume = ArrayVolume(np.random.default_rng(0).integers(0, 60, SHAPE).astype(np.uint8), PATH)
    labels = SqlLabelStore(f"sqlite:///{folder / 'labels.db'}")
    curation = SqlCurationStore(f"sqlite:///{folder / 'labels.db'}")
    labels.set_classes(PATH, CLASSES, user="painter")
    nobody: Any = SimpleNamespace(jobs=lambda *_: [], algorithms=list, models=list)
    exchange = DiskExchange(folder / "exchange", max_upload_bytes=10**8, keep_exports_s=3600)
    own = {"volumes": OneVolume(volume), "tiles": tile_server(OneVolume(volume)), "labels": labels}
    own |= {"labelstudio": HttpLabelStudio(folder / "labelstudio.json")}
    own |= {"exchange": exchange, "current_user": lambda: "painter", "timezone": ZoneInfo("UTC")}
    own |= {"curation": curation, "curation_memory": CurationFiles(folder / "curation")}
    own |= {"encoders": SimpleNamespace(offers=list)}
    services = Services(**dict.fromkeys(Services.__dataclass_fields__, nobody) | own)
    guard = partial(access.guard, login=False, user_name="", password="")
    app = create_app(services, assets_folder=str(ROOT / "assets"), guard=guard)
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield ExchangeApp(f"http://127.0.0.1:{server.port}/?volume={PATH}", labels, curation)
    server.shutdown()
    labels.close()
    curation.close()
