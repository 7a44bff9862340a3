"""The segmentation part of the benchmark of active learning.

Squares of a few slices are labelled, as somebody would who follows suggestions; a pixel classifier learns from them.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.learning import pixel_models
from core.learning.curation import spread
from core.learning.curation.embeddings import standardised
from core.learning.curation.places import Grid, foreground
from core.learning.curation.pooled import pooled
from core.learning.features import features
from core.learning.metrics import Scores
from core.learning.normalisation import Normalisation
from core.learning.pixel_classifier import PixelClassifierParameters
from scripts.benchmarks.quality_sets import ImageSet

SQUARE_STRATEGIES = ("random", "entropy", "margin", "k centre", "doubt, then k centre")
FIRST, STEP, ROUNDS = 4, 4, 6
POOL, TESTED = 4, 3  # slices
SHORTLIST = 4  # times as many doubtful squares as are wanted go to k centre
MAX_PX = 20_000  # the classifier learns from
Features = NDArray[np.float32]
Truth = NDArray[np.uint8]


def square_curve(chosen: ImageSet, data: Path | None, seed: int) -> Callable[[str], Mapping[str, float]]:
    """What makes the curve of a strategy: {labelled pixels: mean Dice}."""
    images, truth = chosen.read(data)
    slices = sorted({z for placement in chosen.labelled for z in placement})
    rng = np.random.default_rng(seed)
    pool, tested = (rng.permutation(each)[:count].tolist() for each, count in ((slices, POOL), (chosen.tested, TESTED)))
    grid = Grid(truth.shape[1:], chosen.box_px)
    window = Normalisation.of([images[z] for z in pool])
    seen = {z: features(window.apply(images[z])) for z in (*pool, *tested)}
    shown = np.concatenate([foreground(grid.contrasts(images[z].astype(np.float32))) for z in pool])
    points = [pooled(grid.cut(images[z], corner), window) for z in pool for corner in grid.corners()]
    points = standardised(np.stack(points))
    return partial(_curve, chosen, truth, seen, pool, tested, grid, shown, points, seed)


def _curve(
    chosen: ImageSet,
    truth: Truth,
    seen: Mapping[int, Features],
    pool: list[int],
    tested: list[int],
    grid: Grid,
    shown: NDArray[np.bool_],
    points: NDArray[np.float32],
    seed: int,
    strategy: str,
) -> Mapping[str, float]:
    rng = np.random.default_rng(seed)
    corners = [(z, *corner) for z in pool for corner in grid.corners()]
    labelled = rng.permutation(np.flatnonzero(shown))[:FIRST].tolist()
    curve = {}
    for _ in range(ROUNDS):
        model = _learned(truth, seen, [corners[at] for at in labelled], grid, len(chosen.classes), seed)
        pixels = len(labelled) * grid.side_px**2
        curve[str(pixels)] = round(_dice(chosen, model, truth, seen, tested), 4)
        doubt = np.concatenate([_doubt(model, seen[z], grid, strategy) for z in pool])
        labelled += _next(strategy, doubt, points, shown, np.array(labelled), rng)
    return curve


def _learned(
    truth: Truth, seen: Mapping[int, Features], squares: list[tuple[int, int, int]], grid: Grid, classes: int, seed: int
) -> pixel_models.PixelModel:
    rows = np.concatenate([grid.cut(seen[z], (y, x)).reshape(-1, seen[z].shape[-1]) for z, y, x in squares])
    places = np.concatenate([grid.cut(truth[z], (y, x)).ravel() for z, y, x in squares]).astype(np.intp) - 1
    kept = np.random.default_rng(seed).permutation(np.flatnonzero(places >= 0))[:MAX_PX]
    settings = PixelClassifierParameters().settings
    return pixel_models.fit(rows[kept], places[kept], classes, settings, seed=seed)


def _chances(model: pixel_models.PixelModel, known: Features) -> NDArray[np.float32]:
    """(Y, X, classes)."""
    height, width, count = known.shape
    return model.chances(known.reshape(-1, count)).reshape(height, width, -1)


def _dice(
    chosen: ImageSet,
    model: pixel_models.PixelModel,
    truth: Truth,
    seen: Mapping[int, Features],
    tested: list[int],
) -> float:
    scores = Scores(tuple(chosen.names))
    for z in tested:
        scores.add(truth[z], (_chances(model, seen[z]).argmax(axis=-1) + 1).astype(np.uint8))
    report = scores.report(chosen.names)
    return float(np.mean([report[f"dice/{name}"] for name in chosen.classes]))


def _doubt(model: pixel_models.PixelModel, known: Features, grid: Grid, strategy: str) -> NDArray[np.float64]:
    if strategy in ("random", "k centre"):
        return np.zeros(len(list(grid.corners())))
    chances = np.maximum(_chances(model, known), 1e-6)
    if strategy == "margin":
        ordered = np.sort(chances, axis=-1)
        return grid.means(ordered[..., -2] - ordered[..., -1])
    return grid.means(-(chances * np.log(chances)).sum(axis=-1))


def _next(
    strategy: str,
    doubt: NDArray[np.float64],
    points: NDArray[np.float32],
    shown: NDArray[np.bool_],
    labelled: NDArray[np.intp],
    rng: np.random.Generator,
) -> list[int]:
    free = np.setdiff1d(np.flatnonzero(shown), labelled)
    if strategy == "random":
        return rng.permutation(free)[:STEP].tolist()
    doubtful = free[np.argsort(-doubt[free], kind="stable")]
    if strategy in ("entropy", "margin"):
        return doubtful[:STEP].tolist()
    among = free if strategy == "k centre" else np.sort(doubtful[: SHORTLIST * STEP])
    return spread.k_centre(spread.of_points(points), among=among, seen=labelled, count=STEP).tolist()
