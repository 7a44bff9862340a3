"""That 10,000 objects slow nothing: labels, and the objects' own list, with few and with many (docs/reliability.md).

First two projects with the same labels: in one nobody has counted objects, in the other 10,000 are counted and
remembered, with merges and cuts, and their drawer is open. Then what the drawer itself does, with 100 and with 10,000.
"""

import argparse
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from core.images.memory import ArrayVolume
from core.images.volumes import CatalogEntry
from core.labels.corrections import Correction, InstanceSet
from core.labels.edits import Tile
from core.labels.instance_builder import Built, InstanceBuilder
from core.labels.instance_changes import Line, cut_along
from core.labels.instance_table import changed_rows
from core.labels.store import Rewrite, TileIndex
from scripts.benchmarks import DOCS, write_table
from scripts.benchmarks.scale import ACTS, SHAPE, TILES, USER, VOLUME, Desk
from utils.labels.instance_db import SqlInstanceMemory
from utils.labels.instance_worker import BackgroundInstances
from utils.labels.label_db import SqlLabelStore

CHOSEN = InstanceSet(VOLUME, 1, 2)
FEW, MANY = 100, 10_000
IN_TILE = 12  # so that all find place in the tiles there are
CORRECTED = 40  # objects merged in pairs, and as many cut
SIDE = 30
ROUNDS = 40
OWN_ROUNDS = 8
LOOK_S = 1.0  # as often the open drawer asks
HEAD = f"| what | p50, none counted | {MANY:,} objects, drawer open | ratio | processor time |\n|---|---|---|---|---|"
OWN_HEAD = f"| what the drawer does | {FEW} objects | {MANY:,} objects | an object more |\n|---|---|---|---|"


@dataclass(frozen=True)
class Image:
    """A catalogue of one volume, grey everywhere."""

    source: ArrayVolume

    def list_entries(self) -> list[CatalogEntry]:
        return [CatalogEntry(VOLUME, self.source.info)]

    def open(self, path: str) -> ArrayVolume:  # noqa: ARG002 - the one there is
        return self.source


