"""Images of several channels reach the algorithms whole."""

import numpy as np
import pytest

from core.errors import InvalidInputError
from core.images.memory import ArrayVolume
from core.images.volumes import read_slice
from core.learning.normalisation import Normalisation
from core.learning.pixel_training import train_pixel_classifier
from core.learning.segmenter import LabelledSlice

RNG = np.random.default_rng(0)
SIDE = 96


def told_by_the_last_channel(channels: int) -> tuple[np.ndarray, np.ndarray]:
    """(Y, X, C) noise and (Y, X) class ids that only the last channel knows of."""
    truth = np.where((np.indices((SIDE, SIDE)).sum(axis=0) // 16) % 2 == 1, 2, 1).astype(np.uint8)
    image = RNG.integers(0, 1000, (SIDE, SIDE, channels)).astype(np.uint16)
    image[..., -1] = truth * 1000.0
    return image, truth


@pytest.mark.parametrize("channels", [2, 4, 5, 8])
def test_the_last_channel_teaches_too(channels):
    image, truth = told_by_the_last_channel(channels)
    slices = [LabelledSlice(0, image, truth)]
    model, _ = train_pixel_classifier(slices, {"smooth_sigma": 0.0}, seed=0, device="cpu", report=lambda _: None)
    assert (model.predict(image).labels == truth).mean() > 0.98


def test_an_image_of_other_channels_is_refused():
    known = Normalisation.of([np.zeros((8, 8, 3))])
    with pytest.raises(InvalidInputError, match="1 channels; the model was trained on 3"):
        known.apply(np.zeros((8, 8)))
    with pytest.raises(InvalidInputError, match="differ in their number of channels"):
        Normalisation.of([np.zeros((8, 8)), np.zeros((8, 8, 3))])


@pytest.mark.parametrize(
    ("shape", "axes", "seen"),
    [((2, 8, 8), "", 1), ((2, 8, 8, 3), "", 3), ((2, 8, 8, 4), "", 3), ((4, 2, 8, 8), "czyx", 4)],
)
def test_only_the_opacity_of_a_colour_image_is_left_out(shape, axes, seen):
    pixels = read_slice(ArrayVolume(np.zeros(shape, "u1"), axes=axes), 1)
    assert pixels.shape == ((8, 8) if seen == 1 else (8, 8, seen))
