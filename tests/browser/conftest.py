"""A Chromium, and a small app that serves the viewer volumes held in memory, through the routes the real app has."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from dash import Dash, Input, Output, State, clientside_callback, dcc, html
from flask import Flask, Response, jsonify, request
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

from callbacks.http import errors, images
from components.slice_viewer import ContrastHistogram, SliceViewer
from core.errors import NotFoundError, UnavailableError
from core.images.memory import ArrayVolume
from core.images.volumes import CatalogEntry, VolumeSource, volume_id
from scripts.chromium import CHROMIUM_FLAGS, find_chromium
from tests.browser.painting_app import ARRIVAL_MS
from tests.tile_server import tile_server

expect.set_options(timeout=ARRIVAL_MS)
ROOT = Path(__file__).resolve().parents[2]
CLASSES = [
    {"id": 1, "name": "pore", "color": "#E69F00", "visible": True},
    {"id": 2, "name": "bead", "color": "#56B4E9", "visible": True},
]


def ramp(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Values that differ between neighbours and between slices, over the dtype's range (0 to 1 for floats)."""
    grid = np.indices(shape).astype(np.int64)
    mixed = grid[0] * 31 + grid[1] * 7 + grid[2] * 13
    if np.dtype(dtype).kind == "f":
        return (mixed % 1009 / 1008).astype(dtype)
    return (mixed * 37 % (np.iinfo(dtype).max + 1)).astype(dtype)


def blobs(shape: tuple[int, int, int]) -> np.ndarray:
    """Smooth uint16 shapes that halving hardly changes, so that coarse levels keep their values."""
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    waves = np.sin(y / 260 + z) * np.cos(x / 310 - z / 2) + 1
    return (waves * 28000 + 900 * z + 2000).astype(np.uint16)


def with_nan(shape: tuple[int, int, int]) -> np.ndarray:
    volume = ramp(shape, "float32")
    volume[:, 10:40, 10:40] = np.nan
    return volume


