"""The panel of the live prediction: which parameters it learns with, and which classes show."""

from types import SimpleNamespace

import pytest

from callbacks.live import offer_classes, parameters
from core.learning.algorithm_file import read_algorithms
from core.learning.pixel_classifier import PixelClassifierParameters
from utils.settings import ROOT

TABLE = [{"id": 1, "name": "pore", "color": "#E69F00"}, {"id": 2, "name": "bead", "color": "#56B4E9"}]


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


def test_a_hidden_class_stays_hidden_when_another_is_added():
    options, shown = offer_classes(TABLE[:1], [{"value": 1}], [])
    assert (len(options), shown) == (1, [])
    options, shown = offer_classes(TABLE, [{"value": 1}], [])
    assert (len(options), shown) == (2, [2])
    assert offer_classes(None, [], []) == ([], [])
