"""How well labels of hidden slices are found from two painted ones, and how long ten slices of 1024 x 1024 take.

Three ways: by shape (signed distances), along the flow (the labels of the nearer end, moved with the image), and along
the image (`core/labels/following.py`: the flow from both ends, and what pixels look like there).
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.labels.following import follow
from core.labels.through import carry, eight_bits, interpolate
from core.labels.tools.scene import Frame
from scripts.benchmarks import DOCS, write_table

Labels = NDArray[np.uint8]
Between = Callable[[Labels, Labels, NDArray[np.uint8]], list[Labels]]
"""(first, last, images of both ends and all between) -> the labels between."""

GAPS = (3, 7)  # hidden slices between two painted ones
STARTS = 3  # pairs of painted slices, spread over the stack
CORNER_PX = 512  # of larger slices: with more, the command takes longer than anyone waits
TIMED = (10, 1024)  # hidden slices, pixels a side
HEAD = ["| stack | labels | hidden slices | by shape | along the flow | along the image |", "|---|---|---|---|---|---|"]


@dataclass(frozen=True)
class Case:
    """A stack with the labels to be found: whole slices where `classes` names all there are, else some of them.

    file : of the truth. add : to its values, so that 0 counts as a class. keep : the largest instances only.
    """

    folder: str
    words: str
    file: str = "masks.tif"
    add: int = 0
    only: int | None = None
    keep: int = 0

    def read(self, data: Path) -> tuple[NDArray[np.uint8], Labels]:
        """(Z, Y, X) images and class ids, of the upper left corner."""
        stacks = (tifffile.imread(data / self.folder / name) for name in ("images.tif", self.file))
        images, truth = (stack[:, :CORNER_PX, :CORNER_PX] for stack in stacks)
        if self.keep:
            ids, counts = np.unique(truth[truth > 1], return_counts=True)
            largest = ids[np.argsort(-counts)][: self.keep]
            table = np.zeros(int(truth.max()) + 1, np.uint8)
            table[largest] = np.arange(1, len(largest) + 1)
            return images, table[truth]
        wanted = truth == self.only if self.only is not None else truth + self.add
        return images, wanted.astype(np.uint8)


CASES = (
    Case("isbi2012_em_membrane", "membranes"),
    Case("vnc_sstem_5class", "whole slices, 5 classes", add=1),
    Case("vnc_sstem_5class", "mitochondria", only=2),
    Case("fib25_medulla_boundary", "whole slices, 2 classes", add=1),
    Case("fib25_medulla_boundary", "8 neurons, a class each", "instances.tif", keep=8),
    Case("plantseg_ovule_confocal", "12 cells, a class each", "instances.tif", keep=12),
)


def by_shape(first: Labels, last: Labels, images: NDArray[np.uint8]) -> list[Labels]:
    return list(interpolate(first, last, len(images) - 2))


def by_flow(first: Labels, last: Labels, images: NDArray[np.uint8]) -> list[Labels]:
    """The labels of the nearer end, moved with the image."""
    greys = [eight_bits(image) for image in images]
    forth, back = list(carry(first, greys[:-1])), list(carry(last, greys[:0:-1]))[::-1]
    return [*forth[: len(forth) // 2], *back[len(forth) // 2 :]]


def by_image(first: Labels, last: Labels, images: NDArray[np.uint8]) -> list[Labels]:
    found = dict(follow(first, last, [partial(_cut, image) for image in images]))
    return [found[place] for place in range(len(images) - 2)]


METHODS: tuple[Between, ...] = (by_shape, by_flow, by_image)


def dice(found: Sequence[Labels], truth: Labels) -> float:
    """Mean over the classes there are of 2 |A and B| / (|A| + |B|), over all slices together.

    >>> dice([np.array([[1, 1, 0, 0]])], np.array([[[1, 0, 0, 0]]]))
    0.6666666666666666
    """
    stacked = np.stack(found)
    ids = np.unique(truth[truth > 0])
    both = [((stacked == i) & (truth == i)).sum() * 2 / ((stacked == i).sum() + (truth == i).sum()) for i in ids]
    return float(np.mean(both))


def rows(data: Path, cases: Sequence[Case] = CASES) -> Iterator[str]:
    """A row of the table for each stack and gap."""
    for case in cases:
        images, truth = case.read(data)
        for gap in GAPS:
            scores = [np.mean(list(_scores(method, images, truth, gap))) for method in METHODS]
            told = " | ".join(f"{score:.3f}" for score in scores)
            yield f"| {case.folder} | {case.words} | {gap} | {told} |"


def times(data: Path) -> Iterator[str]:
    """A row of seconds: whole slices of two classes at full size, the worst there is."""
    count, side = TIMED
    images, truth = CASES[0].read(data)
    ends = [np.tile(truth[z], (2, 2))[:side, :side] + np.uint8(1) for z in (0, count + 1)]
    tiled = np.stack([np.tile(image, (2, 2))[:side, :side] for image in images[: count + 2]])
    told = [_seconds(method, ends, tiled) for method in METHODS]
    yield f"| {count} slices of {side} x {side} | all labelled: s by the clock (of processors) | | {' | '.join(told)} |"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="folder of the real image sets; default: REAL_DATA_DIR")
    parser.add_argument("--write", action="store_true", help="write docs/quality.md")


def run(options: argparse.Namespace) -> None:
    """Print the table, and write it down when asked to."""
    data = options.data or Path(os.environ.get("REAL_DATA_DIR", "."))
    if not (data / CASES[0].folder).is_dir():
        raise InvalidInputError(f"{data / CASES[0].folder} does not exist.", "Name the folder with --data.")
    lines = list(HEAD)
    for line in chain(rows(data), times(data)):
        print(line, flush=True)
        lines.append(line)
    if options.write:
        write_table(DOCS / "quality.md", lines, part="between")


def _scores(method: Between, images: NDArray[np.uint8], truth: Labels, gap: int) -> Iterator[float]:
    for start in np.linspace(0, len(images) - gap - 2, STARTS).astype(int).tolist():
        last = start + gap + 1
        hidden = truth[start + 1 : last]
        if hidden.any() and truth[start].any() and truth[last].any():
            yield dice(method(truth[start], truth[last], images[start : last + 1]), hidden)


def _seconds(method: Between, ends: Sequence[Labels], images: NDArray[np.uint8]) -> str:
    """By the clock, and of all processors together: other programs of the machine distort that less."""
    began, began_cpu = time.perf_counter(), time.process_time()
    method(ends[0], ends[1], images)
    return f"{time.perf_counter() - began:.1f} ({time.process_time() - began_cpu:.1f})"


def _cut(image: NDArray[np.uint8], frame: Frame) -> NDArray[np.uint8]:
    return image[frame.y0 : frame.y1, frame.x0 : frame.x1]
