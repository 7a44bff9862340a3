"""Scores of a segmentation against labels: confusion matrix, intersection over union, Dice, precision, recall."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


class Scores:
    """Counts pixel pairs over any number of slices. Pixels whose truth is 0 (unlabelled) do not count."""

    def __init__(self, class_ids: Sequence[int]) -> None:
        self.class_ids = tuple(class_ids)
        self._place = np.zeros(256, np.intp)
        self._place[list(class_ids)] = np.arange(len(class_ids))
        self._known = np.isin(np.arange(256), class_ids)
        self.confusion = np.zeros((len(class_ids), len(class_ids)), np.int64)  # rows: truth, columns: prediction

    def add(self, truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> "Scores":
        """Count one slice (or any equal shapes). Predictions must be among the class ids where truth is."""
        counted = self._known[truth]
        pairs = self._place[truth[counted]] * len(self.class_ids) + self._place[predicted[counted]]
        count = len(self.class_ids)
        self.confusion += np.bincount(pairs, minlength=count**2).reshape(count, count)
        return self

    @property
    def pixels(self) -> int:
        """How many pixels were counted."""
        return int(self.confusion.sum())

    def report(self, names: Mapping[int, str] | None = None) -> dict[str, float]:
        """All scores; of classes with a labelled pixel only.

        Returns
        -------
        {"mean_iou", "accuracy"} and, for each class, {"iou/<id>", "dice/<id>", "precision/<id>", "recall/<id>"}; with
        `names` the name stands in place of the id. Empty when nothing was counted.

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
        return scores
