"""The page without a mouse: Tab reaches every control, its focus can be seen. Painting by keys is in test_tools.py."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.exchange_app import exchange_app
from tests.browser.painting_app import Hand

pytestmark = pytest.mark.browser

MOST = 120  # presses of Tab until the page begins again
FOCUSED = """() => {
    const one = document.activeElement, style = getComputedStyle(one);
    const thumb = one.type === 'range' && one.closest('.sv-root') !== null;  // its ring is round the thumb
    one.dataset.reached = 'yes';
    const ring = thumb || style.boxShadow !== 'none' || (style.outlineStyle !== 'none' && style.outlineWidth !== '0px');
    return [one === document.body, ring ? '' : one.outerHTML.slice(0, 120)];
}"""
UNREACHED = """() => [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
    .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.disabled && one.tabIndex >= 0)
    .filter(one => one.type !== 'radio' && !one.className.includes('focus-target') && !one.dataset.reached)
    .map(one => one.outerHTML.slice(0, 120))"""


def test_tab_reaches_every_control_and_its_focus_can_be_seen(page: Page, tmp_path: Path) -> None:
    with exchange_app(tmp_path) as app:
        Hand(page).open(app.url)
        page.wait_for_selector(".class-row")
        page.wait_for_load_state("networkidle")  # nothing is drawn anew below the focus
        page.keyboard.press("b")  # the row of options is there as well
        unseen = []
        for _ in range(MOST):
            page.keyboard.press("Tab")
            is_over, without_ring = page.evaluate(FOCUSED)
            if is_over:
                break
            unseen.append(without_ring)
        assert page.evaluate(UNREACHED) == []
        assert [one for one in unseen if one] == []
