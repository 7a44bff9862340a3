"""From a few labelled slices to a pixel classifier, and to scores on labels that it did not see.

Scores come from a first classifier that learns without the held-out regions; the one that is kept learns from all.
Where areas are labelled, held-out boxes are predicted as slices are, so that boundaries can be judged too.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.learning import pixel_models
from core.learning.class_shares import Expectation, decided
from core.learning.features import FeatureChoice, features
from core.learning.holdout import is_dense, plots, split
from core.learning.labelled import labelled_classes
from core.learning.metrics import Evaluation, Scores
from core.learning.normalisation import Normalisation
from core.learning.pixel_classifier import (
    TILE_PX,
    PixelClassifier,
    PixelClassifierParameters,
    Slices,
    tiles,
    with_halo,
)
from core.learning.segmenter import LabelledSlice, Prediction, Progress, Report, Segmenter, TrainingReport

MAX_TRAINING_PX = 40_000  # of all classes; more pixels of the same strokes change nothing (docs/quality.md)
LEAST_OF_CLASS_PX = 20  # of a slice that stay among them however rare the class is
HELD_OUT = 0.2
SCORED_PX = 512  # of a side of a held-out box; of a larger one its middle is scored
Labels = NDArray[np.uint8]
Where = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True)
class Rows:
    """Labelled pixels as the classifier sees them.

    features : (N, K) float32. truth : (N,) uint8 class ids. held_out : (N,) bool, kept out of training for the scores.
    near : (N,) bool, so close to what is held out that the scoring model may not see them either.
    """

    features: NDArray[np.float32]
    truth: Labels
    held_out: NDArray[np.bool_]
    near: NDArray[np.bool_]

    @property
    def seen(self) -> "Rows":
        """Those that the scoring model may see."""
        kept = ~(self.held_out | self.near)
        return Rows(self.features[kept], self.truth[kept], self.held_out[kept], self.near[kept])


@dataclass(frozen=True)
class Plan:
    """What every classifier of one training shares."""

    class_ids: tuple[int, ...]
    parameters: PixelClassifierParameters
    normalisation: Normalisation
    seed: int

    def learn(self, rows: Rows) -> PixelClassifier:
        """A classifier that has learned from all of the rows; each class must be among them."""
        places = np.searchsorted(self.class_ids, rows.truth)
        count = len(self.class_ids)
        model = pixel_models.fit(rows.features, places, count, self.parameters.settings, seed=self.seed)
        learned = np.bincount(places, minlength=count) / len(places)
        names = self.parameters.features.names(len(self.normalisation.lo))
        return PixelClassifier(
            self.class_ids,
            self.parameters,
            self.normalisation,
            model,
            Expectation(tuple(learned.tolist())),
            importances_by_name(names, model.importances()),
        )


def train_pixel_classifier(
    slices: Sequence[LabelledSlice],
    parameters: Mapping[str, Any],
    *,
    seed: int,
    device: str,  # noqa: ARG001 - part of the Trainer protocol; it runs on the processor
    report: Report,
) -> tuple[Segmenter, TrainingReport]:
    """Learn from every labelled pixel; the scores come from a first model that did not see the held-out regions.

    Raises
    ------
    NotEnoughLabelsError
        If fewer than two classes are labelled.
    ParameterError
        If there is no such parameter, or the scales are out of range.
    """
    chosen = PixelClassifierParameters.from_mapping(parameters)
    class_ids, wanted = labelled_classes(slices), chosen.features
    started = time.monotonic()
    normalisation = Normalisation.of_labelled(
        [each.image for each in slices], [each.labels for each in slices], seed=seed
    )
    plan = Plan(class_ids, chosen, normalisation, seed)
    parts = split([each.labels for each in slices], fraction=HELD_OUT, seed=seed)
    rows = labelled_rows(slices, parts, plan.normalisation, wanted, seed=seed, report=report)
    featured = time.monotonic()
    report(Progress(0.7, "Scoring on held-out regions"))
    evaluation = _evaluate(plan, slices, [held for _, held in parts], rows)
    report(Progress(0.85, "Learning from all labels"))
    classifier = plan.learn(rows)
    report(Progress(1.0, "Trained"))
    note = "" if evaluation.scores else "Too few strokes to keep some out of training, so there is no score."
    seconds = {"features": featured - started, "training": time.monotonic() - featured}
    learned = dict(zip(class_ids, classifier.expectation.learned, strict=True))
    return classifier, TrainingReport(evaluation.scores, seconds, note, evaluation, classifier.importances, learned)


def labelled_rows(
    slices: Sequence[LabelledSlice],
    parts: Sequence[tuple[Labels, Labels]],
    normalisation: Normalisation,
    wanted: FeatureChoice,
    *,
    seed: int,
    report: Report,
) -> Rows:
    """At most `MAX_TRAINING_PX` labelled pixels with their features.

    parts : of each slice (training, held out), as `holdout.split` gives them.
    """
    columns = []
    per_slice = max(1, MAX_TRAINING_PX // len(slices))
    for count, (each, (training, held)) in enumerate(zip(slices, parts, strict=True)):
        report(Progress(0.7 * count / len(slices), f"Looking at slice {each.z + 1}"))
        where = _choose(each.labels, per_slice, np.random.default_rng(seed + count))
        known = np.concatenate([*_features_at(each.image, normalisation, wanted, where)])
        held_out = held[where] > 0
        columns.append((known, each.labels[where], held_out, (training[where] == 0) & ~held_out))
    return Rows(*(np.concatenate(column) for column in zip(*columns, strict=True)))


def importances_by_name(names: Sequence[str], shares: NDArray[np.float64]) -> dict[str, float]:
    """What features of one name count together, the greatest first.

    >>> importances_by_name(["a", "b", "b"], np.array([0.5, 0.3, 0.3]))
    {'b': 0.6, 'a': 0.5}
    """
    together: dict[str, float] = {}
    for name, share in zip(names, shares.tolist(), strict=True):
        together[name] = together.get(name, 0.0) + share
    return dict(sorted(((name, round(share, 4)) for name, share in together.items()), key=lambda item: -item[1]))


def _choose(labels: Labels, limit: int, rng: np.random.Generator) -> Where:
    """Rows and columns of about `limit` labelled pixels, sorted by tile; no class is left out."""
    y, x = np.nonzero(labels)
    if y.size > limit:
        values = labels[y, x]
        rare = [np.flatnonzero(values == class_id)[:LEAST_OF_CLASS_PX] for class_id in np.unique(values)]
        chosen = np.union1d(rng.choice(y.size, limit, replace=False), np.concatenate(rare))
        y, x = y[chosen], x[chosen]
    order = np.lexsort((x, y, x // TILE_PX, y // TILE_PX))
    return y[order], x[order]


def _features_at(
    image: NDArray[Any], normalisation: Normalisation, wanted: FeatureChoice, where: Where
) -> Iterator[NDArray[np.float32]]:
    """Features of the pixels `where`, a tile at a time; tiles without such a pixel are not computed."""
    y, x = where
    ranges = normalisation.of_slice(image)
    for inner, outer, _ in tiles(image.shape[:2]):
        rows, columns = inner
        here = (y >= rows.start) & (y < rows.stop) & (x >= columns.start) & (x < columns.stop)
        if here.any():
            known = features(ranges.apply(image[outer]), wanted)
            yield known[y[here] - outer[0].start, x[here] - outer[1].start]


def _evaluate(plan: Plan, slices: Sequence[LabelledSlice], held: Sequence[Labels], rows: Rows) -> Evaluation:
    seen = rows.seen
    if not rows.held_out.any() or len(np.unique(seen.truth)) < len(plan.class_ids):
        return Evaluation()
    first = plan.learn(seen)
    if all(is_dense(each.labels) for each in slices):
        return _score_boxes(first, slices, held)
    return _score_pixels(first, rows)


def _score_pixels(classifier: PixelClassifier, rows: Rows) -> Evaluation:
    chances = classifier.model.chances(rows.features[rows.held_out])
    found = decided(chances[None], classifier.class_ids)
    return (
        Scores(classifier.class_ids).add(rows.truth[rows.held_out], found.labels[0], found.confidence[0]).evaluation()
    )


def _score_boxes(classifier: PixelClassifier, slices: Sequence[LabelledSlice], held: Sequence[Labels]) -> Evaluation:
    scores = Scores(classifier.class_ids)
    for each, labels in zip(slices, held, strict=True):
        for box in plots(labels, 0):
            window = _middle(box.rows), _middle(box.columns)
            found = _predict_window(classifier, each.image, window)
            scores.add(labels[window], found.labels, found.confidence)
    return scores.evaluation()


def _predict_window(classifier: PixelClassifier, image: NDArray[Any], window: Slices) -> Prediction:
    outer, inner = with_halo(window, image.shape[:2])
    ranges = classifier.normalisation.of_slice(image)
    return decided(classifier.chances(image[outer], ranges)[inner], classifier.class_ids)


def _middle(side: slice) -> slice:
    spare = max(0, side.stop - side.start - SCORED_PX)
    return slice(side.start + spare // 2, side.stop - (spare - spare // 2))
