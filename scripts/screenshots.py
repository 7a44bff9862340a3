"""Draws the screens of the page into docs/screenshots: ``python -m scripts.screenshots [SCREEN ...]``, all by default.

Starts the app with its real parts on the sample bead pack, paints along its truth with the mouse, trains the pixel
classifier, and photographs each screen in both themes and three sizes, Swipe on a phone too. Look at them afterwards.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright

from components import ids
from scripts.chromium import CHROMIUM_FLAGS, find_chromium
from scripts.local_stack import local_stack
from utils.download_sample_data import SAMPLES, make_samples
from utils.settings import ROOT

FOLDER = ROOT / "docs" / "screenshots"
SIZES = ((1280, 800), (1920, 1080), (2560, 1440))
PHONE = (390, 844)
THEMES = ("dark", "light")
JPEG_QUALITY = 82
VOLUME = "bead_pack"
SLICES = (6, 15)
STROKES_PER_CLASS = 5
STROKE_PX = 40
TILE_PX = 256
BRUSH_PX = 4
JOB_MS = 300_000

STATE = "(document.querySelector('.sv-root')?.__viewer?.state() ?? {})"  # empty while the page loads
READY = f"() => {STATE}.ready && {STATE}.labelsReady"
PANE_READY = "(pane) => document.querySelector('.sv-root').__viewer.pane(pane).state().ready"
WAS_HERE = "for (const key of ['tour', 'name-asked', 'swipe-tutorial']) localStorage.setItem(key, '1')"
IDLE = f"() => {STATE}.idle ?? true"  # the Swipe page has no viewer
SAVED = f"() => {STATE}.saveState === 'saved'"


def strokes(truth: NDArray[np.uint8], class_id: int, *, seed: int) -> Iterator[tuple[int, int]]:
    """(y, x) starts of horizontal strokes that stay within a class."""
    runs = np.lib.stride_tricks.sliding_window_view(truth == class_id, STROKE_PX, axis=1).all(axis=-1)
    starts = np.argwhere(runs)
    for y, x in starts[np.random.default_rng(seed).choice(len(starts), STROKES_PER_CLASS, replace=False)]:
        yield int(y), int(x)


def drag(page: Page, start: tuple[int, int]) -> None:
    y, x = start
    for at, act in ((x, page.mouse.down), (x + STROKE_PX, page.mouse.up)):
        point = page.evaluate(f"document.querySelector('.sv-root').__viewer.imageToScreen({y}, {at})")
        page.mouse.move(point["x"], point["y"])
        act()


def paint(page: Page, truth: NDArray[np.uint8]) -> None:
    """A few strokes of each class on each of `SLICES`."""
    for z in SLICES:
        set_props(page, ids.VIEWER, slice=z, tool="brush", brushRadius=BRUSH_PX)
        page.wait_for_function(f"() => {STATE}.slice === {z} && {STATE}.ready")
        for class_id in range(1, int(truth[z].max()) + 1):
            set_props(page, ids.VIEWER, activeClass=class_id)
            for start in strokes(truth[z], class_id, seed=z):
                drag(page, start)
    page.wait_for_function(SAVED)


def set_props(page: Page, component: str, **props: object) -> None:
    page.evaluate("([id, props]) => dash_clientside.set_props(id, props)", [component, props])


def name_classes(page: Page, names: tuple[str, ...]) -> None:
    """Call the classes what they are, and add what is missing."""
    for at, name in enumerate(names):
        if at >= page.locator(".class-row").count():
            page.click(f"#{ids.CLASS_ADD}")
            page.wait_for_function(f"() => document.querySelectorAll('.class-row').length > {at}")
        field = page.locator(".class-name").nth(at)
        field.fill(name)
        field.press("Enter")
        page.wait_for_selector(f"[aria-label='Paint with {name}']")


def open_place(page: Page, name: str) -> None:
    page.click(f".place-tab:has-text('{name}')")


def train(page: Page) -> None:
    open_place(page, "Models")
    page.click(f"#{ids.TRAIN_SCOPE} label:has-text('All slices')")
    page.click(f"#{ids.TRAIN_BUTTON}:enabled")
    page.wait_for_selector(".job-card[data-state=done]", timeout=JOB_MS)


def make_table(page: Page) -> None:
    """A table of tiles of the stack, some of them tagged."""
    open_place(page, "Curate")
    page.click("text=New table")
    page.fill("[name=side]", str(TILE_PX))
    page.fill("[name=classes]", "clean, artefact")
    page.click("text=Make the table")
    for tile, key in ((0, "1"), (6, "2"), (7, "1")):
        page.locator(".curate-tile").nth(tile).click()
        page.keyboard.press(key)
    page.wait_for_selector(".curate-mark >> nth=2")


def open_annotate(page: Page) -> None:
    open_place(page, "Annotate")
    page.wait_for_selector(".sv-surface", state="visible")
    set_props(page, ids.VIEWER, slice=SLICES[0])
    page.wait_for_function(READY)


def open_planes(page: Page) -> None:
    page.keyboard.press("t")
    page.wait_for_function("() => document.querySelectorAll('.sv-pane').length === 3")
    for pane in range(3):
        page.wait_for_function(PANE_READY, arg=pane)


def open_swipe(page: Page) -> None:
    page.keyboard.press("s")
    page.wait_for_function("() => document.querySelectorAll('.sv-pane').length === 2")
    page.wait_for_function(PANE_READY, arg=1)


def open_picker(page: Page) -> None:
    page.keyboard.press("s")
    page.click(f"#{ids.DATASET_BUTTON}")
    page.wait_for_selector("a.dataset-row")


def open_keys(page: Page) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("?")


def open_tour(page: Page) -> None:
    page.click("text=Show the tour")
    page.wait_for_selector(".tour")


def open_models(page: Page) -> None:
    page.keyboard.press("Escape")
    open_place(page, "Models")
    page.wait_for_selector(".job-card")


def open_exchange(page: Page) -> None:
    open_place(page, "Exchange")
    page.wait_for_selector(f"#{ids.EXPORT_BUTTON}:enabled")


def open_curate(page: Page) -> None:
    open_place(page, "Curate")
    page.wait_for_selector(".curate-mark >> nth=2")


def open_map(page: Page) -> None:
    open_curate(page)
    page.keyboard.press("m")
    page.wait_for_selector(".curate-legend:has-text('Without a label')", timeout=JOB_MS)


def open_swipe_page(page: Page) -> None:
    open_curate(page)
    if page.locator(".curate-place.mapping").count():
        page.keyboard.press("m")
    page.click("text=/Swipe these/")
    page.goto(str(page.locator("a:has-text('Open the Swipe page')").get_attribute("href")))
    page.wait_for_function("() => swipe.state?.().hand.length > 0")
    page.wait_for_function("() => [...document.images].every(image => image.complete)")


SCREENS: dict[str, Callable[[Page], None]] = {
    "annotate": open_annotate,
    "planes": open_planes,
    "swipe": open_swipe,
    "datasets": open_picker,
    "keys": open_keys,
    "tour": open_tour,
    "models": open_models,
    "exchange": open_exchange,
    "curate": open_curate,
    "map": open_map,
    "swipe-page": open_swipe_page,
}
CURATION = ("curate", "map", "swipe-page")  # need no model
ON_PHONES = ("swipe-page",)


def photograph(page: Page, url: str, wanted: Collection[str]) -> None:
    """The wanted screens in every theme and size."""
    for theme in THEMES:
        for width, height in (*SIZES, PHONE):
            screens = [name for name in SCREENS if name in wanted and (name in ON_PHONES or width != PHONE[0])]
            page.set_viewport_size({"width": width, "height": height})
            page.goto(url)
            page.wait_for_function(READY)
            set_props(page, "theme-store", data=theme)
            for screen in screens:
                SCREENS[screen](page)
                page.wait_for_function(IDLE)
                path = FOLDER / f"{screen}-{theme}-{width}x{height}.jpg"
                page.screenshot(path=path, type="jpeg", quality=JPEG_QUALITY, animations="disabled")
                print(path, flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.screenshots", description="Draw the screens of the page.")
    parser.add_argument("screens", nargs="*", metavar="SCREEN", help=f"of {', '.join(SCREENS)}; all by default")
    wanted = parser.parse_args(arguments).screens or list(SCREENS)
    FOLDER.mkdir(parents=True, exist_ok=True)
    sample = next(sample for sample in SAMPLES if sample.name == VOLUME)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        print(*make_samples(data), sep="\n", flush=True)
        truth = tifffile.imread(data / "truth" / f"{VOLUME}.tif")
        with local_stack(data, Path(folder) / "state", nodes=(VOLUME,)) as stack, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*CHROMIUM_FLAGS])
            page = browser.new_page(viewport={"width": 1920, "height": 1080})
            page.add_init_script(WAS_HERE)
            page.goto(f"{stack.url}?volume={VOLUME}")
            page.wait_for_function(READY, timeout=60_000)
            name_classes(page, sample.classes)
            if not set(wanted) <= set(CURATION):
                paint(page, truth)
                train(page)
            make_table(page)
            photograph(page, stack.url, wanted)
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
