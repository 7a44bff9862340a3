"""How soon the next picture shows on the Swipe page after an answer, driven in Chromium, beside Tiled and the app.

The page measures itself: from the answer to the frame in which the next card is painted (assets/swipe/swipe.js).
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Page

from scripts.benchmarks import DOCS, write_table
from scripts.benchmarks.page import HEAD, Figure, open_page
from scripts.benchmarks.viewer import make_stack
from scripts.local_stack import local_stack

SHAPE = (60, 1024, 1024)
NODE = "stack/slice_"
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="write the table into docs/active.md")


def run(options: argparse.Namespace) -> None:
    """Print the table, and write it down when asked to."""
    lines = [HEAD]
    with tempfile.TemporaryDirectory() as folder:
        make_stack(Path(folder) / "data" / "stack", SHAPE)
        with (
            local_stack(Path(folder) / "data", Path(folder) / "state", nodes=(NODE,)) as stack,
            open_page(stack.url) as page,
        ):
            lines += [figure.row() for figure in measure(page, stack.url)]
    print("\n".join(lines))
    if options.write:
        write_table(DOCS / "active.md", lines, part="swipe")


def measure(page: Page, url: str) -> Iterator[Figure]:
    page.wait_for_function("() => window.curate?.ask")
    address = page.evaluate(MAKE_JS, [NODE, SIDE_PX, [str(uuid4()), str(uuid4())]])
    page.add_init_script("localStorage.setItem('swipe-tutorial', 'seen')")
    page.goto(url.rstrip("/") + address)
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
