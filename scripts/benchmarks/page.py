"""Driving the page for measurements: keys, pointer, and the figures that come of them.

Every figure is measured in the page. "Next slice" runs from the key event to the end of the frame in which all visible
tiles are sharp, before the page turns to what does not show; "brush" and "pan" from the pointer event to the second
animation frame after it (33 ms is the floor at 60 Hz).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Page, sync_playwright

from scripts.chromium import CHROMIUM_FLAGS, find_chromium

WINDOW_PX = {"width": 1400, "height": 900}

HEAD = "| what | p50 | p95 | unit | n |\n|---|---|---|---|---|"

READY = "() => document.querySelector('.sv-root')?.__viewer?.state().ready"

IDLE = "() => { const s = document.querySelector('.sv-root').__viewer.state(); return s.ready && s.idle }"

# Calls back when the next frame has been drawn: a message sent in a frame comes before anything else that waits.
AFTER_FRAME_JS = """const afterFrame = look => requestAnimationFrame(() => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => { port1.close(); look() };
  port2.postMessage(null);
});"""

# Resolves to milliseconds from a key press to the sharp frame of the slice it leads to.
STEP_JS = """({key, shift, target}) => new Promise(resolve => {
  AFTER_FRAME
  const viewer = document.querySelector('.sv-root').__viewer;
  const start = performance.now();
  document.body.dispatchEvent(new KeyboardEvent('keydown', {key, shiftKey: shift, bubbles: true}));
  const look = () => {
    const state = viewer.state();
    if (state.slice === target && state.ready) resolve(performance.now() - start);
    else afterFrame(look);
  };
  afterFrame(look);
})""".replace("AFTER_FRAME", AFTER_FRAME_JS)

# Collects, for each pointer move, the time from the event to the second frame after it.
POINTER_JS = """() => {
  window.__latencies = [];
  window.addEventListener('pointermove', event => {
    const note = () => window.__latencies.push(performance.now() - event.timeStamp);
    requestAnimationFrame(() => requestAnimationFrame(note));
  }, {capture: true});
}"""


@dataclass(frozen=True)
class Figure:
    """One row of the table."""

    name: str
    values: list[float]
    unit: str = "ms"

    def row(self) -> str:
        p50, p95 = np.percentile(self.values, [50, 95])
        digits = 2 if self.unit == "x" else 0
        return f"| {self.name} | {p50:.{digits}f} | {p95:.{digits}f} | {self.unit} | {len(self.values)} |"


@contextmanager
def open_page(url: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*CHROMIUM_FLAGS, "--disable-gpu"])
        page = browser.new_page(viewport=WINDOW_PX)
        page.goto(url)
        yield page
        browser.close()


def step(page: Page, key: str, target: int, *, shift: bool = False) -> float:
    """Press an arrow key and return the milliseconds until slice `target` is sharp on screen."""
    milliseconds: float = page.evaluate(STEP_JS, {"key": key, "shift": shift, "target": target})
    return milliseconds


def settle(page: Page) -> None:
    """Wait until everything visible is drawn and the prefetch of the neighbours is over."""
    page.wait_for_function(IDLE)


def measure_slices(page: Page, depth: int) -> list[Figure]:
    """Far steps (never seen, never prefetched), neighbour steps after a rest, and steps back to what was seen."""
    far = []
    for target in range(10, depth, 10):
        settle(page)
        far.append(step(page, "ArrowRight", target, shift=True))
    last = (depth - 1) // 10 * 10
    near, seen = [], []
    for target in range(last - 1, last - 7, -1):
        settle(page)
        near.append(step(page, "ArrowLeft", target))
    for target in range(last - 5, last + 1):
        seen.append(step(page, "ArrowRight", target))
    return [
        Figure("next slice, uncached", far),
        Figure("next slice, prefetched", near),
        Figure("next slice, cached", seen),
    ]


def drag(page: Page, *, steps: int) -> list[float]:
    """Drag across the middle of the image and return each pointer event's latency."""
    box = page.locator(".sv-root canvas").first.bounding_box()
    assert box is not None, "the viewer has no canvas"
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate("() => { window.__latencies = [] }")
    page.mouse.move(x - 150, y - 60)
    page.mouse.down()
    page.mouse.move(x + 150, y + 60, steps=steps)
    page.mouse.up()
    page.wait_for_function(f"() => window.__latencies.length >= {steps}")
    latencies: list[float] = page.evaluate("() => window.__latencies")
    return latencies[1:]  # the first move comes before the button is down


def count_bytes(page: Page) -> list[int]:
    """A list that grows by the encoded size of each answer from now on."""
    sizes: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    return sizes
