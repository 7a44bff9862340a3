"""The linear probe says how good an embedding is, by items it has not learned from."""

import numpy as np
import pytest

from core.errors import NotEnoughLabelsError
from core.learning.curation.probe import probe
from core.learning.curation.table import Item, LabelTable

COUNT = 60


def tagged(exclude=()):
    """Half of the items have the class; nobody has said anything of the other class."""
    items = [Item(str(number), "v", f"{number}.png") for number in range(COUNT)]
    table = LabelTable.of(items, ["spot", "dust"])
    half = np.arange(COUNT) % 2 == 0
    return table.tagged(half, "spot", 1).tagged(~half, "spot", 0).excluded(list(exclude))


def shown(strength, seed=0):
    """(COUNT, 6) noise, in which the class shows as strongly as is said."""
    points = np.random.default_rng(seed).standard_normal((COUNT, 6)).astype(np.float32)
    points[::2, 0] += strength
    return points


def test_what_shows_the_class_probes_well_and_noise_about_as_chance():
    (plain,), (noise,) = (probe(tagged(), shown(strength)).values() for strength in (6, 0))
    assert plain.count == noise.count == COUNT
    assert plain.accuracy > 0.95 and plain.auc > 0.98
    assert abs(noise.auc - 0.5) < 0.25, "no item is judged by what has learned from it"


def test_held_out_items_judge_alone_and_excluded_ones_do_nothing():
    points = shown(6)
    points[:10, 0] = np.where(np.arange(10) % 2 == 0, -20, 20)  # these say the opposite
    spoiled = tagged(exclude=range(10)).held_out(np.arange(COUNT) >= 40)
    found = probe(spoiled, points)["spot"]
    assert found.count == 20 and found.accuracy > 0.9


def test_too_few_answers_are_told():
    with pytest.raises(NotEnoughLabelsError, match="two items with a class"):
        probe(tagged(exclude=range(3, COUNT)), shown(6))
