"""Two people at one slice: each sees the other's strokes within a second, and nobody's stroke is lost."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from callbacks.people import COOKIE
from tests.browser.painting_app import PATH, Hand, PaintingApp, serve
from tests.browser.test_painting import swept

pytestmark = [pytest.mark.browser, pytest.mark.alone]

STROKES = 12
SEEN_S = 1.0
RADIUS = 6
LOOK_MS = 20  # no animation frame comes to a window that is not in front
PORE, BEAD = "#E69F00", "#56B4E9"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaintingApp]:
    running = serve(Path(tmp_path_factory.mktemp("people")))
    yield running
    running.close()


def enter(chromium: Browser, app: PaintingApp, name: str) -> Hand:
    """A browser of somebody who has said a name, at the first slice."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": COOKIE, "value": name, "url": app.url}])
    hand = Hand(context.new_page())
    hand.open(app.url)
    return hand


@pytest.fixture(scope="module")
def pair(chromium: Browser, app: PaintingApp) -> Iterator[tuple[Hand, Hand]]:
    """Ann and Ben, who know of each other."""
    hands = enter(chromium, app, "Ann"), enter(chromium, app, "Ben")
    hands[1].key("2")
    for hand, other in zip(hands, ("Ben", "Ann"), strict=True):
        hand.until(f"s => s.present.map(({{ name }}) => name).join() === '{other}'")
    yield hands
    for hand in hands:
        hand.page.context.close()


def until_color(hand: Hand, y: int, x: int, color: str) -> None:
    """Wait until the canvas shows a colour at the middle of an image pixel."""
    script = """([y, x, color]) => {
        const viewer = document.querySelector('#viewer');
        const canvas = viewer.querySelector('canvas.sv-image');
        const box = canvas.getBoundingClientRect();
        const at = viewer.__viewer.imageToScreen(y + 0.5, x + 0.5);
        const scale = canvas.width / box.width;
        const [left, top] = [(at.x - box.left) * scale, (at.y - box.top) * scale];
        const [r, g, b] = canvas.getContext('2d').getImageData(left, top, 1, 1).data;
        return '#' + [r, g, b].map(v => v.toString(16).padStart(2, '0')).join('').toUpperCase() === color;
    }"""
    hand.page.wait_for_function(script, arg=[y, x, color], polling=LOOK_MS)


def passing_time(painter: Hand, watcher: Hand, y: int, color: str) -> float:
    """Seconds from the end of a stroke to its colour on the other screen."""
    painter.drag((y, 100), (y, 160))
    began = time.perf_counter()
    until_color(watcher, y, 130, color)
    return time.perf_counter() - began


def test_a_stroke_is_on_the_other_screen_within_a_second(pair: tuple[Hand, Hand]) -> None:
    """Of three rounds one must do: another program on the machine may take the processors for a while."""
    ann, ben = pair
    late = []
    for start in (60, 70, 80):
        seconds = [passing_time(ann, ben, start + 30 * n, PORE) for n in range(STROKES)]
        if np.percentile(seconds, 90) <= SEEN_S:
            return
        late.append(seconds)
    raise AssertionError(late)


def test_strokes_over_each_other_all_stay_and_each_carries_its_author(
    app: PaintingApp, pair: tuple[Hand, Hand]
) -> None:
    ann, ben = pair
    before, steps = app.pixels(), {name: app.store.history(PATH, user=name).undo for name in ("Ann", "Ben")}
    expected = before.copy()
    for n in range(4):
        for hand, label in ((ann, 1), (ben, 2)):
            across = (((480 + 20 * n, 300), (480 + 20 * n, 420)), ((470, 310 + 25 * n), (560, 310 + 25 * n)))[label - 1]
            expected[swept(hand.drag(*across), RADIUS)[: before.shape[0], : before.shape[1]]] = label
            hand.until_saved()
    np.testing.assert_array_equal(app.pixels(), expected)
    for name, done in steps.items():
        assert app.store.history(PATH, user=name).undo == done + 4
    until_color(ann, 550, 385, BEAD)
    until_color(ben, 540, 405, PORE)


def test_undo_takes_back_ones_own_stroke_though_somebody_else_painted_later(
    app: PaintingApp, pair: tuple[Hand, Hand]
) -> None:
    ann, ben = pair
    ann.drag((620, 600), (620, 700))
    ann.until_saved()
    ben.drag((650, 600), (650, 700))
    ben.until_saved()
    ann.key("Control+z")
    ann.until_saved()
    until_color(ben, 650, 650, BEAD)
    assert app.pixels()[620, 650] == 0
    assert app.pixels()[650, 650] == 2


def test_who_leaves_is_gone_after_some_seconds(chromium: Browser, app: PaintingApp, pair: tuple[Hand, Hand]) -> None:
    carl = enter(chromium, app, "Carl")
    pair[0].until("s => s.present.some(({ name }) => name === 'Carl')")
    carl.page.context.close()
    pair[0].until("s => s.present.every(({ name }) => name !== 'Carl')")
