"""A result in a real Tiled is used as labels on the page: by a click, by an area drawn, and in a review."""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from callbacks import create_app, suggestions
from components import ids
from core.images.memory import ArrayVolume
from core.labels.classes import LabelClass
from core.labels.publishing import result_metadata
from core.labels.slices import read_slice
from core.labels.store import Paint
from core.learning.jobs import JobKind, JobState, JobView
from core.services import Services
from scripts.local_stack import wait_until
from tests.browser.painting_app import PATH, SHAPE, Hand, OneVolume, noise
from tests.tile_server import tile_server
from utils.images.tiled_http import TiledAccess
from utils.images.tiled_masks import TiledResults
from utils.labels.label_db import SqlLabelStore

pytestmark = pytest.mark.browser

TABLE = (LabelClass(1, "Class 1", "#E69F00"), LabelClass(2, "Class 2", "#56B4E9"))


@dataclass(frozen=True)
class Blob:
    """A rectangle of the result. box : (y0, x0, y1, x1)."""

    z: int
    label: int
    confidence: int
    box: tuple[int, int, int, int]

    @property
    def mask(self) -> np.ndarray:
        mask = np.zeros(SHAPE[1:], bool)
        y0, x0, y1, x1 = self.box
        mask[y0:y1, x0:x1] = True
        return mask


SURE = Blob(0, 1, 200, (100, 200, 140, 260))
LESS = Blob(0, 2, 120, (300, 500, 360, 580))
LEAST = Blob(1, 1, 60, (400, 700, 450, 760))
WRONG = Blob(2, 2, 90, (200, 300, 230, 340))
SPECK = Blob(0, 1, 10, (600, 900, 603, 903))  # smaller than what a review shows


@dataclass
class FewJobs:
    views: list[JobView]

    def job(self, job_id: str) -> JobView:
        return next(view for view in self.views if view.id == job_id)

    def jobs(self, _volume: str | None = None) -> list[JobView]:
        return self.views


def write_result(tiled: Any, job: str) -> TiledResults:
    results = TiledResults(TiledAccess(tiled.uri, tiled.key, "SEG_TILED", 30))
    facts = {"data_uri": "", "mask_uri": "", "job_id": job, "model": "m", "job_name": "j", "classes": TABLE}
    writer = results.create(job, shape=SHAPE[1:], metadata=result_metadata(slices=[0, 1, 2], **facts))
    for z in range(3):
        labels, confidence = np.zeros(SHAPE[1:], np.uint8), np.full(SHAPE[1:], 255, np.uint8)
        for blob in (SURE, LESS, LEAST, WRONG, SPECK):
            if blob.z == z:
                labels[blob.mask], confidence[blob.mask] = blob.label, blob.confidence
        writer.write_slice(z, labels, confidence)
    return results


@pytest.fixture
def running(tmp_path: Path, writable_tiled) -> Iterator[SimpleNamespace]:
    """The whole page over one volume with one result."""
    job, catalog = uuid.uuid4().hex, OneVolume(ArrayVolume(noise(), PATH))
    store = SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    facts = {"volume": PATH, "state": JobState.DONE, "slices_done": (0, 1, 2), "classes": TABLE}
    fields: dict[str, Any] = {name: None for name in Services.__dataclass_fields__}
    own = {"volumes": catalog, "tiles": tile_server(catalog), "labels": store, "current_user": lambda: "ann"}
    jobs = FewJobs([JobView(job, JobKind.SEGMENT, "mine", "ann", "U-Net", **facts)])
    own |= {"jobs": jobs}
    own |= {"results": write_result(writable_tiled, job), "registry": SimpleNamespace(algorithms=list, models=list)}
    app = create_app(Services(**fields | own), assets_folder=str(Path("assets").resolve()), guard=lambda _: None)
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{server.port}/", store=store, job=job, jobs=jobs)
    server.shutdown()
    store.close()


def pixels(running: SimpleNamespace, z: int) -> np.ndarray:
    return read_slice(running.store, PATH, z, SHAPE[1:])


def open_page(page: Page, url: str) -> Hand:
    hand = Hand(page)
    page.goto(f"{url}?volume={PATH}&slice=1")
    page.wait_for_selector("#viewer .sv-surface")
    hand.until("s => s.ready && s.labelsReady && s.overlay && s.slice === 0 && s.idle")
    return hand


def click(hand: Hand, y: float, x: float) -> None:
    hand.page.mouse.click(*hand.client(y, x))
    hand.until("s => s.proposal === 'none' && s.saveState === 'saved'")


def wait_until_read(running: SimpleNamespace) -> None:
    """A review begins with what has been read so far; this one with everything."""
    url = f"{running.url}api/results/{running.job}/review?by=pieces&classes=1,2&least=20"
    wait_until(lambda: httpx.get(url, timeout=60).json()["state"] == "ready", "all of the result")


