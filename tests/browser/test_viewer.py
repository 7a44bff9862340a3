"""The viewer in a real Chromium: it obeys mouse, keys and window. `test_pixels.py` looks at every pixel it shows."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.images.memory import ArrayVolume
from core.images.volumes import volume_id
from tests.browser.painting_app import FRAMES

pytestmark = pytest.mark.browser

STATE = "() => document.querySelector('.sv-root').__viewer.state()"
PLACE = "([y, x]) => document.querySelector('.sv-root').__viewer.imageToScreen(y, x)"
IMAGE_POINT = "([x, y]) => document.querySelector('.sv-root').__viewer.screenToImage(x, y)"
PIXEL = """([y, x]) => {
  const canvas = document.querySelector('.sv-image');
  const at = document.querySelector('.sv-root').__viewer.imageToScreen(y, x);
  const box = canvas.getBoundingClientRect();
  const ratio = canvas.width / box.width;
  const [px, py] = [Math.floor((at.x - box.left) * ratio), Math.floor((at.y - box.top) * ratio)];
  return [...canvas.getContext('2d').getImageData(px, py, 1, 1).data];
}"""
READY = "() => document.querySelector('.sv-root').__viewer.state().ready"


def state(page: Page) -> dict:
    return page.evaluate(STATE)


def ready(page: Page) -> None:
    page.wait_for_function(READY)


def screen(page: Page, y: float, x: float) -> tuple[float, float]:
    place = page.evaluate(PLACE, [y, x])
    return place["x"], place["y"]


def pixel(page: Page, y: float, x: float) -> list[int]:
    """RGBA on the canvas at image point (y, x), once the frames under way are drawn."""
    return page.evaluate(f"async place => {{ await {FRAMES}; return ({PIXEL})(place); }}", [y, x])


def middle(page: Page) -> tuple[float, float]:
    box = page.locator(".sv-surface").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def zoom(page: Page, notches: int, at: tuple[float, float] | None = None) -> None:
    """Turn the wheel at a screen point; positive zooms in."""
    page.mouse.move(*(at or middle(page)))
    for _ in range(abs(notches)):
        page.mouse.wheel(0, -100 if notches > 0 else 100)
    page.evaluate(f"async () => {{ await {FRAMES} }}")
    ready(page)


def wait_slice(page: Page, z: int) -> None:
    page.wait_for_function(
        "z => (s => s.slice === z && s.shown === z && s.ready)(document.querySelector('.sv-root').__viewer.state())",
        arg=z,
    )


def grey(value: float, lo: float, hi: float) -> float:
    return float(np.clip((float(value) - lo) * 255 / (hi - lo), 0, 255))


def test_nan_is_transparent_and_called_so(page, viewer_app):
    viewer_app.open(page, "real32")
    assert pixel(page, 25, 25) == [0, 0, 0, 0]
    page.mouse.move(*screen(page, 25, 25))
    expect(page.locator(".sv-value")).to_have_text("NaN")


def test_the_next_slice_shows_its_own_pixels_and_the_camera_stays(page, viewer_app):
    viewer_app.open(page, "grey8", window={"lo": 0, "hi": 255})
    zoom(page, 6, at=screen(page, 100, 100))
    before, corner = state(page)["scale"], screen(page, 0, 0)
    page.keyboard.press("ArrowRight")
    wait_slice(page, 1)
    value = int(viewer_app.arrays["grey8"][1, 100, 100])
    assert pixel(page, 100.5, 100.5)[0] == value
    assert (state(page)["scale"], screen(page, 0, 0)) == (before, corner)


def test_keys_type_in_and_slider_reach_a_slice_and_the_page_hears_of_it(page, viewer_app):
    viewer_app.open(page, "grey16")
    page.keyboard.press("Shift+ArrowRight")
    wait_slice(page, 10)
    page.keyboard.press("End")
    wait_slice(page, 23)
    page.get_by_label("Slice, 1 to 24").fill("7")
    page.keyboard.press("Enter")
    wait_slice(page, 6)
    page.get_by_role("slider", name="Slice").press("ArrowRight")
    wait_slice(page, 7)
    expect(page.locator("#slice-out")).to_have_text("slice 7")
    expect(page.locator(".sv-announcer")).to_have_text("Slice 8 of 24")


def test_the_wheel_keeps_the_point_under_the_pointer(page, viewer_app):
    viewer_app.open(page, "grey16")
    at = (700, 250)
    before = page.evaluate(IMAGE_POINT, at)
    scale = state(page)["scale"]
    zoom(page, 5, at=at)
    after = page.evaluate(IMAGE_POINT, at)
    assert state(page)["scale"] > 2 * scale
    assert (after["x"], after["y"]) == pytest.approx((before["x"], before["y"]), abs=1e-6)


def test_dragging_moves_the_image_with_the_pointer_and_a_double_click_fits(page, viewer_app):
    viewer_app.open(page, "grey16")
    fitted = state(page)["scale"]
    zoom(page, 6)
    x, y = middle(page)
    held = page.evaluate(IMAGE_POINT, [x, y])
    page.mouse.down()
    page.mouse.move(x + 90, y - 40, steps=4)
    page.mouse.up()
    moved = page.evaluate(IMAGE_POINT, [x + 90, y - 40])
    assert (moved["x"], moved["y"]) == pytest.approx((held["x"], held["y"]), abs=1e-6)
    page.mouse.dblclick(x, y)
    assert state(page)["scale"] == fitted


def test_space_pans_whatever_the_tool(page, viewer_app):
    viewer_app.open(page, "grey16")
    zoom(page, 6)
    page.keyboard.press("e")
    x, y = middle(page)
    held = page.evaluate(IMAGE_POINT, [x, y])
    page.keyboard.down(" ")
    page.mouse.down()
    page.mouse.move(x - 60, y + 30, steps=3)
    page.mouse.up()
    page.keyboard.up(" ")
    moved = page.evaluate(IMAGE_POINT, [x - 60, y + 30])
    assert (moved["x"], moved["y"]) == pytest.approx((held["x"], held["y"]), abs=1e-6)
    assert state(page)["tool"] == "rectangle"


def test_two_fingers_zoom_around_their_middle(page, viewer_app):
    viewer_app.open(page, "grey16")
    x, y = middle(page)
    before, scale = page.evaluate(IMAGE_POINT, [x, y]), state(page)["scale"]
    session = page.context.new_cdp_session(page)

    def touch(kind: str, reach: float) -> None:
        fingers = [{"x": x - reach, "y": y, "id": 1}, {"x": x + reach, "y": y, "id": 2}] if reach else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    touch("touchStart", 40)
    for reach in (60, 90, 120):
        touch("touchMove", reach)
    touch("touchEnd", 0)
    page.wait_for_function("s => document.querySelector('.sv-root').__viewer.state().scale > 2.5 * s", arg=scale)
    after = page.evaluate(IMAGE_POINT, [x, y])
    assert (after["x"], after["y"]) == pytest.approx((before["x"], before["y"]), abs=1)


def test_two_fingers_move_the_image_with_them_whatever_the_tool(page, viewer_app):
    viewer_app.open(page, "grey16", tool="brush")
    zoom(page, 3)
    x, y = middle(page)
    before, scale = page.evaluate(IMAGE_POINT, [x, y]), state(page)["scale"]
    session = page.context.new_cdp_session(page)

    def touch(kind: str, moved: float) -> None:
        fingers = [{"x": x + side + moved, "y": y + moved / 2, "id": side} for side in (40, 90)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers if kind != "touchEnd" else []})

    touch("touchStart", 0)
    for moved in (20, 40, 60):
        touch("touchMove", moved)
    touch("touchEnd", 60)
    page.wait_for_function(
        "([x, y, was]) => Math.abs(document.querySelector('.sv-root').__viewer.screenToImage(x, y).x - was) < 1",
        arg=[x + 60, y + 30, before["x"]],
    )
    after = page.evaluate(IMAGE_POINT, [x + 60, y + 30])
    assert (after["x"], after["y"]) == pytest.approx((before["x"], before["y"]), abs=1)
    assert state(page)["scale"] == pytest.approx(scale)


def test_slices_planes_zoom_and_place_are_reached_by_keys_alone(page, viewer_app):
    viewer_app.open(page, "grey16")
    fitted = state(page)["scale"]
    page.keyboard.press("PageDown")
    wait_slice(page, 10)
    for key in ("+", "+", "+"):
        page.keyboard.press(key)
    page.wait_for_function("s => document.querySelector('.sv-root').__viewer.state().scale > 1.5 * s", arg=fitted)
    x, y = middle(page)
    before = page.evaluate(IMAGE_POINT, [x, y])
    page.keyboard.press("Control+ArrowRight")
    page.keyboard.press("Control+ArrowDown")
    after = page.evaluate(IMAGE_POINT, [x, y])
    assert after["x"] > before["x"]
    assert after["y"] > before["y"]
    page.keyboard.press("v")
    page.wait_for_function("() => document.querySelector('.sv-root').__viewer.state().axis !== 'z'")


def test_contrast_changes_what_is_seen_without_asking_the_server(page, viewer_app):
    viewer_app.open(page, "grey8", window={"lo": 0, "hi": 255})
    zoom(page, 8)
    page.wait_for_load_state("networkidle")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    value = int(viewer_app.arrays["grey8"][0, 150, 200])
    for lo, hi in [(0, 128), (40, 200), (value, value + 10)]:
        viewer_app.set(page, "viewer", window={"lo": lo, "hi": hi})
        expected = round(grey(value, lo, hi))
        page.wait_for_function(f"place => ({PIXEL})(place)[0] === {expected}", arg=[150.5, 200.5])
    assert [url for url in asked if "/api/img/" in url] == []


def test_a_colour_map_and_gamma_change_what_is_seen_without_asking_the_server(page, viewer_app):
    value = int(viewer_app.arrays["grey8"][0, 150, 200])
    viewer_app.open(page, "grey8", window={"lo": value - 10, "hi": value})  # the pixel is at the top of the window
    zoom(page, 8)
    page.wait_for_load_state("networkidle")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for look, color in (
        ({"colormap": "viridis", "gamma": 1}, [253, 231, 37]),
        ({"colormap": "inverted", "gamma": 2}, [0, 0, 0]),
        (None, [255, 255, 255]),
    ):
        viewer_app.set(page, "viewer", look=look)
        page.wait_for_function(
            f"([place, color]) => String(({PIXEL})(place).slice(0, 3)) === String(color)", arg=[[150.5, 200.5], color]
        )
    assert [url for url in asked if "/api/img/" in url] == []


def test_a_colour_image_keeps_its_colours(page, viewer_app):
    viewer_app.open(page, "colour", window={"lo": 0, "hi": 255})
    zoom(page, 8)
    page.wait_for_function("() => document.querySelector('.sv-root').__viewer.state().ready")
    own = [int(value) for value in viewer_app.arrays["colour"][0, 150, 200]]
    viewer_app.set(page, "viewer", look={"colormap": "magma", "gamma": 1})
    page.wait_for_function(
        f"([place, color]) => String(({PIXEL})(place).slice(0, 3)) === String(color)", arg=[[150.5, 200.5], own]
    )


def test_the_histogram_handle_sets_the_window(page, viewer_app):
    viewer_app.open(page, "grey8")
    handle = page.get_by_role("slider", name="Shown as white")
    box = handle.bounding_box()
    page.mouse.move(box["x"] + 12, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] - 80, box["y"] + 30, steps=5)
    page.mouse.up()
    page.wait_for_function("() => Number(document.querySelectorAll('.sv-contrast input')[1].value) < 200")
    page.get_by_role("button", name="Full range").click()
    expect(page.locator(".sv-contrast input").nth(1)).to_have_value("255")
    handle.press("ArrowLeft")
    expect(page.locator(".sv-contrast input").nth(1)).to_have_value("252.45")


def test_a_fitted_image_follows_the_window_and_a_zoomed_one_keeps_its_middle(page, viewer_app):
    viewer_app.open(page, "grey16")
    fitted = state(page)["scale"]
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.wait_for_function("s => document.querySelector('.sv-root').__viewer.state().scale > s", arg=fitted)
    zoom(page, 5)
    before = page.evaluate(IMAGE_POINT, middle(page))
    page.set_viewport_size({"width": 1000, "height": 700})
    page.wait_for_function("() => document.querySelector('.sv-image').width < 700")
    after = page.evaluate(IMAGE_POINT, middle(page))
    assert (after["x"], after["y"]) == pytest.approx((before["x"], before["y"]), abs=0.5)


def test_the_readout_shows_the_true_value_and_follows_the_slice_under_a_resting_pointer(page, viewer_app):
    viewer_app.open(page, "grey16")
    for name in ("grey16", "real32", "grey8"):
        if name != "grey16":
            viewer_app.show(page, name)
        _, height, width = viewer_app.arrays[name].shape
        y, x = height // 2 + 7, width // 2 + 11
        page.mouse.move(*screen(page, y + 0.5, x + 0.5))
        value = viewer_app.arrays[name][0, y, x]
        expect(page.locator(".sv-place")).to_have_text(f"{x}, {y}")
        expect(page.locator(".sv-value")).to_have_text(str(value))
    page.mouse.move(*screen(page, 100.5, 100.5))
    expect(page.locator(".sv-value")).to_have_text(str(viewer_app.arrays["grey8"][0, 100, 100]))
    page.keyboard.press("ArrowRight")
    expect(page.locator(".sv-value")).to_have_text(str(viewer_app.arrays["grey8"][1, 100, 100]))


def test_keys_are_left_to_who_is_typing_and_the_card_of_keys_opens_and_closes_by_key(page, viewer_app):
    viewer_app.open(page, "grey16")
    page.locator("#field").click()
    page.keyboard.type("beware 0 ?")
    page.keyboard.press("ArrowRight")
    assert page.locator("#field").input_value() == "beware 0 ?"
    assert (state(page)["tool"], state(page)["slice"]) == ("pan", 0)
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)
    page.locator(".sv-surface").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)


def test_a_server_that_fails_is_named_and_its_return_is_noticed(page, viewer_app):
    viewer_app.open(page, "grey16")
    viewer_app.catalog.down = True
    page.keyboard.press("End")
    expect(page.locator(".sv-banner")).to_contain_text("The image server does not answer.")
    expect(page.locator(".sv-banner")).to_contain_text("slice 1 stays on the screen")
    viewer_app.catalog.down = False
    wait_slice(page, 23)
    expect(page.locator(".sv-banner")).to_have_count(0)


def test_a_volume_opens_by_itself_once_the_server_is_back(page, viewer_app):
    viewer_app.catalog.down = True
    page.goto(viewer_app.url)
    page.wait_for_selector(".sv-root")
    viewer_app.set(page, "viewer", volume=volume_id("grey8"))
    expect(page.get_by_role("alert")).to_contain_text("The image server does not answer.")
    viewer_app.catalog.down = False
    ready(page)


def test_a_volume_that_is_not_there_says_so(page, viewer_app):
    page.goto(viewer_app.url)
    page.wait_for_selector(".sv-root")
    expect(page.get_by_role("status")).to_contain_text("Choose a dataset to begin")
    viewer_app.set(page, "viewer", volume=volume_id("nowhere"))
    expect(page.get_by_role("alert")).to_contain_text("nowhere is not there.")


def test_a_new_version_on_the_server_is_shown(page, viewer_app):
    viewer_app.open(page, "grey8", window={"lo": 0, "hi": 255})
    inverted = 255 - viewer_app.arrays["grey8"]
    viewer_app.catalog.sources = {**viewer_app.catalog.sources, "grey8": ArrayVolume(inverted, "grey8")}
    page.keyboard.press("End")
    wait_slice(page, 5)
    zoom(page, 8)
    assert pixel(page, 150.5, 200.5)[0] == inverted[5, 150, 200]


def test_the_scale_bar_needs_a_voxel_size_and_the_slider_several_slices(page, viewer_app):
    viewer_app.open(page, "grey16")
    expect(page.locator(".sv-scale")).to_contain_text("µm")
    expect(page.get_by_role("slider", name="Slice")).to_have_count(1)
    viewer_app.show(page, "single")
    expect(page.locator(".sv-scale")).to_have_count(0)
    expect(page.locator(".sv-bar")).to_contain_text("Single image")
    expect(page.get_by_role("slider", name="Slice")).to_have_count(0)


def test_the_minimap_moves_the_view(page, viewer_app):
    viewer_app.open(page, "grey16")
    expect(page.locator(".sv-minimap")).to_have_count(0)
    zoom(page, 8)
    box = page.locator(".sv-minimap").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    point = page.evaluate(IMAGE_POINT, middle(page))
    assert (point["x"], point["y"]) == pytest.approx((525, 375), abs=20)


def overlay(*slices: int, hidden: tuple[int, ...] = ()) -> dict:
    """The result "halves": class 1 left, class 2 right, wholly opaque."""
    colours = {1: "#CC79A7", 2: "#0072B2"}
    classes = [{"id": i, "name": f"part {i}", "color": c, "visible": i not in hidden} for i, c in colours.items()]
    return {"id": "halves", "classes": classes, "opacity": 1, "slices": list(slices)}


def wait_pixel(page: Page, place: tuple[float, float], rgb: list[int]) -> None:
    page.wait_for_function(f"([at, rgb]) => ({PIXEL})(at).slice(0, 3).join() === rgb.join()", arg=[list(place), rgb])


def test_a_result_lies_over_the_image_in_the_colours_of_its_own_classes(page, viewer_app):
    viewer_app.done.update(range(6))
    viewer_app.open(page, "grey8", window={"lo": 0, "hi": 255}, overlay=overlay(0, 1, 2, 3, 4, 5))
    zoom(page, 8)
    wait_pixel(page, (150.5, 190.5), [0xCC, 0x79, 0xA7])
    wait_pixel(page, (150.5, 210.5), [0x00, 0x72, 0xB2])
    page.mouse.move(*screen(page, 150.5, 210.5))
    expect(page.locator(".sv-readout")).to_contain_text("part 2")
    viewer_app.set(page, "viewer", overlay=overlay(0, 1, 2, 3, 4, 5, hidden=(2,)))
    value = int(viewer_app.arrays["grey8"][0, 150, 210])
    wait_pixel(page, (150.5, 210.5), [value] * 3)
    wait_pixel(page, (150.5, 190.5), [0xCC, 0x79, 0xA7])


def test_slices_of_a_running_job_appear_as_they_are_done(page, viewer_app):
    viewer_app.open(page, "grey8", window={"lo": 0, "hi": 255}, overlay=overlay())
    zoom(page, 8)
    value = int(viewer_app.arrays["grey8"][0, 150, 190])
    assert pixel(page, 150.5, 190.5)[0] == value
    viewer_app.done.add(0)
    viewer_app.set(page, "viewer", overlay=overlay(0))
    wait_pixel(page, (150.5, 190.5), [0xCC, 0x79, 0xA7])
    expect(page.locator(".sv-legend")).to_have_text("1 predicted")
    page.keyboard.press("h")
    wait_pixel(page, (150.5, 190.5), [value] * 3)


def test_f_leaves_only_the_image_and_escape_brings_the_rest_back(page, viewer_app):
    viewer_app.open(page, "grey16")
    page.keyboard.press("f")
    page.wait_for_function("() => document.querySelector('.sv-surface').clientWidth === innerWidth")
    expect(page.locator(".sv-rail")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator(".sv-rail")).to_be_visible()


def test_a_dense_screen_gets_the_finer_level(chromium, viewer_app):
    context = chromium.new_context(viewport={"width": 1000, "height": 700}, device_scale_factor=2)
    page = context.new_page()
    viewer_app.open(page, "grey16", window={"lo": 0, "hi": 65535})
    assert state(page)["level"] == 0  # 0.7 backing pixels an image pixel, where one pixel a CSS pixel needs level 1
    value = grey(viewer_app.arrays["grey16"][0, 750, 1050], 0, 65535)
    assert pixel(page, 750.5, 1050.5)[0] == pytest.approx(value, abs=2)
    context.close()
