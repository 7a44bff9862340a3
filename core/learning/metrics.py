"""Scores of a segmentation against labels: overlap, boundaries, confusion, and whether confidence can be believed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

TOLERANCE_PX = 2  # by which a boundary may be off: about what a steady hand paints
BINS = 10  # of confidence
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Bin:
    """Pixels of about one confidence. confidence : their mean, accuracy : the share that is right, both 0 to 1."""

    pixels: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Evaluation:
    """What is known about how good a model is, on labels it was not trained on.

    scores : by name, as `Scores.report` gives them. confusion : rows truth, columns prediction, in the order of
    `class_ids`. calibration : bins that hold a pixel, by confidence.
    """

    scores: Mapping[str, float] = field(default_factory=dict)
    class_ids: tuple[int, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    calibration: tuple[Bin, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Short: it travels in a tag of the registry."""
        return {
            "scores": {name: round(score, 4) for name, score in self.scores.items()},
            "class_ids": list(self.class_ids),
            "confusion": [list(row) for row in self.confusion],
            "calibration": [
                [each.pixels, round(each.confidence, 4), round(each.accuracy, 4)] for each in self.calibration
            ],
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "Evaluation":
        return cls(
            scores=dict(saved.get("scores", {})),
            class_ids=tuple(saved.get("class_ids", ())),
            confusion=tuple(tuple(row) for row in saved.get("confusion", ())),
            calibration=tuple(Bin(*row) for row in saved.get("calibration", ())),
        )


class Scores:
    """Counts pixels over any number of slices. Pixels whose truth is 0 (unlabelled) do not count."""

    def __init__(self, class_ids: Sequence[int]) -> None:
        count = len(class_ids)
        self.class_ids = tuple(class_ids)
        self._place = np.zeros(256, np.intp)
        self._place[list(class_ids)] = np.arange(count)
        self._known = np.isin(np.arange(256), class_ids)
        self.confusion = np.zeros((count, count), np.int64)  # rows: truth, columns: prediction
        self._boundaries = np.zeros((count, 4), np.int64)  # right and all of the predicted, found and all of the true
        self._bins = np.zeros((BINS, 3), np.float64)  # pixels, sum of confidence, right ones

    def add(
        self, truth: NDArray[np.uint8], predicted: NDArray[np.uint8], confidence: NDArray[np.uint8] | None = None
    ) -> "Scores":
        """Count one slice; boundaries only where the arrays are (Y, X), else any equal shapes do.

        predicted : among the class ids where truth is. confidence : 255 = certain.
        """
        counted = self._known[truth]
        pairs = self._place[truth[counted]] * len(self.class_ids) + self._place[predicted[counted]]
        count = len(self.class_ids)
        self.confusion += np.bincount(pairs, minlength=count**2).reshape(count, count)
        if confidence is not None:
            self._count_confidence(confidence[counted] / 255, truth[counted] == predicted[counted])
        if truth.ndim == 2:
            self._count_boundaries(truth, predicted, counted)
        return self

    def _count_confidence(self, confidence: NDArray[np.float64], right: Mask) -> None:
        at = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
        for column, weights in enumerate((None, confidence, right.astype(np.float64))):
            self._bins[:, column] += np.bincount(at, weights, minlength=BINS)

    def _count_boundaries(self, truth: NDArray[np.uint8], predicted: NDArray[np.uint8], known: Mask) -> None:
        # The rim of a labelled area is no boundary of a class, and what lies beyond it is not known.
        inside = _shrunk(known, TOLERANCE_PX + 1)
        if not inside.any():
            return
        for place, class_id in enumerate(self.class_ids):
            true, found = (_boundary(part == class_id) for part in (truth, predicted))
            near_true, near_found = (_grown(part, TOLERANCE_PX) for part in (true & known, found))
            true, found = true & inside, found & inside
            self._boundaries[place] += [(found & near_true).sum(), found.sum(), (true & near_found).sum(), true.sum()]

    @property
    def pixels(self) -> int:
        """How many pixels were counted."""
        return int(self.confusion.sum())

    def report(self, names: Mapping[int, str] | None = None) -> dict[str, float]:
        """All scores; of classes with a labelled pixel only.

        Returns
        -------
        {"mean_iou", "accuracy"} and, for each class, {"iou/<id>", "dice/<id>", "precision/<id>", "recall/<id>"}; with
        `names` the name stands in place of the id. "boundary_f1/<id>" (Csurka et al. 2013, doi:10.5244/C.27.32) where
        boundaries lie in filled areas, "calibration_error" (Guo et al. 2017, arXiv:1706.04599) where confidence was
        given. Empty when nothing was counted.

        >>> truth, predicted = np.array([1, 1, 2, 2], np.uint8), np.array([1, 1, 1, 2], np.uint8)
        >>> round(Scores([1, 2]).add(truth, predicted).report()["mean_iou"], 3)
        0.583
        """
        if not self.pixels:
            return {}
        hits = self.confusion.diagonal()
        truths, predictions = self.confusion.sum(axis=1), self.confusion.sum(axis=0)
        scores = {"accuracy": float(hits.sum() / self.pixels)}
        present = [(i, c) for i, c in enumerate(self.class_ids) if truths[i]]
        ious = [hits[i] / (truths[i] + predictions[i] - hits[i]) for i, _ in present]
        scores["mean_iou"] = float(np.mean(ious))
        for (i, class_id), iou in zip(present, ious, strict=True):
            name = names[class_id] if names else class_id
            scores[f"iou/{name}"] = float(iou)
            scores[f"dice/{name}"] = float(2 * hits[i] / (truths[i] + predictions[i]))
            scores[f"precision/{name}"] = float(hits[i] / predictions[i]) if predictions[i] else 0.0
            scores[f"recall/{name}"] = float(hits[i] / truths[i])
            if self._boundaries[i, 3]:
                scores[f"boundary_f1/{name}"] = _f1(*self._boundaries[i].tolist())
        bins = self.calibration()
        if bins:
            scores["calibration_error"] = calibration_error(bins)
        return scores

    def calibration(self) -> tuple[Bin, ...]:
        """By confidence, ascending; empty where none was given."""
        rows = self._bins[self._bins[:, 0] > 0].tolist()
        return tuple(Bin(int(pixels), confidence / pixels, right / pixels) for pixels, confidence, right in rows)

    def evaluation(self) -> Evaluation:
        """All of it, to keep with the model; empty when nothing was counted."""
        if not self.pixels:
            return Evaluation()
        confusion = tuple(tuple(row) for row in self.confusion.tolist())
        return Evaluation(self.report(), self.class_ids, confusion, self.calibration())


def calibration_error(bins: Sequence[Bin]) -> float:
    """Mean distance of confidence and accuracy, by pixels.

    >>> round(calibration_error([Bin(100, 0.9, 0.8), Bin(100, 0.6, 0.6)]), 3)
    0.05
    """
    return sum(each.pixels * abs(each.confidence - each.accuracy) for each in bins) / sum(each.pixels for each in bins)


def _f1(right: int, predicted: int, found: int, true: int) -> float:
    precision, recall = right / predicted if predicted else 0.0, found / true
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _boundary(mask: Mask) -> Mask:
    """Pixels of a class that touch another one by a face; the edge of the image is none."""
    inner = cv2.erode(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)), borderValue=1)
    return np.asarray(mask & (np.asarray(inner) == 0), bool)


def _grown(mask: Mask, by_px: int) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), _disc(by_px))) > 0


def _shrunk(mask: Mask, by_px: int) -> Mask:
    return np.asarray(cv2.erode(mask.astype(np.uint8), _disc(by_px), borderValue=1)) > 0


def _disc(radius_px: int) -> NDArray[np.uint8]:
    size = 2 * radius_px + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
