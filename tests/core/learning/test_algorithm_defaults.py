"""The form and the code agree: `assets/models.json` offers the parameters of the dataclasses, with their defaults."""

from dataclasses import asdict
from pathlib import Path

import pytest

from core.learning.algorithm_file import read_algorithms
from core.learning.pixel_classifier import PixelClassifierParameters
from core.learning.unet_parameters import UNetParameters

MODELS = Path(__file__).resolve().parents[3] / "assets" / "models.json"
PARAMETERS = {"Pixel classifier": PixelClassifierParameters, "U-Net": UNetParameters}


def offered(name):
    (found,) = [each for each in read_algorithms(MODELS.read_text()) if each.model_name == name]
    return found


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_form_offers_the_parameters_of_the_code_with_their_defaults(name):
    assert offered(name).defaults() == asdict(PARAMETERS[name]())


@pytest.mark.parametrize("name", PARAMETERS)
def test_defaults_have_the_type_the_code_expects(name):
    for parameter in offered(name).gui_parameters:
        assert type(parameter.value) is type(asdict(PARAMETERS[name]())[parameter.param_key]), parameter.param_key


def test_only_the_unet_asks_for_a_gpu():
    assert [name for name in PARAMETERS if offered(name).is_gpu_enabled] == ["U-Net"]
