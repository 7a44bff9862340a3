"""The whole way of a new user, with every part real: pick a stack, paint, reload, train, watch, see the overlay."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from components import ids
from core.images.volumes import volume_id
from scripts.local_stack import KEY, LocalStack, local_stack
from tests.browser.painting_app import Hand
from tests.browser.test_painting import swept
from tests.mlflow_template import fresh_store
from utils.images.tiled_masks import read_mask

pytestmark = pytest.mark.browser

REAL_DATA = os.environ.get("REAL_DATA_DIR", "")
STACK = "isbi2012_em_membrane"
VOLUME = f"{STACK}/images"
SHAPE = (30, 512, 512)
SLICES = (4, 14)
# Across membranes and along cell interiors, as somebody would paint who does not look very closely.
STROKES = {
    1: (((60, 40), (90, 300)), ((300, 100), (330, 420))),
    2: (((150, 60), (170, 330)), ((420, 200), (400, 460))),
}
JOB_MS = 180_000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    if not REAL_DATA:
        pytest.skip("REAL_DATA_DIR does not name the real image sets")
    data = tmp_path_factory.mktemp("images") / STACK
    data.mkdir()
    for name in ("images.tif", "masks.tif"):
        shutil.copy(Path(REAL_DATA) / STACK / name, data)
    with local_stack(data.parent, fresh_store(tmp_path_factory.mktemp("state")), nodes=(VOLUME,)) as running:
        yield running


@pytest.fixture(scope="module")
def page(chromium: Browser, stack: LocalStack) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.on("requestfailed", lambda request: foreign_requests(stack, request.url))
    page.on("request", lambda request: foreign_requests(stack, request.url))
    yield page
    context.close()


ASKED_ELSEWHERE: list[str] = []


def foreign_requests(stack: LocalStack, url: str) -> None:
    if not url.startswith((stack.url, "blob:", "data:")):
        ASKED_ELSEWHERE.append(url)


def open_place(page: Page, name: str) -> None:
    page.click(f".place-tab:has-text('{name}')")


def paint(hand: Hand, z: int) -> NDArray[np.uint8]:
    """Paint both classes on slice `z` with the mouse; returns what must be there."""
    field = hand.page.locator(".sv-bar input[type=number], .sv-bar input").first
    field.fill(str(z + 1))
    field.press("Enter")
    hand.until(f"s => s.slice === {z} && s.ready && s.labelsReady")
    hand.page.locator(".sv-surface").focus()
    expected = np.zeros(SHAPE[1:], np.uint8)
    hand.key("b")
    for class_id, strokes in STROKES.items():
        hand.key(str(class_id))
        for stroke in strokes:
            covered = swept(hand.drag(*stroke), 10)[: SHAPE[1], : SHAPE[2]]
            expected[covered] = class_id
    hand.until("s => s.saveState === 'saved'")
    return expected


def stored(stack: LocalStack, z: int) -> NDArray[np.uint8]:
    """The pixels that the app has of slice `z`, through the route that browsers use."""
    root = f"{stack.url}api/labels/{volume_id(VOLUME)}/z/{z}"
    (tile,) = httpx.get(root).json()["tiles"]
    answer = httpx.get(f"{root}/0/0/0", params={"v": tile[2]})
    return np.frombuffer(answer.content, np.uint8).reshape(SHAPE[1:])


@pytest.fixture(scope="module")
def painted(page: Page, stack: LocalStack) -> dict[int, NDArray[np.uint8]]:
    """Pick the stack in the picker and paint on two slices."""
    hand = Hand(page)
    hand.open(stack.url)
    page.click(".tour button:has-text('Skip')")
    page.click(f"#{ids.DATASET_BUTTON}")
    page.fill(f"#{ids.DATASET_SEARCH}", "images")
    page.click("a.dataset-row:visible")
    hand.until("s => s.ready && s.labelsReady")
    return {z: paint(hand, z) for z in SLICES}


@pytest.fixture(scope="module")
def trained(page: Page, painted: dict[int, NDArray[np.uint8]]) -> str:
    """Train the pixel classifier on them and wait for the end; the id of the job."""
    open_place(page, "Models")
    page.click(f"#{ids.TRAIN_BUTTON}:enabled")
    page.wait_for_selector(".job-card[data-state=done]", timeout=JOB_MS)
    return str(page.locator(".job-card").first.get_attribute("data-job"))


def test_the_address_names_the_stack_and_the_slice(page: Page, painted: dict[int, NDArray[np.uint8]]) -> None:
    page.wait_for_url(f"**/?volume={STACK}%2Fimages&slice={SLICES[-1] + 1}")


def test_the_app_holds_exactly_the_painted_pixels(stack: LocalStack, painted: dict[int, NDArray[np.uint8]]) -> None:
    for z, expected in painted.items():
        np.testing.assert_array_equal(stored(stack, z), expected)


def test_the_slider_marks_the_painted_slices_after_a_reload(page: Page, painted: dict[int, NDArray[np.uint8]]) -> None:
    page.reload()
    hand = Hand(page)
    hand.until("s => s.ready && s.labelsReady")
    assert hand.state()["slice"] == SLICES[-1]
    page.wait_for_function(f"() => document.querySelectorAll('.sv-annotated rect').length === {len(SLICES)}")
    inside = np.argwhere(painted[SLICES[-1]] == 2)[::2000]
    assert all(is_tinted(color) for color in hand.colors([tuple(map(int, point)) for point in inside]))


def test_tiled_received_exactly_the_painted_pixels(
    stack: LocalStack, trained: str, painted: dict[int, NDArray[np.uint8]]
) -> None:
    results = httpx.get(
        f"{stack.environment['SEG_TILED_URI']}api/v1/metadata/{trained}", headers={"Authorization": f"Apikey {KEY}"}
    )
    mask_uri = results.json()["data"]["attributes"]["metadata"]["mask_uri"]
    received = dict(read_mask(mask_uri, api_key=KEY, timeout_s=20))
    assert sorted(received) == sorted(painted)
    for z, expected in painted.items():
        np.testing.assert_array_equal(received[z], expected)


def test_the_prediction_shows_over_the_image(page: Page, trained: str) -> None:
    open_place(page, "Annotate")
    page.wait_for_selector(".sv-surface", state="visible")
    hand = Hand(page)
    hand.until("s => s.ready")
    points = [(y, x) for y in range(20, 500, 60) for x in range(20, 500, 60)]
    script = "document.querySelector('#viewer').__viewer.state().overlay"
    page.wait_for_function(f"() => {script} === '{trained}'")
    page.wait_for_function("() => document.querySelector('#viewer').__viewer.state().idle")
    tinted = [is_tinted(color) for color in hand.colors(points)]
    assert np.mean(tinted) > 0.95, "every pixel has a predicted class, and each class a colour"


def test_the_model_is_listed_by_its_name_with_its_scores(page: Page, trained: str) -> None:
    open_place(page, "Models")
    page.wait_for_selector(f"#{ids.MODEL_TABLE} [role=row]:has-text('Pixel classifier')")


def test_nothing_was_asked_of_another_host(trained: str) -> None:
    assert ASKED_ELSEWHERE == []


def is_tinted(color: str) -> bool:
    """Grey images have no colour of their own."""
    r, g, b = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return max(r, g, b) - min(r, g, b) > 12
