"""The live prediction in a real Chromium: each half of the image takes the colour of the strokes that it is like."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.painting_app import SHAPE, Hand, serve
from utils.live_worker import LiveWorker

pytestmark = pytest.mark.browser

LONGEST_MS = 60_000  # its process imports for some seconds, and for half a minute on a busy machine
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
def hand(chromium: Browser, tmp_path: Path, predictor: LiveWorker) -> Iterator[Hand]:
    app = serve(tmp_path, halves(), predictor=predictor)
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    hand = Hand(context.new_page())
    hand.open(app.url)
    options = {"opacity": 1, "hidden": [], "parameters": WORKING}
    hand.page.evaluate("options => dash_clientside.set_props('viewer', {liveOptions: options})", options)
    yield hand
    context.close()
    app.close()


def until_phase(page: Page, phase: str) -> None:
    script = "phase => document.querySelector('#viewer').__viewer.live().phase === phase"
    page.wait_for_function(script, arg=phase, timeout=LONGEST_MS)


def test_a_prediction_follows_the_strokes_until_it_is_switched_off(hand: Hand, predictor: LiveWorker):
    page, badge = hand.page, hand.page.locator(".sv-live")
    bare = hand.colors(PLACES)

    hand.key("Shift+V")
    until_phase(page, "waiting")
    assert "Paint a few strokes of two classes" in badge.inner_text()

    hand.drag((100, 100), (120, 300))
    hand.key("2")
    hand.drag((100, 800), (120, 1000))
    until_phase(page, "current")
    assert "not saved" in badge.inner_text()
    assert hand.colors(PLACES) == ["#E69F00", "#56B4E9"]

    assert predictor.pid is not None
    os.kill(predictor.pid, signal.SIGKILL)
    hand.drag((300, 800), (320, 1000))
    until_phase(page, "failed")
    assert hand.colors(PLACES) == ["#E69F00", "#56B4E9"]  # what was there stays
    badge.get_by_role("button", name="Try again").click()
    until_phase(page, "current")

    hand.key("Shift+V")
    until_phase(page, "off")
    assert badge.count() == 0
    hand.until("s => s.ready")
    assert hand.colors(PLACES) == bare

    hand.key("Shift+U")
    until_phase(page, "current")
    hand.drag((400, 800), (420, 1000))
    until_phase(page, "stale")
    assert "Out of date" in badge.inner_text()
