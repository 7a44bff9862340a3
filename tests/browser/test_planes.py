"""XY, XZ and YZ beside each other, the crosshair that links them, and labels painted across slices."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.painting_app import FRAMES, SHAPE, Hand, PaintingApp, serve
from tests.browser.test_viewer import pixel, ready, screen, state, zoom

pytestmark = pytest.mark.browser

ORDER = {"z": (0, 1, 2), "y": (1, 0, 2), "x": (2, 1, 0)}
PANE = "([place, what, y, x]) => document.querySelector('.sv-root').__viewer.pane(place)[what](y, x)"
PANES_MEET = """() => {
  const states = [0, 1, 2].map((place) => document.querySelector('.sv-root').__viewer.pane(place).state());
  const [{ position }] = states;
  return position.x > 0 && states.every((state) => state.slice === position[state.axis]);
}"""
AXIS_READY = """axis => {
  const state = document.querySelector('.sv-root').__viewer.state();
  return state.axis === axis && state.ready;
}"""
SAME_VIEW = """() => {
  const [one, other] = [0, 1].map((place) => document.querySelector('.sv-root').__viewer.pane(place).state());
  return one.slice === 1 && other.slice === 1 && one.scale === other.scale && one.ready && other.ready;
}"""
PANE_READY = "(place) => document.querySelector('.sv-root').__viewer.pane(place).state().ready"


def plane_of(array: np.ndarray, axis: str, index: int) -> np.ndarray:
    return np.moveaxis(array, ORDER[axis], (0, 1, 2))[index]


def show(page: Page, axis: str) -> int:
    """Bring up a plane and return its index."""
    page.get_by_role("button", name={"z": "XY", "y": "XZ", "x": "YZ"}[axis], exact=True).click()
    page.wait_for_function(AXIS_READY, arg=axis)
    return int(state(page)["slice"])


def test_a_click_moves_the_crosshair_and_the_other_planes_follow(page, viewer_app):
    viewer_app.open(page, "grey16")
    page.keyboard.press("t")
    page.wait_for_function("() => document.querySelectorAll('.sv-pane').length === 3")
    for place in range(3):
        page.wait_for_function(PANE_READY, arg=place)
    at = page.evaluate(PANE, [0, "imageToScreen", 400.5, 1700.5])
    page.mouse.click(at["x"], at["y"])
    page.wait_for_function(PANES_MEET)
    panes = [page.evaluate("(n) => document.querySelector('.sv-root').__viewer.pane(n).state()", n) for n in range(3)]
    assert [pane["axis"] for pane in panes] == ["z", "x", "y"]
    placed = panes[0]["position"]
    assert abs(placed["y"] - 400) <= 2, "a screen pixel is two of the image here"
    assert abs(placed["x"] - 1700) <= 2
    assert [pane["position"] for pane in panes] == [placed] * 3
    assert [pane["slice"] for pane in panes] == [0, placed["x"], placed["y"]]
    expect(page.locator(".sv-position")).to_contain_text(str(placed["x"]))
    page.mouse.move(*centre(page, 2))
    page.keyboard.press("ArrowRight")
    moved = "y => document.querySelector('.sv-root').__viewer.state().position.y === y"
    page.wait_for_function(moved, arg=placed["y"] + 1)
    page.wait_for_function(PANE_READY, arg=2)
    page.keyboard.press("t")
    expect(page.locator(".sv-pane")).to_have_count(1)


def centre(page: Page, place: int) -> tuple[float, float]:
    box = page.locator(".sv-pane").nth(place).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_single_image_has_no_other_planes(page, viewer_app):
    viewer_app.open(page, "single")
    expect(page.get_by_role("button", name="XZ", exact=True)).to_have_count(0)
    page.keyboard.press("t")
    page.keyboard.press("v")
    assert state(page)["axis"] == "z"
    expect(page.locator(".sv-pane")).to_have_count(1)


def test_two_images_side_by_side_share_camera_and_slice(page, viewer_app):
    viewer_app.open(page, "grey16")
    page.keyboard.press("d")
    page.wait_for_function("() => document.querySelectorAll('.sv-pane').length === 2")
    page.wait_for_function(PANE_READY, arg=1)
    page.keyboard.press("ArrowRight")
    zoom(page, 5, centre(page, 0))
    page.wait_for_function(SAME_VIEW)
    first, second = (
        page.evaluate("(n) => document.querySelector('.sv-root').__viewer.pane(n).state()", n) for n in (0, 1)
    )
    assert (first["slice"], first["scale"]) == (1, second["scale"])
    assert second["slice"] == 1
    points = [page.evaluate(PANE, [n, "screenToImage", *centre(page, n)]) for n in (0, 1)]
    assert points[0]["x"] == pytest.approx(points[1]["x"], abs=1.5)
    assert points[0]["y"] == pytest.approx(points[1]["y"], abs=1.5)


def test_the_swipe_line_is_dragged_between_the_result_and_the_bare_image(page, viewer_app):
    viewer_app.done.update(range(6))
    classes = [{"id": n, "name": str(n), "color": c, "visible": True} for n, c in ((1, "#ff0000"), (2, "#00ff00"))]
    overlay = {"id": "halves", "classes": classes, "opacity": 1, "slices": list(range(6))}
    viewer_app.open(page, "grey8", overlay=overlay)
    page.keyboard.press("s")
    page.wait_for_function("() => document.querySelectorAll('.sv-pane').length === 2")
    page.wait_for_function(PANE_READY, arg=1)
    line = page.locator(".sv-swipe").bounding_box()
    page.mouse.move(line["x"] + 12, line["y"] + 60)
    page.mouse.down()
    page.mouse.move(line["x"] + 212, line["y"] + 60, steps=5)
    page.mouse.up()
    moved_to = "x => Math.abs(document.querySelector('.sv-swipe').getBoundingClientRect().x - x) <= 2"
    page.wait_for_function(moved_to, arg=line["x"] + 200)
    moved = page.locator(".sv-swipe").bounding_box()
    main = page.locator(".sv-pane[data-pane=main]")
    assert "inset(0px" in main.evaluate("element => getComputedStyle(element).clipPath")
    left = page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('.sv-pane').dataset.pane",
        [moved["x"] - 40, moved["y"] + 99],
    )
    right = page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('.sv-pane').dataset.pane",
        [moved["x"] + 60, moved["y"] + 99],
    )
    assert (left, right) == ("main", "second")


# XZ planes whose tiles have been asked for since a moment.
ASKED_PLANES = """(start) => performance.getEntriesByType('resource')
  .filter(entry => entry.startTime > start && entry.name.includes('/api/img/'))
  .flatMap(entry => /\\/y\\/(\\d+)\\//.exec(entry.name)?.[1] ?? [])"""


def test_a_link_opens_the_same_place(page, viewer_app):
    viewer_app.open(page, "grey16", slice=3)
    start = page.evaluate("() => performance.now()")
    viewer_app.set(page, "viewer", place="xz_1200_700_12_3.5")
    page.wait_for_function(AXIS_READY, arg="y")
    assert set(page.evaluate(ASKED_PLANES, start)) <= {"698", "699", "700", "701", "702"}  # with those fetched ahead
    now = state(page)
    assert (now["position"], now["scale"]) == ({"z": 12, "y": 700, "x": 1200}, 3.5)
    box = page.locator(".sv-surface").bounding_box()
    looked = page.evaluate(PANE, [0, "screenToImage", box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    assert (looked["x"], looked["y"]) == pytest.approx((1200.5, 12.5), abs=0.5)


# Painting


@pytest.fixture
def app(tmp_path: Path) -> Iterator[PaintingApp]:
    app = serve(tmp_path)
    yield app
    app.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.mark.parametrize(("axis", "plane"), [("y", "XZ"), ("x", "YZ")])
def test_a_stroke_across_slices_lands_in_each_of_them(context, app, axis, plane):
    hand = Hand(context.new_page())
    hand.open(app.url)
    page = hand.page
    index = show(page, axis)
    script = f"async () => {{ dash_clientside.set_props('viewer', {{tool: 'brush', brushRadius: 1}}); await {FRAMES} }}"
    page.evaluate(script)  # the viewer has them then
    rows, columns = (2, 500) if axis == "y" else (300, 1)
    zoom(page, 12, screen(page, rows + 0.5, columns + 0.5))
    ready(page)
    x, y = screen(page, rows + 0.5, columns + 0.5)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(*screen(page, rows + 0.5 - (1 if axis == "y" else 0), columns + 0.5 + (1 if axis == "x" else 0)))
    page.mouse.up()
    page.wait_for_function("() => document.querySelector('.sv-root').__viewer.state().saveState === 'saved'")
    page.wait_for_function("() => document.querySelector('.sv-root').__viewer.state().labelsReady")
    stack = np.stack([app.pixels(z) for z in range(SHAPE[0])])
    painted = plane_of(stack, axis, index)
    assert np.count_nonzero(stack) == np.count_nonzero(painted) == 8, "two discs of radius 1 beside each other"
    assert painted[rows, columns] == 1
    page.reload()
    show(page, axis)
    zoom(page, 12, screen(page, rows + 0.5, columns + 0.5))
    page.wait_for_function("() => document.querySelector('.sv-root').__viewer.state().labelsReady")
    assert pixel(page, rows + 0.5, columns + 0.5)[:3] == [0xE6, 0x9F, 0x00]
    page.keyboard.press("Control+z")
    page.wait_for_function("() => document.querySelector('.sv-root').__viewer.state().saveState === 'saved'")
    assert not any(app.pixels(z).any() for z in range(SHAPE[0]))
