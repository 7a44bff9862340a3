"""What each strategy of active learning is worth: learning curves on public images, simulated from known truth.

Whole images (blood cells; magnetic tiles, split by tile so that exposures of one do not leak) are labelled a few at a
time and judged on images kept apart. For segmentation, squares of a stack are labelled, and the classes' mean Dice is
judged on slices kept apart. Every trial is kept in a file, so the tables grow by parts.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.learning.curation.embeddings import standardised
from core.learning.curation.filters import Filters
from core.learning.curation.heads import train_heads
from core.learning.curation.pool import Pool
from core.learning.curation.pooled import pooled_all
from core.learning.curation.sampling import draw
from core.learning.curation.table import Item, LabelTable
from core.learning.normalisation import Normalisation
from scripts.active_learning.images import read_image
from scripts.benchmarks import DOCS, write_table
from scripts.benchmarks.active_squares import SQUARE_STRATEGIES, square_curve
from scripts.benchmarks.quality_sets import SETS

TRIALS = DOCS / "active.json"
IMAGE_SETS = {"bccd": ("bccd_cells_cls", "WBC"), "magnetic": ("magnetic_tile_cls", "defect")}
STACKS = ("isbi", "fib25", "superalloy")
STRATEGIES = ("random", "uncertainty", "gaussian", "balanced", "BADGE", "k centre", "diversity", "proximity")
SEEDS, FIRST, STEP, MOST = 5, 10, 10, 150
TESTED = 0.3  # of the groups
ENOUGH = 0.95  # of the accuracy with all labels
SHOWN = (10, 20, 40, 60, 100, 150)  # labels
Curve = Mapping[str, float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=None, help="folder of the image sets; default: REAL_DATA_DIR")
    parser.add_argument("--set", nargs="+", choices=(*IMAGE_SETS, *STACKS), default=[*IMAGE_SETS, *STACKS])
    parser.add_argument("--strategy", nargs="+", default=None, help="only these; default: all")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many repetitions")
    parser.add_argument("--trials", type=Path, default=TRIALS, help="file of the trials so far; new ones are added")
    parser.add_argument("--write", action="store_true", help="write docs/active.md from all trials of the file")


def run(options: argparse.Namespace) -> None:
    """Measure what is missing, print it, and write the tables when asked to."""
    for seed in range(options.seeds):
        for name in options.set:
            _measure(options, name, seed)
    lines = list(tables(read_trials(options.trials)))
    print("\n".join(lines))
    if options.write:
        write_table(DOCS / "active.md", lines)


def _measure(options: argparse.Namespace, name: str, seed: int) -> None:
    """Every strategy that the file has no trial of."""
    known = read_trials(options.trials)
    chosen = [each for each in strategies_of(name) if options.strategy is None or each in options.strategy]
    wanted = [each for each in chosen if f"{name}/{each}/{seed}" not in known]
    if not wanted:
        return
    trial = _trial(name, options.data, seed)
    for strategy in wanted:
        known[f"{name}/{strategy}/{seed}"] = trial(strategy)
        options.trials.write_text(json.dumps(known, indent=0, sort_keys=True) + "\n")
        print(name, strategy, seed, flush=True)


def strategies_of(name: str) -> tuple[str, ...]:
    return STRATEGIES if name in IMAGE_SETS else SQUARE_STRATEGIES


def _trial(name: str, data: Path | None, seed: int) -> Callable[[str], Curve]:
    if name in STACKS:
        return square_curve(SETS[name], data, seed)
    table, points, groups = read_set(name, data)
    return lambda strategy: image_curve(table, points, groups, strategy, seed)


def read_set(name: str, data: Path | None) -> tuple[LabelTable, NDArray[np.float32], list[str]]:
    """All tags, embeddings, and the group of each image, none of which may be on both sides of a split."""
    folder_name, positive = IMAGE_SETS[name]
    folder = _folder(data) / folder_name
    paths = sorted(path for label in _labels(folder) for path in (folder / label).iterdir())
    images = [read_image(path, channels=3) for path in paths]
    window = Normalisation((0.0,) * 3, (255.0,) * 3)
    table = LabelTable.of([Item(f"{path.parent.name}/{path.name}") for path in paths], [positive])
    truth = np.array([path.parent.name == positive for path in paths])
    table = table.tagged(np.flatnonzero(truth), positive, 1).tagged(np.flatnonzero(~truth), positive, 0)
    found = [re.search(r"num_\d+|Image_\d+", path.name) for path in paths]
    groups = [match.group() if match else path.name for match, path in zip(found, paths, strict=True)]
    return table, standardised(np.stack(list(pooled_all(images, window)))), groups


def image_curve(
    full: LabelTable, points: NDArray[np.float32], groups: Sequence[str], strategy: str, seed: int
) -> Curve:
    """{labels: accuracy} on the images kept apart, and {"all": that with every label}."""
    rng = np.random.default_rng(seed)
    names = sorted(set(groups))
    apart = set(rng.permutation(names)[: round(TESTED * len(names))].tolist())
    tested = np.array([group in apart for group in groups])
    truth = full.tags[:, 0] == 1
    curve = {"all": _accuracy(full.excluded(tested), points, truth, tested)}
    first = _first(truth, ~tested, rng)
    table = _known(full, first)
    while (count := int(table.has_tag.sum())) <= min(MOST, int((~tested).sum())):
        learner = train_heads(table, points)
        said = learner.chances(points)
        curve[str(count)] = float(((said[tested, 0] >= 0.5) == truth[tested]).mean())
        pool = Pool.of(table.with_chances(said).excluded(tested), Filters(), points)
        chosen = draw(pool, strategy, STEP, seed=1000 * seed + count)
        if not len(chosen):
            break
        table = _known(full, np.concatenate([np.flatnonzero(table.has_tag), chosen]))
    return {key: round(value, 4) for key, value in curve.items()}


def _first(truth: NDArray[np.bool_], among: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.intp]:
    """At random, both answers among them."""
    while True:
        rows = rng.permutation(np.flatnonzero(among))[:FIRST]
        if 0 < truth[rows].sum() < FIRST:
            return np.asarray(rows)


def _known(full: LabelTable, rows: NDArray[np.intp]) -> LabelTable:
    """The table with the tags of these rows alone."""
    table, name = LabelTable.of(full.items, full.classes), full.classes[0]
    for value in (0, 1):
        table = table.tagged(rows[full.tags[rows, 0] == value], name, value)
    return table


def _accuracy(
    table: LabelTable, points: NDArray[np.float32], truth: NDArray[np.bool_], tested: NDArray[np.bool_]
) -> float:
    said = train_heads(table, points).chances(points)
    return float(((said[tested, 0] >= 0.5) == truth[tested]).mean())


def needed(curve: Curve) -> float:
    """Labels until 95 % of the accuracy with all of them is reached; infinite where it is not.

    >>> needed({"all": 1.0, "10": 0.9, "20": 0.96})
    20.0
    """
    counts = sorted(int(key) for key in curve if key != "all")
    reached = (float(count) for count in counts if curve[str(count)] >= ENOUGH * curve["all"])
    return next(reached, float("inf"))


def reached_by(curve: Curve, count: int) -> float:
    """The accuracy with at most so many labels: "balanced" asks about one less each time.

    >>> reached_by({"all": 1.0, "10": 0.8, "19": 0.9}, 20)
    0.9
    """
    return curve[str(max(int(key) for key in curve if key != "all" and int(key) <= count))]


def read_trials(path: Path) -> dict[str, Any]:
    """{"set/strategy/seed": curve}; empty where there is no file."""
    return dict(json.loads(path.read_text())) if path.exists() else {}


def tables(trials: Mapping[str, Curve]) -> Iterator[str]:
    """A heading and rows for each set."""
    for name in (*IMAGE_SETS, *STACKS):
        curves = {
            strategy: [curve for key, curve in trials.items() if key.startswith(f"{name}/{strategy}/")]
            for strategy in strategies_of(name)
        }
        curves = {strategy: found for strategy, found in curves.items() if found}
        if curves:
            yield from (_of_images if name in IMAGE_SETS else _of_squares)(name, curves)


def _of_images(name: str, curves: Mapping[str, Sequence[Curve]]) -> Iterator[str]:
    whole = np.mean([curve["all"] for found in curves.values() for curve in found])
    told = f"**{name}**: accuracy on images kept apart, after so many labels; with all of them {whole:.3f}."
    yield from ("", told, "")
    yield "| strategy | " + " | ".join(map(str, SHOWN)) + " | labels until 95 % of all | seeds |"
    yield "|---" * (len(SHOWN) + 3) + "|"
    for strategy, found in curves.items():
        cells = [f"{np.mean([reached_by(curve, count) for curve in found]):.3f}" for count in SHOWN]
        reached = [needed(curve) for curve in found]
        yield f"| {strategy} | {' | '.join(cells)} | {_span(reached)} | {len(found)} |"


def _of_squares(name: str, curves: Mapping[str, Sequence[Curve]]) -> Iterator[str]:
    counts = sorted({int(key) for found in curves.values() for curve in found for key in curve})
    yield from ("", f"**{name}**: mean Dice of the classes on slices kept apart, after so many labelled pixels.", "")
    yield "| strategy | " + " | ".join(f"{count:,}" for count in counts) + " | seeds |"
    yield "|---" * (len(counts) + 2) + "|"
    for strategy, found in curves.items():
        yield f"| {strategy} | {' | '.join(_mean(found, str(count)) for count in counts)} | {len(found)} |"


def _span(reached: Sequence[float]) -> str:
    if not np.isfinite(reached).all():
        return "not in every seed"
    return f"{np.mean(reached):.0f} ({min(reached):.0f} to {max(reached):.0f})"


def _mean(curves: Sequence[Curve], key: str) -> str:
    values = [curve[key] for curve in curves if key in curve]
    return f"{np.mean(values):.3f}" if values else ""


def _folder(data: Path | None) -> Path:
    return SETS["isbi"].path(data).parent


def _labels(folder: Path) -> list[str]:
    lines = (folder / "labels.csv").read_text().splitlines()[1:]
    return sorted({line.split(",")[1] for line in lines})
