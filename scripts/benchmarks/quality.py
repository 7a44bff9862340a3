"""How well the algorithms segment public data with known truth, from few labels.

ISBI 2012 EM (Arganda-Carreras et al. 2015, doi:10.3389/fnana.2015.00142): slices 5, 15 and 25 are labelled, six others
tested. Strokes are simulated from the truth (`strokes.py`), in five placements, as single placements differ by .05.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.learning.metrics import Scores
from core.learning.segmenter import LabelledSlice, Progress
from scripts.algorithms import train
from scripts.benchmarks import DOCS, write_table
from scripts.benchmarks.strokes import strokes_on

SET = "isbi2012_em_membrane"
CLASSES = {1: "cell interior", 2: "membrane"}
LABELLED, TESTED = (5, 15, 25), (0, 8, 11, 18, 20, 29)
PLACEMENTS = range(5)
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Trial:
    """One training and its scores on the tested slices. cpu_s : of training, all threads together."""

    algorithm: str
    labels: str
    labelled: float
    scores: dict[str, float]
    cpu_s: float
    wall_s: float
    predict_s: float

    def row(self) -> str:
        """A row of the table."""
        iou, dice = (
            "  ".join(f"{self.scores[f'{kind}/{name}']:.3f}" for name in CLASSES.values()) for kind in ("iou", "dice")
        )
        facts = self.algorithm, self.labels, f"{self.labelled:.1%}", f"**{self.scores['mean_iou']:.3f}**"
        times = f"{self.cpu_s:.1f}", f"{self.wall_s:.1f}", f"{self.predict_s:.2f}"
        return f"| {' | '.join((*facts, iou, dice, *times))} |"


HEAD = (
    f"| algorithm | labels | labelled pixels of a slice | mean IoU | IoU {', '.join(CLASSES.values())} | Dice | "
    "training, CPU s | training, s | a slice of 512 x 512, s |\n|---|---|---|---|---|---|---|---|---|"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="folder of the real image sets; default: REAL_DATA_DIR")
    parser.add_argument("--write", action="store_true", help="write docs/quality.md")


def run(options: argparse.Namespace) -> None:
    """Print the table, and write it down when asked to."""
    images, truth = read_set(options.data)
    lines = [HEAD]
    print(HEAD)
    for line in table(images, truth):
        print(line, flush=True)
        lines.append(line)
    if options.write:
        write_table(DOCS / "quality.md", lines)


def read_set(data: Path | None) -> tuple[NDArray[np.uint8], Labels]:
    """Images and class ids (1, 2), each (30, 512, 512) uint8."""
    folder = (data or Path(os.environ.get("REAL_DATA_DIR", "."))) / SET
    if not folder.is_dir():
        raise InvalidInputError(f"{folder} does not exist.", "Name the folder of the image sets with --data.")
    return tifffile.imread(folder / "images.tif"), tifffile.imread(folder / "masks.tif") + np.uint8(1)


def table(images: NDArray[np.uint8], truth: Labels) -> Iterator[str]:
    """The rows, as they come."""
    trials = []
    for placement in PLACEMENTS:
        labels = f"strokes, placement {placement + 1}"
        trials.append(measure("Pixel classifier", labels, images, truth, by_strokes(truth, placement)))
        yield trials[-1].row()
    yield f"| Pixel classifier | **mean of {len(trials)} placements** | | **{mean_iou(trials):.3f}** | | | | | |"
    for algorithm in ("Pixel classifier", "U-Net"):
        yield measure(algorithm, "three whole slices", images, truth, lambda z: truth[z]).row()


def by_strokes(truth: Labels, placement: int) -> Callable[[int], Labels]:
    return lambda z: strokes_on(truth[z], seed=100 * placement + z)


def mean_iou(trials: Sequence[Trial]) -> float:
    return float(np.mean([trial.scores["mean_iou"] for trial in trials]))


def measure(
    algorithm: str, labels: str, images: NDArray[np.uint8], truth: Labels, labels_of: Callable[[int], Labels]
) -> Trial:
    """Train with the defaults on `LABELLED`, score on `TESTED`."""
    slices = [LabelledSlice(z, images[z], labels_of(z)) for z in LABELLED]
    cpu, wall = time.process_time(), time.perf_counter()
    segmenter, _ = train(algorithm, slices, {}, seed=0, device="cpu", report=_silent)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    scores = Scores(tuple(CLASSES))
    began = time.perf_counter()
    for z in TESTED:
        scores.add(truth[z], segmenter.predict(images[z]).labels)
    predict = (time.perf_counter() - began) / len(TESTED)
    share = float(np.mean([(each.labels > 0).mean() for each in slices]))
    return Trial(algorithm, labels, share, scores.report(CLASSES), cpu, wall, predict)


def _silent(_: Progress) -> None:
    return
