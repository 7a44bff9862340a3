"""The live prediction in a real Chromium: each half of the image takes the colour of the strokes that it is like."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.painting_app import FRAMES, PATH, SHAPE, Hand, PaintingApp, serve
from utils.processes.live_worker import LiveWorker

pytestmark = pytest.mark.browser

LONGEST_MS = 180_000  # its process imports for some seconds, and for a minute on a busy machine
PLACES = [(600, 100), (600, 1000)]  # far from all strokes: in the dark half, in the bright one
WORKING = {"n_estimators": 5, "sigmas": "1"}


def halves() -> np.ndarray:
    """Dark noise at the left, brighter at the right."""
    values = np.random.default_rng(0).integers(0, 60, SHAPE)
    values[:, :, 550:] += 120
    return values.astype(np.uint8)


@pytest.fixture
def predictor() -> Iterator[LiveWorker]:
    predictor = LiveWorker(max_bytes=128 << 20, threads=1)
    yield predictor
    predictor.close()


@pytest.fixture
def app(tmp_path: Path, predictor: LiveWorker) -> Iterator[PaintingApp]:
    app = serve(tmp_path, halves(), predictor=predictor)
    yield app
    app.close()


@pytest.fixture
def hand(chromium: Browser, app: PaintingApp) -> Iterator[Hand]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    hand = Hand(context.new_page())
    hand.open(app.url)
    options = {"opacity": 1, "hidden": [], "parameters": WORKING}
    script = f"async options => {{ dash_clientside.set_props('viewer', {{liveOptions: options}}); await {FRAMES} }}"
    hand.page.evaluate(script, options)  # the viewer has them then
    yield hand
    context.close()


def follows(page: Page, act: Callable[[], object]) -> None:
    """Act, and wait until the prediction is up to date with that."""
    live = "document.querySelector('#viewer').__viewer.live()"
    order = page.evaluate(f"{live}.order")
    act()
    script = f"order => {live}.order > order && {live}.phase === 'current'"
    page.wait_for_function(script, arg=order, timeout=LONGEST_MS)


def until_phase(page: Page, phase: str) -> None:
    script = "phase => document.querySelector('#viewer').__viewer.live().phase === phase"
    page.wait_for_function(script, arg=phase, timeout=LONGEST_MS)


def test_a_prediction_follows_the_strokes_on_every_plane_until_it_is_switched_off_and_becomes_labels(
    hand: Hand, app: PaintingApp, predictor: LiveWorker
):
    page, badge = hand.page, hand.page.locator(".sv-live")
    bare = hand.colors(PLACES)

    hand.key("Shift+V")
    until_phase(page, "waiting")
    expect(badge).to_contain_text("Paint a few strokes of two classes")

    hand.drag((100, 100), (120, 300))
    hand.key("2")
    hand.drag((100, 800), (120, 1000))
    until_phase(page, "current")
    expect(badge).to_contain_text("not saved")
    hand.until_colors(PLACES, ["#E69F00", "#56B4E9"])

    assert predictor.pid is not None
    os.kill(predictor.pid, signal.SIGKILL)
    hand.drag((300, 800), (320, 1000))
    until_phase(page, "failed")
    hand.until_colors(PLACES, ["#E69F00", "#56B4E9"])  # what was there stays
    badge.get_by_role("button", name="Try again").click()
    until_phase(page, "current")

    follows(page, lambda: hand.key("v"))
    assert hand.state()["axis"] == "y"
    hand.until_colors([(3, 100), (3, 1000)], ["#E69F00", "#56B4E9"])
    follows(page, badge.get_by_role("button", name="Use as labels").click)
    hand.until_saved()
    assert set(app.pixels(3)[350, 100:450]) == {1} and set(app.pixels(3)[350, 650:1000]) == {2}
    assert not app.pixels(3)[349].any()
    assert app.store.edits(PATH)[0].kind == "live"
    follows(page, lambda: hand.key("Control+z"))
    assert not app.pixels(3).any()
    hand.key("v")
    hand.key("v")
    hand.until("s => s.axis === 'z' && s.ready")

    hand.key("Shift+V")
    until_phase(page, "off")
    expect(badge).to_have_count(0)
    hand.until_colors(PLACES, bare)

    hand.key("Shift+U")
    until_phase(page, "current")
    hand.drag((400, 800), (420, 1000))
    until_phase(page, "stale")
    expect(badge).to_contain_text("Out of date")
