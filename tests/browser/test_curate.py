"""The Curate place: a table from the open volume, pictures chosen by a drag and tagged by key, a link to swipe."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.exchange_app import ExchangeApp, exchange_app

pytestmark = pytest.mark.browser

COUNTS = "[...document.querySelectorAll('.curate-counts td')].map(cell => cell.textContent).join()"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeApp]:
    folder: Path = tmp_path_factory.mktemp("curate")
    with exchange_app(folder) as running:
        yield running


def labels(app: ExchangeApp) -> dict[int, dict[str, int]]:
    (table,) = app.curation.tables()
    return {row.item.number: dict(row.values) for row in app.curation.rows(table.id) if row.values}


def test_a_table_is_made_tagged_by_key_and_handed_to_the_swipe_page(app: ExchangeApp, page: Page):
    page.add_init_script("for (const key of ['tour', 'name-asked', 'swipe-tutorial']) localStorage.setItem(key, '1')")
    page.goto(app.url)
    page.click(".place-tab:has-text('Curate')")
    page.click("text=New table")
    page.fill("[name=side]", "100")
    page.fill("[name=classes]", "pore, crack")
    page.click("text=Make the table")
    page.wait_for_selector(".curate-tile")
    expect(page.locator(".curate-tile")).to_have_count(25)
    first, seventh = (page.locator(".curate-tile").nth(place).bounding_box() for place in (0, 6))
    page.mouse.move(first["x"] + 5, first["y"] + 5)
    page.mouse.down()
    page.mouse.move(seventh["x"] + 20, seventh["y"] + 20, steps=4)
    page.mouse.up()
    page.keyboard.press("1")
    page.wait_for_selector(".curate-mark.is-1 >> nth=3")
    page.wait_for_selector("button:has-text('Undo'):enabled")
    assert labels(app) == {number: {"pore": 1} for number in (0, 1, 5, 6)}
    page.locator(".curate-tile").nth(2).click()
    page.keyboard.press("2")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    page.wait_for_selector(".curate-tile.excluded")
    page.wait_for_function(f"() => {COUNTS} === '4,0,0,0,1,0,0,0'")
    page.keyboard.press("Control+z")
    page.wait_for_selector(".curate-tile.excluded", state="detached")
    page.click(".curate-rename >> nth=1")
    page.keyboard.type("fissure")
    page.keyboard.press("Enter")
    page.wait_for_selector(".curate-mark:has-text('fissure')")
    page.click(".curate-rename >> nth=1")
    page.keyboard.type("crack")
    page.keyboard.press("Enter")
    page.wait_for_selector(".curate-mark:has-text('crack')")
    page.click("text=/Swipe these/")
    page.wait_for_selector("text=Open the Swipe page")
    with page.context.expect_page() as opening:
        page.click("text=Open the Swipe page")
    swipe = opening.value
    swipe.wait_for_load_state()
    swipe.wait_for_function("() => swipe.state?.().hand.length > 0")
    swipe.keyboard.press("ArrowLeft")
    swipe.wait_for_function("() => swipe.state().waiting === 0 && swipe.state().done === 1")
    assert labels(app)[2] == {"crack": 1, "pore": 0}, "the first that has no answer yet"
    page.select_option(".curate-way", "crack")
    page.locator(".curate-tile").nth(24).click()
    page.wait_for_selector(".curate-tile >> nth=24 >> .curate-mark.is-1")
    page.keyboard.press("Enter")
    page.wait_for_selector(".curate-pages:has-text('2 of 2')")
    page.wait_for_function(f"() => {COUNTS} === '4,1,0,0,2,23,0,0'")
    page.click("text=Learn from the labels")
    with page.expect_download() as download:
        page.click("a:has-text('Chances')", timeout=120_000)
    assert "chance: crack" in download.value.path().read_text().partition("\n")[0]
    page.click("summary:has-text('Linear probe')")
    page.click("button:text-is('Probe'):enabled")
    page.wait_for_selector("tr:has-text('pixels') td:has-text('%')")
    page.select_option("[name=kind]", "convnet")
    page.wait_for_selector("text=It needs a grid of what an encoder finds")
    expect(page.locator("button:has-text('Learn again')")).to_be_disabled()


def test_the_viewer_finds_what_looks_like_the_view_and_a_key_what_looks_like_a_picture(app: ExchangeApp, page: Page):
    page.add_init_script("for (const key of ['tour', 'name-asked']) localStorage.setItem(key, '1')")
    page.goto(app.url)
    page.wait_for_function("() => document.querySelector('.sv-root')?.__viewer?.state().ready")
    page.locator("[data-panel=suggestions] summary").click()
    rows = [
        {"name": f"m{n}", "algorithm": "U-Net", "volume": "stack", "score": n / 10, "labelled_pixels": 1000 * n}
        for n in (5, 7)
    ]
    page.evaluate("rows => dash_clientside.suggestions.growth(1, {path: 'stack'}, {models: rows})", rows)
    told = "Mean IoU over labelled pixels, 2 models: 0.50 from 5K, best 0.70 from 7K."
    assert (page.inner_text("#growth figcaption"), page.locator("#growth circle").count()) == (told, 2)
    page.click("text=This view")
    page.wait_for_selector(".curate-strip:has-text('Most like the middle of what showed on slice 1')")
    page.locator(".curate-tile").nth(4).click()
    name = page.locator(".curate-tile").nth(4).get_attribute("title")
    page.keyboard.press("l")
    page.wait_for_selector(f".curate-strip:has-text('Most like {name.split('/')[-1]}')")
    expect(page.locator(".curate-tile").first).to_have_attribute("title", name)
    page.click("text=Back to the filters")
    page.wait_for_selector(".curate-strip", state="hidden")
    page.keyboard.press("m")
    page.wait_for_selector("#curate-map .curate-lasso")
    page.wait_for_selector(".curate-legend:has-text('Without a label')")
    box = page.locator("#curate-map").bounding_box()
    corners = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.01)]
    around = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*around[0])
    page.mouse.down()
    for corner in around[1:]:
        page.mouse.move(*corner, steps=6)
    page.mouse.up()
    page.wait_for_selector(".curate-strip:has-text('points chosen on the map')")
    (chosen,) = page.evaluate("[curate.state.chosen.size]")
    assert chosen > page.locator(".curate-tile").count(), "more than the grid shows"
    page.keyboard.press("1")
    page.wait_for_function(f"() => document.querySelector('.curate-counts td').textContent === '{chosen}'")
