"""What each strategy would have been worth: known labels are hidden, and given back a few at a time as it asks.

Nothing new is asked of people. Every step teaches a forest anew and judges it on items kept apart, which are never
asked about.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import NotEnoughLabelsError
from core.learning.curation.filters import Filters
from core.learning.curation.heads import Points, train_heads
from core.learning.curation.pool import Pool
from core.learning.curation.table import Bools, LabelTable, Rows

STRATEGIES = ("random", "uncertainty", "gaussian", "balanced", "BADGE", "k centre", "diversity", "proximity")
TESTED = 0.3  # of the items, where nothing is held out
STEPS = 12  # until all labels are known
LEAST = 12  # labels; with fewer there is nothing to compare
ENOUGH = 0.95  # of the accuracy with all labels
ALL = "all"  # beside the numbers of labels: the accuracy with every one
Curve = Mapping[str, float]


@dataclass(frozen=True)
class Plan:
    """How many labels there are at first, how many each step adds, and how many it ends with at most."""

    first: int = 10
    step: int = 10
    most: int = 150


def compared(
    full: LabelTable, points: Points, name: str, *, seeds: int, strategies: Sequence[str] = STRATEGIES
) -> Iterator[tuple[str, int, Curve]]:
    """Strategy, seed and learning curve of one class, one after the other.

    Judged on the held-out items, or, where they have not both answers, on some drawn at random.
    Raises NotEnoughLabelsError.
    """
    column = full.place(name)
    rows = np.flatnonzero((full.tags[:, column] >= 0) & ~full.exclude)
    known = _of_class(full.taken(rows), name)
    for seed in range(seeds):
        tested = _tested(known, np.random.default_rng(seed))
        plan = _plan(int((~tested).sum()))
        for strategy in strategies:
            rng = np.random.default_rng(seed)
            yield strategy, seed, learning_curve(known, points[rows], tested, strategy, plan, rng=rng, seed=seed)


def learning_curve(
    full: LabelTable,
    points: Points,
    tested: Bools,
    strategy: str,
    plan: Plan,
    *,
    rng: np.random.Generator,
    seed: int,
) -> Curve:
    """{labels: accuracy} on the items kept apart, and {"all": that with every label}.

    full : one class, every item tagged, none held out. tested : (n,) kept apart. rng : draws the first labels.
    """
    truth = full.tags[:, 0] == 1
    curve = {ALL: accuracy(full.excluded(tested), points, truth, tested)}
    table = _known(full, _first(truth, ~tested, plan.first, rng))
    while (count := int(table.has_tag.sum())) <= min(plan.most, int((~tested).sum())):
        said = train_heads(table, points).chances(points)
        curve[str(count)] = _right(said[tested, 0], truth[tested])
        pool = Pool.of(table.with_chances(said).excluded(tested), Filters(), points)
        chosen = _asked(pool, strategy, plan.step, seed=1000 * seed + count)
        if not len(chosen):
            break
        table = _known(full, np.concatenate([np.flatnonzero(table.has_tag), chosen]))
    return {key: round(value, 4) for key, value in curve.items()}


def accuracy(table: LabelTable, points: Points, truth: Bools, tested: Bools) -> float:
    """Of what the table teaches, on the items kept apart."""
    return _right(train_heads(table, points).chances(points)[tested, 0], truth[tested])


def needed(curve: Curve) -> float:
    """Labels until 95 % of the accuracy with all of them is reached; infinite where it is not.

    >>> needed({"all": 1.0, "10": 0.9, "20": 0.96})
    20.0
    """
    counts = sorted(int(key) for key in curve if key != ALL)
    reached = (float(count) for count in counts if curve[str(count)] >= ENOUGH * curve[ALL])
    return next(reached, float("inf"))


def told(curves: Mapping[str, Sequence[Curve]]) -> list[dict[str, object]]:
    """As JSON: {strategy, points: [[labels, mean accuracy]], needed}, the one that needs fewest labels first.

    needed : mean over the seeds, None where one of them never gets there.
    """
    found = [_told(strategy, of_strategy) for strategy, of_strategy in curves.items()]
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]


def _told(strategy: str, curves: Sequence[Curve]) -> tuple[float, dict[str, object]]:
    counts = sorted({int(key) for curve in curves for key in curve if key != ALL})
    points = [[count, round(float(np.mean([_reached(curve, count) for curve in curves])), 4)] for count in counts]
    mean = float(np.mean([needed(curve) for curve in curves]))
    return mean, {"strategy": strategy, "points": points, "needed": round(mean) if np.isfinite(mean) else None}


def _reached(curve: Curve, count: int) -> float:
    """With at most so many labels: a strategy may ask about one less than another."""
    return curve[str(max(int(key) for key in curve if key != ALL and int(key) <= count))]


def _asked(pool: Pool, strategy: str, count: int, *, seed: int) -> Rows:
    from core.learning.curation.sampling import draw  # late: scikit-learn takes a second

    return draw(pool, strategy, count, seed=seed)


def _of_class(table: LabelTable, name: str) -> LabelTable:
    for other in [each for each in table.classes if each != name]:
        table = table.without_class(other)
    return table.with_chances(None)


def _tested(known: LabelTable, rng: np.random.Generator) -> Bools:
    """The held-out items, or some of each answer where they have not both."""
    held = known.validation
    truth = known.tags[:, 0] == 1
    if len(known) < LEAST or min(truth.sum(), (~truth).sum()) < 4:
        raise NotEnoughLabelsError(f"{len(known)} labels are too few to compare strategies.", f"Tag {LEAST} or more.")
    if truth[held].any() and not truth[held].all() and len(set(truth[~held].tolist())) == 2:
        return np.asarray(held)
    apart = np.zeros(len(known), bool)
    for answer in (truth, ~truth):
        rows = rng.permutation(np.flatnonzero(answer))
        apart[rows[: max(round(TESTED * len(rows)), 1)]] = True
    return apart


def _plan(count: int) -> Plan:
    step = -(-count // STEPS)
    return Plan(max(step, 4), step, count)


def _first(truth: Bools, among: Bools, count: int, rng: np.random.Generator) -> Rows:
    """At random, both answers among them."""
    while True:
        rows = rng.permutation(np.flatnonzero(among))[:count]
        if 0 < truth[rows].sum() < len(rows):
            return np.asarray(rows)


def _known(full: LabelTable, rows: Rows) -> LabelTable:
    """The table with the tags of these rows alone."""
    table, name = LabelTable.of(full.items, full.classes), full.classes[0]
    for value in (0, 1):
        table = table.tagged(rows[full.tags[rows, 0] == value], name, value)
    return table


def _right(said: np.ndarray, truth: Bools) -> float:
    return float(((said >= 0.5) == truth).mean())
