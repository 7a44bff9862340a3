"""What to label next: deterministic choices equal an oracle in Python, stochastic ones come as often as promised."""

import math

import numpy as np
import pytest
from scipy.stats import chisquare

from core.errors import InvalidInputError, NotEnoughLabelsError, NotFoundError
from core.learning.curation import spread
from core.learning.curation.filters import Filters
from core.learning.curation.pool import Pool
from core.learning.curation.sampling import choices, draw, draw_varied, find, refusal
from core.learning.curation.simulation import STRATEGIES, compared, needed, told
from core.learning.curation.table import Item, LabelTable

CLASSES = ("pore", "crack", "ring")
DRAWS = 4000


def random_pool(seed, count=60, classes=CLASSES):
    """Some rows tagged, held out or excluded; chances with ties; two-dimensional embeddings."""
    rng = np.random.default_rng(seed)
    shape = (count, len(classes))
    tags = np.where(rng.random(shape) < 0.8, -1, rng.integers(0, 2, shape)).astype(np.int8)
    chances = rng.integers(0, 21, shape).astype(np.float32) / 20
    flags = rng.random((2, count)) < 0.2
    items = tuple(Item(str(row)) for row in range(count))
    table = LabelTable(items, tuple(classes), tags, *flags, ("",) * count, chances)
    return Pool.of(table, Filters(), rng.standard_normal((count, 2)).astype(np.float32))


def bits(p):
    p = min(max(p, 1e-5), 1 - 1e-5)
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)


def portions(chances):
    total = sum(chances)
    return [each / max(total, 1e-300) for each in chances]


def nats(chances):
    return -sum(each * math.log(each) for each in portions(chances) if each > 0)


def fence(chances):
    return min(abs(each - 0.5) for each in chances)


SCORES = {
    "max entropy": lambda chances: max(map(bits, chances)),
    "maxent: crack": lambda chances: bits(chances[1]),
    "highest: ring": lambda chances: chances[2],
    "lowest: ring": lambda chances: -chances[2],
    "positive: pore": lambda chances: chances[0],
    "uncertainty: pore": lambda chances: -abs(chances[0] - 0.5),
    "uncertainty": lambda chances: -fence(chances),
    "least_confidence": lambda chances: 1 - max(portions(chances)),
    "margin_based": lambda chances: sorted(portions(chances))[-2] - sorted(portions(chances))[-1],
    "entropy_based": nats,
}


@pytest.mark.parametrize("name", SCORES)
def test_deterministic_choices_equal_the_oracle_on_random_tables(name):
    for seed in range(15):
        pool = random_pool(seed)
        rows = np.flatnonzero(pool.among).tolist()
        told = {row: SCORES[name]([float(each) for each in pool.table.chances[row]]) for row in rows}
        expected = sorted(rows, key=lambda row: (-round(told[row], 9), row))[:9]
        found = draw(pool, name, 9).tolist()
        assert [round(told[row], 9) for row in found] == [round(told[row], 9) for row in expected]
        if name not in ("entropy_based", "least_confidence", "margin_based"):  # whose rounding may part equals
            assert found == expected


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_balanced_takes_the_middle_and_as_many_below_as_above(count):
    for seed in range(10):
        pool = random_pool(seed, classes=("pore",))
        rows = np.flatnonzero(pool.among).tolist()
        p = {row: float(pool.table.chances[row, 0]) for row in rows}
        order = sorted(rows, key=lambda row: (p[row], row))
        middle = min(range(len(order)), key=lambda place: abs(p[order[place]] - 0.5))
        half = (count - 1) // 2
        expected = set(order[max(middle - half, 0) : middle + half + 1])
        assert set(draw(pool, "uncertainty_balanced", count).tolist()) == expected


def first_drawn(pool, name):
    """How often each row of the pool comes first."""
    rows = np.flatnonzero(pool.among)
    firsts = [draw(pool, name, 2, seed=seed)[0] for seed in range(DRAWS)]
    return np.array([firsts.count(row) for row in rows])


