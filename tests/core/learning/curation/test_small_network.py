"""The heads whose loss and sampling people choose, and labels that spread over a graph of neighbours."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInputError
from core.learning.curation.learned import Choice, learn
from core.learning.curation.network_losses import gradient
from core.learning.curation.network_settings import LOSSES, STRATA, NetworkSettings, drawn_settings
from core.learning.curation.network_unlabelled import apart_slope
from core.learning.curation.portable import Portable
from core.learning.curation.propagation import propagated
from core.learning.curation.scores import score
from core.learning.curation.small_network import row_weights, train_network
from core.learning.curation.table import Item, LabelTable


def clouds(count=240, width=6, seed=0):
    """Two classes that overlap, most items held out, some tags missing."""
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((count, width)).astype(np.float32)
    truth = np.stack([points[:, 0] > 0, points[:, 1] > 0.5], axis=1).astype(np.int8)
    tags = np.where(rng.random(truth.shape) < 0.7, truth, -1).astype(np.int8)
    items = tuple(Item(str(row)) for row in range(count))
    held, out = rng.random((2, count)) < [[0.4], [0.05]]
    return LabelTable(items, ("a", "b"), tags, held, out, ("",) * count), points


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"hidden": (), "smoothing": 0.1},
        {"loss": "focal", "hidden": (32, 16), "strata": "squareroot"},
        {"normalise": True, "strata": "instance"},
        {"unlabelled": 1.0, "optimiser": "momentum", "rate": 0.05, "schedule": "cosine"},
    ],
    ids=["plain", "one layer", "focal", "directions", "fixmatch, momentum, cosine"],
)
def test_each_loss_and_each_way_to_draw_rows_learns_classes_that_overlap_from_partial_tags(chosen):
    table, points = clouds()
    network = train_network(table, points, NetworkSettings(**chosen))
    again = train_network(table, points, NetworkSettings(**chosen))
    assert np.array_equal(network.chances(points), again.chances(points))
    for name in table.classes:
        assert score(table, network.chances(points), name).auc > 0.9
    assert network.losses.training[-1] < network.losses.training[0]
    assert network.losses.validation[-1] is not None
    assert network.parameters == sum(weights.size + offsets.size for weights, offsets in network.layers)
    portable = network.portable()
    read = Portable.read(json.loads(json.dumps(portable.facts())), portable.arrays())
    assert np.allclose(read.chances(points), network.chances(points), atol=1e-6)


def test_the_weights_kept_are_those_of_the_step_that_judged_best_on_what_is_held_out():
    table, points = clouds(60)
    network = train_network(table, points, NetworkSettings(rate=0.05, dropout=0.0, decay=0.0))
    validation = network.losses.validation
    assert min(validation) < validation[-1], "it learns by heart"
    assert network.losses.kept == network.losses.steps[validation.index(min(validation))]
    rows = table.testing
    said, tags = network.chances(points)[rows], table.tags[rows]
    right = np.where(tags == 1, said, 1 - said)[tags >= 0]
    assert -np.log(np.clip(right, 1e-7, 1)).mean() == pytest.approx(min(validation), abs=1e-3)
    kept = train_network(table.held_out(np.arange(60), validation=False), points, NetworkSettings())
    assert kept.losses.kept == NetworkSettings().steps, "the last where nothing is held out"


def test_domain_confusion_draws_subsets_together_and_helps_where_only_one_of_them_is_labelled():
    given, domains = np.array([[0.0], [2.0], [5.0]]), np.array([0, 0, 1])
    step = 1e-6
    for row in range(3):
        moved = given.copy()
        moved[row] += step
        apart = [(each[:2].mean() - each[2:].mean()) ** 2 for each in (moved, given)]
        assert apart_slope(given, domains)[row, 0] == pytest.approx((apart[0] - apart[1]) / step, abs=1e-4)
    rng = np.random.default_rng(5)
    truth, domain = np.arange(400) % 2, np.arange(400) // 200
    points = rng.standard_normal((400, 8)).astype(np.float32)
    points[:, 0] += np.where(truth, 1.2, -1.2)
    points[:, 1] += np.where(domain == 0, np.where(truth, 1.5, -1.5), 3.0)  # tells classes apart in the first only
    table = LabelTable.of([Item(str(row)) for row in range(400)], ["a"]).from_subset(domain == 1, "other")
    for value in (0, 1):
        table = table.tagged((truth == value) & (domain == 0), "a", value)
    accuracies = [
        ((train_network(table, points, chosen).chances(points)[:, 0] > 0.5) == truth)[domain == 1].mean()
        for chosen in (NetworkSettings(), NetworkSettings(confusion=1.0))
    ]
    assert accuracies[1] > accuracies[0]


def test_settings_drawn_at_random_are_the_same_again_and_begin_with_the_choice_itself():
    chosen = NetworkSettings(seed=3, loss="focal")
    drawn = list(drawn_settings(chosen, 8, seed=3))
    assert (drawn[0], drawn) == (chosen, list(drawn_settings(chosen, 8, seed=3)))
    assert len({each.rate for each in drawn}) > 6
    assert {each.loss for each in drawn} == {"focal"}, "what is not drawn stays"


@given(st.integers(0, 10_000), st.sampled_from(LOSSES), st.floats(0, 0.25), st.floats(0, 4))
@settings(max_examples=40, deadline=None)
def test_the_gradient_is_that_of_the_loss_and_nothing_comes_of_missing_tags(seed, loss, smoothing, gamma):
    rng = np.random.default_rng(seed)
    out, tags = rng.normal(0, 2, (5, 3)), rng.integers(-1, 2, (5, 3)).astype(np.int8)
    chosen = NetworkSettings(loss=loss, smoothing=smoothing, gamma=gamma)

    def value(at):
        said = 1 / (1 + np.exp(-at))
        truth = np.where(tags >= 0, tags, 0) * (1 - smoothing) + smoothing / 2
        power = gamma if loss == "focal" else 0.0
        lost = -truth * (1 - said) ** power * np.log(said) - (1 - truth) * said**power * np.log(1 - said)
        return (lost * (tags >= 0)).sum() / max((tags >= 0).sum(), 1)

    found = gradient(1 / (1 + np.exp(-out)), tags, chosen)
    step = 1e-5
    for place in np.ndindex(out.shape):
        move = np.zeros_like(out)
        move[place] = step
        assert found[place] == pytest.approx((value(out + move) - value(out - move)) / (2 * step), abs=1e-6)
    assert (found[tags < 0] == 0).all()


def test_what_is_held_out_or_excluded_changes_nothing_that_is_learned():
    table, points = clouds()
    chosen = NetworkSettings(steps=20, unlabelled=1.0)
    other, tags = points.copy(), table.tags.copy()
    hidden = table.validation | table.exclude
    other[hidden], tags[hidden] = 100, 1 - np.abs(tags[hidden])
    changed = LabelTable(table.items, table.classes, tags, table.validation, table.exclude, table.subsets)
    one, two = train_network(table, points, chosen), train_network(changed, other, chosen)
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(one.layers, two.layers, strict=True))


def test_rows_are_drawn_by_class_by_instance_or_by_the_root_of_how_many_there_are():
    tags = np.array([[1]] * 4 + [[0]] * 16, np.int8)
    shares = {strata: float(row_weights(tags, strata)[:4].sum()) for strata in STRATA}
    assert shares == pytest.approx({"class": 1 / 2, "instance": 4 / 20, "squareroot": 2 / 6})
    assert row_weights(np.array([[-1], [1]], np.int8), "class").tolist() == [0, 1]


def test_what_the_network_is_sure_of_helps_where_labels_are_few_and_a_weight_of_nothing_changes_nothing():
    rng = np.random.default_rng(3)
    truth = np.arange(400) % 2
    points = (rng.standard_normal((400, 12)) * 0.9 + np.where(truth, 0.5, -0.5)[:, None]).astype(np.float32)
    table = LabelTable.of([Item(str(row)) for row in range(400)], ["a"])
    gained = []
    for seed in range(5):
        known = table
        for value in (0, 1):
            known = known.tagged(rng.permutation(np.flatnonzero(truth == value))[:3], "a", value)
        accuracies = [
            ((train_network(known, points, chosen).chances(points)[:, 0] > 0.5) == truth).mean()
            for chosen in (NetworkSettings(seed=seed), NetworkSettings(seed=seed, unlabelled=1.0, sure=0.9, ratio=2))
        ]
        gained.append(accuracies[1] - accuracies[0])
    assert np.mean(gained) > 0


def moons(count=300, seed=0):
    """Two half circles that reach into each other, on a sphere, so that angles tell them apart."""
    rng = np.random.default_rng(seed)
    turn = np.pi * rng.random(count)
    which = np.arange(count) % 2
    x = np.where(which, 1 - np.cos(turn), np.cos(turn))
    y = np.where(which, 0.5 - np.sin(turn), np.sin(turn))
    flat = np.stack([x, y], axis=1) + rng.normal(0, 0.06, (count, 2))
    return np.concatenate([0.3 * flat, np.ones((count, 1))], axis=1).astype(np.float32), which


def test_labels_spread_along_two_moons_and_not_across():
    points, which = moons()
    table = LabelTable.of([Item(str(row)) for row in range(len(points))], ["a", "nothing"])
    for value in (0, 1):
        rows = np.flatnonzero(which == value)
        table = table.tagged(rows[np.argsort(points[rows, 0])][[15, 75, 135]], "a", value)
    said = propagated(table, points)
    assert ((said[:, 0] > 0.5) == which).mean() >= 0.95
    assert np.isnan(said[:, 1]).all()
    assert (said[table.tags[:, 0] == 1, 0] == 1).all(), "what people say stays"
    assert learn(table, points, Choice("propagation")).scores["a"]["accuracy"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"loss": "guess"},
        {"strata": "none"},
        {"smoothing": 0.5},
        {"hidden": (0,)},
        {"ratio": 0},
        {"sure": 0.1},
        {"rate": 0},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong):
    with pytest.raises(InvalidInputError):
        NetworkSettings(**wrong)
