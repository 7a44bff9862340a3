"""Strokes while the live prediction is on, and when what they changed was on the screen, by the page's clock."""

from collections.abc import Iterable

import numpy as np
from playwright.sync_api import Page

from scripts.benchmarks.page import Figure

VIEWER = "document.querySelector('.sv-root').__viewer"
LONGEST_MS = 60_000
ROWS_PX = (150, 650)


def stroke(page: Page, number: int, *, rows: tuple[int, int] = ROWS_PX) -> None:
    """A short stroke of one class or the other, somewhere in view; rows : of the window, between which it begins."""
    box = page.locator(".sv-surface").first.bounding_box()
    assert box is not None, "the viewer has no image"
    rng = np.random.default_rng(number)
    x, y = box["x"] + 150 + 900 * rng.random(), box["y"] + rng.uniform(*rows)
    page.keyboard.press(str(number % 2 + 1))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 25, steps=8)
    page.mouse.up()


def landed(page: Page, order: int) -> dict[str, float]:
    """Wait until an order after `order` is sharp on the screen, and return when it was how far."""
    done = f"(order) => {{ const l = {VIEWER}.live(); return l.order > order && l.done > 0 }}"
    page.wait_for_function(done, arg=order, timeout=LONGEST_MS)
    found: dict[str, float] = page.evaluate(f"() => ({{...{VIEWER}.live(), up: window.__up}})")
    return found


def order_now(page: Page) -> int:
    number: int = page.evaluate(f"() => {VIEWER}.live().order")
    return number


def timed(page: Page, name: str, numbers: Iterable[int], *, rows: tuple[int, int] = ROWS_PX) -> list[Figure]:
    """Strokes, one after the other, each waited for."""
    times = []
    for number in numbers:
        before = order_now(page)
        stroke(page, number, rows=rows)
        times.append(landed(page, before))
    return [
        Figure(f"{name}: stroke end to {what}", [time[key] - time["up"] for time in times])
        for key, what in (
            ("first", "the tile under the cursor"),
            ("rough", "all at half resolution"),
            ("done", "sharp"),
        )
    ]
