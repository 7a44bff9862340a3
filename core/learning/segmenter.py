"""The shape of every algorithm: train on labelled slices, predict slices, save and load.

`core/learning/pixel_classifier.py` and `networks/segmenter.py` implement it; `scripts/algorithms.py` finds them by
name. The same code runs in a job, in `python -m scripts.segment` and in the benchmark.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.learning.metrics import Evaluation

# The neighbours of slice z: z - k to z - 1, then z + 1 to z + k; `core/learning/neighbours.py` reads them.
Around = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class LabelledSlice:
    """One slice to learn from.

    image : (Y, X) or (Y, X, C), any numeric dtype, as read.
    labels : (Y, X) uint8 class ids, 0 = unlabelled.
    z : the slice's place in its volume.
    around : its neighbours, each like `image`; as many as the algorithm looks at (`scripts.algorithms.context_of`).
    """

    z: int
    image: NDArray[Any]
    labels: NDArray[np.uint8]
    around: Around = ()


@dataclass(frozen=True)
class Prediction:
    """labels : (Y, X) uint8 class ids, never 0. confidence : (Y, X) uint8, 255 = certain.

    entropy : (Y, X) uint8, 255 = all classes are equally likely. margin : (Y, X) uint8, how far the likeliest class is
    ahead of the second, 0 = not at all. Both are None unless the segmenter was told to keep them.
    """

    labels: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    entropy: NDArray[np.uint8] | None = None
    margin: NDArray[np.uint8] | None = None

    @classmethod
    def empty(cls, shape: tuple[int, ...], *, entropy: bool) -> "Prediction":
        """Room for one of (Y, X) pixels, to be filled part by part. entropy : and for that and the margin."""
        return cls(*(np.empty(shape, np.uint8) for _ in range(4 if entropy else 2)))

    def fill(self, where: tuple[slice, slice], part: "Prediction") -> None:
        """Write a part into the arrays of this one."""
        self.labels[where], self.confidence[where] = part.labels, part.confidence
        for mine, theirs in ((self.entropy, part.entropy), (self.margin, part.margin)):
            if mine is not None and theirs is not None:
                mine[where] = theirs


@dataclass(frozen=True)
class TrainingReport:
    """Scores on held-out labelled regions (never trained on) and seconds by phase.

    scores : e.g. {"mean_iou": .., "iou/membrane": .., "dice/membrane": ..}; empty when labels were too few to hold out.
    evaluation : all that is known, its scores included.
    importances : {feature in words: share}, adding up to 1, of algorithms that know.
    learned_shares : {class id: share} of the pixels learned from, where chances can be turned (`class_shares.py`).
    labelled_pixels : of the mask, those held out among them; 0 where nobody has counted.
    """

    scores: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    evaluation: Evaluation = field(default_factory=Evaluation)
    importances: Mapping[str, float] = field(default_factory=dict)
    learned_shares: Mapping[int, float] = field(default_factory=dict)
    labelled_pixels: int = 0


@dataclass(frozen=True)
class Preview:
    """A labelled patch while a model learns. image : (Y, X) uint8 grey. truth, predicted : (Y, X) uint8 class ids."""

    image: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    predicted: NDArray[np.uint8]


@dataclass(frozen=True)
class Progress:
    """fraction : 0 to 1. message : what is being done, in words. metrics : e.g. {"loss": .3}, with their step."""

    fraction: float
    message: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    step: int = 0
    preview: Preview | None = None


Report = Callable[[Progress], None]


class Segmenter(Protocol):
    """A trained model."""

    @property
    def class_ids(self) -> tuple[int, ...]:
        """What it can tell apart, ascending."""
        ...

    @property
    def context(self) -> int:
        """How many neighbouring slices it looks at on either side; 0 = none."""
        ...

    def predict(self, image: NDArray[Any], around: Around = ()) -> Prediction:
        """Segment one slice of the same kind of image it was trained on.

        around : the `context` slices below it and the `context` above, ascending. Raises InvalidInputError when there
        are more or fewer.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write weights and model.json (algorithm, parameters, class ids, normalisation, version) into `folder`."""
        ...


class Trainer(Protocol):
    def __call__(
        self,
        slices: Sequence[LabelledSlice],
        parameters: Mapping[str, Any],
        *,
        seed: int,
        device: str,
        report: Report,
    ) -> tuple[Segmenter, TrainingReport]:
        """Train. Raises NotEnoughLabelsError when fewer than two classes are labelled."""
        ...
