"""How quick the map of Curate is with 10,000 items, driven in Chromium: to show, to move, to choose by a lasso.

Every figure is measured in the page. "Map asked for" runs from the key to the frame with the points, what the server
says of them included; "points drawn" is the drawing alone; "moved" from a pointer event to the second frame after it
(33 ms is the floor at 60 Hz); "lasso" from the release to the frame in which what was left out is faint.
"""

import argparse
import base64
import io
from collections.abc import Iterator
from uuid import uuid4

import numpy as np
from playwright.sync_api import Page

from scripts.benchmarks.curation import NODE, add_arguments, print_figures
from scripts.benchmarks.page import AFTER_FRAME_JS, POINTER_JS, Figure

__all__ = ["add_arguments", "run"]

SHAPE = (40, 1024, 1024)
SIDE_PX = 64  # 256 tiles a slice
ITEMS, WIDTH, GROUPS = 40 * 256, 32, 8
TIMES = 20
MAKE_JS = """async ([volume, side, id, points]) => {
  const { ask, openTable } = window.curate;
  await ask("", { id, name: "tiles", classes: ["blob"], kind: "tiles", volume, side_px: side, every: 1 });
  const body = Uint8Array.from(atob(points), (letter) => letter.charCodeAt(0));
  await ask(`/${id}/features?name=points.npy`, body, { raw: true });
  await openTable(id);
}"""
SHOW_JS = """() => new Promise((resolve) => {
  AFTER_FRAME
  const start = performance.now();
  const { Points } = window.curate;
  const paint = Points.prototype.paint;
  Points.prototype.paint = function () {
    paint.call(this);
    if (!this.u) return;
    Points.prototype.paint = paint;
    window.__points = this;
    afterFrame(() => resolve(performance.now() - start));
  };
  window.curate.map();
})""".replace("AFTER_FRAME", AFTER_FRAME_JS)
DRAW_JS = """() => {
  const start = performance.now();
  __points.paint();
  __points.canvas.getContext("2d").getImageData(0, 0, 1, 1); // until it is really drawn
  return performance.now() - start;
}"""
LASSO_JS = """() => new Promise((resolve) => {
  AFTER_FRAME
  document.querySelector(".curate-lasso").addEventListener("pointerup", () => {
    const start = performance.now();
    afterFrame(() => resolve(performance.now() - start));
  }, { once: true, capture: true });
})""".replace("AFTER_FRAME", AFTER_FRAME_JS)


def run(options: argparse.Namespace) -> None:
    """Print the table, and write it down when asked to."""
    print_figures(options, SHAPE, measure, part="map")


def measure(page: Page) -> Iterator[Figure]:
    page.add_init_script("for (const key of ['tour', 'name-asked']) localStorage.setItem(key, '1')")
    page.reload()
    page.click(".place-tab:has-text('Curate')")
    page.wait_for_selector("text=New table")
    page.evaluate(MAKE_JS, [NODE, SIDE_PX, str(uuid4()), encoded(clouds())])
    page.wait_for_selector(".curate-tile")
    yield Figure(f"map of {ITEMS:,} items asked for", [page.evaluate(SHOW_JS)])
    yield Figure("its points drawn", [page.evaluate(DRAW_JS) for _ in range(TIMES)])
    yield Figure("map moved", moves(page))
    yield Figure("lasso around half of them", [lasso(page) for _ in range(TIMES // 4)])


def clouds() -> np.ndarray:
    """(ITEMS, WIDTH) float32 in a few groups."""
    rng = np.random.default_rng(0)
    middles = 3 * rng.standard_normal((GROUPS, WIDTH))
    return (middles[rng.integers(0, GROUPS, ITEMS)] + rng.standard_normal((ITEMS, WIDTH))).astype(np.float32)


def encoded(points: np.ndarray) -> str:
    """A .npy file in letters."""
    file = io.BytesIO()
    np.save(file, points)
    return base64.b64encode(file.getvalue()).decode()


def moves(page: Page) -> list[float]:
    """Milliseconds of each step of a drag that moves the map."""
    page.click(".curate-map-tools >> text=Move")
    page.evaluate("__points.zoom(2)")
    page.evaluate(POINTER_JS)
    x, y = middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(TIMES * 3):
        page.mouse.move(x + 3 * step, y + step)
        page.wait_for_timeout(50)
    page.mouse.up()
    found: list[float] = page.evaluate("__latencies")
    page.evaluate("__points.whole()")
    page.click(".curate-map-tools >> text=Lasso")
    return found[-TIMES * 3 :]


def lasso(page: Page) -> float:
    """Milliseconds from the release to the frame in which the rest is faint."""
    box = page.locator("#curate-map").bounding_box()
    assert box is not None, "the map is open"
    corners = [(0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98), (0.02, 0.05)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=20)
    page.evaluate(f"() => {{ window.__lasso = ({LASSO_JS})() }}")
    page.mouse.up()
    found: float = page.evaluate("__lasso")
    page.wait_for_selector(".curate-strip:has-text('points chosen')")
    return found


def middle(page: Page) -> tuple[float, float]:
    box = page.locator("#curate-map").bounding_box()
    assert box is not None, "the map is open"
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
