"""The page when something outside is wrong: it says what and the way out, lives on, and recovers."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import tifffile
from playwright.sync_api import Page, expect

from components import ids
from scripts.local_stack import KEY, LocalStack, answers, local_stack, port_of, wait_until
from tests.browser.painting_app import Hand
from tests.mlflow_template import fresh_store

pytestmark = pytest.mark.browser

VOLUME = "rocks"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    data = tmp_path_factory.mktemp("images")
    values = np.random.default_rng(0).integers(0, 255, (3, 200, 300)).astype(np.uint8)
    tifffile.imwrite(data / f"{VOLUME}.tif", values, photometric="minisblack")
    (data / "broken.tif").write_bytes(b"II*\x00 and then nothing")
    with local_stack(data, fresh_store(tmp_path_factory.mktemp("state")), nodes=(VOLUME,)) as running:
        running.environment["IMAGES"] = str(data)
        yield running


@pytest.fixture
def stack(started: LocalStack) -> LocalStack:
    """With the app up, which a test before may have ended."""
    if started.processes["app"].poll() is not None:
        started.start_app()
    return started


def open_picker(page: Page) -> None:
    page.click(f"#{ids.DATASET_BUTTON}")
    page.wait_for_selector(f"#{ids.DATASET_LIST} :is(.dataset-row, .notice)")


def refresh_until(page: Page, selector: str) -> None:
    """Press Refresh until the list shows `selector`; a list younger than three seconds is shown again."""

    def shown() -> bool:
        page.click(f"#{ids.DATASET_REFRESH}:enabled")
        page.wait_for_selector(f"#{ids.DATASET_REFRESH}:enabled")
        return page.locator(f"#{ids.DATASET_LIST} {selector}").count() > 0

    wait_until(shown, selector)


def start_tiled(stack: LocalStack) -> None:
    uri = stack.environment["DATA_TILED_URI"]
    command = ["bash", "tiled_serve_dir.sh", stack.environment["IMAGES"]]
    stack.start("tiled", command, TILED_PORT=port_of(uri))
    wait_until(lambda: answers(f"{uri}api/v1/metadata/{VOLUME}", key=KEY), "the images in Tiled")


MANY = """() => {
  const row = (name) => ({path: name, id: name, name, folder: "far", about: "uint8"});
  const rows = Array.from({length: 5000}, (_, n) => row(n === 4321 ? "rocks" : `scan ${n}`));
  dash_clientside.set_props("datasets-store", {data: {rows, looking: 5000, notice: null}});
}"""


def test_the_picker_lists_a_broken_file_searches_and_opens_one_of_thousands(stack: LocalStack, page: Page) -> None:
    """As components of Dash, 566 datasets held the page up for two and a half minutes."""
    page.goto(stack.url)
    open_picker(page)
    a_broken_file_has_its_reason_and_no_link(page)
    the_search_goes_by_name_shape_and_type(page)
    page.wait_for_selector(f"#{ids.DATASET_REFRESH}:enabled")  # nothing more comes
    page.evaluate(MANY)
    page.fill(f"#{ids.DATASET_SEARCH}", "")
    rows = page.locator("a.dataset-row")
    expect(rows).to_have_count(5000)
    expect(page.locator(".dataset-looking")).to_have_text("Looking for more datasets, 5000 so far")
    page.fill(f"#{ids.DATASET_SEARCH}", "FAR rock")
    expect(rows).to_have_count(1)
    rows.click()
    page.wait_for_url(lambda url: "volume=rocks" in url)
    expect(page.locator(f"#{ids.DATASET_PICKER}")).to_be_hidden()
    Hand(page).until("s => s.ready && s.labelsReady")


def a_broken_file_has_its_reason_and_no_link(page: Page) -> None:
    broken = page.locator(".dataset-row.broken")
    expect(broken).to_contain_text("broken")
    assert len(broken.locator(".dataset-reason").inner_text()) > 10
    assert broken.evaluate("row => row.tagName") == "DIV", "no link"


def the_search_goes_by_name_shape_and_type(page: Page) -> None:
    for words, found in (("rock", 1), ("UINT8 200", 1), ("nothing like it", 0)):
        page.fill(f"#{ids.DATASET_SEARCH}", words)
        page.wait_for_function(f"() => document.querySelectorAll('a.dataset-row').length === {found}")
    expect(page.locator(".dataset-none")).to_be_visible()


def test_a_volume_that_is_gone_is_named_and_another_can_be_opened(stack: LocalStack, page: Page) -> None:
    page.goto(f"{stack.url}?volume=gone%2Fstack")
    page.wait_for_selector("text=gone/stack >> visible=true")
    page.wait_for_function("() => /not|gone/.test(document.querySelector('.sv-stage').innerText)")
    open_picker(page)
    page.click("a.dataset-row")
    Hand(page).until("s => s.ready")


def test_the_page_survives_that_tiled_is_down_and_opens_when_it_is_back(stack: LocalStack, page: Page) -> None:
    stack.processes["tiled"].kill()
    stack.processes["tiled"].wait()
    page.goto(stack.url)
    open_picker(page)
    refresh_until(page, ".notice:has-text('does not answer')")
    start_tiled(stack)
    refresh_until(page, "a.dataset-row")
    page.click("a.dataset-row")
    Hand(page).until("s => s.ready && s.idle")
    a_slice_asked_for_while_it_is_down_comes_when_it_is_back(stack, page)


def a_slice_asked_for_while_it_is_down_comes_when_it_is_back(stack: LocalStack, page: Page) -> None:
    stack.kill_app()  # the slices it keeps are gone with it
    stack.processes["tiled"].kill()
    stack.processes["tiled"].wait()
    stack.start_app()
    page.reload()
    page.wait_for_function("() => /answer|server/i.test(document.querySelector('.sv-stage')?.innerText ?? '')")
    start_tiled(stack)
    Hand(page).until("s => s.ready")


def test_a_callback_that_fails_on_the_server_is_told(stack: LocalStack, page: Page) -> None:
    page.goto(f"{stack.url}?volume={VOLUME}")
    Hand(page).until("s => s.ready && s.labelsReady")
    page.route("**/_dash-update-component*", lambda route: route.fulfill(status=500, body="oops"))
    page.click(f"#{ids.DATASET_BUTTON}")
    page.wait_for_selector(".message-error:has-text('The server failed')")
    page.unroute("**/_dash-update-component*")
    page.click(".message-error button")
    page.click(f"#{ids.DATASET_REFRESH}")
    page.wait_for_selector("a.dataset-row")


def test_a_panel_that_was_folded_away_stays_so_after_a_reload(stack: LocalStack, page: Page) -> None:
    page.goto(f"{stack.url}?volume={VOLUME}")
    page.click("[data-panel=contrast] > summary")
    page.wait_for_selector(f"#{ids.CONTRAST}", state="hidden")
    page.reload()
    page.wait_for_selector("[data-panel=contrast]:not([open])")
    expect(page.locator("[data-panel=overlay][open]")).to_have_count(1)


@contextmanager
def restarted_with(stack: LocalStack, **settings: str) -> Iterator[None]:
    """The app with other settings; it is ended afterwards."""
    before = dict(stack.environment)
    if stack.processes["app"].poll() is None:
        stack.kill_app()
    stack.environment.update(settings)
    try:
        stack.start_app()
        yield
    finally:
        stack.kill_app()
        stack.environment.clear()
        stack.environment.update(before)


def test_a_wrong_key_is_named(started: LocalStack, page: Page) -> None:
    with restarted_with(started, DATA_TILED_API_KEY="wrong"):
        page.goto(started.url)
        open_picker(page)
        expect(page.locator(f"#{ids.DATASET_LIST}")).to_contain_text("DATA_TILED_API_KEY")


def test_dashs_own_checks_find_nothing_wrong_with_the_page(started: LocalStack, page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    with restarted_with(started, MODE="dev"):
        page.goto(f"{started.url}?volume={VOLUME}")
        Hand(page).until("s => s.ready && s.labelsReady")
        page.wait_for_selector(".class-row")
        page.click(".place-tab:has-text('Models')")
        for answered in (ids.INFRASTRUCTURE, ids.TRAINING_ADVICE):
            expect(page.locator(f"#{answered}")).not_to_be_empty()
        page.click(".place-tab:has-text('Annotate')")
        open_picker(page)
    assert said == []
