"""That no painted pixel is lost: people paint while servers and browsers are killed (docs/reliability.md).

`chaos_painters.py` paints, `wiretap.py` knows what was acknowledged, `chaos_model.py` what the labels must be. The
server is that of tests/label_server.py: the viewer, its routes and the label store, without Tiled and MLflow.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from core.errors import AppError
from core.images.volumes import volume_id
from core.labels.rules import PaintRule
from core.labels.slices import read_slice
from core.labels.spans import EditBody
from scripts.benchmarks import DOCS, write_table
from scripts.benchmarks.chaos_model import Row, read_rows, replay
from scripts.benchmarks.chaos_painters import CLASSES, ChromiumPainter, HttpPainter
from scripts.benchmarks.databases import add_database_argument, databases, part
from scripts.benchmarks.label_model import Labels
from scripts.benchmarks.wiretap import Wiretap
from scripts.local_stack import answers, free_port, wait_until
from utils.labels.label_db import SqlLabelStore
from utils.settings import ROOT

PATH, SHAPE = "stack", (3, 600, 700)  # of tests/label_server.py
SERVER_SHARE = 0.3  # of the kills while a browser paints
MAX_WRITES = 12  # acknowledged between two kills, and then a moment of
REST_S = 0.1  # on average
POLL_S = 0.01
END_S = 900.0  # a machine that is busy with other things may stop us for minutes; that is no loss
HEAD = "| what | figure |\n|---|---|"

Painter = HttpPainter | ChromiumPainter


@dataclass(frozen=True)
class Storm:
    """What is done: how many are killed, who paints, and the seed of it all."""

    kills: int
    browsers: int
    clients: int
    seed: int


@dataclass
class Server:
    """The process that is killed and started again, on the same port and database.

    It is a child of one that has the program loaded, so that starting it does not take most of the time.
    """

    database: str
    log: Path
    port: int = field(default_factory=free_port)
    _parent: subprocess.Popen[str] | None = None
    _pid: int = 0

    def start(self) -> None:
        """Return when it answers."""
        self._pid = int(self._ask("start"))
        url = f"http://127.0.0.1:{self.port}/api/labels/{volume_id(PATH)}"
        wait_until(lambda: answers(url), f"the label server (log: {self.log})", deadline_s=END_S)

    def kill(self) -> None:
        """SIGKILL, at once."""
        os.kill(self._pid, signal.SIGKILL)
        self._read()

    def stop(self) -> None:
        """End it for good."""
        if self._parent is not None:
            self.kill()
            self._parent.kill()
            self._parent.communicate()

    def _ask(self, line: str) -> str:
        if self._parent is None:
            command = [sys.executable, "-m", "tests.label_server", str(self.port), self.database, "--again"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            with self.log.open("ab") as log:
                self._parent = subprocess.Popen(command, cwd=ROOT, stderr=log, text=True, bufsize=1, **pipes)
        assert self._parent.stdin is not None
        self._parent.stdin.write(f"{line}\n")
        return self._read()

    def _read(self) -> str:
        assert self._parent is not None
        assert self._parent.stdout is not None
        return self._parent.stdout.readline()


@dataclass(frozen=True)
class Verdict:
    """What is left of it.

    kills : by who was killed. acknowledged, repeated : writes the server answered, and those it was asked again.
    several, choosy : strokes of several classes; of an overwrite mode other than "all", or with a locked class.
    lost : acknowledged writes the database does not have. duplicated : strokes that are there more than once.
    unsent : strokes drawn that reached nobody, because a browser was killed before its disk had them.
    differing : pixels that differ from the model, of `pixels`.
    """

    kills: Counter[str]
    acknowledged: int
    steps: int
    several: int
    choosy: int
    repeated: int
    refused: int
    lost: int
    duplicated: int
    unsent: int
    differing: int
    pixels: int
    seconds: float

    def lines(self) -> Iterator[str]:
        """The rows of the table."""
        yield f"| kill -9 of the server | {self.kills['server']} |"
        yield f"| kill -9 of a Chromium that was painting | {self.kills['browser']} |"
        yield f"| writes acknowledged | {self.acknowledged:,} |"
        yield f"| of these undo and redo | {self.steps:,} |"
        yield f"| strokes of several classes | {self.several:,} |"
        yield f"| strokes with an overwrite mode or a locked class | {self.choosy:,} |"
        yield f"| writes sent again after their answer was lost | {self.repeated:,} |"
        yield f"| writes refused | {self.refused} |"
        yield f"| **acknowledged writes lost** | **{self.lost}** |"
        yield f"| **strokes applied twice** | **{self.duplicated}** |"
        yield f"| **pixels that differ from the model, of {self.pixels:,}** | **{self.differing}** |"
        yield f"| strokes of a killed Chromium that its disk did not have yet | {self.unsent} |"
        yield f"| seconds | {self.seconds:.0f} |"

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.duplicated or self.differing or self.refused)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--browsers", type=int, default=2, help="Chromiums that paint with the mouse")
    parser.add_argument("--clients", type=int, default=4, help="HTTP clients that paint")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")
    add_database_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Print the table, and write it down when asked to. Raises AppError when something was lost."""
    storm = Storm(options.kills, options.browsers, options.clients, options.seed)
    with tempfile.TemporaryDirectory() as folder, databases(options.database) as new_url:
        verdict = survive(storm, Path(folder), new_url())
    lines = [HEAD, *verdict.lines()]
    print("\n".join(lines))
    if not verdict.is_clean:
        raise AppError("The labels did not survive.", f"Repeat it with --seed {storm.seed}.")
    if options.write:
        write_table(DOCS / "reliability.md", lines, part=part("chaos", options.database))


