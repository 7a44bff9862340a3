"""What may be done to a predicted slice before it is written: smoother outlines, no specks, no holes.

Each is off by default. Specks and holes are pieces that touch by face, edge or corner; they are given to the class
nearest to them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.learning.segmenter import Around, Prediction, Segmenter

Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class PostProcessing:
    """smooth_px : sigma by which outlines are smoothed. min_size_px : smallest piece of a class other than the first.

    fill_holes_px : smallest piece of the first class, usually the background: smaller ones are holes in the others.
    """

    smooth_px: float = 0.0
    min_size_px: int = 0
    fill_holes_px: int = 0

    @classmethod
    def chosen_from(cls, values: Mapping[str, Any]) -> "PostProcessing":
        """What of the values belongs here; defaults for the rest."""
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})

    def apply(self, prediction: Prediction, class_ids: Sequence[int]) -> Prediction:
        """A changed copy; a pixel that changed its class is as certain as the first prediction was not.

        class_ids : of the model, ascending; the first is the background.
        """
        labels = prediction.labels
        if self.smooth_px > 0:
            labels = smoothed(labels, class_ids, self.smooth_px)
        small = np.zeros(labels.shape, bool)
        for place, class_id in enumerate(class_ids):
            small |= small_pieces(labels == class_id, self.min_size_px if place else self.fill_holes_px)
        labels = by_neighbours(labels, small)
        certain = np.where(labels == prediction.labels, prediction.confidence, 255 - prediction.confidence)
        return replace(prediction, labels=labels, confidence=certain.astype(np.uint8))


@dataclass(frozen=True)
class Refined:
    """A `Segmenter` whose predictions are post-processed."""

    segmenter: Segmenter
    processing: PostProcessing

    @property
    def class_ids(self) -> tuple[int, ...]:
        return self.segmenter.class_ids

    @property
    def context(self) -> int:
        return self.segmenter.context

    def predict(self, image: NDArray[Any], around: Around = ()) -> Prediction:
        return self.processing.apply(self.segmenter.predict(image, around), self.class_ids)

    def save(self, folder: Path) -> None:
        """Of the segmenter alone: post-processing belongs to the segmentation."""
        self.segmenter.save(folder)


def smoothed(labels: Labels, class_ids: Sequence[int], sigma_px: float) -> Labels:
    """(Y, X): the class that outweighs the others around each pixel, by a Gaussian."""
    out, heaviest = np.zeros_like(labels), np.full(labels.shape, -1, np.float32)
    for class_id in class_ids:
        here = (labels == class_id).astype(np.float32)
        weight = np.asarray(cv2.GaussianBlur(here, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE))
        out[weight > heaviest] = class_id
        heaviest = np.maximum(heaviest, weight)
    return out


def small_pieces(mask: NDArray[np.bool_], least_px: int) -> NDArray[np.bool_]:
    """(Y, X): the pieces of the mask that have fewer than `least_px` pixels."""
    if least_px < 2 or not mask.any():
        return np.zeros_like(mask)
    _, pieces, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    small = facts[:, cv2.CC_STAT_AREA] < least_px
    small[0] = False  # what is not in the mask
    return np.asarray(small[pieces], bool)


def by_neighbours(labels: Labels, gaps: NDArray[np.bool_]) -> Labels:
    """A copy in which pixels of `gaps` have the label of the nearest pixel outside; as it is where all are gaps."""
    if not gaps.any() or gaps.all():
        return labels.copy()
    _, nearest = cv2.distanceTransformWithLabels(
        gaps.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_source = np.zeros(int(nearest.max()) + 1, np.uint8)
    of_source[nearest[~gaps]] = labels[~gaps]
    return np.asarray(of_source[nearest], np.uint8)
