"""The drawer of objects on the page: painted blobs are listed, gone to, merged, split and deleted."""

import csv
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest
from dash import Dash
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from callbacks import create_app
from components import ids
from core.images.memory import ArrayVolume
from core.images.volumes import CatalogEntry, volume_id
from core.labels.slices import read_slice
from core.services import Services
from tests.browser.painting_app import Hand
from tests.tile_server import tile_server
from utils.instance_db import SqlInstanceMemory
from utils.instance_worker import BackgroundInstances
from utils.label_db import SqlLabelStore

pytestmark = pytest.mark.browser

PATH, SHAPE = "stack", (4, 701, 1101)
ROWS = f"#{ids.OBJECTS_TABLE} .ag-center-cols-container .ag-row"


class OneVolume:
    """A catalogue of one volume in memory, with voxels of 2 x 0.5 x 0.5 um."""

    def __init__(self) -> None:
        values = np.random.default_rng(0).integers(0, 60, SHAPE).astype(np.uint8)
        self.source = ArrayVolume(values, PATH, voxel_size_um=(2.0, 0.5, 0.5))

    def list_entries(self) -> list[CatalogEntry]:
        return [CatalogEntry(PATH, self.source.info)]

    def open(self, path: str) -> ArrayVolume:
        return self.source


@pytest.fixture
def running(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """The whole page over one volume, without models."""
    url, catalog = f"sqlite:///{tmp_path / 'labels.db'}", OneVolume()
    store, memory = SqlLabelStore(url), SqlInstanceMemory(url)
    fields: dict[str, Any] = {name: None for name in Services.__dataclass_fields__}
    none = SimpleNamespace(jobs=list, algorithms=list, models=list)
    own = {"volumes": catalog, "tiles": tile_server(catalog), "labels": store, "jobs": none, "registry": none}
    own |= {"instances": BackgroundInstances(store, catalog, memory), "current_user": lambda: "ann"}
    app: Dash = create_app(Services(**fields | own), assets_folder=str(Path("assets").resolve()), guard=lambda _: None)
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{server.port}/", store=store)
    server.shutdown()
    store.close()
    memory.close()


def areas(page: Page, count: int) -> list[int]:
    """The column "Area (px)" once it has so many rows, ascending."""
    page.wait_for_function(f"n => document.querySelectorAll('{ROWS}').length === n", arg=count)
    cells = page.locator(f"{ROWS} [col-id='area']").all_inner_texts()
    return sorted(int(cell.replace(",", "")) for cell in cells)


def choose(page: Page, *row_ids: int) -> None:
    for place, row in enumerate(row_ids):
        modifiers = ["Control"] if place else []
        page.locator(f"{ROWS}[row-id='{row}'] [col-id='area']").click(modifiers=modifiers)


def open_page(page: Page, url: str) -> Hand:
    hand = Hand(page)
    page.goto(f"{url}?volume={PATH}")
    page.wait_for_selector("#viewer .sv-surface")
    hand.until("s => s.ready && s.labelsReady")
    return hand


def go_to(hand: Hand, z: int) -> None:
    field = hand.page.locator(".sv-bar input").first
    field.fill(str(z + 1))
    field.press("Enter")
    hand.until(f"s => s.slice === {z} && s.ready && s.labelsReady")
    hand.page.locator(".sv-surface").focus()


def test_painted_blobs_are_listed_gone_to_merged_split_and_deleted(chromium: Browser, running):
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(30_000)
    hand = open_page(page, running.url)
    hand.key("e")
    hand.drag((100.2, 100.2), (140.2, 180.2))
    go_to(hand, 2)
    hand.drag((300.2, 480.2), (340.2, 560.2))  # across the border of two tiles
    hand.until_saved()
    painted = sorted(int(np.count_nonzero(read_slice(running.store, PATH, z, SHAPE[1:]))) for z in (0, 2))
    go_to(hand, 0)

    page.click(f"#{ids.OBJECTS_OPEN}")
    assert areas(page, 2) == painted
    choose(page, 2)
    hand.until("s => s.slice === 2 && s.ready")
    page.wait_for_function("document.querySelector('.sv-object-line').getAttribute('d') !== ''")

    page.click(f"#{ids.OBJECTS_SPLIT}")
    page.wait_for_selector(".sv-cutting")
    hand.drag((290, 530), (350, 530))
    halves = areas(page, 3)
    assert sum(halves) == sum(painted), "a split loses no pixel"
    assert not np.array_equal(halves[-2:], painted), "and makes two of one"
    np.testing.assert_array_equal(np.unique(read_slice(running.store, PATH, 2, SHAPE[1:])), [0, 1])

    choose(page, 2, 3)
    page.click(f"#{ids.OBJECTS_MERGE}")
    assert areas(page, 2) == painted
    page.click(f"#{ids.OBJECTS_UNDO}")
    assert areas(page, 3) == halves
    page.click(f"#{ids.OBJECTS_UNDO}")
    assert areas(page, 2) == painted

    choose(page, 1)
    page.click(f"#{ids.OBJECTS_DELETE}")
    assert len(areas(page, 1)) == 1
    assert not read_slice(running.store, PATH, 0, SHAPE[1:]).any()

    link = page.locator(f"#{ids.OBJECTS_CSV}").get_attribute("href")
    table = list(csv.reader(io.StringIO(httpx.get(running.url.rstrip("/") + link).text)))
    assert table[0][table[0].index("Area (px)") + 1] == "Area (µm²)"
    assert link.startswith(f"/api/instances/{volume_id(PATH)}/1/2")
    context.close()
