"""How soon the live prediction follows a stroke: Chromium paints, and the time runs to the frame that shows it.

The part of the window that shows the image is 1280 x 800, one image pixel a screen pixel, over a slice of 2560 x 2560.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from playwright.sync_api import Page

from scripts.benchmarks import DOCS, live_echo, live_lesson, write_table
from scripts.benchmarks.live_strokes import LONGEST_MS, VIEWER, landed, order_now, stroke, timed
from scripts.benchmarks.page import HEAD, POINTER_JS, READY, Figure, drag, open_page
from scripts.benchmarks.viewer import make_stack
from scripts.local_stack import local_stack

SHAPE = (3, 2560, 2560)
NODE = "stack/slice_"
VIEW_PX = (1280, 800)
PLACE = "xy_1280_1280_1_1"  # the middle of the second slice, full size
STROKES = 16

# The last time the button went up, by the page's clock.
UP_JS = "() => addEventListener('pointerup', (event) => { window.__up = event.timeStamp }, {capture: true})"


def open_volume(page: Page, url: str) -> None:
    """The slice in a part of the window that is VIEW_PX large."""
    page.goto(f"{url}?volume={NODE}&slice=2&at={PLACE}")
    page.wait_for_function(READY, timeout=LONGEST_MS)
    box = page.locator(".sv-surface").first.bounding_box()
    size = page.viewport_size
    assert box is not None and size is not None, "the viewer has no image"
    width = round(size["width"] + VIEW_PX[0] - box["width"])
    page.set_viewport_size({"width": width, "height": round(size["height"] + VIEW_PX[1] - box["height"])})
    page.wait_for_function(READY)
    page.evaluate(UP_JS)


def measure(page: Page) -> Iterator[Figure]:
    page.evaluate(POINTER_JS)
    page.keyboard.press("b")
    yield Figure("brush, pointer to second frame, switched off", drag(page, steps=40))
    stroke(page, 0)
    page.wait_for_function(f"() => {VIEWER}.state().saveState === 'saved'")
    start = page.evaluate("() => performance.now()")
    page.keyboard.press("Shift+V")
    stroke(page, 1)
    yield Figure("first use, process started: switch to sharp", [landed(page, 0)["done"] - start])
    yield from timed(page, "1280 x 800", range(2, 2 + STROKES))
    yield Figure("brush, pointer to second frame, while it computes", while_computing(page))
    before = order_now(page)
    page.keyboard.press("0")
    landed(page, before)
    yield from timed(page, "2560 x 2560 fitted", range(2 + STROKES, 2 + 2 * STROKES))


def while_computing(page: Page) -> list[float]:
    """Latencies of strokes drawn while the prediction of the stroke before is under way."""
    found = []
    for number in range(4):
        before = order_now(page)
        stroke(page, number)
        page.wait_for_function(f"(order) => {VIEWER}.live().order > order", arg=before)
        found += drag(page, steps=20)
        landed(page, before)
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="write docs/speed-live.md")
    parser.add_argument("--lesson", action="store_true", help="only how much it has to learn from (live_lesson.py)")
    parser.add_argument("--echo", action="store_true", help="only what its own answers teach it (live_echo.py)")
    parser.add_argument(
        "--data", type=Path, help="with --lesson and --echo: folder of the real image sets; else REAL_DATA_DIR"
    )


def run(options: argparse.Namespace) -> None:
    """Print the table, and write it down when asked to."""
    if options.lesson:
        run_part(options, "lesson", live_lesson)
    elif options.echo:
        run_part(options, "echo", live_echo)
    else:
        run_page(options)


def run_page(options: argparse.Namespace) -> None:
    """The table that is measured in the page."""
    lines = [HEAD]
    print(HEAD)
    with tempfile.TemporaryDirectory() as folder:
        make_stack(Path(folder) / "data" / "stack", SHAPE)
        with (
            local_stack(Path(folder) / "data", Path(folder) / "state", nodes=(NODE,)) as stack,
            open_page(stack.url) as page,
        ):
            open_volume(page, stack.url)
            for figure in measure(page):
                print(figure.row(), flush=True)
                lines.append(figure.row())
    if options.write:
        write_table(DOCS / "speed-live.md", lines)


def run_part(options: argparse.Namespace, part: str, source: ModuleType) -> None:
    """One of the tables that need no page."""
    lines = [source.HEAD]
    print(source.HEAD)
    for line in source.table(options.data):
        print(line, flush=True)
        lines.append(line)
    if options.write:
        write_table(DOCS / "speed-live.md", lines, part=part)
