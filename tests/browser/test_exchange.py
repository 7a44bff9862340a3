"""Painted labels go out of the page as files and come back in, pixel for pixel."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from components import ids
from core.labels.exchange import FORMATS
from tests.browser.exchange_app import ExchangeApp, exchange_app
from tests.browser.painting_app import Hand

pytestmark = pytest.mark.browser


@pytest.fixture
def app(tmp_path):
    with exchange_app(tmp_path) as running:
        yield running


def paint(page: Page, app: ExchangeApp) -> np.ndarray:
    """A stroke of each class with the mouse; returns what the server holds then."""
    hand = Hand(page)
    hand.open(app.url)
    page.locator(".sv-surface").focus()
    hand.key("b")
    for key, stroke in (("1", ((60, 60), (90, 300))), ("2", ((200, 100), (220, 340)))):
        hand.key(key)
        hand.drag(*stroke)
    hand.until("s => s.saveState === 'saved'")
    painted = app.pixels()
    assert set(np.unique(painted)) == {0, 1, 2}
    return painted


def exported(page: Page, folder: Path, kind: str) -> Path:
    """Choose a format, press Export, keep what is downloaded."""
    page.click(f"#{ids.EXPORT_FORMAT} label:has-text('{FORMATS[kind].title}')")
    page.wait_for_selector(f"#{ids.EXPORT_BUTTON}:enabled")
    with page.expect_download() as waiting:
        page.click(f"#{ids.EXPORT_BUTTON}")
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def imported(page: Page, path: Path) -> None:
    """Choose a file, read the report, press Import."""
    page.set_input_files(".import-field", path)
    expect(page.locator(f"#{ids.IMPORT_REPORT}")).to_contain_text(path.name)
    expect(page.locator(".import-classes tbody tr")).to_have_count(2)
    expect(page.locator(".import-classes")).to_contain_text("the class of that name")
    page.click(f"#{ids.IMPORT_BUTTON}:visible")
    expect(page.locator(f"#{ids.IMPORT_DONE}")).to_contain_text("Imported: 1 slice changed")


def test_labels_exported_as_tiff_and_coco_come_back_to_the_same_pixels(app, page, tmp_path):
    painted = paint(page, app)
    page.click(".place-tab:has-text('Exchange')")
    files = [exported(page, tmp_path, kind) for kind in ("tiff", "coco")]
    for place, path in enumerate(files):
        app.wipe(f"{place:032d}")
        assert not app.pixels().any()
        imported(page, path)
        np.testing.assert_array_equal(app.pixels(), painted)
    app.wipe("9" * 32)
    cancel_one_that_was_found_again(page, app, files[0])
    tell_what_does_not_fit(page, tmp_path)


def cancel_one_that_was_found_again(page: Page, app: ExchangeApp, path: Path) -> None:
    """An import that somebody else's write holds up: it is there after a reload, and nothing of it after a cancel."""
    page.set_input_files(".import-field", path)
    with app.held_up():
        page.click(f"#{ids.IMPORT_BUTTON}:visible")
        expect(page.locator(".import-doing")).to_have_text("Writing")
        page.reload()
        page.click(".place-tab:has-text('Exchange')")
        expect(page.locator(".import-name")).to_have_text(path.name)
        expect(page.get_by_role("progressbar", name=f"Writing {path.name}")).to_have_attribute("aria-valuenow", "0")
        page.click(".import-stop")
        expect(page.locator(".import-doing")).to_have_text("Stopping")
    expect(page.locator(f"#{ids.IMPORT_DONE}")).to_have_text("Cancelled: nothing was changed.")
    assert not app.pixels().any()
    page.click(f"#{ids.IMPORT_DISCARD}")
    expect(page.locator(".import-words")).to_have_text(f"Cancelled: {path.name} was not imported.")


def tell_what_does_not_fit(page: Page, tmp_path: Path) -> None:
    np.save(tmp_path / "small.npy", np.ones((4, 30, 40), np.uint8))
    page.set_input_files(".import-field", tmp_path / "small.npy")
    expect(page.locator(f"#{ids.IMPORT_REPORT}")).to_contain_text(
        "Does not fit. Slices of the file are 40 x 30 pixels, those of the volume 400 x 300."
    )
    expect(page.locator(f"#{ids.IMPORT_BUTTON}")).to_be_hidden()