def movie() -> np.ndarray:
    """(3, 2, 300, 400) uint16: t, z, y, x, or t as channels."""
    return np.stack([ramp((2, 300, 400), "uint16") // (t + 1) for t in range(3)])


def arrays() -> dict[str, tuple[np.ndarray, tuple[float, float, float] | None]]:
    """Name -> (values, voxel size)."""
    return {
        "grey8": (ramp((6, 300, 400), "uint8"), None),
        "grey16": (blobs((24, 1500, 2100)), (2.0, 0.65, 0.65)),
        "real32": (with_nan((4, 300, 400)), None),
        "colour": (np.stack([ramp((2, 300, 400), "uint8") // f for f in (1, 2, 3)], axis=-1), None),
        "single": (ramp((1, 700, 900), "uint16"), None),
        **{f"movie{at}": (movie(), None) for at in ("", "@t=1", "@t=2")},
        "cells": (movie(), None),
    }


@dataclass
class MemoryCatalog:
    """A VolumeCatalog over arrays. `down`: as if the image server did not answer; `bytes_per_s`: a slow link's pace."""

    sources: dict[str, VolumeSource]
    down: bool = False
    bytes_per_s: int | None = None

    def list_entries(self) -> list[CatalogEntry]:
        return [CatalogEntry(path, source.info) for path, source in sorted(self.sources.items())]

    def open(self, path: str) -> VolumeSource:
        if path not in self.sources:
            raise NotFoundError(f"{path} is not there.", "Choose a dataset from the list.")
        return self.sources[path]


@dataclass
class ViewerApp:
    """A running page with a viewer; tests change what it serves."""

    url: str
    arrays: dict[str, np.ndarray]
    catalog: MemoryCatalog
    results: dict[str, np.ndarray]
    done: set[int] = field(default_factory=set)

    def open(self, page: Page, name: str, **settings: Any) -> None:
        """Open the page on volume `name` and wait for its first sharp frame."""
        page.goto(self.url)
        page.wait_for_selector(".sv-root")
        self._load(page, name, **settings)

    def show(self, page: Page, name: str) -> None:
        """Open another volume on the page as it is."""
        self.set(page, "viewer", volume=None)
        page.wait_for_function("() => document.querySelector('.sv-root').__viewer.state().status === 'empty'")
        self._load(page, name)

    def _load(self, page: Page, name: str, **settings: Any) -> None:
        self.set(page, "viewer", volume=volume_id(name), classes=CLASSES, **settings)
        wait_ready(page)

    def set(self, page: Page, component: str, **props: Any) -> None:
        page.evaluate("([id, props]) => dash_clientside.set_props(id, props)", [component, props])


def wait_ready(page: Page) -> None:
    page.wait_for_function("() => document.querySelector('.sv-root').__viewer.state().ready")


def layout() -> html.Div:
    viewer = SliceViewer(id="viewer", apiRoot="/api", volume=None, classes=[], tool="pan", slice=0)
    panel = html.Div(
        [dcc.Input(id="field"), ContrastHistogram(id="contrast"), html.Div(id="slice-out")], className="panel"
    )
    return html.Div([html.Div(viewer, className="place"), panel], className="page")


def register_labels(server: Flask) -> None:
    """No label anywhere: these tests are about the image."""

    @server.get("/api/labels/<vid>")
    def overview(vid: str):
        return jsonify(revision=0, classes=CLASSES, annotated=[], history={"undo": 0, "redo": 0})

    @server.get("/api/labels/<vid>/<axis>/<int:z>")
    def tiles(vid: str, axis: str, z: int):
        return jsonify(revision=0, tiles=[])

    @server.get("/api/labels/<vid>/changes")
    def changes(vid: str):
        return jsonify(revision=0, changed=[], classes_changed=False, annotated=[], history={"undo": 0, "redo": 0})


def register_results(server: Flask, results: dict[str, np.ndarray], done: set[int]) -> None:
    """Predicted class ids (Z, Y, X) by job; slices not in `done` are not there yet."""

    @server.get("/api/results/<job>/z/<int:z>/<int:level>/<int:tx>/<int:ty>")
    def result_tile(job: str, z: int, level: int, tx: int, ty: int):
        if z not in done:
            return Response(status=204)
        ids = results[job][z, :: 2**level, :: 2**level]
        return Response(
            ids[512 * ty : 512 * (ty + 1), 512 * tx : 512 * (tx + 1)].tobytes(), mimetype="application/octet-stream"
        )


PAGE_STYLE = """<style>
html, body { margin: 0; height: 100%; background: var(--bg); }
.page { display: flex; height: 100vh; font-family: system-ui, sans-serif; }
.place { flex: 1; min-width: 0; }
.panel { width: 280px; padding: 16px; box-sizing: border-box;
  background: var(--surface); border-left: 1px solid var(--border); }
</style></head>"""


def build_app(catalog: MemoryCatalog, results: dict[str, np.ndarray], done: set[int]) -> Dash:
    app = Dash(__name__, assets_folder=str(ROOT / "assets"), serve_locally=True, update_title="")
    app.index_string = app.index_string.replace("</head>", PAGE_STYLE).replace("<html>", '<html data-theme="dark">')
    app.layout = layout()
    images.register(app, SimpleNamespace(tiles=tile_server(catalog, revalidate_s=0.0)))
    errors.register(app.server)
    register_labels(app.server)
    register_results(app.server, results, done)

    @app.server.before_request
    def fail_when_down() -> None:
        if catalog.down and "/api/img/" in request.path:
            raise UnavailableError("The image server does not answer.", "It is asked again by itself.")

    @app.server.after_request
    def slow_down(response: Response) -> Response:
        if catalog.bytes_per_s is not None and "/api/img/" in request.path:
            response.response = trickle(response.get_data(), catalog.bytes_per_s)
        return response

    connect(app)
    return app


def trickle(body: bytes, bytes_per_s: int) -> Iterator[bytes]:
    """The bytes at the pace of a slow link, twenty pieces a second."""
    piece = bytes_per_s // 20
    for start in range(0, len(body), piece):
        time.sleep(1 / 20)
        yield body[start : start + piece]


def connect(app: Dash) -> None:
    clientside_callback(
        "m => m ? [m.histogram, m.histogram_range, m.window] : [[], null, null]",
        [Output("contrast", "histogram"), Output("contrast", "range"), Output("contrast", "auto")],
        Input("viewer", "manifest"),
        prevent_initial_call=True,
    )
    clientside_callback(
        "path => path ? btoa(path).replaceAll('=', '') : dash_clientside.no_update",
        Output("viewer", "volume"),
        Input("viewer", "sibling"),
        prevent_initial_call=True,
    )
    clientside_callback("w => w", Output("viewer", "window"), Input("contrast", "window"), prevent_initial_call=True)

    @app.callback(Output("slice-out", "children"), Input("viewer", "slice"), State("viewer", "volume"))
    def show_slice(z: int, volume: str | None) -> str:
        return f"slice {z}"


@contextmanager
def running(app: Dash) -> Iterator[str]:
    """Serve an app on this machine; gives its address."""
    app.server.test_client().get("/_dash-layout")  # Dash fills its registry before two threads ask for it at once
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*CHROMIUM_FLAGS, "--disable-gpu"])
        yield patient(browser)
        browser.close()


def patient(browser: Browser) -> Browser:
    """With `ARRIVAL_MS` for all that its pages are to do."""
    opened = browser.new_context

    def new_context(**options: Any) -> BrowserContext:
        context = opened(**options)
        context.set_default_timeout(ARRIVAL_MS)
        return context

    browser.new_context = new_context  # type: ignore[method-assign]
    return browser


@pytest.fixture(scope="session")
def viewer_server() -> Iterator[ViewerApp]:
    made = arrays()
    axes = {"cells": "czyx"}
    sources = {
        name: ArrayVolume(values, name, voxel_size_um=voxel, axes=axes.get(name, ""))
        for name, (values, voxel) in made.items()
    }
    catalog = MemoryCatalog(dict(sources))
    halves = np.ones((6, 300, 400), np.uint8)
    halves[:, :, 200:] = 2
    results: dict[str, np.ndarray] = {"halves": halves}
    done: set[int] = set()
    values = {name: array for name, (array, _) in made.items()}
    with running(build_app(catalog, results, done)) as url:
        yield ViewerApp(url, values, catalog, results, done)


@pytest.fixture
def viewer_app(viewer_server: ViewerApp) -> Iterator[ViewerApp]:
    """The app with everything up and every volume as it was."""
    sources = dict(viewer_server.catalog.sources)
    yield viewer_server
    viewer_server.catalog.down = False
    viewer_server.catalog.bytes_per_s = None
    viewer_server.done.clear()
    viewer_server.catalog.sources = sources


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()