IMAGE = Image(ArrayVolume(np.broadcast_to(np.uint8(7), SHAPE), VOLUME, voxel_size_um=(2.0, 0.5, 0.5)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")


def run(options: argparse.Namespace) -> None:
    """Print both tables, and write them down when asked to."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [HEAD, *beside(Path(folder)), "", OWN_HEAD, *alone(Path(folder))]
    print("\n".join(lines))
    if options.write:
        write_table(DOCS / "reliability.md", lines, part="objects")


def beside(folder: Path) -> Iterator[str]:
    """A row for each act of the labels: without objects, and beside an open drawer of many."""
    urls = [f"sqlite:///{folder / name}.db" for name in ("none", "many")]
    desks = [Desk(filled(url, MANY)) for url in urls]
    with drawer(urls[1], desks[1].store):
        for name, act in ACTS.items():
            (few, few_cpu), (many, many_cpu) = in_turns(*(partial(act, desk) for desk in desks))
            yield f"| {name} | {few:.2f} ms | {many:.2f} ms | {many / few:.2f} | {many_cpu / few_cpu:.2f} |"
    for desk in desks:
        desk.store.close()


def in_turns(*acts: Callable[[], None]) -> list[tuple[float, float]]:
    """(p50 by the clock, p50 of processor time) of each, in milliseconds."""
    spent: list[list[tuple[float, float]]] = [[] for _ in acts]
    for _ in range(ROUNDS):
        for act, times in zip(acts, spent, strict=True):
            began, began_cpu = time.perf_counter(), time.thread_time()
            act()
            times.append((1000 * (time.perf_counter() - began), 1000 * (time.thread_time() - began_cpu)))
    return [(median(clock for clock, _ in times), median(cpu for _, cpu in times)) for times in spent]


def filled(url: str, count: int) -> SqlLabelStore:
    """A store with so many squares of class 1, by one import; each tile at most once."""
    store = SqlLabelStore(url)
    places = [(n % SHAPE[0], n // SHAPE[0] % TILES // 3, n // SHAPE[0] % 3) for n in range(-(-count // IN_TILE))]
    tiles = [(place, partial(_squares, count=min(IN_TILE, count - n * IN_TILE))) for n, place in enumerate(places)]
    store.rewrite(Rewrite(str(uuid.uuid4()), VOLUME, "import", tiles, USER))
    return store


def _squares(tile: Tile, *, count: int) -> Tile:
    new = tile.copy()
    for n in range(count):
        y, x = 40 + 150 * (n // 4), 30 + 110 * (n % 4)
        new[y : y + SIDE, x : x + SIDE] = 1
    return new


@contextmanager
def drawer(url: str, store: SqlLabelStore) -> Iterator[None]:
    """An open drawer: counted once, corrected, then looked at every second."""
    memory = SqlInstanceMemory(url)
    correct(store, InstanceBuilder(store, IMAGE, memory).build(CHOSEN, None, lambda *_: None))
    instances, closed = BackgroundInstances(store, IMAGE, memory), threading.Event()

    def look() -> None:
        while not closed.wait(LOOK_S):
            view = instances.look(CHOSEN)
            if view.before is not None and view.built is not None:
                changed_rows(view.before, view.built)

    thread = threading.Thread(target=look)
    thread.start()
    yield
    closed.set()
    thread.join()
    memory.close()


def correct(store: SqlLabelStore, built: Built) -> None:
    """Merge some pairs, and cut some objects in two."""
    for one in range(1, 2 * CORRECTED, 2):
        _correct(store, Correction("merge", (one, one + 1), (built.anchor(one), built.anchor(one + 1))))
    for one in range(1000, 1000 + CORRECTED):
        _correct(store, cut_along(built, one, across(built, one)))


def _correct(store: SqlLabelStore, correction: Correction) -> None:
    store.correct(CHOSEN, correction, edit_id=str(uuid.uuid4()), user=USER)


def across(built: Built, instance: int) -> Line:
    """A line from side to side through the middle of an instance."""
    z, y, x = middle(built, instance)
    return Line("z", z, np.array([[y + 0.5, x - SIDE], [y + 0.5, x + SIDE]]))


def middle(built: Built, instance: int) -> TileIndex:
    """(z, y, x) of the pixel in the middle of an instance."""
    place = int(np.searchsorted(built.totals.ids, instance))
    low, high = built.totals.low[place], built.totals.high[place]
    return int(low[0]), int((low[1] + high[1]) // 2), int((low[2] + high[2]) // 2)


class OwnDesk:
    """What the drawer asks of a project with so many objects."""

    def __init__(self, url: str, count: int) -> None:
        self.desk, self.memory, self.turn = Desk(filled(url, count)), SqlInstanceMemory(url), 0
        self.builder = InstanceBuilder(self.desk.store, IMAGE, self.memory)
        began = time.perf_counter()
        self.built = self._build(None)
        self.first_ms = 1000 * (time.perf_counter() - began)

    def list_after_a_stroke(self) -> None:
        self.built, before = self._build(self.built), self.built
        changed_rows(before, self.built)

    def under_the_pointer(self) -> None:
        self.built.at(*middle(self.built, self._next()))

    def outline(self) -> None:
        one = self._next()
        self.built.spans([one], "z", middle(self.built, one)[0])

    def outline_on_a_plane(self) -> None:
        one = self._next()
        self.built.spans([one], "y", middle(self.built, one)[1])

    def merge(self) -> None:
        one = self._next()
        ids = [one, int(self.built.totals.ids[np.searchsorted(self.built.totals.ids, one) + 1])]
        anchors = tuple(self.built.anchor(each) for each in ids)
        _correct(self.desk.store, Correction("merge", tuple(ids), anchors))

    def _next(self) -> int:
        self.turn += 1
        return int(self.built.totals.ids[7 * self.turn % (FEW - 1)])

    def _build(self, before: Built | None) -> Built:
        return self.builder.build(CHOSEN, before, lambda *_: None)


OWN: dict[str, Callable[[OwnDesk], None]] = {
    "list and measure again after a stroke": OwnDesk.list_after_a_stroke,
    "the object under the pointer": OwnDesk.under_the_pointer,
    "outline of an object": OwnDesk.outline,
    "outline of it on a plane across the slices": OwnDesk.outline_on_a_plane,
    "merge, saved": OwnDesk.merge,
}


def alone(folder: Path) -> Iterator[str]:
    """A row for each thing that the drawer does."""
    few, many = (OwnDesk(f"sqlite:///{folder / str(count)}.db", count) for count in (FEW, MANY))
    yield _row("count and measure all, the first time", few.first_ms, many.first_ms)
    for name, act in OWN.items():
        yield _row(name, *(p50(desk, act) for desk in (few, many)))
    for desk in (few, many):
        desk.desk.store.close()
        desk.memory.close()


def p50(desk: OwnDesk, act: Callable[[OwnDesk], None]) -> float:
    """Milliseconds of processor time; a stroke comes before each turn and is not counted."""
    spent = []
    for _ in range(OWN_ROUNDS):
        desk.desk.paint()
        began = time.thread_time()
        act(desk)
        spent.append(1000 * (time.thread_time() - began))
    return median(spent)


def _row(name: str, few: float, many: float) -> str:
    return f"| {name} | {few:.1f} ms | {many:.1f} ms | {1000 * (many - few) / (MANY - FEW):.1f} µs |"
