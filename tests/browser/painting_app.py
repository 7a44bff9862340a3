"""A page with nothing but the viewer over one small volume, served by the real tile and label routes; and its mouse."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from dash import Dash, html
from flask import Response, request
from numpy.typing import NDArray
from playwright.sync_api import Page
from werkzeug.serving import make_server

from callbacks import access, people
from callbacks.http import errors, images, labels, live, pointing, tools
from callbacks.http.proxies import place_behind
from components import messages
from components.slice_viewer import SliceViewer
from core.errors import NotFoundError
from core.images.memory import ArrayVolume
from core.images.volumes import CatalogEntry, Listing
from core.labels.slices import read_slice
from core.learning.descriptors import AlgorithmDescriptor, Parameter
from tests.tile_server import tile_server
from utils.labels.label_db import SqlLabelStore
from utils.processes.live_worker import LiveWorker
from utils.registry.interactive_models import LocalInteractiveModels
from utils.settings import Settings

SHAPE = (4, 701, 1101)  # odd, and more than one tile either way
PATH = "stack"
CLASSES = [
    {"id": 1, "name": "pore", "color": "#E69F00", "visible": True},
    {"id": 2, "name": "bead", "color": "#56B4E9", "visible": True},
]
# A model that can be pointed with, had somebody put its checkpoint in its place.
NOT_SET_UP = AlgorithmDescriptor(
    model_name="Missing model",
    version="1",
    type="interactive",
    gui_parameters=(Parameter("str", "checkpoint_path", "Checkpoint", "checkpoint_path", "none.pt"),),
    python_file_name={"inference": "networks/interactive/torchscript.py"},
)
ARRIVAL_MS = 120_000  # a busy machine is slow, and a longer wait costs nothing where all is well
ROOT = Path(__file__).resolve().parents[2]
# Two frames: what was asked for before is drawn then. A window behind others has none, and does not wait for ever.
FRAMES = """Promise.race([
  new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
  new Promise((done) => setTimeout(done, 2000)),
])"""
COLORS = """points => {
    const viewer = document.querySelector('#viewer');
    const canvas = viewer.querySelector('canvas.sv-image');
    const box = canvas.getBoundingClientRect();
    const context = canvas.getContext('2d');
    return points.map(([y, x]) => {
        const at = viewer.__viewer.imageToScreen(y + 0.5, x + 0.5);
        const scale = canvas.width / box.width;
        const [r, g, b] = context.getImageData((at.x - box.left) * scale, (at.y - box.top) * scale, 1, 1).data;
        return '#' + [r, g, b].map(v => v.toString(16).padStart(2, '0')).join('').toUpperCase();
    });
}"""


@dataclass(frozen=True)
class OneVolume:
    """A catalog of one volume in memory."""

    volume: ArrayVolume

    def list_entries(self) -> list[CatalogEntry]:
        return [CatalogEntry(PATH, self.volume.info)]

    def listing(self, *, wait_s: float | None = None) -> Listing:
        return Listing(tuple(self.list_entries()), is_complete=True)

    def open(self, path: str) -> ArrayVolume:
        if path != PATH:
            raise NotFoundError(f"{path!r} is not here.", f"Open {PATH!r}.")
        return self.volume


@dataclass
class PaintingApp:
    """A running server. `refuses_writes` makes it answer 503 to every write, as when its database is down."""

    url: str
    store: SqlLabelStore
    shape: tuple[int, int, int] = SHAPE
    refuses_writes: bool = False
    _server: Any = field(default=None, repr=False)

    def pixels(self, z: int = 0) -> NDArray[np.uint8]:
        """(Y, X) uint8 class ids the server holds."""
        return read_slice(self.store, PATH, z, self.shape[1:])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.store.close()


def noise() -> NDArray[np.uint8]:
    """SHAPE of dark noise."""
    return np.random.default_rng(0).integers(0, 60, SHAPE).astype(np.uint8)


def serve(
    folder: Path,
    values: NDArray[np.uint8] | None = None,
    *,
    password: str = "",
    port: int = 0,
    predictor: LiveWorker | None = None,
    prefix: str = "/",
) -> PaintingApp:
    """Start the page over `values` (Z, Y, X), or over noise, on this machine; `password`: behind a login as "ann".

    predictor : of the live prediction, for tests that use it. prefix : where a proxy shows the page.
    """
    volume = ArrayVolume(noise() if values is None else values, PATH)
    store = SqlLabelStore(f"sqlite:///{folder / 'labels.db'}")
    catalog = OneVolume(volume)
    services: Any = SimpleNamespace(
        volumes=catalog,
        tiles=tile_server(catalog),
        labels=store,
        live=predictor,
        interactive=LocalInteractiveModels(Settings(_env_file=None, state_dir=folder), lambda: [NOT_SET_UP]),
        current_user=lambda: people.said_name() or "painter",
    )
    paths = {"requests_pathname_prefix": prefix, "routes_pathname_prefix": "/"}
    app = Dash(__name__, assets_folder=str(ROOT / "assets"), update_title="", **paths)
    app.layout = _layout(volume)
    if password:
        access.guard(app, login=True, user_name="ann", password=password)
    for feature in (images, labels, tools, pointing, live):
        feature.register(app, services)
    errors.register(app.server)
    server = make_server("127.0.0.1", port, app.server, threaded=True)
    running = PaintingApp(f"http://127.0.0.1:{server.port}/", store, volume.info.shape, _server=server)
    app.server.before_request(lambda: _turn_away(running))
    app.server.test_client().get("/_dash-layout")  # fills Dash's registry before threads ask for it (plotly/dash #3971)
    place_behind(app.server, prefix=prefix, proxies=0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return running


def _layout(volume: ArrayVolume) -> html.Div:
    viewer = SliceViewer(
        id="viewer",
        apiRoot="api",
        volume=volume.info.id,
        classes=CLASSES,
        activeClass=1,
        tool="brush",
        brushRadius=6,
        labelOpacity=1,
    )
    return html.Div([viewer, messages.region()], style={"position": "fixed", "inset": 0})


def _turn_away(app: PaintingApp) -> Response | None:
    if app.refuses_writes and request.method == "POST" and request.path.startswith("/api/labels"):
        return Response('{"error": "The database is down.", "hint": "Wait."}', 503, mimetype="application/json")
    return None


@dataclass(frozen=True)
class Hand:
    """Mouse and keys on the viewer, in image pixels."""

    page: Page

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.page.wait_for_selector("#viewer .sv-surface")
        self.until("s => s.ready && s.labelsReady")

    def state(self) -> dict[str, Any]:
        return self.page.evaluate("document.querySelector('#viewer').__viewer.state()")

    def until(self, condition: str) -> None:
        """Wait for a JavaScript condition on the viewer's state."""
        handle = "const v = document.querySelector('#viewer')?.__viewer"
        script = f"() => {{ {handle}; return v && ({condition})(v.state()) }}"
        self.page.wait_for_function(script, timeout=ARRIVAL_MS)

    def until_colors(self, points: list[tuple[int, int]], wanted: list[str]) -> None:
        """Wait until the canvas shows these colours at the middle of image pixels (y, x)."""
        script = f"([points, wanted]) => ({COLORS})(points).join() === wanted.join()"
        self.page.wait_for_function(script, arg=[points, wanted], polling=50, timeout=ARRIVAL_MS)

    def until_saved(self) -> None:
        self.until("s => s.saveState === 'saved'")

    def client(self, y: float, x: float) -> tuple[int, int]:
        """Whole client pixel nearest to an image point."""
        point = self.page.evaluate(f"document.querySelector('#viewer').__viewer.imageToScreen({y}, {x})")
        return round(point["x"]), round(point["y"])

    def image(self, client: tuple[int, int]) -> tuple[float, float]:
        """(y, x) of the image point under a client pixel."""
        point = self.page.evaluate(
            f"document.querySelector('#viewer').__viewer.screenToImage({client[0]}, {client[1]})"
        )
        return point["y"], point["x"]

    def drag(self, *points: tuple[float, float]) -> list[tuple[float, float]]:
        """Drag through image points (y, x); returns where the pointer really was."""
        clients = [self.client(*point) for point in points]
        self.page.mouse.move(*clients[0])
        self.page.mouse.down()
        for client in clients[1:]:
            self.page.mouse.move(*client)
        self.page.mouse.up()
        return [self.image(client) for client in clients]

    def click(self, y: float, x: float, *, count: int = 1) -> tuple[float, float]:
        client = self.client(y, x)
        self.page.mouse.click(*client, click_count=count)
        return self.image(client)

    def key(self, name: str) -> None:
        self.page.keyboard.press(name)

    def colors(self, points: list[tuple[int, int]]) -> list[str]:
        """The colours on the canvas at the middle of image pixels (y, x), as "#RRGGBB"; frames under way come first."""
        script = f"""async points => {{
            await {FRAMES};
            return ({COLORS})(points);
        }}"""
        return self.page.evaluate(script, points)
