"""The form and the code agree: `assets/models.json` offers the parameters of the dataclasses, with their defaults."""

from dataclasses import asdict
from pathlib import Path

import pytest

from core.learning.algorithm_file import read_algorithms
from core.learning.pixel_classifier import PixelClassifierParameters
from core.learning.pixel_models import CLASSIFIERS
from core.learning.postprocess import PostProcessing
from core.learning.pretraining_parameters import PretrainingParameters
from core.learning.training_parameters import TrainingParameters
from networks.architectures import ARCHITECTURES
from scripts.algorithms import NETWORKS, PRETRAININGS, TRAINERS

MODELS = Path(__file__).resolve().parents[3] / "assets" / "models.json"
DEFAULTS = {
    "Pixel classifier": asdict(PixelClassifierParameters()),
    **{name: {**asdict(each.parameters()), **asdict(TrainingParameters())} for name, each in ARCHITECTURES.items()},
}
WITHOUT_LABELS = {
    "SimCLR": asdict(PretrainingParameters()),
    "SimSiam": {key: value for key, value in asdict(PretrainingParameters()).items() if key != "temperature"},
}


def offered(name):
    (found,) = [each for each in read_algorithms(MODELS.read_text()) if each.model_name == name]
    return found


@pytest.mark.parametrize("name", [*DEFAULTS, *WITHOUT_LABELS])
def test_the_form_offers_the_parameters_of_the_code_with_their_defaults(name):
    expected = {**DEFAULTS, **WITHOUT_LABELS}[name]
    assert offered(name).defaults() == expected
    for parameter in offered(name).parameters():
        assert type(parameter.value) is type(expected[parameter.param_key]), parameter.param_key


def test_only_pretraining_learns_without_labels():
    every = read_algorithms(MODELS.read_text())
    assert {each.model_name for each in every if not each.needs_labels} == set(WITHOUT_LABELS)


@pytest.mark.parametrize("name", DEFAULTS)
def test_segmenting_offers_post_processing_that_is_off_by_default(name):
    wishes = offered(name).defaults("prediction_model")
    assert PostProcessing.chosen_from(wishes) == PostProcessing()
    assert wishes.pop("flips", False) is False
    assert wishes.pop("class_shares", "") == "", "as they were painted"
    assert wishes.pop("keep_entropy") is False
    assert wishes == asdict(PostProcessing())


def test_every_classifier_on_pixels_is_offered():
    (field,) = [each for each in offered("Pixel classifier").parameters() if each.param_key == "classifier"]
    assert tuple(choice.value for choice in field.options) == CLASSIFIERS


def test_only_networks_ask_for_a_gpu():
    assert {name for name in DEFAULTS if offered(name).is_gpu_enabled} == set(ARCHITECTURES)


def test_every_algorithm_is_offered_and_every_network_has_its_code():
    segmenting = [each.model_name for each in read_algorithms(MODELS.read_text()) if each.type == "segmentation"]
    assert segmenting == [*TRAINERS, *PRETRAININGS]
    assert tuple(ARCHITECTURES) == NETWORKS
