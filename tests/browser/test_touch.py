"""Fingers and a pen on a touch screen: the tools paint what the touch means, and two fingers paint nothing."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pytest
from playwright.sync_api import Browser, CDPSession

from scripts.local_stack import wait_until
from tests.browser.painting_app import Hand, PaintingApp, serve
from tests.browser.test_tools import DISC, SQUARE, Mask, Point, boxed_inside, overlap, scene

pytestmark = pytest.mark.browser

OUTLINE = ((60, 60), (60, 200), (160, 200), (160, 60))
FIRM = (0.05, 0.9, 0.2, 1.0)  # pressure of the pen along its way


@dataclass
class Touch:
    """A touch screen with the viewer on it; each use of a tool has a slice of its own."""

    hand: Hand
    app: PaintingApp
    session: CDPSession
    z: int = -1

    def choose(self, key: str) -> None:
        """Go to the next slice with the tool of a key; from here on nothing but touch."""
        self.z += 1
        self.hand.page.evaluate("z => dash_clientside.set_props('viewer', {slice: z})", self.z)
        self.hand.until(f"s => s.slice === {self.z} && s.ready && s.labelsReady")
        self.hand.key(key)

    def finger(self, *points: Point) -> list[Point]:
        """Put a finger down, draw it through image points, lift it; returns where it really was."""
        clients = [self.hand.client(*point) for point in points]
        for kind, client in zip(["touchStart", *["touchMove"] * (len(clients) - 1)], clients, strict=True):
            self.send(kind, client)
        self.send("touchEnd")
        return [self.hand.image(client) for client in clients]

    def pen(self, *points: Point) -> list[Point]:
        clients = [self.hand.client(*point) for point in points]
        kinds = ["mousePressed", *["mouseMoved"] * (len(clients) - 1), "mouseReleased"]
        for kind, (x, y), force in zip(kinds, [*clients, clients[-1]], (*FIRM, 0.0), strict=True):
            pen = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1, "pointerType": "pen"}
            self.session.send("Input.dispatchMouseEvent", {**pen, "force": force, "buttons": int(force > 0)})
        return [self.hand.image(client) for client in clients]

    def send(self, kind: str, *clients: tuple[int, int]) -> None:
        fingers = [{"x": x, "y": y, "id": place} for place, (x, y) in enumerate(clients)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    def painted(self) -> Mask:
        self.hand.until("s => s.saveState === 'saved' && s.proposal === 'none'")
        return self.app.pixels(self.z) == 1


@pytest.fixture(scope="module")
def touch(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Touch]:
    window = {"width": 1024, "height": 768}
    with (
        closing(serve(tmp_path_factory.mktemp("touch"), scene())) as app,
        chromium.new_context(viewport=window, has_touch=True) as context,
    ):
        hand = Hand(context.new_page())
        hand.open(app.url)
        yield Touch(hand, app, context.new_cdp_session(hand.page))


def test_lasso_and_polygon_fill_what_a_finger_or_a_pen_of_any_pressure_encloses(touch: Touch) -> None:
    for draw in (touch.finger, touch.pen):
        touch.choose("q")
        inside = boxed_inside(draw(*OUTLINE))
        until_painted(touch)
        np.testing.assert_array_equal(touch.painted(), inside)
    touch.choose("p")
    corners = [touch.finger(corner)[0] for corner in OUTLINE]
    touch.finger(OUTLINE[0])  # closes it
    touch.finger((250, 350))  # beside it: fills it
    until_painted(touch)
    np.testing.assert_array_equal(touch.painted(), boxed_inside(corners))


def test_fill_wand_and_live_wire_take_what_a_finger_taps(touch: Touch) -> None:
    touch.choose("g")
    touch.finger((150, 110))
    until_painted(touch)
    assert touch.painted().all(), "the whole slice has one label: none"
    touch.choose("y")
    touch.finger((150, 290))
    until_painted(touch)
    np.testing.assert_array_equal(touch.painted(), SQUARE)
    touch.choose("l")
    for anchor in ((80, 240), (80, 340), (220, 340), (220, 240), (80, 240)):
        touch.finger(anchor)
    until_painted(touch)
    assert overlap(touch.painted(), SQUARE) > 0.96
    assert not (touch.painted() & DISC).any()


def until_painted(touch: Touch) -> None:
    """Wait for the edit that the answer of the server becomes by itself."""
    wait_until(lambda: touch.app.pixels(touch.z).any(), "what was tapped")


@pytest.mark.parametrize("key", ["b", "q", "p", "y"])
def test_two_fingers_paint_nothing_whatever_the_tool(touch: Touch, key: str) -> None:
    touch.choose(key)
    first, second = touch.hand.client(150, 290), touch.hand.client(150, 110)
    touch.send("touchStart", first)
    touch.send("touchStart", first, second)
    for reach in (10, 20, 30):
        touch.send("touchMove", (first[0] + reach, first[1]), (second[0] - reach, second[1]))
    touch.send("touchEnd")
    assert not touch.painted().any()
    touch.hand.key("Escape")
    touch.hand.key("0")
