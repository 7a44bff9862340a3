"""Overwrite modes, locks and the history in the whole page: what is painted, looked at, compared and restored."""

import re

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from components import ids
from scripts.local_stack import wait_until
from tests.browser.exchange_app import SHAPE, ExchangeApp, exchange_app
from tests.browser.painting_app import Hand
from tests.browser.test_painting import swept

pytestmark = pytest.mark.browser

RADIUS = 10  # of a brush that nobody has changed
ROWS = f"#{ids.HISTORY_LIST} .history-line"
LOCK = "[aria-label='Lock bead']"
ADDED, REMOVED = "#56B4E9", "#D55E00"
Mask = NDArray[np.bool_]


@pytest.fixture
def app(tmp_path):
    with exchange_app(tmp_path) as running:
        yield running


class Painter:
    """Somebody with a mouse, and what the labels must be after each stroke."""

    def __init__(self, page: Page, app: ExchangeApp) -> None:
        page.add_init_script("for (const key of ['tour', 'name-asked']) localStorage.setItem(key, '1')")
        self.page, self.app, self.hand = page, app, Hand(page)
        self.labels = np.zeros(SHAPE, np.uint8)
        self.hand.open(app.url)
        page.locator(".sv-surface").focus()
        self.hand.key("b")

    def stroke(self, key: str, *points: tuple[float, float]) -> Mask:
        """Draw with the class of a key; returns the pixels under the brush."""
        self.page.locator(".sv-surface").focus()
        self.hand.key(key)
        mask = swept(self.hand.drag(*points), RADIUS)[: SHAPE[1], : SHAPE[2]]
        self.hand.until_saved()
        return mask

    def paints(self, key: str, allowed: Mask, *points: tuple[float, float], z: int = 0) -> None:
        """A stroke that changes the pixels allowed, and no other."""
        mask = self.stroke(key, *points)
        self.labels[z][mask & allowed] = int(key)
        np.testing.assert_array_equal(self.app.pixels(), self.labels)

    def says(self, words: str) -> None:
        expect(self.page.locator(".sv-notice").last).to_contain_text(words)


def test_modes_locks_and_every_moment_leave_the_pixels_they_promise(page: Page, app: ExchangeApp) -> None:
    painter = Painter(page, app)
    everything = np.full(SHAPE[1:], True)
    painter.paints("2", everything, (100, 60), (100, 340))

    page.click(LOCK)
    expect(page.locator(LOCK)).to_have_attribute("aria-pressed", "true")
    painter.paints("1", painter.labels[0] != 2, (40, 200), (160, 200))
    page.click(LOCK)
    expect(page.locator(LOCK)).to_have_attribute("aria-pressed", "false")

    painter.hand.key("o")  # only unlabelled
    painter.paints("2", painter.labels[0] == 0, (60, 120), (60, 280))
    painter.hand.key("o")  # only pore
    painter.paints("2", painter.labels[0] == 1, (150, 160), (150, 240))
    painter.hand.key("o")  # only bead
    painter.hand.key("o")  # everything
    first = painter.labels.copy()
    painter.hand.key("ArrowRight")
    painter.hand.until("s => s.slice === 1 && s.ready && s.labelsReady")
    painter.paints("1", everything, (200, 60), (200, 340), z=1)

    look_back(painter)
    compare(painter)
    page.click(f"#{ids.MOMENT_RESTORE}")
    expect(page.locator(f"#{ids.MOMENT_BANNER}")).to_be_hidden()
    np.testing.assert_array_equal(app.pixels(), first)
    expect(page.locator(ROWS).first).to_contain_text("Restored the labels of")
    page.locator(".sv-surface").focus()
    painter.hand.until("s => s.ready && s.labelsReady")
    painter.hand.key("Control+z")
    painter.hand.until_saved()
    expect(page.locator(ROWS).first).to_contain_text("Took back: restored the labels of")
    np.testing.assert_array_equal(app.pixels(), painter.labels)
    delete_a_class(painter)


def delete_a_class(painter: Painter) -> None:
    """Ctrl Z brings the pixels back, and the class to the list."""
    page, hand = painter.page, painter.hand
    row = page.locator(".class-row", has=page.locator(LOCK))
    row.locator(".class-delete > summary").click()
    row.locator(".class-delete button").click()
    expect(row).to_have_count(0)
    assert not (painter.app.pixels() == 2).any()
    page.locator(".sv-surface").focus()
    hand.key("Control+z")
    expect(row).to_have_count(1)
    np.testing.assert_array_equal(painter.app.pixels(), painter.labels)


def look_back(painter: Painter) -> None:
    """The first stroke's moment: its slice is shown, and nothing can be changed."""
    page, hand = painter.page, painter.hand
    hand.key("Shift+Z")
    stroke = page.locator(ROWS, has_text="Painted bead").last
    stroke.locator(".history-row").click()
    expect(page.locator(f"#{ids.MOMENT_TEXT}")).to_contain_text("Labels of")
    hand.until("s => s.slice === 0 && s.overlay?.startsWith('at/') && s.ready")
    page.locator(".sv-surface").focus()
    hand.key("Control+z")
    painter.says("labels of the past")
    hand.drag((250, 60), (250, 340))
    hand.key("Shift+D")
    hand.key("Escape")
    expect(page.locator(f"#{ids.MOMENT_BANNER}")).to_be_hidden()
    np.testing.assert_array_equal(painter.app.pixels(), painter.labels)


def compare(painter: Painter) -> None:
    """Any two moments: A before the stroke on the other slice, B after; then the other way round."""
    page, hand = painter.page, painter.hand
    page.click(f"#{ids.HISTORY_COMPARE}")
    page.locator(ROWS).nth(0).get_by_text("A", exact=True).click()
    page.locator(ROWS).nth(1).get_by_text("B", exact=True).click()
    pixels = int(np.count_nonzero(painter.labels[1]))
    text = page.locator(f"#{ids.MOMENT_TEXT}")
    expect(text).to_contain_text(f"0 added{pixels:,} removed0 changed class")
    expect(text).to_contain_text(f"pore −{pixels:,}. Slice 2 differs.")
    hand.until("s => s.slice === 1 && s.overlay?.startsWith('between/') && s.ready")
    shows(hand, REMOVED)
    page.locator(ROWS).nth(1).get_by_text("A", exact=True).click()
    page.locator(ROWS).nth(0).get_by_text("B", exact=True).click()
    expect(text).to_contain_text(f"{pixels:,} added0 removed")
    hand.until("s => s.slice === 1 && s.ready")
    shows(hand, ADDED)
    expect(page.locator(f"#{ids.MOMENT_RESTORE}")).to_have_text(re.compile("Restore A"))


def shows(hand: Hand, color: str) -> None:
    """The stroke has this colour of a comparison, once its tiles are drawn."""
    wait_until(lambda: nearest(hand.colors([(200, 200)])[0]) == color, f"the colour {color}")


def nearest(color: str) -> str:
    """Of the two colours the one that a pixel of the canvas shows, laid over the image as it is."""
    bytes_of = lambda text: np.array(list(bytes.fromhex(text[1:])))  # noqa: E731
    return min((ADDED, REMOVED), key=lambda known: float(np.abs(bytes_of(known) - bytes_of(color)).sum()))
