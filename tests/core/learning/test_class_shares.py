"""Turning a classifier's chances to other shares of the classes, and estimating these shares."""

import numpy as np
import pytest

from core.errors import ParameterError
from core.learning.class_shares import (
    Expectation,
    decided,
    estimated,
    read_shares,
    shares_in_order,
    turned,
    write_shares,
)

MEANS, LEARNED, TRUE = np.array([0.0, 1.5, 3.0]), np.array([0.4, 0.4, 0.2]), np.array([0.8, 0.05, 0.15])


def chances(values, shares):
    """What a perfect classifier says of grey values drawn from three bells, if it expects these shares."""
    likely = shares * np.exp(-((values[:, None] - MEANS) ** 2) / 2)
    return (likely / likely.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def sample():
    """Grey values of an image with the true shares, and the class of each."""
    rng = np.random.default_rng(0)
    truth = rng.choice(3, size=20_000, p=TRUE)
    return rng.normal(MEANS[truth], 1), truth


def test_turned_chances_are_those_of_a_classifier_that_learned_with_the_wished_shares(sample):
    values, _ = sample
    found = turned(chances(values, LEARNED), learned=LEARNED, wished=TRUE)
    np.testing.assert_allclose(found, chances(values, TRUE), atol=1e-5)


def test_the_estimate_finds_the_shares_of_the_image_from_unlabelled_pixels(sample):
    values, truth = sample
    found = estimated(chances(values, LEARNED), learned=LEARNED)
    np.testing.assert_allclose(found, TRUE, atol=0.03)
    np.testing.assert_allclose(found.sum(), 1)
    before = decided(chances(values, LEARNED), [1, 2, 3]).labels
    after = decided(turned(chances(values, LEARNED), learned=LEARNED, wished=found), [1, 2, 3]).labels
    assert (after == truth + 1).mean() > (before == truth + 1).mean() + 0.05


def test_without_a_wish_nothing_changes_not_even_a_bit(sample):
    known = chances(sample[0], LEARNED)
    assert Expectation(tuple(LEARNED)).applied(known) is known
    assert Expectation(tuple(LEARNED), tuple(TRUE)).applied(known) is not known


def test_a_class_wished_away_loses_and_certain_pixels_stay_finite():
    known = np.array([[1, 0], [0, 1], [0.5, 0.5]], np.float32)
    found = turned(known, learned=[0.5, 0.5], wished=[1, 0])
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert decided(found[None], [3, 8]).labels.tolist() == [[3, 8, 3]]
    assert estimated(known[:1], learned=[0.5, 0.5])[1] > 0


def test_shares_are_written_as_they_are_read():
    assert read_shares("") == {}
    assert read_shares("1=70; 2 = 30") == read_shares(write_shares({1: 0.7, 2: 0.3})) == {1: 0.7, 2: 0.3}
    assert shares_in_order({7: 1.0, 1: 0.5}, [1, 2], [0.9, 0.1]).tolist() == [0.5, 0.5]  # 7 is no class of the model
    for wrong in ("70", "a=70", "1=", "1=-3", "1=101", "1=0"):
        with pytest.raises(ParameterError, match="per cent"):
            read_shares(wrong)
