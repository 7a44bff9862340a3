"""The pixel classifier: features of each pixel, and a classifier on them. It learns in seconds from a few strokes.

What may stand for the classifier is in `pixel_models.py`, the features are in `features.py`; `pixel_training.py` makes
one from labelled slices. Slices are predicted tile by tile, so that memory does not grow with the image.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import ParameterError
from core.learning import pixel_models
from core.learning.class_shares import Chances, Expectation, decided, shares_in_order
from core.learning.features import GRID_PX, HALO_PX, KINDS, LARGEST_PX, FeatureChoice, features
from core.learning.normalisation import Normalisation
from core.learning.number_lists import read_numbers
from core.learning.pixel_models import PixelModel
from core.learning.segmenter import Around, Prediction

ALGORITHM = "Pixel classifier"
TILE_PX = 1024  # 43 features of a tile with its halo take 250 MB
SMALLEST_PX = 0.3  # of a scale: below it a Gaussian is no wider than a pixel
MODEL_FILE = "model.json"
Slices = tuple[slice, slice]


@dataclass(frozen=True)
class PixelClassifierParameters:
    """What a person may choose; `assets/models.json` describes them.

    sigmas : scales of the features. brightness to texture : which kinds there are. smooth_sigma : of the result.
    The others are those of `pixel_models.Settings`.
    """

    classifier: str = "boosted trees"
    sigmas: str = "0.7, 1, 1.6, 3.5, 5, 10"
    brightness: bool = True
    edges: bool = True
    spots: bool = True
    ridges: bool = True
    texture: bool = True
    n_estimators: int = 50
    num_leaves: int = 15
    learning_rate: float = 0.15
    max_depth: int = 16
    hidden_units: int = 32
    steps: int = 300
    smooth_sigma: float = 0.5

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "PixelClassifierParameters":
        """Raises ParameterError for a name that is not a parameter; ranges are the descriptor's business."""
        known = {field.name for field in fields(cls)}
        for name in values:
            if name not in known:
                raise ParameterError(f'"{name}" is no parameter of the pixel classifier.', f"It has {sorted(known)}.")
        return cls(**values)

    @property
    def settings(self) -> pixel_models.Settings:
        """Of the classifier alone."""
        names = [each.name for each in fields(pixel_models.Settings) if hasattr(self, each.name)]
        return pixel_models.Settings(**{name: getattr(self, name) for name in names})

    @property
    def features(self) -> FeatureChoice:
        """Raises ParameterError when the scales are no list of numbers, or out of range."""
        sigmas = read_numbers(self.sigmas, title="Scales of the features", least=SMALLEST_PX, most=LARGEST_PX)
        return FeatureChoice(tuple(sorted(set(sigmas))), tuple(kind for kind in KINDS if getattr(self, kind)))


@dataclass(frozen=True)
class PixelClassifier:
    """A trained pixel classifier.

    importances : {feature in words: how much it counts}, adding up to 1. expectation : of the classes' shares.
    entropy : whether predictions keep it and the margin.
    """

    class_ids: tuple[int, ...]
    parameters: PixelClassifierParameters
    normalisation: Normalisation
    model: PixelModel
    expectation: Expectation
    importances: Mapping[str, float] = field(default_factory=dict)
    entropy: bool = False
    context: ClassVar[int] = 0

    def predict(self, image: NDArray[Any], around: Around = ()) -> Prediction:  # noqa: ARG002 - it looks at one slice
        whole = Prediction.empty(image.shape[:2], entropy=self.entropy)
        ranges = self.normalisation.of_slice(image)
        for inner, outer, window in tiles(image.shape[:2]):
            chances = self.expectation.applied(self.chances(image[outer], ranges)[window])
            whole.fill(inner, decided(chances, self.class_ids, entropy=self.entropy))
        return whole

    def chances(self, image: NDArray[Any], ranges: Normalisation) -> Chances:
        """(Y, X, classes) float32, smoothed, under the shares of the classes that it learned from.

        ranges : the normalisation of the slice of which `image` is a part.
        """
        known = features(ranges.apply(image), self.parameters.features)
        height, width, count = known.shape
        raw = self.model.chances(known.reshape(-1, count)).reshape(height, width, -1)
        return smoothed(raw, self.parameters.smooth_sigma)

    def expecting(self, shares: Mapping[int, float]) -> "PixelClassifier":
        """The same, for images in which the classes have these shares; classes not named keep theirs. {}: as learned.

        shares : {class id: 0 to 1}.
        """
        learned = self.expectation.learned
        wished = tuple(shares_in_order(shares, self.class_ids, learned).tolist()) if shares else None
        return replace(self, expectation=Expectation(learned, wished))

    def save(self, folder: Path) -> None:
        self.model.save(folder)
        facts = {
            "algorithm": ALGORITHM,
            "class_ids": self.class_ids,
            "parameters": asdict(self.parameters),
            "normalisation": self.normalisation.to_json(),
            "learned_shares": self.expectation.learned,
            "importances": dict(self.importances),
        }
        (folder / MODEL_FILE).write_text(json.dumps(facts, indent=2))


def load_pixel_classifier(folder: Path, *, device: str = "cpu") -> PixelClassifier:  # noqa: ARG001 - as all loaders
    """Read what `PixelClassifier.save` wrote, of older versions too: these did not note shares and importances."""
    facts = json.loads((folder / MODEL_FILE).read_text())
    class_ids = tuple(facts["class_ids"])
    parameters = PixelClassifierParameters.from_mapping(facts["parameters"])
    alike = (1 / len(class_ids),) * len(class_ids)
    return PixelClassifier(
        class_ids=class_ids,
        parameters=parameters,
        normalisation=Normalisation.from_json(facts["normalisation"]),
        model=pixel_models.load(folder, parameters.classifier),
        expectation=Expectation(tuple(facts.get("learned_shares", alike))),
        importances=facts.get("importances", {}),
    )


def smoothed(chances: Chances, sigma: float) -> Chances:
    """(Y, X, classes), each class blurred by a Gaussian of `sigma` pixels; the same array when it is 0."""
    if sigma <= 0:
        return chances
    smooth = cv2.GaussianBlur(chances, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(smooth, np.float32).reshape(chances.shape)


def tiles(shape: tuple[int, ...]) -> Iterator[tuple[Slices, Slices, Slices]]:
    """(inner, outer, window): what a tile fills, what must be read for it, and the inner part of what was read."""
    assert TILE_PX % GRID_PX == 0 and HALO_PX % GRID_PX == 0, "tiles must keep to the grid of the reduced scales"
    for y in range(0, shape[0], TILE_PX):
        for x in range(0, shape[1], TILE_PX):
            sides = ((y, shape[0]), (x, shape[1]))
            inner = tuple(slice(start, min(start + TILE_PX, length)) for start, length in sides)
            yield (inner[0], inner[1]), *with_halo((inner[0], inner[1]), shape)


def with_halo(inner: Slices, shape: tuple[int, ...]) -> tuple[Slices, Slices]:
    """(outer, window): what `inner` needs to have the features of the whole image, and where it lies in that."""
    outer, window = [], []
    for part, length in zip(inner, shape, strict=True):
        first = max(0, part.start - HALO_PX) // GRID_PX * GRID_PX
        outer.append(slice(first, min(length, part.stop + HALO_PX)))
        window.append(slice(part.start - first, part.stop - first))
    return (outer[0], outer[1]), (window[0], window[1])
