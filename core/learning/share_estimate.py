"""Estimating from the pixels of a volume how much of it each class covers. What is done with it: `class_shares.py`."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.images.geometry import Box
from core.images.volumes import VolumeSource
from core.learning.class_shares import ESTIMATE, Chances, estimated, read_shares
from core.learning.features import features
from core.learning.pixel_classifier import PixelClassifier, Slices, with_halo

WINDOWS, WINDOW_PX = 24, 256  # spread over the slices
PIXELS = 2000  # of a window: more of them look like these


def expecting(classifier: PixelClassifier, wished: str, volume: VolumeSource) -> PixelClassifier:
    """The classifier as the parameter `class_shares` of a segmentation wants it.

    wished : as `read_shares` has it, or "estimate": from the volume.

    Raises
    ------
    ParameterError
        If it is neither.
    """
    estimate = wished.strip() == ESTIMATE
    return classifier.expecting(shares_of(classifier, volume) if estimate else read_shares(wished))


def shares_of(classifier: PixelClassifier, volume: VolumeSource, *, seed: int = 0) -> dict[int, float]:
    """{class id: share of the volume}, from pixels drawn all over it, whether labelled or not; adding up to 1."""
    rng = np.random.default_rng(seed)
    drawn = [_chances(classifier, volume, z, window, rng) for z, window in _windows(volume.info.shape, rng)]
    shares = estimated(np.concatenate(drawn), learned=classifier.expectation.learned)
    return dict(zip(classifier.class_ids, shares.tolist(), strict=True))


def _windows(shape: tuple[int, int, int], rng: np.random.Generator) -> Iterator[tuple[int, Slices]]:
    """(z, rows and columns) of squares at random places of slices at even distances."""
    for z in np.linspace(0, shape[0] - 1, WINDOWS).round().astype(int).tolist():
        yield z, (_part(shape[1], rng), _part(shape[2], rng))


def _part(length: int, rng: np.random.Generator) -> slice:
    start = int(rng.integers(max(1, length - WINDOW_PX + 1)))
    return slice(start, min(length, start + WINDOW_PX))


def _chances(
    classifier: PixelClassifier, volume: VolumeSource, z: int, inner: Slices, rng: np.random.Generator
) -> Chances:
    """(pixels, classes) of pixels drawn from a window."""
    (rows, columns), window = with_halo(inner, volume.info.shape[1:])
    image = volume.read(Box((z, rows.start, columns.start), (z + 1, rows.stop, columns.stop)))[0]
    image = image[..., :3] if volume.info.is_colour else image
    channels = classifier.normalisation.of_slice(image).apply(image)  # a window's range is near enough to its slice's
    known: NDArray[np.float32] = features(channels, classifier.parameters.features)[window]
    pixels = known.reshape(-1, known.shape[-1])
    return classifier.model.chances(pixels[rng.choice(len(pixels), min(PIXELS, len(pixels)), replace=False)])
