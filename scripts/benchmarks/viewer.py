"""How quick the page feels: drive Chromium over a 2560 x 2560 uint16 stack served by Tiled, and print p50 and p95.

Every figure is measured in the page. "Next slice" runs from the key event to the frame in which all visible tiles are
sharp; "brush" and "pan" from the pointer event to the second animation frame after it (33 ms is the floor at 60 Hz).
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from playwright.sync_api import Page, sync_playwright

from scripts.benchmarks import DOCS, write_table
from scripts.chromium import CHROMIUM_FLAGS, find_chromium
from scripts.local_stack import local_stack

STACK_SHAPE = (48, 2560, 2560)
WINDOW_PX = {"width": 1400, "height": 900}
RADII_PX = (5, 50, 200)

HEAD = "| what | p50 | p95 | unit | n |\n|---|---|---|---|---|"

READY = "() => document.querySelector('.sv-root')?.__viewer?.state().ready"

IDLE = "() => { const s = document.querySelector('.sv-root').__viewer.state(); return s.ready && s.idle }"

# Resolves to milliseconds from a key press to the sharp frame of the slice it leads to.
STEP_JS = """({key, shift, target}) => new Promise(resolve => {
  const viewer = document.querySelector('.sv-root').__viewer;
  const start = performance.now();
  document.body.dispatchEvent(new KeyboardEvent('keydown', {key, shiftKey: shift, bubbles: true}));
  const look = () => {
    const state = viewer.state();
    if (state.slice === target && state.ready) resolve(performance.now() - start);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})"""

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
        return f"| {self.name} | {p50:.0f} | {p95:.0f} | {self.unit} | {len(self.values)} |"


def make_stack(path: Path, shape: tuple[int, int, int] = STACK_SHAPE) -> None:
    """Write a uint16 TIFF sequence of blobs and noise, which hardly compresses, as detector images do."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: shape[1], : shape[2]].astype(np.float32)
    blobs = 9000 * (np.sin(y / 90) * np.cos(x / 70) + 1.2)
    noise = rng.normal(0, 900, shape[1:]).astype(np.float32)
    path.mkdir(parents=True)
    for z in range(shape[0]):
        image = blobs + np.roll(noise, 37 * z, axis=(0, 1)) + 40 * z
        tifffile.imwrite(path / f"slice_{z:04d}.tif", image.clip(0, 65535).astype(np.uint16))


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


def measure_strokes(page: Page) -> Iterator[Figure]:
    page.evaluate(POINTER_JS)
    page.keyboard.press("a")
    yield Figure("pan, pointer to second frame", drag(page, steps=40))
    settle(page)
    page.keyboard.press("b")
    for radius in RADII_PX:
        page.evaluate("([id, props]) => dash_clientside.set_props(id, props)", ["viewer", {"brushRadius": radius}])
        yield Figure(f"brush radius {radius}, pointer to second frame", drag(page, steps=40))
        page.wait_for_function("() => document.querySelector('.sv-root').__viewer.state().saveState === 'saved'")


def count_bytes(page: Page) -> list[int]:
    """A list that grows by the encoded size of each answer from now on."""
    sizes: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    return sizes


def measure(url: str, volume: str) -> Iterator[Figure]:
    with open_page(url) as page:
        sizes = count_bytes(page)
        start = page.evaluate("() => performance.timeOrigin")
        page.goto(f"{url}?volume={volume}")
        page.wait_for_function(READY, timeout=60_000)
        now = page.evaluate("() => performance.timeOrigin + performance.now()")
        origin = page.evaluate("() => performance.timeOrigin")
        assert origin != start, "the page did not load anew"
        yield Figure("first paint, empty caches", [now - origin])
        settle(page)
        yield Figure("bytes of the first view", [sum(sizes) / 1e6], "MB")
        before = sum(sizes)
        yield from measure_slices(page, STACK_SHAPE[0])
        yield Figure("bytes for the slices above", [(sum(sizes) - before) / 1e6], "MB")
        yield from measure_strokes(page)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="write docs/speed.md")


def run(options: argparse.Namespace) -> None:
    """Print the table, and write it down when asked to."""
    lines = [HEAD]
    print(HEAD)
    with tempfile.TemporaryDirectory() as folder:
        make_stack(Path(folder) / "data" / "stack")
        with local_stack(Path(folder) / "data", Path(folder) / "state", nodes=("stack/slice_",)) as stack:
            for figure in measure(stack.url, "stack/slice_"):
                print(figure.row(), flush=True)
                lines.append(figure.row())
    if options.write:
        write_table(DOCS / "speed.md", lines)
