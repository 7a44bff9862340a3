"""How soon the live prediction shows on XZ and YZ, where each slice answers for its own line; `live.py` has slices.

A stack of 96 slices of 1024 x 1024; its planes of 1024 x 96 fill the width of the window, at full resolution.
"""

from collections.abc import Iterator

from playwright.sync_api import Page

from scripts.benchmarks.live_strokes import VIEWER, landed, order_now, stroke, timed
from scripts.benchmarks.page import Figure

SHAPE = (96, 1024, 1024)
STROKES = 6
ROWS_PX = (350, 420)  # of the window, which the planes do not fill
PLANES = {"y": "XZ", "x": "YZ"}  # in the order of the key V


def measure_planes(page: Page) -> Iterator[Figure]:
    """Two strokes on a slice teach it; then both planes are looked at and painted on."""
    page.keyboard.press("b")
    stroke(page, 0)
    stroke(page, 1)
    page.keyboard.press("Shift+V")
    landed(page, 0)
    for axis, name in PLANES.items():
        before, start = order_now(page), page.evaluate("() => performance.now()")
        page.keyboard.press("v")
        page.wait_for_function(f"(axis) => {VIEWER}.state().axis === axis", arg=axis)
        first = landed(page, before)
        yield Figure(f"{name}, never seen: key to all at half resolution", [first["rough"] - start])
        yield Figure(f"{name}, never seen: key to sharp", [first["done"] - start])
        yield from timed(page, name, range(2, 2 + STROKES), rows=ROWS_PX)
