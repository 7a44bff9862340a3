"""How well the algorithms segment public data with known truth, from few labels.

Each trial trains on the labels of one placement and scores on slices it has not seen (`quality_sets.py`). Trials are
kept in a file, so that the table of docs/quality.md grows by parts: a run measures what its options name, and nothing
twice.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.learning.algorithm_file import read_algorithms
from core.learning.descriptors import AlgorithmDescriptor, validate_parameters
from core.learning.metrics import Scores
from core.learning.neighbours import SliceWindow
from core.learning.segmenter import LabelledSlice, Progress, Segmenter
from scripts.algorithms import TRAINERS, context_of, prepared, train
from scripts.benchmarks import DOCS, write_table
from scripts.benchmarks.quality_sets import SETS, STYLES, ImageSet, Labels, labels_on
from scripts.command_line import pairs
from utils.images.tiff_volumes import open_tiff

ALGORITHMS = DOCS.parent / "assets" / "models.json"
TRIALS = DOCS / "quality.json"
PLACEMENTS = 5
Images = NDArray[np.uint8]
HEAD = (
    "| labels | algorithm | mean IoU | lowest to highest | placements | IoU of each class | labelled pixels "
    "| training, CPU s | a slice, s |\n|---|---|---|---|---|---|---|---|---|"
)
WORDS = {"strokes": "strokes", "boxes": "boxes", "slices": "three whole slices"}


@dataclass(frozen=True)
class Trial:
    """One training and its scores on the tested slices.

    settings : parameters other than the defaults. labelled : pixels. ious : of the classes, in their order. cpu_s : of
    training, all threads together. slice_s : to predict one slice.
    """

    set: str
    style: str
    algorithm: str
    settings: str
    placement: int
    mean_iou: float
    ious: tuple[float, ...]
    labelled: int
    cpu_s: float
    slice_s: float

    @property
    def cell(self) -> tuple[str, str, str, str]:
        """What the placements of a row have in common."""
        return self.set, self.style, self.algorithm, self.settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="folder of the real image sets; default: REAL_DATA_DIR")
    parser.add_argument("--set", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--style", nargs="+", choices=STYLES, default=list(STYLES))
    parser.add_argument("--algorithm", nargs="+", choices=TRAINERS, default=["Pixel classifier", "U-Net"])
    parser.add_argument("--placements", type=int, default=PLACEMENTS, help="1 to 5, the first ones")
    parser.add_argument("--param", action="append", default=[], metavar="KEY=VALUE", help="other than the default")
    parser.add_argument("--refine", action="append", default=[], metavar="KEY=VALUE", help="of the segmentation")
    parser.add_argument("--trials", type=Path, default=TRIALS, help="file of the trials so far; new ones are added")
    parser.add_argument("--again", action="store_true", help="also measure what the file has")
    parser.add_argument("--write", action="store_true", help="write docs/quality.md from all trials of the file")


def run(options: argparse.Namespace) -> None:
    """Measure what is missing, print it, and write the table when asked to."""
    given, wishes = pairs(options.param), pairs(options.refine)
    for chosen in (SETS[name] for name in options.set):
        images, truth = chosen.read(options.data)
        for style, algorithm, placement in _trials(options):
            trial = Question(chosen, style, algorithm, given, wishes, placement)
            if options.again or not trial.is_known(read_trials(options.trials)):
                measured = trial.measure(options.data, images, truth)
                keep(options.trials, measured)
                print(f"{' '.join(measured.cell)} {placement + 1}: {measured.mean_iou:.3f}", flush=True)
    lines = list(table(read_trials(options.trials)))
    print("\n".join(lines))
    if options.write:
        write_table(DOCS / "quality.md", lines)


def _trials(options: argparse.Namespace) -> Iterator[tuple[str, str, int]]:
    for style in options.style:
        for algorithm in options.algorithm:
            for placement in range(options.placements):
                yield style, algorithm, placement


@dataclass(frozen=True)
class Question:
    """A trial to be made. given, wishes : parameters of training and of segmenting other than the defaults, as text."""

    chosen: ImageSet
    style: str
    algorithm: str
    given: Mapping[str, str]
    wishes: Mapping[str, str]
    placement: int

    @property
    def settings(self) -> str:
        """As the table has them."""
        return ", ".join(f"{key} {value}" for key, value in sorted({**self.given, **self.wishes}.items()))

    def is_known(self, trials: Sequence[Trial]) -> bool:
        mine = (self.chosen.name, self.style, self.algorithm, self.settings)
        return any(each.cell == mine and each.placement == self.placement for each in trials)

    def measure(self, data: Path | None, images: Images, truth: Labels) -> Trial:
        """Train and score. data : the folder of the sets."""
        algorithm = find_algorithm(self.algorithm)
        parameters = validate_parameters(algorithm, self.given)
        wishes = validate_parameters(algorithm, self.wishes, "prediction_model")
        labels = labels_on(self.chosen, truth, self.style, self.placement)
        slices = with_images(images, labels, context=context_of(self.algorithm, parameters))
        cpu = time.process_time()
        segmenter, _ = train(self.algorithm, slices, parameters, seed=self.placement, device="cpu", report=_silent)
        cpu = time.process_time() - cpu
        segmenter = prepared(segmenter, wishes, open_tiff(self.chosen.path(data) / "images.tif"))
        began = time.perf_counter()
        scores = score(segmenter, images, truth, self.chosen)
        took = (time.perf_counter() - began) / len(self.chosen.tested)
        return Trial(
            *(self.chosen.name, self.style, self.algorithm, self.settings, self.placement),
            mean_iou=round(scores["mean_iou"], 4),
            ious=tuple(round(scores[f"iou/{name}"], 3) for name in self.chosen.classes),
            labelled=sum(int((each > 0).sum()) for each in labels.values()),
            cpu_s=round(cpu, 1),
            slice_s=round(took, 2),
        )


def find_algorithm(name: str) -> AlgorithmDescriptor:
    """As the algorithm file describes it."""
    known = read_algorithms(ALGORITHMS.read_text(), source=ALGORITHMS.name)
    return next(each for each in known if each.model_name == name)


def with_images(images: Images, labels: Mapping[int, Labels], *, context: int) -> list[LabelledSlice]:
    window = SliceWindow(lambda z: images[z], count=len(images), context=context)
    return [LabelledSlice(z, image, labels[z], around) for z in labels for image, around in (window(z),)]


def score(segmenter: Segmenter, images: Images, truth: Labels, chosen: ImageSet) -> dict[str, float]:
    """On the tested slices."""
    window = SliceWindow(lambda z: images[z], count=len(images), context=segmenter.context)
    scores = Scores(tuple(chosen.names))
    for z in chosen.tested:
        scores.add(truth[z], segmenter.predict(*window(z)).labels)
    return scores.report(chosen.names)


def read_trials(path: Path) -> list[Trial]:
    """In the order of their measurement; none where there is no file."""
    rows: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return [Trial(**{**row, "ious": tuple(row["ious"])}) for row in rows]


def keep(path: Path, trial: Trial) -> None:
    """Put a trial into the file, in place of an earlier one of the same."""
    others = [each for each in read_trials(path) if (each.cell, each.placement) != (trial.cell, trial.placement)]
    rows = ",\n".join(json.dumps(asdict(each)) for each in (*others, trial))
    part = path.with_suffix(".part")
    part.write_text(f"[\n{rows}\n]\n")
    part.replace(path)


def table(trials: Sequence[Trial]) -> Iterator[str]:
    """A heading and rows for each set, the best algorithm of a style in bold."""
    for chosen in SETS.values():
        cells: dict[tuple[str, str, str, str], list[Trial]] = {}
        for each in sorted(trials, key=lambda each: STYLES.index(each.style)):
            if each.set == chosen.name:
                cells.setdefault(each.cell, []).append(each)
        if cells:
            yield from ("", heading(chosen), "", HEAD)
            yield from (row(cell, best=cell is best_of_style(list(cells.values()), cell)) for cell in cells.values())


def heading(chosen: ImageSet) -> str:
    floor = f" Floor: {chosen.floor:.2f}." if chosen.floor else ""
    return f"**{chosen.name}** ({', '.join(chosen.classes)}).{floor}"


def best_of_style(cells: Sequence[Sequence[Trial]], like: Sequence[Trial]) -> Sequence[Trial]:
    return max((cell for cell in cells if cell[0].style == like[0].style), key=mean_iou)


def mean_iou(cell: Sequence[Trial]) -> float:
    return float(np.mean([each.mean_iou for each in cell]))


def row(cell: Sequence[Trial], *, best: bool) -> str:
    """Of the table."""
    first, found = cell[0], [each.mean_iou for each in cell]
    name = f"{first.algorithm}, {first.settings}" if first.settings else first.algorithm
    mean = f"**{mean_iou(cell):.3f}**" if best else f"{mean_iou(cell):.3f}"
    spread = f"{min(found):.3f} to {max(found):.3f}, sd {np.std(found):.3f}" if len(cell) > 1 else ""
    ious = "  ".join(f"{value:.2f}" for value in np.mean([each.ious for each in cell], axis=0))
    costs = (np.mean([getattr(each, what) for each in cell]) for what in ("labelled", "cpu_s", "slice_s"))
    pixels, cpu, each_slice = (f"{value:{form}}" for value, form in zip(costs, (",.0f", ".1f", ".2f"), strict=True))
    return f"| {' | '.join((WORDS[first.style], name, mean, spread, str(len(cell)), ious, pixels, cpu, each_slice))} |"


def _silent(_: Progress) -> None:
    return
