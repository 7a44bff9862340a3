"""The tour of a first visit: it shows once, leaves at once, and takes nothing from who works."""

from collections.abc import Iterator

import numpy as np
import pytest
import tifffile
from playwright.sync_api import Browser, Page, expect

from scripts.local_stack import LocalStack, local_stack
from tests.browser.painting_app import Hand

pytestmark = pytest.mark.browser

VOLUME = "rocks"
TOUR = ".tour"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    data = tmp_path_factory.mktemp("images")
    values = np.random.default_rng(0).integers(0, 255, (3, 700, 900)).astype(np.uint8)
    tifffile.imwrite(data / f"{VOLUME}.tif", values, photometric="minisblack")
    with local_stack(data, tmp_path_factory.mktemp("state"), nodes=(VOLUME,)) as running:
        yield running


@pytest.fixture
def page(chromium: Browser, stack: LocalStack) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    Hand(page).open(stack.url)
    yield page
    context.close()


def box(page: Page, selector: str) -> dict[str, float]:
    found = page.locator(selector).bounding_box()
    assert found is not None
    return found


def is_gone_for_good(page: Page) -> bool:
    """Whether it is not there, and still is not a while after the page has been opened again."""
    expect(page.locator(TOUR)).to_have_count(0)
    page.reload()
    Hand(page).until("s => s.ready && s.labelsReady")
    page.evaluate("() => new Promise(done => setTimeout(done, 400))")  # longer than the tour waits between two looks
    return page.locator(TOUR).count() == 0


def test_each_card_lies_in_the_window_beside_what_it_speaks_of_and_the_last_ends_the_tour(page):
    page.wait_for_selector(TOUR)
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
    assert is_gone_for_good(page)


@pytest.mark.parametrize("way", ["skip", "escape", "work"])
def test_it_can_be_left_at_once(page, way):
    page.wait_for_selector(TOUR)
    if way == "skip":
        page.click(f"{TOUR} button:has-text('Skip')")
    elif way == "escape":
        page.keyboard.press("Escape")
    else:
        page.mouse.click(640, 500)
    assert is_gone_for_good(page)


def test_keys_and_the_brush_work_while_it_shows(page):
    page.wait_for_selector(TOUR)
    hand = Hand(page)
    page.keyboard.press("ArrowRight")
    hand.until("s => s.slice === 1 && s.ready && s.labelsReady")
    expect(page.locator(TOUR)).to_have_count(1)
    page.keyboard.press("b")
    hand.drag((400, 450), (420, 600))
    hand.until("s => s.saveState === 'saved'")
    hand.page.wait_for_selector(".sv-annotated rect, .sv-annotated *", state="attached")
    expect(page.locator(TOUR)).to_have_count(0)


def test_the_card_of_keys_shows_it_again_and_a_link_to_a_place_does_not(page, stack):
    page.wait_for_selector(TOUR)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.click("text=Show the tour")
    expect(page.locator(TOUR)).to_be_visible()
    page.evaluate("localStorage.removeItem('tour')")
    Hand(page).open(f"{stack.url}?volume={VOLUME}")
    page.evaluate("() => new Promise(done => setTimeout(done, 400))")
    assert page.locator(TOUR).count() == 0
