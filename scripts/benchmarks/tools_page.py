"""The magic wand as a person meets it: from the pointer to the preview on the screen, over a real server, in Chromium.

The page is that of the painting tests, the viewer with the routes it asks, over slices like those of the viewer's
benchmark. A figure runs from the pointer event to the frame after the answer has been taken over, so it holds the way
there and back, the thinking and the drawing.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

from scripts.benchmarks.page import READY, Figure, open_page, settle
from tests.browser.painting_app import serve

SHAPE = (2, 2560, 2560)
PLACES = ((0.35, 0.35), (0.5, 0.3), (0.65, 0.45), (0.3, 0.6), (0.45, 0.7), (0.6, 0.65), (0.5, 0.5), (0.4, 0.45))
REACH_PX = 40  # the pointer goes this far to the right: a third more tolerance

SCALE = "() => document.querySelector('.sv-root').__viewer.state().scale"

# Notes, for each pointer event, when the frame after its preview began.
WATCH_JS = """() => {
  const viewer = document.querySelector('.sv-root').__viewer;
  const ask = window.fetch;
  let answers = 0, asked = null;
  window.__previews = [];
  window.fetch = async (...what) => {
    const answer = await ask(...what);
    if (String(what[0]).includes('/tools/')) answers += 1;
    return answer;
  };
  const note = event => { asked ??= {at: event.timeStamp, answers}; };
  for (const kind of ['pointerdown', 'pointermove']) {
    window.addEventListener(kind, event => { if (event.buttons) note(event); }, {capture: true});
  }
  const look = () => {
    if (asked && answers > asked.answers && viewer.state().proposal === 'ready') {
      const {at} = asked;
      asked = null;
      requestAnimationFrame(() => window.__previews.push(performance.now() - at));
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def figures() -> Iterator[Figure]:
    """Time to the preview of a press and of a move, of a slice seen whole and of one seen pixel by pixel."""
    with tempfile.TemporaryDirectory() as folder:
        app = serve(Path(folder), make_slices())
        try:
            yield from measure(app.url)
        finally:
            app.close()


def make_slices() -> NDArray[np.uint16]:
    """SHAPE of blobs and noise."""
    y, x = np.mgrid[: SHAPE[1], : SHAPE[2]].astype(np.float32)
    blobs = 9000 * (np.sin(y / 90) * np.cos(x / 70) + 1.2)
    noise = np.random.default_rng(0).normal(0, 900, SHAPE).astype(np.float32)
    return (blobs + noise).clip(0, 65535).astype(np.uint16)


def measure(url: str) -> Iterator[Figure]:
    with open_page(url) as page:
        page.wait_for_function(READY, timeout=60_000)
        settle(page)
        page.evaluate(WATCH_JS)
        page.keyboard.press("y")
        yield from _uses(page, "whole slice in view")
        while page.evaluate(SCALE) < 1:
            page.keyboard.press("+")
        settle(page)
        yield from _uses(page, "1:1")


def _uses(page: Page, view: str) -> Iterator[Figure]:
    use(page, *PLACES[0])  # fills caches
    presses, moves = zip(*(use(page, *place) for place in PLACES), strict=True)
    yield Figure(f"wand in the page, press, {view}", list(presses))
    yield Figure(f"wand in the page, move, {view}", list(moves))


def use(page: Page, down: float, across: float) -> tuple[float, float]:
    """Press at a place of the view, move, and give it up; milliseconds to either preview."""
    box = page.locator(".sv-root canvas").first.bounding_box()
    assert box is not None, "the viewer has no canvas"
    x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    press = _preview(page)
    page.mouse.move(x + REACH_PX, y)
    move = _preview(page)
    page.keyboard.press("Escape")
    page.mouse.up()
    return press, move


def _preview(page: Page) -> float:
    page.wait_for_function("() => window.__previews.length > 0")
    milliseconds: float = page.evaluate("() => window.__previews.shift()")
    return milliseconds
