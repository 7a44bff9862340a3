"""How soon the next picture shows on the Swipe page after an answer, driven in Chromium, beside Tiled and the app.

The page measures itself: from the answer to the frame in which the next card is painted (assets/swipe/swipe.js).
"""

import argparse
from collections.abc import Iterator
from urllib.parse import urljoin
from uuid import uuid4

from playwright.sync_api import Page

from scripts.benchmarks.curation import NODE, add_arguments, print_figures
from scripts.benchmarks.page import Figure

__all__ = ["add_arguments", "run"]

SHAPE = (60, 1024, 1024)
SIDE_PX = 256
ANSWERS = 150
PACE_MS = 250  # four answers a second: faster than people are
READY = "() => swipe.state().hand.length > 3 && !document.querySelector('.card.loading')"
MAKE_JS = """async ([volume, side, ids]) => {
  const { ask } = window.curate;
  const facts = { id: ids[0], name: "tiles", classes: ["blob"], kind: "tiles", volume, side_px: side, every: 1 };
  await ask("", facts);
  return (await ask(`/${ids[0]}/queues`, { id: ids[1], asks: "blob", batch: 500 })).address;
}"""


def run(options: argparse.Namespace) -> None:
    """Print the table, and write it down when asked to."""
    print_figures(options, SHAPE, measure, part="swipe")


def measure(page: Page) -> Iterator[Figure]:
    page.wait_for_function("() => window.curate?.ask")
    address = page.evaluate(MAKE_JS, [NODE, SIDE_PX, [str(uuid4()), str(uuid4())]])
    page.add_init_script("localStorage.setItem('swipe-tutorial', 'seen')")
    page.goto(urljoin(page.url, address))
    page.wait_for_function(READY)
    yield Figure("answer to next picture, four a second", answers(page, pause_ms=PACE_MS))
    yield Figure("answer to next picture, as fast as it goes", answers(page, pause_ms=0))


def answers(page: Page, *, pause_ms: int) -> list[float]:
    """Milliseconds of each of `ANSWERS` answers by key."""
    page.evaluate("() => { swipe.timings.length = 0 }")
    for number in range(ANSWERS):
        page.keyboard.press("ArrowRight" if number % 2 else "ArrowLeft")
        page.wait_for_timeout(pause_ms)
        page.wait_for_function(f"() => swipe.timings.length === {number + 1} && swipe.state().hand.length > 0")
    found: list[float] = page.evaluate("() => [...swipe.timings]")
    return found