def survive(storm: Storm, folder: Path, database: str) -> Verdict:
    """Let people paint while parts are killed, wait until all is acknowledged, and compare.

    folder : for profiles and the log. database : the URL of an empty one.
    """
    server = Server(database, folder / "server.log")
    tap, began = Wiretap(server.port), time.monotonic()
    make_classes(database)
    server.start()
    tap.start()
    try:
        with painting(storm, tap, folder) as painters:
            kills = kill_at_random(storm, server, tap, [p for p in painters if isinstance(p, ChromiumPainter)])
        return judge(tap, server.database, painters, kills, time.monotonic() - began)
    finally:
        tap.stop()
        server.stop()


@contextmanager
def painting(storm: Storm, tap: Wiretap, folder: Path) -> Iterator[list[Painter]]:
    """People at work in the block; at its end they rest, and it is left when all is acknowledged."""
    vid, resting = volume_id(PATH), threading.Event()
    painters: list[Painter] = [
        HttpPainter(f"client-{n}", tap.url, vid, SHAPE, storm.seed + n, resting) for n in range(storm.clients)
    ]
    painters += [
        ChromiumPainter(f"browser-{n}", tap.url, folder / f"profile{n}", storm.seed + 100 + n, resting)
        for n in range(storm.browsers)
    ]
    with ThreadPoolExecutor(len(painters)) as threads:
        working = [threads.submit(painter.run) for painter in painters]
        try:
            wait_until(lambda: _all_paint(painters, working), "the first strokes of all", deadline_s=END_S)
            yield painters
        finally:
            resting.set()
    for work in working:
        work.result(END_S)


def _all_paint(painters: list[Painter], working: list[Future[None]]) -> bool:
    for work in working:
        if work.done():
            work.result()
    return all(painter.made for painter in painters)


def kill_at_random(storm: Storm, server: Server, tap: Wiretap, browsers: list[ChromiumPainter]) -> Counter[str]:
    """Kill the server or a browser, again and again, at random moments between which people get on."""
    rng, kills = np.random.default_rng(storm.seed), Counter[str]()
    for _ in range(storm.kills):
        goal = tap.answered + int(rng.integers(1, MAX_WRITES))
        enough = partial(_answered, tap, goal)
        wait_until(enough, "the writes between two kills", deadline_s=END_S, every_s=POLL_S)
        time.sleep(rng.exponential(REST_S))
        alive = [browser for browser in browsers if browser.is_painting]
        if alive and rng.random() > SERVER_SHARE:
            alive[int(rng.integers(len(alive)))].kill()
            kills["browser"] += 1
        else:
            server.kill()
            server.start()
            kills["server"] += 1
    return kills


def _answered(tap: Wiretap, goal: int) -> bool:
    return tap.answered >= goal


def judge(tap: Wiretap, database: str, painters: list[Painter], kills: Counter[str], seconds: float) -> Verdict:
    """Compare what was sent and acknowledged with what the database holds."""
    rows = read_rows(database, PATH)
    labels = stored_labels(database)
    expected = replay(rows, tap.edits, labels.shape)  # type: ignore[arg-type]
    painted = [row for row in rows if row.kind == "paint"]
    arrived = Counter(row.user for row in painted)
    unsent = Counter({painter.name: painter.made for painter in painters}) - arrived
    return Verdict(
        kills=kills,
        acknowledged=len(tap.answers),
        steps=sum(row.kind in ("undo", "redo") for row in rows),
        several=sum(bool(tap.edits[row.id].parts) for row in painted),
        choosy=sum(tap.edits[row.id].rule != PaintRule() for row in painted),
        repeated=sum(count > 1 for count in tap.sent.values()),
        refused=len(tap.refused),
        lost=len(tap.answers.keys() - {row.id for row in rows}),
        duplicated=count_repeats(rows, tap.edits),
        unsent=unsent.total(),
        differing=int(np.count_nonzero(labels != expected)),
        pixels=labels.size,
        seconds=seconds,
    )


def count_repeats(rows: list[Row], sent: Mapping[str, EditBody]) -> int:
    """Strokes of one person that cover the same pixels of the same plane: by chance there are none."""
    strokes = [(row.user, sent[row.id]) for row in rows if row.kind == "paint"]
    return len(strokes) - len({(user, edit.axis, edit.index, edit.spans.tobytes()) for user, edit in strokes})


def make_classes(database: str) -> None:
    """What people paint with."""
    store = SqlLabelStore(database)
    store.set_classes(PATH, CLASSES, user="nobody who paints")
    store.close()


def stored_labels(database: str) -> Labels:
    """(Z, Y, X) uint8 class ids of the database."""
    store = SqlLabelStore(database)
    try:
        return np.stack([read_slice(store, PATH, z, SHAPE[1:]) for z in range(SHAPE[0])])
    finally:
        store.close()
