"""The Swipe page on an emulated phone and on a desktop: what is answered is kept, with or without a network."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.local_stack import wait_until
from tests.browser.conftest import running
from tests.swipe_server import build, discs, make_table
from utils.curation.curation_db import SqlCurationStore

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
SEEN = "localStorage.setItem('swipe-tutorial', 'seen')"
VALUE = {"accept": 1, "reject": 0, "unsure": 2}
TARGET_PX = 44


@dataclass
class Swiping:
    """A page with a table of its own."""

    page: Page
    context: BrowserContext
    store: SqlCurationStore
    table: str

    def labels(self) -> dict[int, int]:
        return {row.item.number: row.values["disc"] for row in self.store.rows(self.table) if "disc" in row.values}

    def state(self) -> dict:
        return self.page.evaluate("swipe.state()")

    def ready(self) -> None:
        self.page.wait_for_function("() => swipe.state().hand.length > 0 && !document.querySelector('.card.loading')")

    def saved(self) -> None:
        self.page.wait_for_function("() => swipe.state().waiting === 0 && swipe.state().saved === 'saved'")

    def middle(self) -> tuple[float, float]:
        box = self.page.locator(".card:not(.gone)").first.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@dataclass
class Server:
    url: str
    store: SqlCurationStore


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("swipe")
    store = SqlCurationStore(f"sqlite:///{folder / 'labels.db'}")
    with running(build(store, discs(40))) as url:
        yield Server(url, store)
    store.close()


@pytest.fixture
def opened(server: Server, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Swiping]:
    """The page on a new table; the parameter is the device and how many items there are."""
    device, count = request.param
    table = request.node.name[:30].replace("[", "-").replace("]", "")
    make_table(server.store, count, table)
    context = chromium.new_context(**device)
    context.add_init_script(SEEN)
    page = context.new_page()
    page.goto(f"{server.url}swipe/{table}")
    swiping = Swiping(page, context, server.store, table)
    swiping.ready()
    yield swiping
    context.close()


def touch_drag(swiping: Swiping, dx: float, dy: float) -> None:
    session = swiping.context.new_cdp_session(swiping.page)
    x, y = swiping.middle()
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for share in (0.25, 0.5, 0.75, 1.0):
        point = {"x": x + dx * share, "y": y + dy * share}
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def mouse_drag(swiping: Swiping, dx: float, dy: float) -> None:
    x, y = swiping.middle()
    swiping.page.mouse.move(x, y)
    swiping.page.mouse.down()
    swiping.page.mouse.move(x + dx, y + dy, steps=4)
    swiping.page.mouse.up()


WAYS = {"accept": (200, 10), "reject": (-200, 10), "unsure": (10, 260)}


@pytest.mark.parametrize("opened", [(PHONE, 20)], indirect=True, ids=["phone"])
def test_on_a_phone_a_finger_and_buttons_answer_and_every_target_fits_a_thumb(opened: Swiping):
    page, wanted = opened.page, {}
    for number, (verdict, way) in enumerate(WAYS.items()):
        touch_drag(opened, *way)
        wanted[number] = VALUE[verdict]
        page.wait_for_function("count => swipe.state().done === count", arg=number + 1)
    for number, verdict in enumerate(WAYS, start=3):
        page.tap(f"#{verdict}")
        wanted[number] = VALUE[verdict]
    touch_drag(opened, 10, -250)  # upwards means nothing
    touch_drag(opened, 20, 5)  # and so does a short one
    opened.saved()
    assert opened.labels() == wanted
    sizes = page.locator("button:visible").evaluate_all("all => all.map(b => [b.id, b.offsetWidth, b.offsetHeight])")
    assert [each for each in sizes if min(each[1:]) < TARGET_PX] == []
    names = page.locator("button:visible").evaluate_all("all => all.map(b => b.ariaLabel || b.textContent.trim())")
    assert all(names)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]


@pytest.mark.parametrize("opened", [(DESKTOP, 24)], indirect=True, ids=["desktop"])
def test_on_a_desktop_keys_and_the_mouse_answer_and_undo_goes_all_the_way_back(opened: Swiping):
    page = opened.page
    for key in ("ArrowRight", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    for way in WAYS.values():
        mouse_drag(opened, *way)
    opened.saved()
    answers = [1, 0, 2, 1, 0, 2]
    assert opened.labels() == dict(enumerate(answers))
    expect(page.locator("#live")).to_contain_text("Left unsure")
    for _ in range(2):
        page.keyboard.press("z")
    page.keyboard.press("y")
    opened.saved()
    assert opened.labels() == dict(enumerate(answers[:5]))
    for _ in range(5):
        page.keyboard.press("Control+z")
    opened.saved()
    expect(page.locator("#undo")).to_be_disabled()
    assert (opened.labels(), opened.state()["hand"][0]) == ({}, 0)


@pytest.mark.parametrize("opened", [(DESKTOP, 23)], indirect=True, ids=["batch"])
def test_a_batch_ends_with_its_counts_and_the_last_one_says_that_all_is_done(opened: Swiping):
    page = opened.page
    expect(page.locator("#left")).to_contain_text("20 in this batch, 23 in all")
    for _ in range(20):
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => swipe.state().hand.length > 2 || swipe.state().batch > 17")
    page.wait_for_selector("#end:visible")
    expect(page.locator("#end-counts dd")).to_have_text(["20", "0", "0"])
    page.keyboard.press("Enter")
    page.wait_for_function("() => swipe.state().hand.length === 3")
    expect(page.locator("#left")).to_contain_text("3 in this batch, 3 in all")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#end.all:visible")
    expect(page.locator("#end-title")).to_have_text("All done")
    page.click("#end-undo")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#end.all:visible")
    assert opened.labels() == {n: 0 if n in (20, 21) else 1 for n in range(23)}


@pytest.mark.parametrize("opened", [(PHONE, 30)], indirect=True, ids=["offline"])
def test_answers_given_without_a_network_are_kept_and_sent_in_order_when_it_is_back(opened: Swiping):
    page = opened.page
    opened.context.set_offline(True)
    for verdict in ("accept", "reject", "unsure", "accept"):
        page.tap(f"#{verdict}")
    page.tap("#undo")
    expect(page.locator("#saved")).to_have_text("Offline, 5 kept here")
    assert opened.labels() == {}
    kept = json.loads(page.evaluate("localStorage.getItem('swipe-outbox')"))
    assert [each["address"].rsplit("/", 1)[1] for each in kept] == ["decisions"] * 4 + ["undo"]
    opened.context.set_offline(False)
    opened.saved()
    assert opened.labels() == {0: 1, 1: 0, 2: 2}
    assert opened.state()["hand"][0] == 3


@pytest.mark.parametrize("opened", [(DESKTOP, 30)], indirect=True, ids=["look"])
def test_looking_closer_and_contrast_change_what_is_seen_and_the_next_card_comes_at_once(opened: Swiping):
    page = opened.page
    grey = "document.querySelector('.card canvas').getContext('2d').getImageData(2, 2, 40, 40).data.join()"
    before = page.evaluate(grey)
    page.keyboard.press("h")
    page.wait_for_function(f"before => {grey} !== before", arg=before)
    page.keyboard.press("h")
    page.wait_for_function(f"before => {grey} === before", arg=before)
    page.keyboard.press("+")
    mouse_drag(opened, 200, 0)
    assert opened.state()["done"] == 0, "what is looked at closely is moved, not answered"
    page.keyboard.press("0")
    page.route("**/api/swipe/**", lambda _: None)  # the server does not answer any more
    page.keyboard.press("ArrowRight")
    assert page.locator(".card:not(.gone)").first.get_attribute("class") == "card", "drawn already"
    page.wait_for_function("() => swipe.timings.length === 1")


def test_a_first_visit_is_shown_around_and_the_page_can_be_put_among_the_apps(server: Server, chromium: Browser):
    make_table(server.store, 5, "first")
    context = chromium.new_context(**PHONE)
    page = context.new_page()
    page.goto(f"{server.url}swipe/first")
    for _ in range(3):
        page.tap("#tutorial-next")
    page.wait_for_selector("#tutorial", state="hidden")
    session = context.new_cdp_session(page)
    errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [each["errorId"] for each in errors if each["errorId"] != "in-incognito"] == []
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    page.wait_for_function("() => swipe.state().hand.length === 5")
    assert page.is_hidden("#tutorial")
    cached = page.evaluate("caches.open('swipe-shell-1').then(c => c.keys()).then(all => all.map(r => r.url))")
    assert cached
    assert not [url for url in cached if "/api/" in url], "data is never kept"
    context.close()


@pytest.mark.parametrize("opened", [(DESKTOP, 12)], indirect=True, ids=["two"])
def test_a_second_person_gets_other_images_and_a_closed_page_gives_its_own_back(opened: Swiping, server: Server):
    other = opened.context.browser.new_context(**PHONE)
    other.add_init_script(SEEN)
    page = other.new_page()
    page.goto(f"{server.url}swipe/{opened.table}")
    page.wait_for_function("() => swipe.state().hand.length === 4")
    assert page.evaluate("swipe.state().hand") == [8, 9, 10, 11]
    opened.page.goto("about:blank")
    wait_until(lambda: server.store.progress(opened.table, "").leased == 4, "the cards of a closed page to be free")
    page.tap("#accept")
    page.wait_for_function("() => swipe.state().hand.length > 7")
    other.close()
