"""The pixel classifier: boosted trees on pixel features. It learns in seconds from a few strokes.

Trees are LightGBM's (Ke et al. 2017, "LightGBM: A Highly Efficient Gradient Boosting Decision Tree"). Slices are
predicted tile by tile, so that memory does not grow with the image.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

import cv2
import lightgbm
import numpy as np
from numpy.typing import NDArray

from core.errors import ParameterError
from core.learning.features import GRID_PX, HALO_PX, features
from core.learning.holdout import hold_out
from core.learning.labelled import labelled_classes
from core.learning.metrics import Evaluation, Scores
from core.learning.normalisation import Normalisation
from core.learning.segmenter import Around, LabelledSlice, Prediction, Progress, Report, Segmenter, TrainingReport

ALGORITHM = "Pixel classifier"
MAX_TRAINING_PX = 40_000  # of all classes; more pixels of the same strokes change nothing (docs/quality.md)
TILE_PX = 1024  # 43 features of a tile with its halo take 250 MB
HELD_OUT = 0.2
MODEL_FILE, TREES_FILE = "model.json", "trees.txt"


@dataclass(frozen=True)
class PixelClassifierParameters:
    """What a person may choose; `assets/models.json` describes them."""

    n_estimators: int = 50
    num_leaves: int = 15
    learning_rate: float = 0.15
    smooth_sigma: float = 1.0

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "PixelClassifierParameters":
        """Raises ParameterError for a name that is not a parameter; ranges are the descriptor's business."""
        known = {field.name for field in fields(cls)}
        for name in values:
            if name not in known:
                raise ParameterError(f'"{name}" is no parameter of the pixel classifier.', f"It has {sorted(known)}.")
        return cls(**values)


