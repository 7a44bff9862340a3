"""Every tool by mouse and by key in a real Chromium, judged by the pixels the label store holds afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, expect

from tests.browser.painting_app import Hand, PaintingApp, serve

pytestmark = pytest.mark.browser

SIZE = (300, 400)
YY, XX = np.mgrid[: SIZE[0], : SIZE[1]]
DISC = (YY - 150) ** 2 + (XX - 110) ** 2 <= 50**2
SQUARE = (YY >= 80) & (YY < 220) & (XX >= 240) & (XX < 340)
SLICES = 30  # one for each use of a tool
NOISE = 4  # either way; what is shown differs by more than ten times that
RADIUS = 6

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]
Point = tuple[float, float]


def scene() -> NDArray[np.uint8]:
    """(SLICES, 300, 400): a grey disc and a bright square on dark ground, with a little noise."""
    plane = np.where(SQUARE, 220, np.where(DISC, 150, 50))
    noise = np.random.default_rng(1).integers(-NOISE, NOISE + 1, (SLICES, *SIZE))
    return np.clip(plane + noise, 0, 255).astype(np.uint8)


@dataclass
class Bench:
    """The page with its tools; `z` is the slice of the test under way."""

    hand: Hand
    app: PaintingApp
    z: int = 0

    def labels(self) -> Pixels:
        self.hand.until("s => s.saveState === 'saved' && s.proposal === 'none'")
        return self.app.pixels(self.z)

    def suggestion(self) -> None:
        """Wait for what the server suggests."""
        self.hand.until("s => s.proposal === 'ready'")

    def box(self, a: Point, b: Point) -> Mask:
        """Paint a rectangle of the active class; the pixels it covers."""
        self.hand.key("e")
        return boxed(self.hand.drag(a, b))

    @contextmanager
    def holding(self, key: str) -> Iterator[None]:
        self.hand.page.keyboard.down(key)
        yield
        self.hand.page.keyboard.up(key)


@pytest.fixture(scope="module")
def opened(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    app = serve(tmp_path_factory.mktemp("tools"), scene())
    with chromium.new_context(viewport={"width": 1280, "height": 800}) as context:
        hand = Hand(context.new_page())
        hand.open(app.url)
        yield Bench(hand, app)
    app.close()


FREE_SLICES = count()


@pytest.fixture
def bench(opened: Bench) -> Bench:
    """The page on a slice nobody has painted on, with class 1 and the brush."""
    opened.z = next(FREE_SLICES)
    opened.hand.page.evaluate("z => dash_clientside.set_props('viewer', {slice: z, brushRadius: 6})", opened.z)
    opened.hand.until(f"s => s.slice === {opened.z} && s.ready && s.labelsReady")
    opened.hand.key("b")
    opened.hand.key("1")
    return opened


def boxed(points: list[Point]) -> Mask:
    (y0, x0), (y1, x1) = np.sort(np.floor(points), axis=0)[[0, -1]]
    return (y0 <= YY) & (y1 >= YY) & (x0 <= XX) & (x1 >= XX)


def swept(a: Point, b: Point, radius: float = RADIUS) -> Mask:
    """Pixels within `radius` of the way between two pixels."""
    start, end = np.floor(a), np.floor(b)
    along = end - start
    t = np.clip(((YY - start[0]) * along[0] + (XX - start[1]) * along[1]) / (along @ along or 1), 0, 1)
    return (YY - start[0] - t * along[0]) ** 2 + (XX - start[1] - t * along[1]) ** 2 <= radius**2 + 1e-9


def overlap(a: Mask, b: Mask) -> float:
    """Intersection over union."""
    return float((a & b).sum() / (a | b).sum())


def grown(mask: Mask, *, by: int = 1) -> Mask:
    """With the pixels that share an edge with it."""
    wide = np.pad(mask, by)
    return (wide[2:, 1:-1] | wide[:-2, 1:-1] | wide[1:-1, 2:] | wide[1:-1, :-2]) | mask


def test_pointing_at_an_object_shows_its_mask_and_enter_keeps_it(bench: Bench) -> None:
    page = bench.hand.page
    bench.hand.key("Shift+S")
    page.get_by_text("1 more, not set up").click()
    expect(page.locator(".sv-others")).to_contain_text("Missing model: there is no checkpoint")
    page.get_by_text("1 more, not set up").click()
    bench.hand.click(150, 110)
    bench.suggestion()
    assert not bench.app.pixels(bench.z).any(), "nothing is stored before it is kept"
    bench.hand.key("Enter")
    disc = bench.labels() == 1
    assert overlap(disc, DISC) > 0.95
    bench.hand.key("2")
    bench.hand.drag((70, 230), (230, 350))
    bench.suggestion()
    page.mouse.click(*bench.hand.client(150, 300), button="right")
    bench.suggestion()
    bench.hand.key("Backspace")
    bench.suggestion()
    bench.hand.key("Enter")
    assert overlap(bench.labels() == 2, SQUARE) > 0.95
    bench.hand.click(150, 110)
    bench.suggestion()
    bench.hand.key("Escape")
    bench.hand.until("s => s.proposal === 'none'")
    bench.hand.key("Control+z")
    bench.hand.until("s => s.saveState === 'saved'")
    assert set(np.unique(bench.app.pixels(bench.z))) == {0, 1}, "one undo takes back one kept object"


def test_the_line_is_as_wide_as_the_brush_and_turns_with_shift(bench: Bench) -> None:
    bench.hand.key("k")
    a, b = bench.hand.drag((40, 40), (40, 200))
    assert_labels(bench, swept(a, b))
    bench.hand.key("2")
    start = bench.hand.click(250, 60)
    with bench.holding("Shift"):
        end = bench.hand.click(258, 200)
    assert_labels(bench, swept(a, b), swept(start, (start[0], end[1])))


def assert_labels(bench: Bench, first: Mask, second: Mask | None = None) -> None:
    """Assert that class 1 lies on `first` and class 2 on `second`."""
    expected = first.astype(np.uint8)
    if second is not None:
        expected[second] = 2
    np.testing.assert_array_equal(bench.labels(), expected)


OUTLINE = ((60, 60), (60, 200), (160, 200), (160, 60))


@pytest.mark.parametrize("key", ["Alt", "Control", "Shift"])
def test_an_area_takes_away_intersects_or_adds_by_the_key_held(bench: Bench, key: str) -> None:
    painted = bench.box((30, 30), (120, 120))
    bench.hand.key("2")
    other = bench.box((200, 30), (220, 60))
    bench.hand.key("1")
    bench.hand.key("q")
    with bench.holding(key):
        inside = boxed_inside(bench.hand.drag(*OUTLINE))
    left = {"Alt": painted & ~inside, "Control": painted & inside, "Shift": painted | inside}[key]
    assert_labels(bench, left, other)


def boxed_inside(points: list[Point]) -> Mask:
    """Pixels whose middles lie inside an upright rectangle with these corners."""
    low, high = np.min(points, axis=0), np.max(points, axis=0)
    y, x = YY + 0.5, XX + 0.5
    return (low[0] <= y) & (y < high[0]) & (low[1] <= x) & (x < high[1])


def test_the_option_says_what_an_area_does(bench: Bench) -> None:
    painted = bench.box((30, 30), (120, 120))
    bench.hand.page.get_by_role("radio", name="Subtract").click()
    inside = bench.box((100, 100), (200, 200))
    bench.hand.page.get_by_role("radio", name="Add").click()
    assert_labels(bench, painted & ~inside)


def test_the_corners_of_a_closed_polygon_can_be_moved_before_it_is_filled(bench: Bench) -> None:
    bench.hand.key("p")
    for corner in OUTLINE[:3]:
        bench.hand.click(*corner)
    bench.hand.click(*OUTLINE[3], count=2)
    corners = bench.hand.drag((60, 60), (20, 20))
    corners = [*bench.hand.drag((60, 200), (20, 260))[1:], *bench.hand.drag((160, 200), (200, 260))[1:], corners[1]]
    last = bench.hand.drag((160, 60), (200, 20))[1]
    assert not bench.labels().any()
    bench.hand.key("Enter")
    assert_labels(bench, boxed_inside([*corners, last]))


def test_a_fully_labelled_box_gives_its_class_to_what_has_none(bench: Bench) -> None:
    painted = bench.box((50, 50), (100, 100))
    bench.hand.key("2")
    bench.hand.key("z")
    box = boxed(bench.hand.drag((30, 30), (150, 150)))
    assert_labels(bench, painted, box & ~painted)


@pytest.mark.parametrize("way", ["tool", "Alt"])
def test_the_class_under_the_pointer_becomes_the_active_one(bench: Bench, way: str) -> None:
    bench.hand.key("2")
    painted = bench.box((50, 50), (100, 100))
    bench.hand.key("1")
    bench.hand.key("i" if way == "tool" else "b")
    with bench.holding("Alt" if way == "Alt" else "Shift"):
        bench.hand.click(70, 70)
    bench.hand.key("b")
    dab = bench.hand.click(200, 200)
    assert_labels(bench, np.zeros(SIZE, bool), painted | swept(dab, dab))


def test_the_wheel_with_alt_and_the_brackets_size_the_brush(bench: Bench) -> None:
    bench.hand.page.mouse.move(*bench.hand.client(100, 100))
    radius = bench.hand.page.get_by_label("Brush radius in image pixels")
    with bench.holding("Alt"):
        bench.hand.page.mouse.wheel(0, -500)
    expect(radius).to_have_value("13")
    bench.hand.key("[")
    expect(radius).to_have_value("11")
    dab = bench.hand.click(100, 100)
    assert_labels(bench, swept(dab, dab, 11))


def test_fill_changes_one_area_of_one_label(bench: Bench) -> None:
    painted = bench.box((50, 50), (100, 100))
    apart = bench.box((150, 50), (180, 100))
    bench.hand.key("2")
    bench.hand.key("g")
    bench.hand.click(70, 70)
    assert_labels(bench, apart, painted)


def test_fill_can_mind_the_image(bench: Bench) -> None:
    bench.hand.key("g")
    bench.hand.page.get_by_label("Mind the image").check()
    bench.hand.click(150, 110)
    assert_labels(bench, DISC)
    bench.hand.page.get_by_label("Mind the image").uncheck()


def test_the_wand_takes_what_is_alike_and_more_to_the_right(bench: Bench) -> None:
    bench.hand.key("y")
    bench.hand.click(150, 290)
    assert_labels(bench, SQUARE)
    bench.hand.key("Control+z")
    bench.hand.drag((150, 110), (150, 390))
    assert overlap(bench.labels() == 1, np.ones(SIZE, bool)) > 0.99
    bench.hand.page.get_by_label("Grey within").fill("15")


def test_escape_drops_what_the_wand_suggests(bench: Bench) -> None:
    bench.hand.key("y")
    bench.hand.page.mouse.move(*bench.hand.client(150, 290))
    bench.hand.page.mouse.down()
    bench.suggestion()
    bench.hand.key("Escape")
    bench.hand.page.mouse.up()
    assert not bench.labels().any()


def test_the_live_wire_follows_edges_from_anchor_to_anchor(bench: Bench) -> None:
    bench.hand.key("l")
    for anchor in ((80, 240), (80, 340), (220, 340), (220, 240)):
        bench.hand.click(*anchor)
    bench.hand.key("Enter")
    assert overlap(bench.labels() == 1, SQUARE) > 0.96


@pytest.mark.parametrize("key", ["r", "j"], ids=["watershed", "random walker"])
def test_strokes_grow_to_the_edges_inside_a_region(bench: Bench, key: str) -> None:
    bench.hand.drag((140, 100), (160, 120))
    bench.hand.key("2")
    bench.hand.drag((80, 50), (80, 170))
    bench.hand.key(key)
    inside = boxed_inside(bench.hand.drag((70, 40), (70, 190), (230, 190), (230, 40)))
    bench.suggestion()
    bench.hand.key("Enter")
    found = bench.labels()
    assert overlap(found == 1, DISC) > 0.95
    assert overlap(found > 0, inside) > 0.98
    bench.hand.key("Control+z")
    assert overlap(bench.labels() == 1, DISC) < 0.2


def test_the_object_in_a_box_is_cut_out(bench: Bench) -> None:
    bench.hand.key("c")
    bench.hand.drag((85, 45), (215, 180))
    bench.suggestion()
    bench.hand.page.get_by_role("button", name="Keep").click()
    assert overlap(bench.labels() == 1, DISC) > 0.95


def test_the_superpixel_brush_paints_pieces_that_keep_to_edges(bench: Bench) -> None:
    bench.hand.key("u")
    way = bench.hand.drag((100, 260), (100, 320), (200, 320), (200, 260))
    found = bench.labels() == 1
    for a, b in zip(way, way[1:], strict=False):
        assert found[swept(a, b, 0.5)].all()
    assert found.sum() > 0.2 * SQUARE.sum()  # the way alone is 0.02 of it
    assert (found & ~SQUARE).sum() < 0.05 * found.sum()


GREYS = "[...document.querySelectorAll('.sv-field input[type=number]')].map((field) => Number(field.value))"


def test_the_threshold_brush_paints_only_greys_of_its_range(bench: Bench) -> None:
    bench.hand.key("n")
    bench.hand.drag((130, 90), (170, 130))
    a, b = bench.hand.drag((150, 20), (150, 150))
    page = bench.hand.page
    page.wait_for_function(f"() => (([low, high]) => 140 < low && low < high && high < 160)({GREYS})")
    low, high = page.evaluate(GREYS)
    values = scene()[bench.z]
    assert_labels(bench, swept(a, b) & (values >= low) & (values <= high))


def test_every_kind_of_tool_works_by_keys_alone(bench: Bench) -> None:
    hand = bench.hand
    hand.key("Enter")
    at = [mark(bench)]
    for key in ("Space", *["ArrowUp"] * 4, *["ArrowLeft"] * 6, "Shift+ArrowUp", "Space"):
        hand.key(key)
        at.append(mark(bench))
    stroke = np.logical_or.reduce([swept(a, b) for a, b in zip(at, at[1:], strict=False)])
    assert at[-2][0] - at[-3][0] == -1
    hand.key("2")
    hand.key("p")
    corners = []
    for way in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"):
        for _ in range(6):
            hand.key(way)
        hand.key("Space")
        corners.append(mark(bench))
    hand.key("Enter")
    assert_labels(bench, stroke & ~boxed_inside(corners), boxed_inside(corners))
    hand.key("1")
    hand.key("b")
    hand.key("Space")
    hand.key("ArrowDown")
    hand.key("Escape")  # drops the stroke
    hand.key("Escape")  # gives the arrows back to the slices
    hand.until("s => s.mark === null")
    assert_labels(bench, stroke & ~boxed_inside(corners), boxed_inside(corners))


def mark(bench: Bench) -> Point:
    """(y, x) of the pointer that keys move."""
    place = bench.hand.state()["mark"]
    return place["y"], place["x"]


REFINEMENTS: dict[str, Callable[[Mask, Mask], Mask]] = {
    "H": lambda ring, hole: ring | hole,
    "D": lambda ring, _hole: grown(ring),
    "E": lambda ring, _hole: ~grown(~ring),
    "C": lambda ring, hole: ring | corners_of(hole),
    "O": lambda ring, hole: ring & ~corners_of(ring | hole),
}


def corners_of(box: Mask) -> Mask:
    """The corner pixels, which a disc of radius 1 cannot reach from inside."""
    rows, columns = np.where(box.any(axis=1))[0], np.where(box.any(axis=0))[0]
    corners = np.zeros(SIZE, bool)
    corners[np.ix_(rows[[0, -1]], columns[[0, -1]])] = True
    return corners


@pytest.mark.parametrize("key", REFINEMENTS)
def test_a_class_is_cleaned_up_by_one_key(bench: Bench, key: str) -> None:
    painted = bench.box((50, 50), (100, 100))
    bench.hand.page.get_by_role("radio", name="Subtract").click()
    hole = bench.box((60, 60), (80, 80))
    bench.hand.page.get_by_role("radio", name="Add").click()
    bench.hand.key(f"Shift+{key}")
    assert_labels(bench, REFINEMENTS[key](painted & ~hole, hole))


def test_islands_go_by_the_button(bench: Bench) -> None:
    painted = bench.box((50, 50), (100, 100))
    bench.box((200, 200), (202, 202))
    bench.hand.page.get_by_role("button", name="Clean up").click()
    bench.hand.page.get_by_role("button", name="Remove islands").click()
    assert_labels(bench, painted)
    bench.hand.key("Escape")
    expect(bench.hand.page.get_by_role("group", name="Clean up")).to_have_count(0)


def test_all_labels_are_copied_to_the_next_slice(bench: Bench) -> None:
    painted = bench.box((50, 50), (100, 100))
    bench.hand.key("2")
    other = bench.box((150, 50), (180, 100))
    bench.labels()
    bench.hand.key("Shift+N")
    bench.z = next(FREE_SLICES)
    bench.hand.until(f"s => s.slice === {bench.z}")
    assert_labels(bench, painted, other)


TOOLS = {
    "a": "pan",
    "i": "picker",
    "b": "brush",
    "n": "threshold",
    "u": "superpixel",
    "k": "line",
    "x": "eraser",
    "q": "freeform",
    "p": "polygon",
    "l": "livewire",
    "e": "rectangle",
    "w": "ellipse",
    "z": "background",
    "g": "fill",
    "y": "wand",
    "r": "watershed",
    "j": "random_walker",
    "c": "grabcut",
    "Shift+A": "accept",
    "Shift+S": "click",
}


def test_every_tool_is_chosen_by_its_key_and_from_the_rail(opened: Bench) -> None:
    page = opened.hand.page
    for key, name in TOOLS.items():
        opened.hand.key(key)
        opened.hand.until(f"s => s.tool === '{name}'")
    rail = page.get_by_role("toolbar", name="Tools")
    chosen = set()
    for family in rail.locator(".sv-family[data-many]").all():
        family.locator("> .sv-tool").click()
        chosen.add(opened.hand.state()["tool"])
        for place in range(family.get_by_role("menuitemradio").count()):
            if place > 0:
                family.locator("> .sv-tool").click()
            family.get_by_role("menuitemradio").nth(place).click()
            chosen.add(opened.hand.state()["tool"])
    assert chosen == set(TOOLS.values())
    assert page.evaluate(
        "() => { const r = document.querySelector('.sv-rail'); return r.scrollHeight <= r.clientHeight }"
    )