def begin_review(page: Page) -> Any:
    page.click(f"#{ids.REVIEW} summary")
    page.click(f"#{ids.REVIEW_BUTTON}")
    return page.locator(".sv-review")


def take_on_xz(hand: Hand, running: SimpleNamespace) -> None:
    """A click on the plane across the slices takes the row of the piece that it shows, and undo gives it back."""
    before = pixels(running, 0)
    hand.page.get_by_role("button", name="XZ").click()
    hand.until("s => s.axis === 'y' && s.ready && s.labelsReady && s.idle")
    while hand.state()["scale"] < 4:  # CSS pixels a slice, so that a click can tell them apart
        hand.key("+")
    row, (y0, x0, y1, x1) = hand.state()["position"]["y"], LESS.box
    assert y0 <= row < y1
    click(hand, 0.5, (x0 + x1) / 2)
    taken = before.copy()
    taken[row, x0:x1][before[row, x0:x1] == 0] = 2
    np.testing.assert_array_equal(pixels(running, 0), taken)
    hand.key("Control+z")
    hand.until_saved()
    hand.page.get_by_role("button", name="XY").click()
    hand.until("s => s.axis === 'z' && s.slice === 0 && s.ready && s.labelsReady")


def test_suggestions_go_to_the_least_sure_square_that_nobody_has_labelled(page: Page, running, monkeypatch):
    monkeypatch.setattr(suggestions, "BUDGET_S", 600)  # a busy machine may not read all three slices in two seconds
    hand = open_page(page, running.url)
    page.click("text=What next")
    page.get_by_label("Where the result is unsure").check()
    page.locator(".sv-surface").focus()
    hand.key("Shift+G")
    expect(page.locator(f"#{ids.SUGGEST_TEXT}")).to_contain_text("Slice 2: the model is")
    hand.until("s => s.slice === 1 && s.ready")
    place = hand.state()["position"]
    y, x = place["y"], place["x"]
    assert (y // 256, x // 256) == (LEAST.box[0] // 256, LEAST.box[1] // 256)
    spans = np.array([[310, 560, 570]], np.int32)  # within the square that would be next
    running.store.paint(Paint(str(uuid.uuid4()), PATH, 0, 2, spans, "bob"), shape=SHAPE)
    page.click(f"#{ids.SUGGEST_BUTTON}")
    expect(page.locator(f"#{ids.SUGGEST_TEXT}")).to_contain_text("Slice 3: the model is")
    page.get_by_label("Where two results differ").check()
    page.click(f"#{ids.SUGGEST_BUTTON}")
    expect(page.locator(f"#{ids.SUGGEST_TEXT}")).to_contain_text("Choose another under")
    ways = {
        "At random, where": "drawn",
        "Unlike what was": "the least like",
        "Where classes": "the entropy",
        "Where two classes": "ahead of the second",
    }
    for way, told in ways.items():
        page.get_by_label(way).check()
        page.click(f"#{ids.SUGGEST_BUTTON}")
        expect(page.locator(f"#{ids.SUGGEST_TEXT}")).to_contain_text(told)


def is_drawn(page: Page) -> None:
    """Wait for something on the canvas of the pointer."""
    drawn = "c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0)"
    page.wait_for_function(f"() => {{ const c = document.querySelector('.sv-cursor'); return {drawn}; }}")


def test_a_result_becomes_labels_by_click_by_area_and_in_a_review(page: Page, running):
    spans = np.array([[110, 200, 230]], np.int32)
    running.store.paint(Paint(str(uuid.uuid4()), PATH, 0, 2, spans, "bob"), shape=SHAPE)
    hand = open_page(page, running.url)
    theirs = pixels(running, 0)
    page.locator(".sv-surface").focus()
    hand.key("Shift+A")
    hand.until("s => s.tool === 'accept'")

    page.mouse.move(*hand.client(120, 230))
    is_drawn(page)
    click(hand, 120, 230)
    taken = np.where(SURE.mask & (theirs == 0), 1, theirs)
    np.testing.assert_array_equal(pixels(running, 0), taken, "the piece, but not over what somebody has labelled")
    page.keyboard.down("Alt")
    click(hand, 120, 230)
    page.keyboard.up("Alt")
    np.testing.assert_array_equal(pixels(running, 0), theirs)
    click(hand, 120, 230)
    hand.key("Control+z")
    hand.until_saved()
    np.testing.assert_array_equal(pixels(running, 0), theirs)

    take_on_xz(hand, running)
    page.keyboard.down("Shift")
    corners = hand.drag((280, 480), (330, 540))
    page.keyboard.up("Shift")
    hand.until("s => s.proposal === 'none' && s.saveState === 'saved'")
    (y0, x0), (y1, x1) = (np.floor(corner).astype(int) for corner in (corners[0], corners[-1]))
    inside = np.zeros(SHAPE[1:], bool)
    inside[y0 : y1 + 1, x0 : x1 + 1] = True
    np.testing.assert_array_equal(pixels(running, 0), np.where(inside & LESS.mask, 2, theirs))
    hand.key("Control+z")
    hand.until_saved()

    wait_until_read(running)
    bar = begin_review(page)
    expect(bar).to_contain_text("1 of 4")
    expect(bar).to_contain_text("24 % sure")
    hand.until("s => s.slice === 1 && s.ready && s.labelsReady")
    page.wait_for_function("document.querySelector('.sv-object-line')?.getAttribute('d')")
    side = [hand.client(*corner) for corner in ((400, 700), (450, 760))]
    assert side[1][0] - side[0][0] > 150, "it is well seen"
    hand.key("Enter")
    expect(bar).to_contain_text("2 of 4")
    hand.until("s => s.slice === 2 && s.ready")
    page.get_by_role("button", name="XZ").click()
    hand.until("s => s.axis === 'y' && s.ready")
    hand.key("Enter")
    expect(bar).to_contain_text("3 of 4")
    hand.key("ArrowUp")
    expect(bar).to_contain_text("You have accepted it")
    hand.until("s => s.axis === 'z' && s.slice === 2 && s.ready")
    hand.until_saved()
    np.testing.assert_array_equal(pixels(running, 2), np.where(WRONG.mask, 2, 0), "on its slice, whatever plane showed")
    page.get_by_role("button", name="YZ").click()
    page.get_by_role("button", name="Back to slice 3").click()
    hand.until("s => s.axis === 'z' && s.slice === 2 && s.ready")
    hand.key("Delete")
    expect(bar).to_contain_text("3 of 4")
    hand.key("Shift+Enter")
    expect(bar).to_contain_text("Correct it with the brush")
    hand.until("s => s.tool === 'brush' && s.slice === 0 && s.ready && s.labelsReady")
    hand.drag((365, 500), (365, 505))
    hand.key("Enter")
    expect(bar).to_contain_text("4 of 4")
    hand.key("ArrowDown")
    expect(bar).to_contain_text("All 4 are seen")
    hand.until_saved()
    np.testing.assert_array_equal(pixels(running, 1), np.where(LEAST.mask, 1, 0))
    assert not pixels(running, 2).any()
    corrected = pixels(running, 0)
    np.testing.assert_array_equal(corrected[LESS.mask], 2)
    assert np.count_nonzero(corrected == 2) > np.count_nonzero(LESS.mask) + np.count_nonzero(theirs)
    assert not (corrected == 1).any(), "what was skipped is not labelled"

    hand.key("Escape")
    expect(bar).to_have_count(0)
    open_page(page, running.url)
    expect(begin_review(page)).to_contain_text("2 accepted, 1 rejected, 1 skipped")
    page.get_by_role("button", name="See the skipped again").click()
    page.get_by_role("button", name="Accept").click()
    expect(bar).to_contain_text("3 accepted, 1 rejected, 0 skipped")
    hand.key("ArrowUp")
    expect(bar).to_contain_text("You have accepted it")
    hand.key("Delete")
    expect(bar).to_contain_text("2 accepted, 2 rejected")
    hand.until_saved()
    np.testing.assert_array_equal(pixels(running, 0), corrected, "a rejection takes back what was accepted")


def test_another_result_stands_beside_the_first_on_the_same_slice_each_with_its_name(
    page: Page, running: SimpleNamespace, writable_tiled
) -> None:
    other = uuid.uuid4().hex
    write_result(writable_tiled, other)
    first = running.jobs.views[0]
    running.jobs.views.append(
        replace(first, id=other, name="yours", classes=(replace(TABLE[0], color="#FF0000"), TABLE[1]))
    )
    open_page(page, running.url)
    choose = "value => dash_clientside.set_props('result-beside', {value})"
    viewer = "document.querySelector('#viewer').__viewer"
    page.wait_for_selector(f"#{ids.RESULT_BESIDE_FIELD}", state="visible")
    page.evaluate(choose, other)
    page.wait_for_function(f"() => {viewer}.layout() === 'beside' && {viewer}.pane(1).state().overlay === '{other}'")
    expect(page.locator("[data-pane=main] .sv-title")).to_have_text("mine no score")
    expect(page.locator("[data-pane=second] .sv-title")).to_have_text("yours no score")
    page.locator("[data-pane=main] .sv-surface").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        f"() => [0, 1].every((at) => {viewer}.pane(at).state().shown === 1 && {viewer}.pane(at).state().idle)"
    )
    assert page.evaluate(f"[0, 1].map((at) => {viewer}.pane(at).state().overlay)") == [running.job, other]
    page.evaluate(choose, None)
    page.wait_for_function(f"() => {viewer}.layout() === 'single'")
    expect(page.locator(".sv-title")).to_have_count(0)
