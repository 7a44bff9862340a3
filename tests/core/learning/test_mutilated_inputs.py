"""Images and labels as no textbook has them: every algorithm answers, or says in a sentence why it cannot."""

import numpy as np
import pytest

from core.errors import AppError
from core.learning.segmenter import LabelledSlice
from scripts.algorithms import train

CASES = {
    "Pixel classifier": {"n_estimators": 10},
    "U-Net": {"steps": 3, "base_channels": 4, "depth": 3, "patch_px": 64, "batch_size": 2},
}


def scene(shape=(90, 110)):
    """A bright disc and what is around it, and which is which."""
    y, x = np.indices(shape)
    truth = np.where((y - shape[0] / 2) ** 2 + (x - shape[1] / 2) ** 2 < 25**2, 2, 1).astype(np.uint8)
    return (np.random.default_rng(0).normal(100, 20, shape) + 80 * (truth == 2)).astype(np.float32), truth


def with_nan(image, labels):
    spoiled = image.copy()
    spoiled[::7, ::5], spoiled[:3], spoiled[40:44, 40:44] = np.nan, np.inf, -np.inf
    return spoiled, labels


def one_pixel_of_a_class(image, labels):
    changed = labels.copy()
    changed[45, 55] = 3
    return image, changed


def nothing_but_corners(image, labels):
    few = np.zeros_like(labels)
    few[0, 0], few[-1, -1], few[45, 55] = labels[0, 0], labels[-1, -1], labels[45, 55]
    return image, few


MUTILATIONS = {
    "NaN and infinity": with_nan,
    "nothing but NaN": lambda image, labels: (np.full_like(image, np.nan), labels),
    "a constant slice": lambda image, labels: (np.full_like(image, 7), labels),
    "a class with one pixel": one_pixel_of_a_class,
    "three labelled pixels": nothing_but_corners,
    "one pixel high": lambda image, labels: (image[45:46], labels[45:46]),
    "one pixel wide": lambda image, labels: (image[:, 55:56], labels[:, 55:56]),
    "float64": lambda image, labels: (image.astype(np.float64) * 1e-300, labels),
    "huge floats": lambda image, labels: (image.astype(np.float64) * 1e300, labels),
    "12 bits in 16": lambda image, labels: ((image * 16).clip(0, 4095).astype(np.uint16), labels),
    "signed": lambda image, labels: ((image * 100 - 20_000).astype(np.int16), labels),
    "yes and no": lambda image, labels: (image > 140, labels),
    "big-endian": lambda image, labels: (image.astype(">f4"), labels),
}


@pytest.mark.parametrize("mutilation", MUTILATIONS)
@pytest.mark.parametrize("algorithm", CASES)
def test_it_answers_whatever_the_image_is(algorithm, mutilation):
    image, labels = MUTILATIONS[mutilation](*scene())
    slices = [LabelledSlice(0, image, labels)]
    segmenter, report = train(algorithm, slices, CASES[algorithm], seed=0, device="cpu", report=lambda _: None)
    found = segmenter.predict(image)
    assert found.labels.shape == found.confidence.shape == image.shape
    assert set(np.unique(found.labels)) <= set(segmenter.class_ids) == set(np.unique(labels)) - {0}
    assert all(np.isfinite(list(report.scores.values())))


@pytest.mark.parametrize("algorithm", CASES)
def test_what_cannot_be_learned_is_said_in_a_sentence(algorithm):
    image, labels = scene()
    for slices in (
        [LabelledSlice(0, image, np.zeros_like(labels))],
        [LabelledSlice(0, image, labels), LabelledSlice(1, np.stack([image] * 3, axis=-1), labels)],
    ):
        with pytest.raises(AppError) as caught:
            train(algorithm, slices, CASES[algorithm], seed=0, device="cpu", report=lambda _: None)
        assert caught.value.message.endswith(".") and caught.value.hint
