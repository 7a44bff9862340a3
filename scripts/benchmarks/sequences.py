"""That no way through the history loses a pixel: random edits against a numpy model (docs/reliability.md).

Each sequence is a volume of its own, worked on by one to three people (`label_acts.py`). After each act the tiles it
names are compared; at the end the labels, the counts kept beside them, a past moment, and the difference of two
(`label_checks.py`). Sequence n is the same each time: repeat a failure with ``--first n --count 1``.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np

from core.errors import AppError
from core.labels.store import LabelStore
from scripts.benchmarks import DOCS, write_table
from scripts.benchmarks.databases import add_database_argument, databases, part
from scripts.benchmarks.label_acts import PEOPLE, Canvas, Workplace
from scripts.benchmarks.label_checks import MismatchError, check_act, check_all
from utils.labels.label_db import SqlLabelStore

CANVAS = Canvas(shape=(3, 6, 520), busy=(500, 520), longest=12, rows=4)  # the second tile begins at column 512
ACTS = 12  # of a sequence
SHARES = {
    "paint": 0.34,
    "rewrite": 0.08,
    "undo": 0.2,
    "redo": 0.12,
    "restore": 0.1,
    "delete_class": 0.08,
    "change_classes": 0.05,
    "repeat": 0.03,
}
VARIETY = 4.0  # the smaller, the more one sequence differs from another in its shares
WORDS = {
    "paint": "strokes",
    "rewrite": "rewrites of whole slices",
    "undo": "undo",
    "redo": "redo",
    "restore": "moments restored",
    "delete_class": "classes deleted",
    "change_classes": "classes added, renamed or locked",
    "repeat": "writes that came twice",
}
HEAD = "| what | figure |\n|---|---|"
TOLD_EVERY = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first sequence")
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")
    add_database_argument(parser, default="memory")


def run(options: argparse.Namespace) -> None:
    """Print the table, and write it down when asked to. Raises AppError when a sequence ended otherwise."""
    began = time.monotonic()
    with databases(options.database) as new_url:
        store = SqlLabelStore(new_url())
        acts = walk(store, range(options.first, options.first + options.count))
        store.close()
    lines = [HEAD, *report(options.count, acts, time.monotonic() - began)]
    print("\n".join(lines))
    if options.write:
        write_table(DOCS / "reliability.md", lines, part=part("sequences", options.database))


def walk(store: LabelStore, numbers: range) -> Counter[str]:
    """Do these sequences; the acts by name. Raises MismatchError with the number of the first that goes wrong."""
    acts = Counter[str]()
    for number in numbers:
        try:
            acts += sequence(store, number).counts
        except (AppError, AssertionError) as error:
            raise MismatchError(str(error), f"Repeat it with --first {number} --count 1.") from error
        if (number + 1) % TOLD_EVERY == 0:
            print(f"{number + 1:,} sequences", flush=True)
    return acts


def sequence(store: LabelStore, number: int) -> Workplace:
    """One of them, compared at every act; each has its own number of people, and its own habits."""
    rng = np.random.default_rng(number)
    people = PEOPLE[: int(rng.integers(1, len(PEOPLE) + 1))]
    shares = dict(zip(SHARES, rng.dirichlet(VARIETY * np.array([*SHARES.values()])), strict=True))
    place = Workplace(store, rng, f"sequence {number}", CANVAS, people)
    for _ in range(ACTS):
        before = place.model.labels
        receipt = place.act(shares)
        if receipt is not None:
            check_act(place, receipt, before)
    check_all(place)
    return place


def report(count: int, acts: Counter[str], seconds: float) -> Iterator[str]:
    """The rows of the table."""
    yield f"| sequences of {ACTS} acts by one to three people | {count:,} |"
    for name, words in WORDS.items():
        yield f"| {words} | {acts[name]:,} |"
    yield "| **sequences whose labels, counts, moments or differences are not those of the model** | **0** |"
    yield f"| seconds | {seconds:.0f} |"
