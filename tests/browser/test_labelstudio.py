"""The card of Exchange with a real Label Studio: connect, send with progress, annotate there, fetch, import."""

import os

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from components import ids
from core.labelstudio.config import read_config
from core.labelstudio.exporting import find_project
from core.labelstudio.results import regions_of
from core.labelstudio.tasks import spot_of
from tests.browser.exchange_app import CLASSES, SHAPE, exchange_app
from tests.labelstudio_server import TOKEN
from utils.labelstudio.labelstudio_client import HttpLabelStudio

pytestmark = [pytest.mark.labelstudio, pytest.mark.browser]
SLOW_MS = 180_000  # Label Studio takes its time on a busy machine
CHOICES = '<Choices name="quality" toName="image"><Choice value="good"/><Choice value="bad"/></Choices>'
SHOTS = os.environ.get("LABELSTUDIO_SHOTS", "")


@pytest.fixture
def app(tmp_path):
    with exchange_app(tmp_path) as running:
        yield running


def shot(page: Page, name: str) -> None:
    """A picture for who looks at it, when LABELSTUDIO_SHOTS names a folder."""
    if SHOTS:
        page.locator(".ls-card").scroll_into_view_if_needed()
        page.screenshot(path=f"{SHOTS}/{name}.png")


def disc(z: int) -> np.ndarray:
    rows, columns = np.ogrid[: SHAPE[1], : SHAPE[2]]
    return ((rows - 100) ** 2 + (columns - 200) ** 2 < (30 + z) ** 2).astype(np.uint8) * 2


def test_slices_go_to_label_studio_and_come_back_annotated(app, page: Page, studio_server, tmp_path):
    page.set_default_timeout(SLOW_MS)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(app.url)
    page.click(".place-tab:has-text('Exchange')")
    shot(page, "before")
    connect(page, studio_server.url, "0" * 40)
    expect(page.locator(f"#{ids.LS_STATUS}")).to_contain_text("does not know the token", timeout=SLOW_MS)
    shot(page, "refused")
    connect(page, studio_server.url, TOKEN)
    expect(page.locator(f"#{ids.LS_STATUS}")).to_contain_text("anna@example.com", timeout=SLOW_MS)

    page.fill(f"#{ids.LS_TITLE}", "From the page")
    page.click(f"#{ids.LS_SCOPE} label:has-text('All slices')")
    page.click(f"#{ids.LS_ROLE} label:has-text('Pictures alone')")
    page.click(f"#{ids.LS_SEND}")
    expect(page.locator(f"#{ids.LS_PROGRESS}")).to_contain_text("4 tasks added.", timeout=SLOW_MS)
    page.select_option(f"#{ids.LS_PROJECT}", label="From the page (4 tasks)")
    page.click(f"#{ids.LS_SEND}")
    expect(page.locator(f"#{ids.LS_PROGRESS}")).to_contain_text("0 tasks added, 4 were there already.", timeout=SLOW_MS)
    shot(page, "sent")

    annotate(HttpLabelStudio(tmp_path / "labelstudio.json"))
    page.click(f"#{ids.LS_FETCH}")
    expect(page.locator(f"#{ids.LS_FETCHED}")).to_contain_text("2 annotated tasks.", timeout=SLOW_MS)
    expect(page.locator(f"#{ids.IMPORT_REPORT}")).to_contain_text("From the page", timeout=SLOW_MS)
    shot(page, "fetched")
    page.click(f"#{ids.IMPORT_BUTTON}:visible")
    expect(page.locator(f"#{ids.IMPORT_DONE}")).to_contain_text("Imported: 2 slices changed", timeout=SLOW_MS)
    np.testing.assert_array_equal(app.pixels()[1:3], np.stack([disc(1), disc(2)]))
    page.click(f"#{ids.THEME_SWITCH}")
    shot(page, "light")
    look_and_write_choices(page, app)
    preview(page)
    page.click(f"#{ids.LS_DISCONNECT}")
    expect(page.locator(f"#{ids.LS_CONNECT}")).to_be_visible(timeout=SLOW_MS)


def connect(page: Page, url: str, token: str) -> None:
    page.fill(f"#{ids.LS_URL}", url)
    page.fill(f"#{ids.LS_TOKEN}", token)
    page.click(f"#{ids.LS_CONNECT}")


def look_and_write_choices(page: Page, app) -> None:
    page.click(f"#{ids.LS_CHOICES_LOOK}")
    told = page.locator(f"#{ids.LS_CHOICES_TOLD}")
    expect(told).to_contain_text("The table 'From the page' of 4 items would be made; 4 labels", timeout=SLOW_MS)
    expect(told).to_contain_text("good: 2 yes, 0 no.")
    assert app.curation.tables() == ()
    shot(page, "choices")
    page.click(f"#{ids.LS_CHOICES_WRITE}")
    expect(told).to_contain_text("4 labels written", timeout=SLOW_MS)
    (table,) = app.curation.tables()
    values = [dict(row.values) for row in app.curation.rows(table.id)]
    assert values == [{}, {"good": 1, "bad": 0}, {"good": 1, "bad": 0}, {}]


def preview(page: Page) -> None:
    page.click(f"#{ids.LS_ROLE} label:has-text('Annotations')")
    page.click(f"#{ids.LS_PREVIEW}")
    told = page.locator(f"#{ids.LS_PROGRESS}")
    expect(told).to_contain_text("4 tasks, 2 of them without an object.", timeout=SLOW_MS)
    expect(told).to_contain_text("bead: 2 objects.")
    shot(page, "preview")


def annotate(studio: HttpLabelStudio) -> None:
    """Two slices, each with a choice as well."""
    project = find_project(studio, "From the page")
    studio.change_config(project.id, project.config.replace("</View>", f"{CHOICES}</View>"))
    for task in studio.tasks(project.id):
        z = spot_of(task).z
        if z in (1, 2):
            drawn = regions_of(disc(z), CLASSES, read_config(project.config))
            made = {"type": "choices", "from_name": "quality", "to_name": "image", "value": {"choices": ["good"]}}
            studio.add_annotation(task["id"], [*drawn, {"id": "c", **made}])
    studio.close()
