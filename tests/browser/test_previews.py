"""Slow links: previews come first, exact pixels after them, and the switch is obeyed."""

import numpy as np
import pytest

from tests.browser.test_viewer import pixel, ready, zoom

pytestmark = pytest.mark.browser


def asked(page) -> list[str]:
    names = page.evaluate("() => performance.getEntriesByType('resource').map(entry => entry.name)")
    return [name for name in names if "/api/img/" in name and "/z/" in name]


def test_previews_come_first_and_the_exact_pixels_replace_them(page, viewer_app):
    look = {"colormap": "grey", "gamma": 1, "transfer": "preview"}
    viewer_app.open(page, "grey16", window={"lo": 0, "hi": 65535}, look=look)
    ready(page)
    names = asked(page)
    first_exact = next(place for place, name in enumerate(names) if not name.endswith("?preview"))
    assert sum(name.count(",") + 1 for name in names[:first_exact]) > 2, "one request names many tiles"
    assert {name.removesuffix("?preview") for name in names[:first_exact]} <= set(names)
    zoom(page, 20)
    page.wait_for_function("() => document.querySelector('.sv-root').__viewer.state().idle")
    y, x = 750, 1050
    assert pixel(page, y + 0.5, x + 0.5)[0] == round(viewer_app.arrays["grey16"][0, y, x] / 257)


def test_without_a_slow_link_nobody_asks_for_previews(page, viewer_app):
    viewer_app.open(page, "grey16")
    assert not any(name.endswith("?preview") for name in asked(page))


def test_a_slow_link_is_noticed(page, viewer_app):
    viewer_app.catalog.bytes_per_s = 1_500_000
    viewer_app.open(page, "grey16")
    page.keyboard.press("End")
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').some(entry => /z.23.*[?]preview$/.test(entry.name))"
    )
    ready(page)
    assert np.isfinite(pixel(page, 700, 700)).all()
