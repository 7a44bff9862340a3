"""What the benchmarks of Curate and of the Swipe page share: a stack, the app on it, the table in docs/active.md."""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Page

from scripts.benchmarks import DOCS, write_table
from scripts.benchmarks.page import HEAD, Figure, open_page
from scripts.benchmarks.viewer import make_stack
from scripts.local_stack import local_stack

NODE = "stack/slice_"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="write the table into docs/active.md")


def print_figures(
    options: argparse.Namespace, shape: tuple[int, int, int], measure: Callable[[Page], Iterator[Figure]], *, part: str
) -> None:
    """Measure on the page of a stack of that shape, print the table, and write it down when asked to."""
    lines = [HEAD]
    with tempfile.TemporaryDirectory() as folder:
        make_stack(Path(folder) / "data" / "stack", shape)
        with (
            local_stack(Path(folder) / "data", Path(folder) / "state", nodes=(NODE,)) as stack,
            open_page(stack.url) as page,
        ):
            lines += [figure.row() for figure in measure(page)]
    print("\n".join(lines))
    if options.write:
        write_table(DOCS / "active.md", lines, part=part)
