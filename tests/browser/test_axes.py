"""Axes a volume does not have: the slider for time, and channels mixed in colours of their own."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_viewer import pixel, state, zoom

pytestmark = pytest.mark.browser


GREY_IS = """([y, x, value]) => {
  const canvas = document.querySelector('.sv-image');
  const at = document.querySelector('.sv-root').__viewer.imageToScreen(y, x);
  const box = canvas.getBoundingClientRect();
  const ratio = canvas.width / box.width;
  const [px, py] = [Math.floor((at.x - box.left) * ratio), Math.floor((at.y - box.top) * ratio)];
  return canvas.getContext('2d').getImageData(px, py, 1, 1).data[0] === value;
}"""


def test_the_slider_goes_through_time_and_leaves_slice_and_camera(page, viewer_app):
    array = viewer_app.arrays["movie"]
    viewer_app.open(page, "movie", window={"lo": 0, "hi": 65535}, slice=1)
    zoom(page, 5)
    before = state(page)
    slider = page.get_by_label("Position on axis t")
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_function(GREY_IS, arg=[150.5, 200.5, round(array[1, 1, 150, 200] / 257)])
    after = state(page)
    assert (after["slice"], after["scale"]) == (1, before["scale"])
    page.locator(".sv-surface").focus()
    page.keyboard.press(".")
    expect(page.locator(".sv-extra span")).to_have_text("3 / 3")
    page.wait_for_function(GREY_IS, arg=[150.5, 200.5, round(array[2, 1, 150, 200] / 257)])


def test_an_array_may_be_read_in_another_order_and_one_of_three_axes_has_no_further_sliders(page, viewer_app):
    viewer_app.open(page, "movie")
    orders = page.get_by_label("Order of the array's axes")
    for place, words in enumerate(("t z y x", "z t y x")):
        expect(orders.locator("option").nth(place)).to_have_text(words)
    expect(page.locator(".sv-extra")).to_have_count(1)
    viewer_app.show(page, "grey8")
    expect(page.locator(".sv-extra")).to_have_count(0)
    expect(page.locator(".sv-axes")).to_have_count(0)


def test_channels_add_up_in_their_colours_and_can_be_switched_off(page, viewer_app):
    array = viewer_app.arrays["cells"]
    colors = ("#ff0000", "#0000ff", "#00ff00")
    channels = [{"color": color, "visible": n < 2, "lo": 0, "hi": 65535} for n, color in enumerate(colors)]
    look = {"colormap": "grey", "gamma": 1, "channels": channels}
    viewer_app.open(page, "cells", look=look)
    zoom(page, 5)
    red, blue = (round(array[channel, 0, 150, 200] / 257) for channel in (0, 1))
    assert pixel(page, 150.5, 200.5)[:3] == [red, 0, blue]
    channels[0]["visible"] = False
    viewer_app.set(page, "viewer", look=look)
    page.wait_for_function(GREY_IS, arg=[150.5, 200.5, 0])
    assert pixel(page, 150.5, 200.5)[:3] == [0, 0, blue]
