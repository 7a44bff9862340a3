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
from core.learning.curation.pooled import pooled_all
from core.learning.curation.simulation import STRATEGIES, Curve, Plan, learning_curve, needed
from core.learning.curation.table import Item, LabelTable
from core.learning.normalisation import Normalisation
from scripts.active_learning.images import read_image
from scripts.benchmarks import DOCS, write_table
from scripts.benchmarks.active_squares import SQUARE_STRATEGIES, square_curve
from scripts.benchmarks.quality_sets import SETS

TRIALS = DOCS / "active.json"
IMAGE_SETS = {"bccd": ("bccd_cells_cls", "WBC"), "magnetic": ("magnetic_tile_cls", "defect")}
STACKS = ("isbi", "fib25", "superalloy")
SEEDS = 5
TESTED = 0.3  # of the groups
SHOWN = (10, 20, 40, 60, 100, 150)  # labels


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
    return learning_curve(full, points, tested, strategy, Plan(), rng=rng, seed=seed)


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