@dataclass(frozen=True)
class PixelClassifier:
    """A trained pixel classifier."""

    class_ids: tuple[int, ...]
    parameters: PixelClassifierParameters
    normalisation: Normalisation
    trees: lightgbm.Booster
    context: ClassVar[int] = 0

    def predict(self, image: NDArray[Any], around: Around = ()) -> Prediction:  # noqa: ARG002 - it looks at one slice
        labels, confidence = (np.empty(image.shape[:2], np.uint8) for _ in range(2))
        for inner, outer, window in _tiles(image.shape[:2]):
            probabilities = self._probabilities(image[outer])[window]
            labels[inner] = np.asarray(self.class_ids, np.uint8)[probabilities.argmax(axis=-1)]
            confidence[inner] = np.rint(255 * probabilities.max(axis=-1).clip(0, 1))
        return Prediction(labels, confidence)

    def _probabilities(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """(Y, X, classes) float32, smoothed."""
        known = features(self.normalisation.apply(image))
        height, width, count = known.shape
        raw = _as_columns(np.asarray(self.trees.predict(known.reshape(-1, count))))
        probabilities = np.asarray(raw, np.float32).reshape(height, width, -1)
        sigma = self.parameters.smooth_sigma
        if sigma > 0:
            smooth = cv2.GaussianBlur(probabilities, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
            probabilities = np.asarray(smooth, np.float32).reshape(probabilities.shape)
        return probabilities

    def save(self, folder: Path) -> None:
        self.trees.save_model(folder / TREES_FILE)
        facts = {
            "algorithm": ALGORITHM,
            "class_ids": self.class_ids,
            "parameters": asdict(self.parameters),
            "normalisation": self.normalisation.to_json(),
        }
        (folder / MODEL_FILE).write_text(json.dumps(facts, indent=2))


def load_pixel_classifier(folder: Path, *, device: str = "cpu") -> PixelClassifier:  # noqa: ARG001 - as all loaders
    """Read what `PixelClassifier.save` wrote."""
    facts = json.loads((folder / MODEL_FILE).read_text())
    return PixelClassifier(
        class_ids=tuple(facts["class_ids"]),
        parameters=PixelClassifierParameters.from_mapping(facts["parameters"]),
        normalisation=Normalisation.from_json(facts["normalisation"]),
        trees=lightgbm.Booster(model_file=folder / TREES_FILE),
    )


def train_pixel_classifier(
    slices: Sequence[LabelledSlice],
    parameters: Mapping[str, Any],
    *,
    seed: int,
    device: str,  # noqa: ARG001 - part of the Trainer protocol; trees run on the processor
    report: Report,
) -> tuple[Segmenter, TrainingReport]:
    """Learn from every labelled pixel; the scores come from a first model that did not see the held-out regions.

    Raises
    ------
    NotEnoughLabelsError
        If fewer than two classes are labelled.
    """
    chosen = PixelClassifierParameters.from_mapping(parameters)
    class_ids = labelled_classes(slices)
    started = time.monotonic()
    normalisation = Normalisation.of([each.image for each in slices], seed=seed)
    rows = _labelled_rows(slices, normalisation, seed=seed, report=report)
    featured = time.monotonic()
    report(Progress(0.7, "Scoring on held-out regions"))
    evaluation = _evaluate_held_out(rows, class_ids, chosen, seed=seed)
    report(Progress(0.85, "Growing trees"))
    trees = _grow(rows.features, rows.truth, class_ids, chosen, seed=seed)
    report(Progress(1.0, "Trained"))
    note = "" if evaluation.scores else "Too few strokes to keep some out of training, so there is no score."
    seconds = {"features": featured - started, "training": time.monotonic() - featured}
    return PixelClassifier(class_ids, chosen, normalisation, trees), TrainingReport(
        evaluation.scores, seconds, note, evaluation
    )


@dataclass(frozen=True)
class Rows:
    """Labelled pixels as the trees see them.

    features : (N, K) float32. truth : (N,) uint8 class ids. held_out : (N,) bool, kept out of training for the scores.
    near : (N,) bool, so close to what is held out that the scoring model may not see them either.
    """

    features: NDArray[np.float32]
    truth: NDArray[np.uint8]
    held_out: NDArray[np.bool_]
    near: NDArray[np.bool_]


def _labelled_rows(slices: Sequence[LabelledSlice], normalisation: Normalisation, *, seed: int, report: Report) -> Rows:
    parts = []
    per_slice = max(1, MAX_TRAINING_PX // len(slices))
    for count, each in enumerate(slices):
        report(Progress(0.7 * count / len(slices), f"Looking at slice {each.z + 1}"))
        training, held = hold_out(each.labels, fraction=HELD_OUT, seed=seed + count)
        where = _choose(each.labels, per_slice, np.random.default_rng(seed + count))
        known = np.concatenate([*_features_at(each.image, normalisation, where)])
        held_out = held[where] > 0
        parts.append((known, each.labels[where], held_out, (training[where] == 0) & ~held_out))
    return Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _choose(labels: NDArray[np.uint8], limit: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows and columns of at most `limit` labelled pixels, sorted by tile."""
    y, x = np.nonzero(labels)
    if y.size > limit:
        chosen = rng.choice(y.size, limit, replace=False)
        y, x = y[chosen], x[chosen]
    order = np.lexsort((x, y, x // TILE_PX, y // TILE_PX))
    return y[order], x[order]


def _features_at(
    image: NDArray[Any], normalisation: Normalisation, where: tuple[NDArray[Any], NDArray[Any]]
) -> Iterator[NDArray[np.float32]]:
    """Features of the pixels `where`, a tile at a time; tiles without such a pixel are not computed."""
    y, x = where
    for inner, outer, _ in _tiles(image.shape[:2]):
        rows, columns = inner
        here = (y >= rows.start) & (y < rows.stop) & (x >= columns.start) & (x < columns.stop)
        if here.any():
            known = features(normalisation.apply(image[outer]))
            yield known[y[here] - outer[0].start, x[here] - outer[1].start]


def _evaluate_held_out(
    rows: Rows, class_ids: tuple[int, ...], chosen: PixelClassifierParameters, *, seed: int
) -> Evaluation:
    held, seen = rows.held_out, ~(rows.held_out | rows.near)
    if not held.any() or len(np.unique(rows.truth[seen])) < len(class_ids):
        return Evaluation()
    trees = _grow(rows.features[seen], rows.truth[seen], class_ids, chosen, seed=seed)
    probabilities = _as_columns(np.asarray(trees.predict(rows.features[held])))
    predicted = np.asarray(class_ids, np.uint8)[probabilities.argmax(axis=1)]
    certain = np.rint(255 * probabilities.max(axis=1)).astype(np.uint8)
    return Scores(class_ids).add(rows.truth[held], predicted, certain).evaluation()


def _grow(
    rows: NDArray[np.float32],
    truth: NDArray[np.uint8],
    class_ids: tuple[int, ...],
    chosen: PixelClassifierParameters,
    *,
    seed: int,
) -> lightgbm.Booster:
    two = len(class_ids) == 2
    settings = {
        "objective": "binary" if two else "multiclass",
        **({} if two else {"num_class": len(class_ids)}),
        "num_leaves": chosen.num_leaves,
        "learning_rate": chosen.learning_rate,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,  # few rows grow in .2 s; threads that wait for each other made it 20 s on a busy machine
        "seed": seed,
        "verbosity": -1,
    }
    targets = np.searchsorted(class_ids, truth)
    return lightgbm.train(settings, lightgbm.Dataset(rows, targets), num_boost_round=chosen.n_estimators)


def _as_columns(raw: NDArray[Any]) -> NDArray[Any]:
    """LightGBM gives two-class probabilities as one column of the second class."""
    return np.stack([1 - raw, raw], axis=-1) if raw.ndim == 1 else raw


def _tiles(
    shape: tuple[int, int],
) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice], tuple[slice, slice]]]:
    """(inner, outer, window): what a tile fills, what must be read for it, and the inner part of what was read."""
    assert TILE_PX % GRID_PX == 0 and HALO_PX % GRID_PX == 0, "tiles must keep to the grid of the reduced scales"
    for y in range(0, shape[0], TILE_PX):
        for x in range(0, shape[1], TILE_PX):
            pairs = [_with_halo(y, shape[0]), _with_halo(x, shape[1])]
            inner, outer, window = zip(*pairs, strict=True)
            yield inner, outer, window


def _with_halo(start: int, length: int) -> tuple[slice, slice, slice]:
    stop = min(start + TILE_PX, length)
    first, last = max(0, start - HALO_PX), min(length, stop + HALO_PX)
    return slice(start, stop), slice(first, last), slice(start - first, stop - first)
