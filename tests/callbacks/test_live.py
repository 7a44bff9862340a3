"""The panel of the live prediction: which parameters it learns with, and which classes show."""

from types import SimpleNamespace

import pytest

from callbacks.live import parameters
from core.learning.algorithm_file import read_algorithms
from core.learning.pixel_classifier import PixelClassifierParameters
from utils.settings import ROOT


@pytest.fixture(scope="module")
def services() -> SimpleNamespace:
    """A registry with the algorithms of the algorithm file."""
    known = read_algorithms((ROOT / "assets" / "models.json").read_text())
    return SimpleNamespace(registry=SimpleNamespace(algorithms=lambda: known))


def test_it_learns_with_what_the_form_of_the_pixel_classifier_says(services):
    found = parameters(services, "Pixel classifier", {"n_estimators": 30})
    assert PixelClassifierParameters.from_mapping(found).n_estimators == 30


@pytest.mark.parametrize(
    ("algorithm", "entered"),
    [("U-Net", {"n_estimators": 30}), ("Pixel classifier", {"n_estimators": -1}), (None, {}), ("Pixel classifier", {})],
)
def test_another_form_or_a_wrong_one_leaves_the_defaults(services, algorithm, entered):
    assert parameters(services, algorithm, entered) == {}
