"""The list of classes in the page: quick presses are all done, what is being typed stays, and 127 are no burden."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from components import ids
from core.labels.classes import MAX_CLASSES, PALETTE, LabelClass
from scripts.local_stack import wait_until
from tests.browser.exchange_app import ExchangeApp, exchange_app
from tests.browser.painting_app import PATH, Hand

pytestmark = pytest.mark.browser

ROWS = ".class-row"
BUSY_MS = 2000  # this machine takes 0.2 s; as components of Dash the list took the page for many seconds
# Milliseconds until a press of the eye has been drawn.
PRESS_JS = """eye => new Promise(done => {
  const start = performance.now();
  eye.click();
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
})"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[ExchangeApp]:
    with exchange_app(tmp_path) as running:
        yield running


def open_page(page: Page, app: ExchangeApp) -> Hand:
    page.add_init_script("for (const key of ['tour', 'name-asked']) localStorage.setItem(key, '1')")
    hand = Hand(page)
    hand.open(app.url)
    expect(page.locator(ROWS).first).to_be_visible()
    return hand


def row_of(page: Page, class_id: int):
    return page.locator(f"{ROWS}[data-class='{class_id}']")


def table(app: ExchangeApp) -> list[LabelClass]:
    return list(app.labels.classes(PATH))


def test_the_list_does_what_is_wished_and_keeps_what_is_typed(page: Page, app: ExchangeApp) -> None:
    hand = open_page(page, app)
    bead = row_of(page, 2)
    page.locator(".sv-surface").focus()
    hand.key("2")
    expect(bead).to_have_class("class-row active")
    row_of(page, 1).locator(".class-key").click()
    expect(row_of(page, 1)).to_have_class("class-row active")
    bead.locator(".class-color").evaluate("one => { one.value = '#123456'; one.dispatchEvent(new Event('change')) }")
    rename(page, app)
    lose_no_press(page, app)
    assert [row.color for row in table(app)][1] == "#123456"
    expect(bead.locator(".class-color")).to_have_value("#123456")


def rename(page: Page, app: ExchangeApp) -> None:
    """A name that is taken is refused in words; a half-typed one and an open question outlive news from elsewhere."""
    name = row_of(page, 2).locator(".class-name")
    name.fill("pore")
    name.press("Enter")
    page.wait_for_selector(".message-error:has-text('used twice')")
    expect(name).to_have_value("bead")
    page.click(".message-error button")
    row_of(page, 1).locator("summary").click()
    name.fill("glass be")
    page.locator(f"#{ids.LIVE_CLASSES} input").nth(1).evaluate("one => one.click()")
    app.labels.set_classes(PATH, (*table(app), LabelClass(3, "rock", PALETTE[5])), user="somebody else")
    expect(page.locator(ROWS)).to_have_count(3)
    for at, shown in enumerate((True, False, True)):  # what the live prediction hid stays hidden
        expect(page.locator(f"#{ids.LIVE_CLASSES} input").nth(at)).to_be_checked(checked=shown)
    expect(name).to_have_value("glass be")
    expect(name).to_be_focused()
    expect(row_of(page, 1).locator(".question")).to_be_visible()
    row_of(page, 1).locator("summary").evaluate("one => one.click()")  # closed without leaving the field
    name.press_sequentially("ads")
    name.press("Enter")
    expect(row_of(page, 2).locator(".class-key")).to_have_attribute("aria-label", "Paint with glass beads")
    wait_until(lambda: table(app)[1].name == "glass beads", "the new name in the database")


def lose_no_press(page: Page, app: ExchangeApp) -> None:
    """Presses that come while the server is slow show at once and are done in their order."""
    held: list[Route] = []
    page.route("**/classes", lambda route: held.append(route), times=1)  # noqa: PLW0108 - Playwright marks its handlers
    eye = row_of(page, 2).locator("[aria-pressed]").first
    for pressed in ("false", "true", "false"):
        eye.click()
        expect(eye).to_have_attribute("aria-pressed", pressed)
    page.click("[aria-label='Lock rock']")
    page.click(f"#{ids.CLASS_ADD}")
    page.click(f"#{ids.CLASS_ADD}")
    wait_until(lambda: len(held) == 1, "the first press on its way")
    held[0].continue_()
    expect(page.locator(ROWS)).to_have_count(5)
    expect(eye).to_have_attribute("aria-pressed", "false")
    assert [(row.visible, row.locked) for row in table(app)][1:3] == [(False, False), (True, True)]
    row_of(page, 5).locator("summary").click()
    row_of(page, 5).locator(".question button").click()
    expect(page.locator(ROWS)).to_have_count(4)


def test_the_most_classes_hold_nobody_up(page: Page, app: ExchangeApp) -> None:
    most = tuple(LabelClass(n, f"Class {n}", f"#{0x101010 + n:06X}") for n in range(1, MAX_CLASSES + 1))
    app.labels.set_classes(PATH, most, user="painter")
    open_page(page, app)
    expect(page.locator(ROWS)).to_have_count(MAX_CLASSES)
    eye = row_of(page, 60).locator("[aria-pressed]").first
    assert eye.evaluate(PRESS_JS) < BUSY_MS
    wait_until(lambda: not table(app)[59].visible, "the hidden class in the database")
