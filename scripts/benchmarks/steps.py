"""That more than 1,000 edits can be taken back, one by one, after a restart of the program (docs/reliability.md).

One person works on a volume with every kind of edit, and the labels after each are kept in numpy. Then the database is
opened anew, every step is undone and the labels compared with what they were before it; then all is done again.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.labels.classes import DEFAULT_CLASSES
from core.labels.store import Receipt
from scripts.benchmarks import DOCS, write_table
from scripts.benchmarks.databases import add_database_argument, databases, part
from scripts.benchmarks.label_acts import Canvas, Workplace
from scripts.benchmarks.label_checks import check_act, check_all
from utils.labels.label_db import SqlLabelStore

CANVAS = Canvas(shape=(6, 1100, 1300), busy=(400, 620), longest=160, rows=60)  # nine tiles a slice
VOLUME = "stack"
SHARES = {"paint": 0.9, "rewrite": 0.05, "restore": 0.03, "delete_class": 0.01, "change_classes": 0.01}
Spent = partial(defaultdict[str, list[float]], list)  # seconds of the store by what was done
HEAD = "| what | p50 | p95 | longest |\n|---|---|---|---|"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--edits", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")
    add_database_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Print the table, and write it down when asked to. Raises MismatchError when a pixel is not what it was."""
    with databases(options.database) as new_url:
        lines = [HEAD, *there_and_back(new_url(), options.edits, options.seed)]
    print("\n".join(lines))
    if options.write:
        write_table(DOCS / "reliability.md", lines, part=part("steps", options.database))


def there_and_back(url: str, edits: int, seed: int, canvas: Canvas = CANVAS) -> Iterator[str]:
    """Do so many steps, reopen the database, undo them all and do them again; the rows of the table."""
    place = Workplace(SqlLabelStore(url), np.random.default_rng(seed), VOLUME, canvas, people=("ann",))
    known, spent = place.model.steps("ann"), Spent()
    while len(known.done) < edits:
        _act(place, spent["edit"], lambda: place.act(SHARES))
    reopen(place, url)
    while known.done:
        _act(place, spent["undo"], place.undo)
    assert not place.model.labels.any(), "before the first edit there were no labels"
    names = [(c.id, c.name, c.color) for c in place.store.classes(VOLUME)]
    assert names == [(c.id, c.name, c.color) for c in DEFAULT_CLASSES], "nor other classes"
    check_all(place)
    while known.undone:
        _act(place, spent["redo"], place.redo)
    check_all(place)
    place.store.close()
    return (_row(name, 1000 * np.array(times)) for name, times in spent.items())


def reopen(place: Workplace, url: str) -> None:
    """As after a restart; everything is as it was."""
    place.store.close()
    place.store = SqlLabelStore(url)
    check_all(place)


def _act(place: Workplace, times: list[float], act: Callable[[], Receipt | None]) -> None:
    before = place.model.labels
    receipt = act()
    if receipt is not None:
        times.append(place.spent_s)
        check_act(place, receipt, before)


def _row(name: str, times_ms: NDArray[np.float64]) -> str:
    p50, p95 = np.percentile(times_ms, (50, 95))
    return f"| {len(times_ms):,} x {name} | {p50:.1f} ms | {p95:.1f} ms | {times_ms.max():.0f} ms |"
