"""Painting with the real mouse in a real Chromium, compared pixel by pixel with what the label server holds."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext

from scripts.chromium import OwnChromium
from tests.browser.painting_app import ARRIVAL_MS, CLASSES, SHAPE, Hand, PaintingApp, noise, serve

pytestmark = pytest.mark.browser

WINDOW = {"width": 1280, "height": 800}
Mask = NDArray[np.bool_]
Points = list[tuple[float, float]]
YY, XX = np.mgrid[: SHAPE[1], : SHAPE[2]]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[PaintingApp]:
    app = serve(tmp_path)
    yield app
    app.close()


@dataclass(frozen=True)
class Sheet:
    """A slice that nobody has painted on, with class 1 and the brush; others of the same page have others."""

    hand: Hand
    app: PaintingApp
    z: int

    def pixels(self) -> NDArray[np.uint8]:
        return self.app.pixels(self.z)


SHEETS = 12


@pytest.fixture(scope="module")
def pad(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[Sheet]]:
    """Sheet after sheet of one page."""
    app = serve(tmp_path_factory.mktemp("pad"), np.repeat(noise()[:1], SHEETS, axis=0))
    with closing(app), chromium.new_context(viewport=WINDOW) as context:
        hand = Hand(context.new_page())
        hand.open(app.url)
        yield (Sheet(hand, app, z) for z in range(SHEETS))


@pytest.fixture
def sheet(pad: Iterator[Sheet]) -> Sheet:
    sheet = next(pad)
    sheet.hand.page.evaluate("z => dash_clientside.set_props('viewer', {slice: z})", sheet.z)
    sheet.hand.until(f"s => s.slice === {sheet.z} && s.ready && s.labelsReady")
    for key in "b1":
        sheet.hand.key(key)
    return sheet


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport=WINDOW)
    yield context
    context.close()


@pytest.fixture
def hand(context: BrowserContext, app: PaintingApp) -> Hand:
    hand = Hand(context.new_page())
    hand.open(app.url)
    return hand


def swept(points: Points, radius: float) -> Mask:
    """Pixels within `radius` of the way between the pixels under the pointer, by the definition."""
    ways = list(zip(points, points[1:], strict=False)) or [(points[0], points[0])]
    return np.logical_or.reduce([_near_segment(np.floor(a), np.floor(b), radius) for a, b in ways])


def _near_segment(a: NDArray[np.float64], b: NDArray[np.float64], radius: float) -> Mask:
    along = b - a
    length2 = float(along @ along)
    t = np.clip(((YY - a[0]) * along[0] + (XX - a[1]) * along[1]) / (length2 or 1.0), 0, 1)
    return (YY - a[0] - t * along[0]) ** 2 + (XX - a[1] - t * along[1]) ** 2 <= radius**2 + 1e-9


def enclosed(points: Points) -> Mask:
    """Pixels whose centre lies inside the polygon, by counting crossings to the left."""
    inside = np.zeros(SHAPE[1:], bool)
    y, x = YY + 0.5, XX + 0.5
    for (y0, x0), (y1, x1) in zip(points, points[1:] + points[:1], strict=True):
        if y0 == y1:
            continue
        crosses = (np.minimum(y0, y1) <= y) & (y < np.maximum(y0, y1))
        inside ^= crosses & (x0 + (y - y0) / (y1 - y0) * (x1 - x0) <= x)
    return inside


def boxed(points: Points) -> Mask:
    (y0, x0), (y1, x1) = np.sort(np.floor(points), axis=0)[[0, -1]]
    return (y0 <= YY) & (y1 >= YY) & (x0 <= XX) & (x1 >= XX)


def rounded(points: Points) -> Mask:
    """Pixels whose centre lies in the ellipse inside the box of pixels."""
    (y0, x0), (y1, x1) = np.sort(np.floor(points), axis=0)[[0, -1]] + [[0, 0], [1, 1]]
    return ((2 * YY + 1 - y0 - y1) / (y1 - y0)) ** 2 + ((2 * XX + 1 - x0 - x1) / (x1 - x0)) ** 2 <= 1


STROKE = ((100, 100), (140, 220), (300, 240), (260, 700), (690, 1098))
OUTLINE = ((200, 300), (210, 600), (400, 640), (420, 480), (330, 350), (500, 330))
CORNERS = ((480, 200), (560, 640))


@pytest.mark.parametrize(
    ("key", "way", "shape"),
    [
        ("b", STROKE, lambda points: swept(points, 6)),
        ("q", OUTLINE, enclosed),
        ("e", CORNERS, boxed),
        ("w", CORNERS, rounded),
    ],
    ids=["brush", "freeform", "rectangle", "ellipse"],
)
def test_a_drag_paints_exactly_the_pixels_of_its_shape(
    sheet: Sheet, key: str, way: Points, shape: Callable[[Points], Mask]
) -> None:
    hand = sheet.hand
    hand.key(key)
    hand.key("2")
    points = hand.drag(*way)
    hand.until_saved()
    np.testing.assert_array_equal(sheet.pixels(), np.where(shape(points), 2, 0))


@pytest.mark.parametrize("close", ["double click", "Enter", "first point"])
def test_a_polygon_by_clicks_fills_what_it_encloses(sheet: Sheet, close: str) -> None:
    hand = sheet.hand
    hand.key("p")
    points = [hand.click(*point) for point in OUTLINE[:-1]]
    points.append(hand.click(*OUTLINE[-1], count=2 if close == "double click" else 1))
    if close == "first point":
        hand.click(*OUTLINE[0])
    assert not sheet.pixels().any()
    hand.key("Enter")  # of a closed polygon the corners can be moved until then
    hand.until_saved()
    np.testing.assert_array_equal(sheet.pixels(), enclosed(points))


def test_the_pressure_of_a_pen_changes_nothing(sheet: Sheet) -> None:
    hand = sheet.hand
    session = hand.page.context.new_cdp_session(hand.page)
    hand.key("b")
    clients = [hand.client(*point) for point in STROKE[:4]]
    kinds = ("mousePressed", "mouseMoved", "mouseMoved", "mouseMoved", "mouseReleased")
    for kind, (x, y), force in zip(kinds, [*clients, clients[-1]], (0.05, 0.4, 1, 0.2, 0), strict=True):
        pen = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1, "pointerType": "pen", "force": force}
        session.send("Input.dispatchMouseEvent", {**pen, "buttons": 0 if kind == "mouseReleased" else 1})
    hand.until_saved()
    np.testing.assert_array_equal(sheet.pixels(), swept([hand.image(client) for client in clients], 6))


def test_the_eraser_takes_away_only_what_it_sweeps(sheet: Sheet) -> None:
    hand = sheet.hand
    hand.key("e")
    box = boxed(hand.drag(*CORNERS))
    hand.key("x")
    points = hand.drag((500, 150), (520, 400))
    hand.until_saved()
    np.testing.assert_array_equal(sheet.pixels(), box & ~swept(points, 6))


def test_a_click_of_the_brush_paints_one_disc_and_an_escaped_polygon_nothing(sheet: Sheet) -> None:
    hand = sheet.hand
    hand.key("p")
    for point in OUTLINE:
        hand.click(*point)
    hand.key("Escape")
    hand.key("b")
    points = [hand.click(350, 550)]
    hand.until_saved()
    np.testing.assert_array_equal(sheet.pixels(), swept(points, 6))


def shown(hand: Hand, pixels: NDArray[np.uint8]) -> None:
    """Assert that the canvas shows `pixels` on a grid of points, with labels opaque.

    Points beside an edge are left out: at a scale that is no whole number, a pixel on the screen may lie half in each.
    """
    inner = pixels[1:-1, 1:-1]
    flat = np.pad(
        np.logical_and.reduce(
            [
                inner == pixels[1 + dy : SHAPE[1] - 1 + dy, 1 + dx : SHAPE[2] - 1 + dx]
                for dy in (-1, 0, 1)
                for dx in (-1, 0, 1)
            ]
        ),
        1,
    )
    grid = [(y, x) for y in range(5, SHAPE[1], 23) for x in range(5, SHAPE[2], 29) if flat[y, x]]
    colors = {entry["color"]: entry["id"] for entry in CLASSES}
    seen = [colors.get(color, 0) for color in hand.colors(grid)]
    assert seen == [int(pixels[y, x]) for y, x in grid]


def test_what_was_painted_is_shown_at_once_and_after_a_reload(hand: Hand, app: PaintingApp) -> None:
    hand.key("w")
    hand.drag(*CORNERS)
    hand.key("2")
    hand.drag((100, 100), (450, 300))
    hand.until_saved()
    assert np.unique(app.pixels()).tolist() == [0, 1, 2]
    hand.page.reload()
    hand.until("s => s.ready && s.labelsReady")
    shown(hand, app.pixels())


def test_undo_and_redo_go_to_their_slice_and_restore_its_pixels(hand: Hand, app: PaintingApp) -> None:
    hand.drag((100, 100), (200, 300))
    hand.until_saved()
    first = app.pixels()
    hand.drag((150, 100), (150, 600))
    hand.until_saved()
    both = app.pixels()
    hand.key("ArrowRight")
    hand.until("s => s.slice === 1 && s.ready")
    hand.key("Control+z")
    hand.until("s => s.slice === 0 && s.saveState === 'saved' && s.ready && s.labelsReady")
    np.testing.assert_array_equal(app.pixels(), first)
    hand.key("Control+Shift+z")
    hand.until_saved()
    np.testing.assert_array_equal(app.pixels(), both)


def test_ten_minutes_without_a_network_and_a_page_closed_meanwhile_lose_no_stroke(
    context: BrowserContext, app: PaintingApp
) -> None:
    hand = Hand(context.new_page())
    hand.page.clock.install()
    hand.open(app.url)
    context.set_offline(True)
    first = swept(hand.drag((100, 100), (200, 300)), 6)
    hand.until("s => s.saveState === 'offline'")
    hand.page.clock.fast_forward("10:00")
    hand.key("2")
    second = swept(hand.drag((200, 100), (100, 300)), 6)
    hand.until("s => s.saveState === 'offline'")
    assert not app.pixels().any()
    context.set_offline(False)
    hand.until_saved()
    crossed = np.where(second, 2, first)
    np.testing.assert_array_equal(app.pixels(), crossed)
    context.set_offline(True)
    hand.key("x")
    erased = swept(hand.drag((120, 200), (180, 200)), 6)
    hand.key("b")
    last = swept(hand.drag((150, 150), (150, 400)), 6)
    hand.until("s => s.saveState === 'offline'")
    hand.page.close()
    context.set_offline(False)
    hand = Hand(context.new_page())
    hand.open(app.url)
    hand.until_saved()
    np.testing.assert_array_equal(app.pixels(), np.where(last, 2, np.where(erased, 0, crossed)))


def test_a_second_browser_sees_the_strokes_of_the_first(hand: Hand, app: PaintingApp, chromium: Browser) -> None:
    with chromium.new_context(viewport=WINDOW) as other:
        watcher = Hand(other.new_page())
        watcher.open(app.url)
        hand.key("e")
        points = hand.drag(*CORNERS)
        hand.until_saved()
        y, x = (int(value) for value in np.argwhere(boxed(points)).mean(axis=0))
        deadline = time.monotonic() + ARRIVAL_MS / 1000
        while watcher.colors([(y, x)]) != [CLASSES[0]["color"]]:
            assert time.monotonic() < deadline, "the stroke did not arrive"
            watcher.page.wait_for_timeout(50)


@pytest.fixture
def start_chromium(chromium: Browser, tmp_path: Path) -> Iterator[Callable[[], tuple[OwnChromium, Hand]]]:
    """Starts a Chromium of our own on always the same profile."""
    started: list[OwnChromium] = []

    def start() -> tuple[OwnChromium, Hand]:
        started.append(OwnChromium(tmp_path / "profile"))
        page = chromium.browser_type.connect_over_cdp(started[-1].address()).contexts[0].pages[0]
        page.set_viewport_size(WINDOW)
        return started[-1], Hand(page)

    yield start
    for own in started:
        own.kill()


# Whether so many writes are on the disk; it is told once those before it are.
KEPT = """count => new Promise((told) => {
    indexedDB.open('label-outbox').onsuccess = ({ target: { result } }) => {
        const asked = result.transaction('writes').objectStore('writes').count();
        asked.onsuccess = () => (result.close(), told(asked.result === count));
    };
})"""


def test_a_killed_browser_loses_no_stroke(
    app: PaintingApp, start_chromium: Callable[[], tuple[OwnChromium, Hand]]
) -> None:
    app.refuses_writes = True  # only the browser's own disk can keep the strokes
    own, hand = start_chromium()
    hand.open(app.url)
    points = hand.drag((100, 100), (200, 300))
    more = hand.drag((400, 400), (300, 700))
    hand.page.wait_for_function(KEPT, arg=2)
    own.kill()
    assert not app.pixels().any()
    app.refuses_writes = False
    _, hand = start_chromium()
    hand.open(app.url)
    hand.until_saved()
    np.testing.assert_array_equal(app.pixels(), swept(points, 6) | swept(more, 6))
