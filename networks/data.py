"""What a network learns from, and what it is judged on: labelled slices, split and normalised."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.learning.holdout import is_dense, split
from core.learning.metrics import Evaluation, Scores
from core.learning.normalisation import Normalisation
from core.learning.segmenter import Around, LabelledSlice, Preview
from networks.losses import UNLABELLED
from networks.network import Network
from networks.patches import TrainingSlice
from networks.predict import decide
from networks.train import Judgement

PREVIEW_PX = 192  # side of the patch that is shown while a network learns
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Data:
    """training : without the regions kept out. held_out : (Y, X) uint8 class ids of each slice, 0 elsewhere.

    dense : areas are labelled, not strokes, so held-out scores can choose a checkpoint. middle : the channels of the
    slice itself among those of its neighbours.
    """

    training: Sequence[TrainingSlice]
    held_out: Sequence[Labels]
    class_ids: tuple[int, ...]
    dense: bool
    middle: slice

    @classmethod
    def of(
        cls,
        slices: Sequence[LabelledSlice],
        class_ids: Sequence[int],
        normalisation: Normalisation,
        *,
        context: int,
        held_out: float,
        seed: int,
    ) -> "Data":
        """Split and normalise. held_out : share of the labels that is kept out."""
        parts = split([each.labels for each in slices], fraction=held_out, seed=seed)
        dense = all(is_dense(each.labels) for each in slices)
        training = [
            TrainingSlice(
                stacked(each.image, each.around, normalisation, context=context),
                _places(kept, class_ids),
                (held > 0) if dense else None,  # a patch cannot keep clear of every stroke
            )
            for each, (kept, held) in zip(slices, parts, strict=True)
        ]
        held = [held for _, held in parts]
        channels = len(normalisation.lo)
        middle = slice(context * channels, (context + 1) * channels)
        return cls(training, held, tuple(class_ids), dense and any(labels.any() for labels in held), middle)

    def pixels(self) -> list[int]:
        """How many of each class there are to learn from."""
        counts = sum(
            np.bincount(each.places[each.places >= 0], minlength=len(self.class_ids)) for each in self.training
        )
        return [int(count) for count in np.asarray(counts)]

    def evaluate(self, model: Network) -> Evaluation:
        """Scores on what was kept out; empty when nothing was."""
        scores = Scores(self.class_ids)
        for each, held in zip(self.training, self.held_out, strict=True):
            if held.any():
                window = _around(held)
                scores.add(held[window], *self._predict(model, each.image, window))
        return scores.evaluation()

    def judge(self, model: Network) -> Judgement:
        """What training asks now and then."""
        score = self.evaluate(model).scores.get("mean_iou", 0.0) if self.dense else None
        return Judgement(score, self.preview(model))

    def preview(self, model: Network) -> Preview:
        """A patch with labels, of those kept out if there are any."""
        truths = (
            self.held_out
            if any(held.any() for held in self.held_out)
            else [self._labels(at) for at in range(len(self.training))]
        )
        at = next(at for at, truth in enumerate(truths) if truth.any())
        window = _patch(truths[at])
        image = self.training[at].image[self.middle, *window]
        predicted, _ = self._predict(model, self.training[at].image, window)
        return Preview(_as_grey(image), truths[at][window], predicted)

    def _labels(self, at: int) -> Labels:
        places = self.training[at].places
        return np.where(places >= 0, np.asarray(self.class_ids, np.uint8)[places], 0).astype(np.uint8)

    def _predict(
        self, model: Network, image: NDArray[np.float32], window: tuple[slice, slice]
    ) -> tuple[Labels, Labels]:
        """Class ids and confidence of a part of a slice, as if the whole had been predicted."""
        outer, inner = zip(
            *(_with_halo(part, n, model) for part, n in zip(window, image.shape[1:], strict=True)), strict=True
        )
        found = decide(model, image[:, *outer])
        return np.asarray(self.class_ids, np.uint8)[found.best[inner]], found.confidence[inner]


def stacked(image: NDArray[Any], around: Around, normalisation: Normalisation, *, context: int) -> NDArray[np.float32]:
    """The slice in the middle of its neighbours, as a network sees it: ((2 context + 1) x channels, Y, X), normalised.

    Raises
    ------
    InvalidInputError
        If there are not as many neighbours, or one has another shape.
    """
    if len(around) != 2 * context:
        raise InvalidInputError(
            f"The model looks at {2 * context} neighbouring slices, {len(around)} were given.",
            "Give each slice with those below and above it.",
        )
    if any(each.shape != image.shape for each in around):
        raise InvalidInputError("Neighbouring slices differ in shape.", "All slices of a volume must have one shape.")
    ordered = [*around[:context], image, *around[context:]]
    return np.concatenate([normalisation.of_slice(each).apply(each) for each in ordered])


def _places(labels: Labels, class_ids: Sequence[int]) -> NDArray[np.int64]:
    table = np.full(256, UNLABELLED, np.int64)
    table[list(class_ids)] = np.arange(len(class_ids))
    return table[labels]


def _around(labels: Labels) -> tuple[slice, slice]:
    """The smallest box with all labels."""
    rows, columns = np.flatnonzero(labels.any(axis=1)), np.flatnonzero(labels.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _patch(labels: Labels) -> tuple[slice, slice]:
    """A square of at most `PREVIEW_PX` in the middle of the labels."""
    sides = []
    for part, length in zip(_around(labels), labels.shape, strict=True):
        side = min(PREVIEW_PX, length)
        start = min(max(0, (part.start + part.stop - side) // 2), length - side)
        sides.append(slice(start, start + side))
    return sides[0], sides[1]


def _with_halo(part: slice, length: int, model: Network) -> tuple[slice, slice]:
    """What must be read, beginning on the network's grid, and where the part lies in it."""
    start = max(0, part.start - model.halo_px) // model.stride * model.stride
    return slice(start, min(length, part.stop + model.halo_px)), slice(part.start - start, part.stop - start)


def _as_grey(image: NDArray[np.float32]) -> Labels:
    """(C, Y, X) normalised -> (Y, X) uint8, the mean of the channels."""
    return np.asarray(np.rint(255 * image.mean(axis=0).clip(0, 1)), np.uint8)
