"""The page and the Swipe page below a path of a reverse proxy, in a browser: nothing is asked beside that path."""

import pytest
from playwright.sync_api import Browser

from callbacks.http.proxies import place_behind
from scripts.local_stack import wait_until
from tests.browser.conftest import running
from tests.browser.painting_app import serve
from tests.prefixing_proxy import proxied
from tests.swipe_server import TABLE, build, discs, make_table
from utils.curation.curation_db import SqlCurationStore

pytestmark = pytest.mark.browser

PREFIX = "/sites/segmentation/"
STATE = "(document.querySelector('.sv-root')?.__viewer?.state() ?? {})"
TO_SCREEN = "([y, x]) => document.querySelector('.sv-root').__viewer.imageToScreen(y, x)"


@pytest.mark.parametrize("strips", [True, False], ids=["the proxy strips the path", "the proxy leaves the path"])
def test_strokes_painted_below_a_path_are_saved_and_nothing_strays(chromium: Browser, tmp_path, strips):
    app = serve(tmp_path, prefix=PREFIX)
    with proxied(app.url, PREFIX, strips=strips) as proxy:
        context = chromium.new_context(viewport={"width": 900, "height": 600})
        page = context.new_page()
        page.goto(proxy.url)
        page.wait_for_function(f"() => {STATE}.ready && {STATE}.labelsReady")
        start, end = (page.evaluate(TO_SCREEN, place) for place in ([300, 200], [300, 400]))
        page.mouse.move(start["x"], start["y"])
        page.mouse.down()
        page.mouse.move(end["x"], end["y"], steps=4)
        page.mouse.up()
        wait_until(lambda: app.pixels().any(), "the stroke is on the server")
        page.wait_for_function(f"() => {STATE}.saveState === 'saved'")
        context.close()
        assert proxy.strays == []
    app.close()


def test_the_swipe_page_works_below_a_path(chromium: Browser, tmp_path):
    store = SqlCurationStore(f"sqlite:///{tmp_path / 'labels.db'}")
    make_table(store, 6)
    app = build(store, discs(6))
    with running(app) as url, proxied(url, PREFIX, strips=True) as proxy:
        place_behind(app.server, prefix=PREFIX, proxies=0)
        context = chromium.new_context(viewport={"width": 390, "height": 844})
        context.add_init_script("localStorage.setItem('swipe-tutorial', 'seen')")
        page = context.new_page()
        page.goto(f"{proxy.url}swipe/{TABLE}")
        page.wait_for_function("() => swipe.state().hand.length > 0 && !document.querySelector('.card.loading')")
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => swipe.state().done === 1 && swipe.state().waiting === 0")
        manifest = page.evaluate(
            "() => fetch(document.querySelector('link[rel=manifest]').href).then((told) => told.json())"
        )
        assert manifest["scope"] == f"{PREFIX}swipe/"
        context.close()
        assert proxy.strays == []
    assert [row.values for row in store.rows(TABLE) if row.values] == [{"disc": 1}]
    store.close()
