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
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from callbacks import create_app
from components import ids
from core.images.memory import ArrayVolume
from core.images.volumes import CatalogEntry, volume_id
from core.labels.slices import read_slice
from core.services import Services
from tests.browser.painting_app import Hand
from tests.tile_server import tile_server
from utils.labels.instance_db import SqlInstanceMemory
from utils.labels.instance_worker import BackgroundInstances
from utils.labels.label_db import SqlLabelStore

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


def until_areas(page: Page, wanted: list[int]) -> None:
    """Wait until the column "Area (px)" holds these, in whatever order."""
    script = f"""wanted => [...document.querySelectorAll("{ROWS} [col-id='area']")]
        .map((cell) => Number(cell.innerText.replaceAll(',', ''))).sort((a, b) => a - b).join() === wanted.join()"""
    page.wait_for_function(script, arg=wanted)


def split_areas(page: Page, count: int, total: int) -> list[int]:
    """The column "Area (px)", ascending, once it has so many rows and this sum: a split loses no pixel."""
    script = f"""([count, total]) => {{
        const cells = [...document.querySelectorAll("{ROWS} [col-id='area']")];
        const found = cells.map((cell) => Number(cell.innerText.replaceAll(',', ''))).sort((a, b) => a - b);
        return found.length === count && found.reduce((sum, area) => sum + area, 0) === total && found;
    }}"""
    return list(page.wait_for_function(script, arg=[count, total]).json_value())


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


def press(page: Page, keys: str, wanted: list[int]) -> None:
    """Undo or redo with the focus on the image, and wait for the areas then."""
    page.locator(".sv-surface").first.focus()
    page.keyboard.press(keys)
    until_areas(page, wanted)


def pick(hand: Hand, y: float, x: float, *, name: str, shift: bool = False) -> None:
    """Hover until the tag says which object lies there, then click it."""
    hand.page.mouse.move(*hand.client(y, x))
    hand.page.locator(".sv-object-tag", has_text=name).wait_for()
    if shift:
        hand.page.keyboard.down("Shift")
    hand.click(y, x)
    hand.page.keyboard.up("Shift")


def chosen(page: Page, *row_ids: int) -> None:
    """Wait until these rows are chosen, and their outline is on the image."""
    rows = [str(row) for row in row_ids]
    script = """([rows, where]) => JSON.stringify([...document.querySelectorAll(`${where}.ag-row-selected`)]
        .map((row) => row.getAttribute("row-id")).sort()) === JSON.stringify(rows)"""
    page.wait_for_function(script, arg=[rows, ROWS])
    page.wait_for_function("document.querySelector('.sv-object-line').getAttribute('d') !== ''")


def test_painted_blobs_are_listed_chosen_by_a_click_split_merged_and_undone_in_order(page: Page, running):
    hand = open_page(page, running.url)
    hand.key("e")
    hand.drag((100.2, 100.2), (140.2, 180.2))
    go_to(hand, 2)
    hand.drag((300.2, 480.2), (340.2, 560.2))  # across the border of two tiles
    hand.until_saved()
    painted = sorted(int(np.count_nonzero(read_slice(running.store, PATH, z, SHAPE[1:]))) for z in (0, 2))
    go_to(hand, 0)

    page.click(f"#{ids.OBJECTS_OPEN}")
    until_areas(page, painted)
    choose(page, 2)
    hand.until("s => s.slice === 2 && s.ready")
    chosen(page, 2)

    page.click(f"#{ids.OBJECTS_SPLIT}")
    page.wait_for_selector(".sv-cutting")
    hand.drag((290, 530), (350, 530))
    halves = split_areas(page, 3, sum(painted))
    assert not np.array_equal(halves[-2:], painted), "and makes two of one"
    np.testing.assert_array_equal(np.unique(read_slice(running.store, PATH, 2, SHAPE[1:])), [0, 1])

    page.click(f"#{ids.OBJECTS_PICK}")
    hand.until("s => s.tool === 'pan'")
    pick(hand, 320, 500, name="Object 2")
    chosen(page, 2)
    pick(hand, 320, 550, name="Object 3", shift=True)
    chosen(page, 2, 3)
    page.click(f"#{ids.OBJECTS_MERGE}")
    until_areas(page, painted)
    page.locator(".sv-notices", has_text="2 objects are object 2 now.").first.wait_for()

    press(page, "Control+z", halves)
    press(page, "Control+z", painted)
    press(page, "Control+Shift+z", halves)
    records = running.store.edits(PATH, limit=6)
    assert [record.kind for record in records] == ["redo", "undo", "undo", "merge", "cut", "paint"]

    hand = open_page(page, running.url)  # as after a reload
    page.click(f"#{ids.OBJECTS_OPEN}")
    until_areas(page, halves)
    press(page, "Control+Shift+z", painted)
    press(page, "Control+z", halves)
    press(page, "Control+z", painted)

    hand.key("v")
    hand.until("s => s.axis === 'y'")
    choose(page, 2)
    chosen(page, 2)
    hand.until("s => 300 <= s.slice && s.slice <= 340")
    page.click(f"#{ids.OBJECTS_SPLIT}")
    page.wait_for_selector(".sv-cutting")
    hand.drag((1.5, 530), (3.5, 530))
    until_areas(page, halves)  # the line runs through the whole object, though drawn on another plane

    choose(page, 1)
    page.click(f"#{ids.OBJECTS_DELETE}")
    expect(page.locator(ROWS)).to_have_count(2)
    assert not read_slice(running.store, PATH, 0, SHAPE[1:]).any()
    press(page, "Control+z", halves)
    page.click(f"[data-panel={ids.HISTORY_PANEL}] > summary")
    page.locator(".history-what", has_text="Took back: deleted object 1 of ").wait_for()
    page.locator(".history-what", has_text="Split object 2 of ").first.wait_for()

    link = page.locator(f"#{ids.OBJECTS_CSV}").get_attribute("href")
    table = list(csv.reader(io.StringIO(httpx.get(running.url + link).text)))
    assert table[0][table[0].index("Area (px)") + 1] == "Area (µm²)"
    assert link.startswith(f"api/instances/{volume_id(PATH)}/1/2")