WEIGHTS = {
    "random": lambda p: np.ones_like(p),
    "high: pore": lambda p: p**4,
    "low: pore": lambda p: (1 - p) ** 4,
    "guassian": lambda p: np.exp(-((p - 0.5) ** 2) / (2 * 0.2**2)),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_stochastic_choices_come_as_often_as_their_weights_promise(name):
    chances = np.array([[0.0], [0.3], [0.5], [0.62], [0.8], [0.95]], np.float32)
    table = LabelTable.of([Item(str(row)) for row in range(len(chances))], ["pore"]).with_chances(chances)
    weights = WEIGHTS[name](chances[:, 0].astype(float))
    expected = DRAWS * weights / weights.sum()
    counts, told = first_drawn(Pool.of(table, Filters()), name), expected > 5
    rest = [(~told).any()] * 1
    seen = np.append(counts[told], [counts[~told].sum()] * sum(rest))
    promised = np.append(expected[told], [expected[~told].sum()] * sum(rest))
    keep = promised > 0
    assert seen[~keep].sum() == 0
    assert chisquare(seen[keep], promised[keep]).pvalue > 0.001


def test_second_draws_of_a_weighted_choice_are_those_of_an_urn():
    chances = np.array([[0.2], [0.5], [0.9]], np.float32)
    table = LabelTable.of([Item(str(row)) for row in range(3)], ["pore"]).with_chances(chances)
    pairs = [tuple(draw(Pool.of(table, Filters()), "high", 2, seed=seed)) for seed in range(DRAWS)]
    weights = chances[:, 0].astype(float) ** 4
    first = weights / weights.sum()
    expected = {
        (a, b): first[a] * weights[b] / (weights.sum() - weights[a]) for a in range(3) for b in range(3) if a != b
    }
    common = [pair for pair, chance in expected.items() if chance * DRAWS > 5]
    seen = [pairs.count(pair) for pair in common]
    wanted = np.array([expected[pair] for pair in common])
    rest = DRAWS - sum(seen)
    assert chisquare([*seen, rest], DRAWS * np.append(wanted, 1 - wanted.sum())).pvalue > 0.001


@pytest.mark.parametrize("seed", range(3))
def test_every_choice_draws_from_the_pool_alone_none_twice_and_again_the_same(seed):
    pool = random_pool(seed)
    allowed = set(np.flatnonzero(pool.among).tolist())
    for name in choices(pool.table):
        found = draw(pool, name, 7, seed=5).tolist()
        assert found and set(found) <= allowed and len(set(found)) == len(found) <= 7, name
        assert found == draw(pool, name, 7, seed=5).tolist(), name
        assert len(draw(pool, name, 1000)) <= len(allowed)


def test_spread_choices_lie_farther_apart_and_away_from_what_is_labelled():
    rng = np.random.default_rng(0)
    cloud = np.concatenate([rng.normal(0, 0.2, (180, 2)), rng.normal(5, 0.2, (20, 2))]).astype(np.float32)
    table = LabelTable.of([Item(str(row)) for row in range(200)], ["pore"]).tagged(np.arange(100), "pore", 1)
    pool = Pool.of(table.with_chances(np.full((200, 1), 0.6, np.float32)), Filters(), cloud)
    far = {
        name: sum((draw(pool, name, 4, seed=seed) >= 180).any() for seed in range(30)) for name in ("random", "BADGE")
    }
    assert far["BADGE"] == 30 > far["random"]
    assert all((draw(pool, name, 2) >= 180).any() for name in ("k-centre", "clusters"))


def test_the_distances_of_badge_are_those_of_gradients_written_out():
    rng = np.random.default_rng(1)
    points, chances = rng.standard_normal((9, 4)).astype(np.float32), rng.random((9, 3)).astype(np.float32)
    errors = chances - (chances >= 0.5)
    gradients = np.einsum("nc,nd->ncd", errors, points).reshape(9, -1)
    expected = ((gradients[:, None] - gradients[None]) ** 2).sum(axis=2)
    found = spread.of_gradients(points, chances).distances(np.arange(9))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_k_means_seeding_draws_as_often_as_the_squared_distance_promises():
    points = np.array([[0.0], [1.0], [2.0], [3.0]], np.float32)
    among, seen = np.array([1, 2, 3]), np.array([0])
    likeness = spread.of_points(points)
    firsts = [
        spread.scattered(likeness, among=among, seen=seen, count=1, rng=np.random.default_rng(seed))[0]
        for seed in range(DRAWS)
    ]
    promised = DRAWS * np.array([1, 4, 9]) / 14
    assert chisquare([firsts.count(row) for row in among], promised).pvalue > 0.001


def test_k_centre_equals_the_greedy_oracle():
    for seed in range(10):
        pool = random_pool(seed)
        table, points = pool.table, pool.points.astype(float)
        centres = np.flatnonzero((table.has_tag | table.exclude) & ~pool.among).tolist()
        left, expected = np.flatnonzero(pool.among).tolist(), []
        for _ in range(6):
            row = max(left, key=lambda row: min(((points[row] - points[each]) ** 2).sum() for each in centres))
            expected.append(row), centres.append(row), left.remove(row)
        assert draw(pool, "coreset", 6).tolist() == expected


def test_proximity_moves_on_from_the_centroid_of_the_first_ten():
    pool = random_pool(3, count=80)
    rows = np.flatnonzero(pool.among)
    found = draw_varied(pool, "margin_based", "iterative_proximity_sampling", 14)
    first = draw_varied(pool, "margin_based", "pick_top_n", 10)
    assert found[:10].tolist() == first.tolist() == draw(pool, "margin", 10).tolist()
    p = np.array([portions(pool.table.chances[row].tolist()) for row in rows])
    ordered = np.sort(p, axis=1)
    doubt = ordered[:, -2] - ordered[:, -1]
    doubt = (doubt - doubt.mean()) / doubt.std()
    centre = pool.points[first].mean(axis=0)
    distance = np.linalg.norm(pool.points[rows] - centre, axis=1)
    scores = doubt + (distance - distance.min()) / (distance.max() - distance.min()) * 0.6 - 0.3
    scores[np.isin(rows, first)] = -1000
    assert set(found[10:].tolist()) == set(rows[np.argsort(-scores, kind="stable")[:4]].tolist())


def test_two_steps_of_doubt_and_diversity_have_every_name_of_active_labeler():
    pool = random_pool(4)
    for measure in ("least_confidence", "margin_based", "entropy_based", "random_sampling"):
        for diversity in ("pick_top_n", "iterative_proximity_sampling", "clustering_sampling", "random_sampling"):
            found = draw_varied(pool, measure, diversity, 12, seed=1)
            assert len(set(found.tolist())) == len(found) == 12 and pool.among[found].all()
    with pytest.raises(InvalidInputError, match="guesswork"):
        draw_varied(pool, "guesswork", "pick_top_n", 3)
    with pytest.raises(InvalidInputError, match="guesswork"):
        draw_varied(pool, "entropy", "guesswork", 3)


def test_what_rests_on_a_model_or_on_embeddings_is_refused_with_the_reason_until_there_are_any():
    pool = Pool.of(LabelTable.of([Item("a"), Item("b")], ["pore"]), Filters())
    assert "model" in refusal(pool, "max entropy")
    assert "embeddings" in refusal(pool, "diversity")
    assert refusal(pool, "random") == ""
    with pytest.raises(InvalidInputError, match="Train one"):
        draw(pool, "highest: pore", 1)
    half = pool.table.with_chances(np.array([[np.nan], [0.5]], np.float32))
    assert draw(Pool.of(half, Filters()), "highest: pore", 5).tolist() == [1]


def test_names_that_there_are_not_are_told():
    table = LabelTable.of([Item("a")], ["pore"])
    with pytest.raises(InvalidInputError, match="best"):
        find("best", table)
    with pytest.raises(NotFoundError, match="crack"):
        find("high: crack", table)
    assert find("maxent pore", table) == find("maxent: pore", table)


def test_known_labels_tell_which_strategy_would_have_needed_fewer_of_them():
    rng = np.random.default_rng(0)
    truth = np.arange(120) % 2 == 0
    points = rng.standard_normal((120, 3)).astype(np.float32) + np.where(truth, 1.5, -1.5)[:, None].astype(np.float32)
    table = LabelTable.of([Item(str(row)) for row in range(120)], ["other", "a"])
    for value in (0, 1):
        table = table.tagged(truth == value, "a", value)
    table = table.excluded(np.arange(5)).held_out(np.arange(5, 35))
    found = list(compared(table, points, "a", seeds=1, strategies=STRATEGIES[:2]))
    assert [strategy for strategy, *_ in found] == list(STRATEGIES[:2])
    for _, _, curve in found:
        counts = sorted(int(key) for key in curve if key != "all")
        assert (counts[0], counts[-1] <= 85) == (8, True), "neither excluded nor held-out items are ever asked about"
        assert curve["all"] > 0.9
    told_first, *_ = told({strategy: [curve] for strategy, _, curve in found})
    assert told_first["needed"] == min(needed(curve) for *_, curve in found)
    with pytest.raises(NotEnoughLabelsError):
        list(compared(table, points, "other", seeds=1))
