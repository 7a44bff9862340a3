"""A time series of two channels with every part real: go through time, paint one time point, train on it."""

from collections.abc import Iterator
from functools import partial

import httpx
import numpy as np
import pytest
import tifffile
from playwright.sync_api import Browser, Page, expect

from components import ids
from core.images.volumes import volume_id
from scripts.local_stack import LocalStack, local_stack, wait_until
from tests.browser.painting_app import Hand
from tests.browser.test_viewer import pixel, zoom
from tests.mlflow_template import fresh_store

pytestmark = pytest.mark.browser

SHAPE = (3, 5, 2, 128, 160)  # t, z, c, y, x
JOB_MS = 180_000
BLANKS = """() => {
  window.blanks = 0;
  const look = () => {
    const canvas = document.querySelector('.sv-image');
    const [x, y] = [Math.floor(canvas.width / 2), Math.floor(canvas.height / 2)];
    if (canvas.getContext('2d').getImageData(x, y, 1, 1).data[3] === 0) window.blanks++;
    requestAnimationFrame(look);
  };
  look();
}"""


def cells() -> np.ndarray:
    """(T, Z, C, Y, X) uint16: flat, brighter with time and depth; the second channel has a bright right half."""
    t, z, c, _, x = np.indices(SHAPE)
    return (1000 + 6000 * t + 1000 * z + 20000 * c * (x >= SHAPE[-1] // 2)).astype(np.uint16)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    data = tmp_path_factory.mktemp("images")
    tifffile.imwrite(data / "cells.tif", cells(), imagej=True, metadata={"axes": "TZCYX"})
    with local_stack(data, fresh_store(tmp_path_factory.mktemp("state")), nodes=("cells",)) as running:
        yield running


@pytest.fixture(scope="module")
def page(chromium: Browser, stack: LocalStack) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    yield page
    context.close()


def open_at(page: Page, stack: LocalStack, search: str) -> Hand:
    hand = Hand(page)
    hand.open(f"{stack.url}?{search}")
    hand.until("s => s.ready && s.labelsReady")
    return hand


def wait_for_time(page: Page, hand: Hand, t: int) -> None:
    expect(page.locator(".sv-extra span")).to_have_text(f"{t + 1} / {SHAPE[0]}")
    suffix = f"@t={t}" if t else ""
    hand.until("s => s.ready && s.labelsReady")
    page.wait_for_function(
        "([path, name]) => document.getElementById(name).textContent === path",
        arg=[f"cells{suffix}", ids.DATASET_NAME],
    )
    hand.until("s => s.idle")


def mixed(t: int, z: int, *, right: bool) -> list[int]:
    """RGB where cyan and magenta show 0 to 65535 of the two channels."""
    first, second = (int(cells()[t, z, c, 64, 120 if right else 40]) / 65535 * 255 for c in (0, 1))
    return [round(second), round(first), min(255, round(first + second))]


def wait_for_colour(page: Page, x: float, wanted: list[int]) -> None:
    """The frame with new colours comes after the form has taken them."""
    matches = partial(np.allclose, b=wanted, rtol=0, atol=1)
    wait_until(lambda: matches(pixel(page, 64.5, x)[:3]), f"the colour {wanted}")


def test_the_picker_lists_the_array_once_and_says_how_long_it_is(page, stack):
    open_at(page, stack, "volume=cells")
    page.click(f"#{ids.DATASET_BUTTON}")
    rows = page.locator("a.dataset-row")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("5 x 128 x 160 x 2 channels x 3 t")
    page.keyboard.press("Escape")


def test_time_goes_by_while_slice_camera_and_picture_stay(page, stack):
    hand = open_at(page, stack, "volume=cells&slice=4")
    zoom(page, 5)
    before = hand.state()
    page.evaluate(BLANKS)
    slider = page.get_by_label("Position on axis t")
    slider.focus()
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    wait_for_time(page, hand, 2)
    after = hand.state()
    assert (after["slice"], after["scale"], page.evaluate("window.blanks")) == (3, before["scale"], 0)
    page.wait_for_url(lambda url: "volume=cells%40t%3D2&slice=4" in url)
    expect(slider).to_be_focused()
    slider.press("ArrowLeft")
    wait_for_time(page, hand, 1)
    page.go_back()
    wait_for_time(page, hand, 2)
    slider.press("ArrowLeft")
    wait_for_time(page, hand, 1)


def test_both_channels_show_in_the_colours_and_windows_of_the_panel(page, stack):
    hand = open_at(page, stack, "volume=cells@t=1&slice=3")
    rows = page.locator(".sv-channel")
    expect(rows).to_have_count(2)
    for row in range(2):
        rows.nth(row).locator("button").click()
        for name, value in (("Black", "0"), ("White", "65535")):
            field = page.get_by_label(name, exact=True)
            field.fill(value)
            field.press("Enter")
    hand.until("s => s.ready")
    for right in (False, True):
        wait_for_colour(page, 120.5 if right else 40.5, mixed(1, 2, right=right))
    page.get_by_label("Show Channel 1").uncheck()
    wait_until(lambda: pixel(page, 64.5, 120.5)[1] == 0, "the first channel to go dark")
    page.get_by_label("Show Channel 1").check()


def test_labels_and_training_belong_to_one_time_point(page, stack):
    hand = open_at(page, stack, "volume=cells@t=1&slice=3")
    page.locator(".sv-surface").focus()
    hand.key("b")
    for class_id, x in ((1, 40), (2, 120)):
        hand.key(str(class_id))
        hand.drag((20, x), (100, x))
    hand.until("s => s.saveState === 'saved'")
    annotated = {t: annotated_slices(stack, f"cells@t={t}" if t else "cells") for t in range(3)}
    assert annotated == {0: [], 1: [2], 2: []}
    page.click(".place-tab:has-text('Models')")
    page.click(f"#{ids.TRAIN_BUTTON}:enabled")
    page.wait_for_selector(".job-card[data-state=done]", timeout=JOB_MS)
    job = page.locator(".job-card").first.get_attribute("data-job")
    result = httpx.get(f"{stack.url}api/results/{job}/manifest").json()
    assert (result["volume"], result["slices_done"]) == ("cells@t=1", [2])
    tile = httpx.get(f"{stack.url}api/results/{job}/z/2/0/0/0").content
    predicted = np.frombuffer(tile, np.uint8).reshape(SHAPE[-2:])
    assert ((predicted == 2) == (np.indices(SHAPE[-2:])[1] >= 80)).mean() > 0.95


def annotated_slices(stack: LocalStack, path: str) -> list[int]:
    return httpx.get(f"{stack.url}api/labels/{volume_id(path)}").json()["annotated"]
