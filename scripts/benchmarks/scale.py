"""That a long history slows nothing: the label store after 1,000 and after 100,000 strokes (docs/reliability.md).

Both databases are filled with the rows that strokes leave, and asked in turns. With SQLite processor time is counted,
which other programs of a busy machine distort little; a commit's wait for the disk is one flush, whatever the history.
PostgreSQL works in processes of its own, so there the clock counts.
"""

import argparse
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from sqlalchemy import Connection, insert, text, update

from core.labels import edits as pixels
from core.labels.store import Paint, TileIndex
from scripts.benchmarks import DOCS, write_table
from scripts.benchmarks.databases import add_database_argument, databases, part
from utils.labels.label_db import SqlLabelStore
from utils.labels.label_rows import VolumeRow, lock_volume
from utils.labels.label_steps import DONE
from utils.labels.label_tables import class_pixels, edits, open_engine, tile_versions, tiles, volumes

VOLUME, USER = "stack", "ann"
SHAPE = (100, 1536, 1536)  # so many tiles that the short history has painted each of them too
TILES = 9  # of a slice
FEW, MANY = 1_000, 100_000
ROUNDS = 60
BATCH = 5_000
SIDE = 30  # pixels of a stroke in the history
HEAD = f"| what | p50, {{}}, after {FEW:,} strokes | after {MANY:,} | ratio |\n|---|---|---|---|"

Clock = Callable[[], float]
"""Seconds."""


@dataclass
class Desk:
    """A store with a history. `fresh` counts the strokes painted since."""

    store: SqlLabelStore
    fresh: int = 0

    def paint(self) -> None:
        """A stroke of a person, and what the answer tells."""
        self.fresh += 1
        y = 7 * self.fresh % 1400
        spans = np.stack([np.arange(y, y + 20), np.full(20, 100), np.full(20, 160)], axis=1).astype(np.int32)
        stroke = Paint(str(uuid.uuid4()), VOLUME, self.fresh % SHAPE[0], 1 + self.fresh % 2, spans, USER)
        self.store.paint(stroke, shape=SHAPE)
        self.tell()

    def undo(self) -> None:
        self.store.undo(VOLUME, edit_id=str(uuid.uuid4()), user=USER)
        self.tell()

    def changes(self) -> None:
        self.store.changes(VOLUME, since=self.store.revision(VOLUME) - 1)
        self.tell()

    def overview(self) -> None:
        self.store.revision(VOLUME)
        self.store.classes(VOLUME)
        self.tell()

    def tile_list(self) -> None:
        self.store.tile_versions(VOLUME, self.fresh % SHAPE[0])

    def tile(self) -> None:
        self.store.tile(VOLUME, (self.fresh % SHAPE[0], 1, 1))

    def tell(self) -> None:
        """What every answer of the label routes holds."""
        self.store.annotated_slices(VOLUME)
        self.store.history(VOLUME, user=USER)


ACTS: dict[str, Callable[[Desk], None]] = {
    "paint a stroke": Desk.paint,
    "undo": Desk.undo,
    "ask for changes": Desk.changes,
    "overview of a volume": Desk.overview,
    "tiles of a slice": Desk.tile_list,
    "read a tile": Desk.tile,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")
    add_database_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Print the table, and write it down when asked to."""
    outside = options.database == "postgresql"
    clock, words = (time.perf_counter, "by the clock") if outside else (time.thread_time, "processor time")
    with databases(options.database) as new_url:
        desks = [filled(new_url(), count) for count in (FEW, MANY)]
        lines = [HEAD.format(words), *compare(*desks, clock)]
        for desk in desks:
            desk.store.close()
    print("\n".join(lines))
    if options.write:
        write_table(DOCS / "reliability.md", lines, part=part("scale", options.database))


def compare(few: Desk, many: Desk, clock: Clock) -> Iterator[str]:
    """A row for each act, done in turns."""
    for name, act in ACTS.items():
        times: tuple[list[float], list[float]] = [], []
        for _ in range(ROUNDS):
            for desk, spent in zip((few, many), times, strict=True):
                began = clock()
                act(desk)
                spent.append(1000 * (clock() - began))
        short, long = (median(spent) for spent in times)
        yield f"| {name} | {short:.2f} ms | {long:.2f} ms | {long / short:.2f} |"


def filled(url: str, strokes: int) -> Desk:
    """A store with the rows that so many strokes leave, spread over all slices and tiles."""
    desk = Desk(SqlLabelStore(url))
    desk.store.revision(VOLUME)  # makes the tables
    engine = open_engine(url)
    with engine.connect().execution_options(writes=True) as conn, conn.begin():
        _write_rows(conn, lock_volume(conn, VOLUME), strokes)
        conn.execute(text("ANALYZE"))  # PostgreSQL does so by itself within a minute
    engine.dispose()
    return desk


def _write_rows(conn: Connection, volume: VolumeRow, strokes: int) -> None:
    newest: dict[TileIndex, int] = {}
    blobs = list(_blobs())
    for start in range(1, strokes + 1, BATCH):
        batch = range(start, min(strokes + 1, start + BATCH))
        places = {n: (n // TILES % SHAPE[0], n % TILES // 3, n % 3) for n in batch}
        conn.execute(insert(edits), [_edit(volume.id, volume.revision + n) for n in batch])
        newest |= {places[n]: volume.revision + n for n in batch}
        rows = [_at(volume.id, places[n], volume.revision + n) | {"pixels": blobs[n % len(blobs)]} for n in batch]
        conn.execute(insert(tile_versions), rows)
    conn.execute(insert(tiles), [_at(volume.id, *tile) | {"labelled": SIDE**2} for tile in newest.items()])
    counts = [{"volume": volume.id, "z": z, "class_id": 1, "pixels": SIDE**2} for z in {z for z, _, _ in newest}]
    conn.execute(insert(class_pixels), counts)
    conn.execute(update(volumes).values(revision=volume.revision + strokes))


def _blobs() -> Iterator[bytes]:
    """Tiles with a square in many places, packed."""
    for offset in range(0, 480, 5):
        tile = pixels.empty_tile()
        tile[offset : offset + SIDE, offset : offset + SIDE] = 1
        yield pixels.pack(tile)


def _edit(volume: int, revision: int) -> dict[str, Any]:
    origin = {"volume": volume, "edit_id": str(uuid.uuid4()), "user": USER, "at": time.time(), "kind": "paint"}
    return origin | {"revision": revision, "state": DONE, "step": revision, "detail": "{}"}


def _at(volume: int, tile: TileIndex, revision: int) -> dict[str, Any]:
    return {"volume": volume, "revision": revision} | dict(zip(("z", "ty", "tx"), tile, strict=True))
