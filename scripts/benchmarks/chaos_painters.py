"""Who paints while things are killed: plain HTTP clients, and real Chromiums with a mouse.

Both keep a write until it is acknowledged, send in order, and send again under the same id. The HTTP clients do it
here, as `components/slice_viewer/src/labels/sync.ts` does it in the Chromiums.
"""

import json
import threading
import uuid
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx
import numpy as np
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Playwright, sync_playwright

from core.images.planes import PlaneAxis, turned
from core.labels.classes import DEFAULT_CLASSES, LabelClass
from core.labels.rules import Overwrite, PaintRule
from core.labels.spans import EditBody, Parts, Spans, encode_edit
from scripts.chromium import OwnChromium

AXES: tuple[PlaneAxis, ...] = ("z", "y", "x")
CLASSES = (*DEFAULT_CLASSES, LabelClass(3, "crack", "#009E73"), LabelClass(4, "binder", "#CC79A7"))
OVERWRITES: tuple[Overwrite, ...] = ("all", "empty", *(c.id for c in CLASSES))
PLAIN = 0.4  # of strokes that paint over everything, as most do
SEVERAL, LOCKS = 0.3, 0.3  # shares of strokes of several classes, and of people who have locked one
QUEUE = 5  # writes a person is ahead of the server
PAUSE_S = 0.15  # between strokes, on average
BACKOFF_S, MAX_BACKOFF_S = 0.05, 1.0
PATIENCE_MS = 8_000
END_MS = 600_000  # the browser waits up to 30 s between two tries, and the machine may be busy with other things
WINDOW_PX = {"width": 1000, "height": 800}
UNDO, REDO = 0.10, 0.05  # shares of what people do

STATE = "document.querySelector('#viewer').__viewer.state()"
READY = f"() => document.querySelector('#viewer')?.__viewer && {STATE}.ready && {STATE}.labelsReady"
SAVED = f"() => {STATE}.saveState === 'saved'"
LOCK = "classes => window.dash_clientside.set_props('viewer', {classes})"


@dataclass(frozen=True)
class Write:
    """One POST: where, as what, which bytes."""

    path: str
    kind: str
    body: bytes


def random_write(rng: np.random.Generator, shape: tuple[int, int, int]) -> Write:
    """A stroke of one or several classes on any plane, under any rule, an erasure, or a step back or forth."""
    edit_id, chance = str(uuid.UUID(bytes=rng.bytes(16), version=4)), rng.random()
    if chance < UNDO + REDO:
        path = "undo" if chance < UNDO else "redo"
        return Write(path, "application/json", json.dumps({"id": edit_id}).encode())
    return Write("edits", "application/octet-stream", encode_edit(random_edit(rng, shape, edit_id)))


def random_edit(rng: np.random.Generator, shape: tuple[int, int, int], edit_id: str) -> EditBody:
    """A stroke on any plane."""
    axis = AXES[int(rng.choice(len(AXES), p=(0.8, 0.1, 0.1)))]
    count, *plane = turned(shape, axis)
    spans, index = random_spans(rng, plane[0], plane[1]), int(rng.integers(count))
    parts = random_parts(rng, len(spans)) if rng.random() < SEVERAL else ()
    return EditBody(edit_id, index, _any_class(rng), spans, axis, parts, random_rule(rng))


def random_parts(rng: np.random.Generator, count: int) -> Parts:
    """One to three classes, or the eraser, that share `count` spans."""
    cuts = np.sort(rng.integers(0, count + 1, int(rng.integers(3))))
    sizes = np.diff([0, *cuts, count])
    return tuple((_any_class(rng), int(size)) for size in sizes)


def random_rule(rng: np.random.Generator) -> PaintRule:
    """What may be painted over, and perhaps a locked class."""
    overwrite: Overwrite = "all" if rng.random() < PLAIN else OVERWRITES[int(rng.integers(len(OVERWRITES)))]
    return PaintRule(overwrite, (int(rng.integers(1, len(CLASSES) + 1)),) if rng.random() < LOCKS else ())


def _any_class(rng: np.random.Generator) -> int:
    return int(rng.integers(len(CLASSES) + 1))


def random_spans(rng: np.random.Generator, height: int, width: int) -> Spans:
    """(N, 3) int32: a blob with ragged sides, anywhere on the plane."""
    top = int(rng.integers(height))
    rows = np.arange(top, min(height, top + int(rng.integers(1, 60))))
    starts = rng.integers(0, width, 1) + rng.integers(-9, 10, len(rows))
    stops = starts + rng.integers(10, 250, 1) + rng.integers(0, 9, len(rows))
    spans = np.stack([rows, starts.clip(0, width - 1), stops.clip(1, width)], axis=1).astype(np.int32)
    return spans[spans[:, 1] < spans[:, 2]]


