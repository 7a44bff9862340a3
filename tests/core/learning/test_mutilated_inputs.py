"""Images and labels as no textbook has them: every algorithm answers, or says in a sentence why it cannot."""

import numpy as np
import pytest

from core.errors import AppError
from core.learning.segmenter import LabelledSlice
from networks.pretraining.encoder import UnlabelledSlice
from scripts.algorithms import pretrain, train

CASES = {
    "Pixel classifier": {"n_estimators": 10},
    "U-Net": {"steps": 3, "base_channels": 4, "depth": 3, "patch_px": 64, "batch_size": 2},
}
BRIEF = {"steps": 1, "patch_px": 64, "batch_size": 1}
OTHER_NETWORKS = {
    "ConvNeXt U-Net": {"base_channels": 4, "depth": 2},
    "MSDNet": {"num_layers": 4},
    "TUNet": {"base_channels": 4, "depth": 2},
    "TUNet3+": {"base_channels": 4, "depth": 2},
    "SMSNet ensemble": {"num_networks": 2, "layers": 3},
    "3-D U-Net": {"base_channels": 4, "depth": 2},
}
PRETRAINING = {"base_channels": 4, "depth": 2, "steps": 1, "patch_px": 16, "batch_size": 4}


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


WORST = ("NaN and infinity", "a constant slice", "a class with one pixel", "one pixel high", "float64", "12 bits in 16")


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


@pytest.mark.parametrize("mutilation", WORST[:4])  # the others are the same to all networks once normalised
@pytest.mark.parametrize("algorithm", OTHER_NETWORKS)
def test_every_network_answers(algorithm, mutilation):
    image, labels = MUTILATIONS[mutilation](*scene())
    around = (image,) * 4 if algorithm == "3-D U-Net" else ()
    parameters = BRIEF | OTHER_NETWORKS[algorithm]
    slices = [LabelledSlice(0, image, labels, around)]
    segmenter, _ = train(algorithm, slices, parameters, seed=0, device="cpu", report=lambda _: None)
    found = segmenter.predict(image, around)
    assert found.labels.shape == image.shape
    assert set(np.unique(found.labels)) <= set(segmenter.class_ids)


@pytest.mark.parametrize("mutilation", WORST)
@pytest.mark.parametrize("method", ["SimCLR", "SimSiam"])
def test_pretraining_learns_weights_that_are_numbers_or_says_why_not(method, mutilation):
    image, _ = MUTILATIONS[mutilation](*scene())
    try:
        encoder, _ = pretrain(
            method, [UnlabelledSlice(image)], PRETRAINING, seed=0, device="cpu", report=lambda _: None
        )
    except AppError as error:
        assert error.message.endswith(".") and error.hint
        return
    assert all(bool(weights.isfinite().all()) for weights in encoder.weights.values())


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
