"""Labels proposed through the stack on the page: ordered, hatched over the image, accepted and rejected by keys."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from werkzeug.serving import make_server

from callbacks import create_app
from components import ids
from core.images.memory import ArrayVolume
from core.images.volumes import CatalogEntry
from core.labels.slices import read_slice
from core.services import Services
from scripts.local_stack import wait_until
from tests.browser.painting_app import Hand
from tests.core.labels.test_through import disc, image, iou
from tests.tile_server import tile_server
from utils.labels.label_db import SqlLabelStore

pytestmark = pytest.mark.browser

PATH, SHAPE = "stack", (7, 200, 240)
PICTURES = os.environ.get("PICTURES")  # a folder to photograph into


class OneVolume:
    source = ArrayVolume(np.stack([image(z) for z in range(7)]).astype(np.uint8), PATH)

    def list_entries(self) -> list[CatalogEntry]:
        return [CatalogEntry(PATH, self.source.info)]

    def open(self, _path: str) -> ArrayVolume:
        return self.source


@pytest.fixture
def running(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """The whole page over one volume, without models."""
    catalog, store = OneVolume(), SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    fields: dict[str, Any] = {name: None for name in Services.__dataclass_fields__}
    none = SimpleNamespace(jobs=list, algorithms=list, models=list)
    own = {"volumes": catalog, "tiles": tile_server(catalog), "labels": store, "jobs": none, "registry": none}
    services = Services(**fields | own | {"current_user": lambda: "ann"})
    app = create_app(services, assets_folder=str(Path("assets").resolve()), guard=lambda _: None)
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{server.port}/", store=store)
    server.shutdown()
    store.close()


def labels(running: SimpleNamespace, z: int) -> np.ndarray:
    return read_slice(running.store, PATH, z, SHAPE[1:])


def go_to(hand: Hand, z: int) -> None:
    field = hand.page.locator(".sv-bar input").first
    field.fill(str(z + 1))
    field.press("Enter")
    hand.until(f"s => s.slice === {z} && s.ready && s.labelsReady")
    hand.page.locator(".sv-surface").focus()


def said(page: Page, words: str) -> None:
    page.wait_for_function("words => document.querySelector('.sv-offer')?.innerText.includes(words)", arg=words)


def photograph(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def test_a_proposal_is_seen_decided_on_by_keys_and_undone(page: Page, running: SimpleNamespace) -> None:
    hand = Hand(page)
    page.goto(f"{running.url}?volume={PATH}")
    page.wait_for_selector("#viewer .sv-surface")
    hand.until("s => s.ready && s.labelsReady")
    for z in (0, 6):
        go_to(hand, z)
        hand.key("w")
        top, left = 50 + z, 60 + 2 * z  # around the disc of the slice
        hand.drag((top, left), (top + 60 + 2 * z, left + 60 + 2 * z))
    hand.until_saved()
    go_to(hand, 3)
    bare = hand.colors([(y, x) for y in range(80, 90) for x in range(90, 110)])

    page.click("[data-panel=stack] summary")
    page.click(f"#{ids.STACK_PROPOSE}")
    said(page, "slice 4 not decided · 5 open")
    photograph(page, "dark")
    assert running.store.annotated_slices(PATH) == [0, 6], "nothing is a label before it is accepted"
    there = [(y, x) for y in range(80, 90) for x in range(90, 110)]
    wait_until(lambda: len(set(hand.colors(there)) - set(bare)) > 1, "the hatching")

    page.locator(".sv-surface").focus()
    hand.key("Enter")
    said(page, "slice 5 not decided")
    assert iou(labels(running, 3) == 1, disc(3)) > 0.8
    hand.key("Delete")
    said(page, "slice 6 not decided")
    page.reload()
    hand.until("s => s.ready && s.labelsReady")
    said(page, "3 open, 1 accepted, 1 rejected")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    photograph(page, "light")
    page.click("text=Accept all 3")
    said(page, "0 open, 4 accepted, 1 rejected")
    assert running.store.annotated_slices(PATH) == [0, 1, 2, 3, 5, 6]

    page.locator(".sv-surface").focus()
    hand.key("Control+z")
    hand.until_saved()
    page.wait_for_function("() => document.querySelector('.sv-legend .sv-annotated').innerText.startsWith('3 ')")
    assert running.store.annotated_slices(PATH) == [0, 3, 6], "all that was open was one edit"
    hand.key("Shift+X")
    page.wait_for_selector(".sv-offer", state="detached")

    go_to(hand, 3)
    hand.key("g")
    page.get_by_label("In 3-D").check()
    photograph(page, "fill")
    hand.key("2")
    hand.click(85, 95)
    said(page, "1 open")
    page.locator(".sv-surface").focus()
    hand.key("Shift+L")
    said(page, "0 open, 1 accepted")
    assert iou(labels(running, 3) == 2, disc(3)) > 0.8
    assert set(np.unique(labels(running, 0))) == {0, 1}, "another slice's piece touches nothing"
