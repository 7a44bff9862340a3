"""Signed out in the middle of painting: the page stays, says so, and saves everything after the next sign-in."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Response, expect

from scripts.local_stack import free_port
from tests.browser.painting_app import Hand, PaintingApp, serve

pytestmark = pytest.mark.browser


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


def behind_the_login(app: PaintingApp, password: str) -> str:
    """The page of the other tab, with what a person would type into the browser's window."""
    return app.url.replace("//", f"//ann:{password}@") + "signed-in"


def test_a_password_changed_while_somebody_paints_costs_no_stroke(context: BrowserContext, tmp_path: Path) -> None:
    page = context.new_page()
    refused: list[Response] = []
    page.on("response", lambda answer: refused.append(answer) if answer.status == 401 else None)
    port = free_port()  # nobody takes it while the server starts anew
    with closing(serve(tmp_path, password="old", port=port)) as app:
        context.new_page().goto(behind_the_login(app, "old"), wait_until="commit")
        hand = Hand(page)
        hand.open(app.url)
        hand.drag((150, 60), (150, 300))
        hand.until_saved()
    with closing(serve(tmp_path, password="new", port=port)) as app:
        hand.key("2")
        hand.drag((120, 200), (220, 200))
        hand.key("x")
        hand.drag((150, 180), (150, 220))
        hand.until("s => s.saveState === 'signed_out'")
        with context.expect_page() as opened:
            page.get_by_role("link", name="Sign in again").click()
        with opened.value.expect_event("close"):
            opened.value.goto(behind_the_login(app, "new"), wait_until="commit")
        hand.until_saved()
        expect(page.locator(".message-signed-out")).to_have_count(0)
        found = app.pixels()
        assert [found[at] for at in ((150, 100), (150, 200), (200, 200), (150, 280))] == [1, 0, 2, 1]
    assert refused
    assert not [answer.url for answer in refused if "www-authenticate" in answer.headers]
