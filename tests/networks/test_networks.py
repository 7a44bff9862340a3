"""The torch room: losses, patches, tiles, training, files."""

import json
import tomllib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import InvalidInputError, NotEnoughLabelsError, ParameterError
from core.learning.normalisation import Normalisation
from core.learning.segmenter import LabelledSlice
from core.learning.training_parameters import TrainingParameters
from networks import checkpoints
from networks.data import Data
from networks.losses import UNLABELLED
from networks.patches import PatchSampler, TrainingSlice
from networks.segmenter import load_segmenter, train_segmenter

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
TINY = {"steps": 30, "base_channels": 4, "depth": 3, "patch_px": 64, "batch_size": 4}


def scene(*, seed=0, colour=False, shape=(150, 170)) -> tuple[np.ndarray, np.ndarray]:
    """Stripes of two brightnesses under noise, and which is which (1, 2)."""
    x = np.broadcast_to(np.arange(shape[1]), shape)
    truth = np.where((x // 24) % 2, 2, 1).astype(np.uint8)
    noise = np.random.default_rng(seed).normal(0, 20, shape)
    image = (90 + 60 * (truth == 2) + noise).clip(0, 255).astype(np.uint8)
    return (np.stack([image, 255 - image, image], axis=-1) if colour else image), truth


def labelled(**options) -> LabelledSlice:
    image, truth = scene(**options)
    return LabelledSlice(0, image, truth)


def train(slices, parameters=None, *, seed=0):
    told = []
    outcome = train_segmenter(
        "U-Net", slices, {**TINY, **(parameters or {})}, seed=seed, device="cpu", report=told.append
    )
    return (*outcome, told)


@pytest.fixture(scope="module")
def trained():
    return train([labelled()])


# Patches


def training_slice(places) -> TrainingSlice:
    return TrainingSlice(np.zeros((1, *places.shape), np.float32), places)


def test_rare_classes_are_in_the_patches_as_often_as_common_ones():
    places = np.zeros((400, 400), np.int64)
    places[390:393, 5:8] = 1
    sampler = PatchSampler([training_slice(places)], patch_px=32, seed=0)
    _, drawn = sampler.batch(200)
    assert 70 < sum((patch == 1).any() for patch in drawn) < 130


def test_patches_are_padded_where_the_slice_is_smaller():
    images, places = PatchSampler([training_slice(np.zeros((10, 90), np.int64))], patch_px=64, seed=0).batch(2)
    assert images.shape == (2, 1, 64, 64)
    assert (places[:, 10:] == UNLABELLED).all()
    assert (places[:, :10] == 0).all()


# Training


def test_it_learns_to_tell_two_kinds_of_stripes(trained):
    segmenter, report, told = trained
    image, truth = scene(seed=9)
    assert (segmenter.predict(image).labels == truth).mean() > 0.93
    assert report.scores["mean_iou"] > 0.8
    assert [each.fraction for each in told] == sorted(each.fraction for each in told)
    losses = [each.metrics["loss"] for each in told if "loss" in each.metrics]
    assert losses[-1] < losses[0]


def test_the_same_seed_gives_the_same_network_and_another_seed_another(trained):
    image, _ = scene(seed=9)
    first = trained[0].predict(image).confidence
    np.testing.assert_array_equal(first, train([labelled()])[0].predict(image).confidence)
    assert (first != train([labelled()], seed=1)[0].predict(image).confidence).any()


def test_regions_kept_out_for_the_scores_are_never_trained_on():
    slices = [labelled()]
    data = Data.of(slices, (1, 2), Normalisation.of([slices[0].image]), context=0, held_out=0.15, seed=0)
    assert data.held_out[0].any()
    assert (data.training[0].places[data.held_out[0] > 0] == UNLABELLED).all()


def test_strokes_do_not_choose_a_checkpoint():
    image, truth = scene()
    strokes = np.zeros_like(truth)
    strokes[::30] = truth[::30]
    data = Data.of(
        [LabelledSlice(0, image, strokes)], (1, 2), Normalisation.of([image]), context=0, held_out=0.15, seed=0
    )
    assert not data.dense


def test_colour_images_and_gaps_in_the_class_ids():
    image, truth = scene(colour=True)
    segmenter, _, _ = train([LabelledSlice(3, image, np.where(truth == 2, 9, 4).astype(np.uint8))], {"steps": 4})
    assert segmenter.class_ids == (4, 9)
    assert set(np.unique(segmenter.predict(image).labels)) <= {4, 9}
    with pytest.raises(InvalidInputError, match="1 channels; the model was trained on 3"):
        segmenter.predict(image[..., 0])


def test_a_network_takes_as_many_channels_as_the_images_have():
    image, truth = scene(colour=True)
    many = np.concatenate([image, image[..., :2]], axis=-1)
    segmenter, _, _ = train([LabelledSlice(0, many, truth)], {"steps": 2})
    assert segmenter.checkpoint.channels == 5
    assert segmenter.predict(many).labels.shape == truth.shape


def test_what_cannot_be_trained_is_said():
    image, truth = scene()
    with pytest.raises(NotEnoughLabelsError, match="Only one class"):
        train([LabelledSlice(0, image, (truth == 1).astype(np.uint8))])
    with pytest.raises(ParameterError, match="epochs"):
        train([labelled()], {"epochs": 3})


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_said():
    with pytest.raises(InvalidInputError, match="no GPU"):
        train_segmenter("U-Net", [labelled()], TINY, seed=0, device="cuda", report=lambda _: None)


def test_the_patch_size_that_small_boxes_have_chosen_is_told_and_kept():
    brief = {"steps": 1, "patch_px": 0, "base_channels": 4, "depth": 2, "batch_size": 1}
    segmenter, report, _ = train([labelled(shape=(90, 100))], brief)
    assert "patches of 128 px, in 4 steps" in report.note
    assert (segmenter.checkpoint.training["patch_px"], segmenter.checkpoint.training["steps"]) == (128, 4)


# Files


def test_a_saved_network_explains_itself_and_predicts_the_same(trained, tmp_path):
    segmenter = trained[0]
    segmenter.save(tmp_path)
    facts = json.loads((tmp_path / checkpoints.MODEL_FILE).read_text())
    assert facts["algorithm"] == "U-Net"
    assert facts["class_ids"] == [1, 2]
    assert facts["code_version"] == tomllib.loads(PROJECT.read_text())["project"]["version"]
    assert facts["architecture"] == {"base_channels": 4, "context": 0, "depth": 3}
    assert facts["training"] == {**asdict(TrainingParameters()), "steps": 30, "patch_px": 64, "batch_size": 4}
    image, _ = scene(seed=5)
    loaded = load_segmenter(tmp_path, device="cpu")
    np.testing.assert_array_equal(loaded.predict(image).labels, segmenter.predict(image).labels)
    assert loaded.checkpoint.normalisation == segmenter.checkpoint.normalisation


def test_models_of_the_first_layout_still_load(trained, tmp_path):
    """Before there were several networks, one list held all parameters."""
    segmenter = trained[0]
    segmenter.save(tmp_path)
    normalisation = segmenter.checkpoint.normalisation
    first = {
        "algorithm": "U-Net",
        "version": 1,
        "code_version": "0.1.0",
        "channels": 1,
        "class_ids": [1, 2],
        "parameters": {**TINY, "learning_rate": 0.005, "dice": True, "augment": True},
        "normalisation": normalisation.to_json(),
    }
    (tmp_path / checkpoints.MODEL_FILE).write_text(json.dumps(first))
    image, _ = scene(seed=5)
    loaded = load_segmenter(tmp_path, device="cpu")
    assert loaded.context == 0
    np.testing.assert_array_equal(loaded.predict(image).confidence, segmenter.predict(image).confidence)


# Neighbouring slices


def test_a_network_learns_what_only_the_neighbours_show():
    image, truth = scene()
    noise = np.random.default_rng(0).permuted(image)
    segmenter, _, _ = train([LabelledSlice(1, noise, truth, around=(noise, image))], {"context": 1, "steps": 60})
    assert segmenter.context == 1
    assert (segmenter.predict(noise, (noise, image)).labels == truth).mean() > 0.9
    with pytest.raises(InvalidInputError, match="looks at 2 neighbouring slices, 0 were given"):
        segmenter.predict(noise)