@dataclass
class HttpPainter:
    """A person behind an HTTP client. `made`: the strokes of its life."""

    name: str
    url: str
    volume: str
    shape: tuple[int, int, int]
    seed: int
    resting: threading.Event
    made: int = 0
    outbox: deque[Write] = field(default_factory=deque)

    def run(self) -> None:
        """Paint until it is time to rest, and until all is acknowledged."""
        rng, failures = np.random.default_rng(self.seed), 0
        with httpx.Client(base_url=self.url, cookies={"painter": self.name}, timeout=60) as client:
            while self.outbox or not self.resting.is_set():
                self._paint(rng)
                sent = self._send(client, self.outbox[0]) if self.outbox else True
                failures = 0 if sent else failures + 1
                pause = rng.exponential(PAUSE_S) if sent else min(MAX_BACKOFF_S, BACKOFF_S * 2**failures)
                threading.Event().wait(pause)

    def _paint(self, rng: np.random.Generator) -> None:
        if len(self.outbox) < QUEUE and not self.resting.is_set():
            self.outbox.append(random_write(rng, self.shape))
            self.made += self.outbox[-1].path == "edits"

    def _send(self, client: httpx.Client, write: Write) -> bool:
        """One try. False: to be tried again later."""
        url, headers = f"/api/labels/{self.volume}/{write.path}", {"Content-Type": write.kind}
        try:
            answer = client.post(url, content=write.body, headers=headers)
        except httpx.HTTPError:
            return False
        if answer.is_server_error:
            return False
        self.outbox.popleft()  # acknowledged, or refused for good: the wiretap tells
        return True


@dataclass
class ChromiumPainter:
    """A person with a mouse in a Chromium that is killed and started again on the same profile.

    made : strokes drawn to their end. lives : how often it was started. is_painting : it has a page to paint on.
    """

    name: str
    url: str
    profile: Path
    seed: int
    resting: threading.Event
    made: int = 0
    lives: int = 0
    is_painting: bool = False
    _own: OwnChromium | None = None
    _killed: bool = False

    def run(self) -> None:
        """Paint, life after life, until it is time to rest and all is acknowledged."""
        rng = np.random.default_rng(self.seed)
        with sync_playwright() as playwright:
            while not self._live(playwright, rng):
                self.is_painting = False
        self.kill()

    def kill(self) -> None:
        """SIGKILL, at once."""
        self.is_painting, self._killed = False, True
        if self._own is not None:
            self._own.kill()

    def _live(self, playwright: Playwright, rng: np.random.Generator) -> bool:
        """One life. False: it was killed."""
        self._own, self._killed = OwnChromium(self.profile), False
        self.lives += 1
        try:
            page = self._open(playwright, self._own)
            self.is_painting = True
            while not self.resting.is_set():
                self._act(page, rng)
            self.is_painting = False
            page.wait_for_function(SAVED, timeout=END_MS)
        except PlaywrightError:
            if not self._killed:
                raise
            return False
        return True

    def _open(self, playwright: Playwright, own: OwnChromium) -> Page:
        """The page, as soon as the server is there to give it."""
        page = playwright.chromium.connect_over_cdp(own.address()).contexts[0].pages[0]
        page.set_viewport_size(WINDOW_PX)  # type: ignore[arg-type]
        page.context.add_cookies([{"name": "painter", "value": self.name, "url": self.url}])
        while not self._loads(page):
            if not own.is_alive:
                raise PlaywrightError(f"The Chromium of {self.name} has ended by itself.")
        return page

    def _loads(self, page: Page) -> bool:
        """Whether the server lived long enough to give the whole page."""
        try:
            page.goto(self.url, timeout=PATIENCE_MS)
            page.wait_for_function(READY, timeout=PATIENCE_MS)
        except PlaywrightError:
            return False
        return True

    def _act(self, page: Page, rng: np.random.Generator) -> None:
        """A stroke, a step back or forth, or another class, overwrite mode, lock or slice."""
        chance = rng.random()
        if chance < UNDO + REDO:
            page.keyboard.press("Control+z" if chance < UNDO else "Control+Shift+z")
        elif chance < 0.3:
            page.keyboard.press(str(rng.choice(["1", "2", "3", "4", "o", "o", "ArrowLeft", "ArrowRight"])))
        elif chance < 0.35:
            locked = int(rng.integers(len(CLASSES) + 1))  # 0: none
            page.evaluate(LOCK, [asdict(c) | {"locked": c.id == locked} for c in CLASSES])
        else:
            self._drag(page, rng)

    def _drag(self, page: Page, rng: np.random.Generator) -> None:
        size = np.array([WINDOW_PX["width"], WINDOW_PX["height"]])
        way = (size * rng.uniform(0.3, 0.7, (4, 2))).astype(int).tolist()
        page.mouse.move(*way[0])
        page.mouse.down()
        for point in way[1:]:
            page.mouse.move(*point)
        page.mouse.up()
        self.made += 1
