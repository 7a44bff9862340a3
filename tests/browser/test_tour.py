"""The tour of a first visit: it shows once, leaves at once, and takes nothing from who works."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.exchange_app import ExchangeApp, exchange_app
from tests.browser.painting_app import Hand

pytestmark = pytest.mark.browser

TOUR = ".tour"
LOOKS = "() => new Promise(done => setTimeout(done, 400))"  # longer than the tour waits between two looks


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeApp]:
    with exchange_app(tmp_path_factory.mktemp("tour")) as running:
        yield running


@pytest.fixture
def page(page: Page, app: ExchangeApp) -> Page:
    """A first visit, with the tour."""
    Hand(page).open(app.url.partition("?")[0])
    page.wait_for_selector(TOUR)
    return page


def box(page: Page, selector: str) -> dict[str, float]:
    found = page.locator(selector).bounding_box()
    assert found is not None
    return found


def test_each_card_lies_in_the_window_beside_what_it_speaks_of_and_the_last_ends_the_tour_for_good(page: Page) -> None:
    titles = []
    for _ in range(5):
        titles.append(page.locator(f"{TOUR} h2").inner_text())
        card, ring = box(page, TOUR), box(page, ".tour-ring")
        assert card["x"] >= 0
        assert card["y"] >= 0
        assert card["x"] + card["width"] <= 1280
        assert card["y"] + card["height"] <= 800
        beside = card["x"] >= ring["x"] + ring["width"] or card["x"] + card["width"] <= ring["x"]
        assert beside or card["y"] >= ring["y"] + ring["height"] or card["y"] + card["height"] <= ring["y"]
        page.click(f"{TOUR} .primary")
    assert len(set(titles)) == 5
    expect(page.locator(TOUR)).to_have_count(0)
    page.reload()
    Hand(page).until("s => s.ready && s.labelsReady")
    page.evaluate(LOOKS)
    assert page.locator(TOUR).count() == 0


WAYS = {
    "skip": lambda page: page.click(f"{TOUR} button:has-text('Skip')"),
    "escape": lambda page: page.keyboard.press("Escape"),
    "work": lambda page: page.mouse.click(640, 500),
}


def test_it_is_left_at_once_the_card_of_keys_shows_it_again_and_a_link_to_a_place_does_not(
    page: Page, app: ExchangeApp
) -> None:
    for leave in WAYS.values():
        leave(page)
        expect(page.locator(TOUR)).to_have_count(0)
        assert page.evaluate("localStorage.getItem('tour')") == "left", "no later visit shows it"
        page.evaluate("localStorage.removeItem('tour')")
        page.keyboard.press("?")
        page.click("text=Show the tour")
        expect(page.locator(TOUR)).to_be_visible()
    Hand(page).open(app.url)
    page.evaluate(LOOKS)
    assert page.locator(TOUR).count() == 0


def test_keys_and_the_brush_work_while_it_shows(page: Page) -> None:
    hand = Hand(page)
    page.keyboard.press("ArrowRight")
    hand.until("s => s.slice === 1 && s.ready && s.labelsReady")
    expect(page.locator(TOUR)).to_have_count(1)
    page.keyboard.press("b")
    hand.drag((100, 100), (120, 300))
    hand.until_saved()
    page.wait_for_selector(".sv-annotated rect, .sv-annotated *", state="attached")
    expect(page.locator(TOUR)).to_have_count(0)
