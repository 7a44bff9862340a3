"""How good heads are on what was held out: per class, with an interval that says how much so few items can tell."""

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv

from core.learning.curation.heads import held_out_rows, teaching_rows
from core.learning.curation.table import Chances, LabelTable, Rows

PRIOR = 5.0  # of the beta distribution: five right and five wrong ones before the first, as in patchwork
MASS = 0.9  # of the interval
THRESHOLD = 0.5
BINS = 15  # of the histograms, as in patchwork


@dataclass(frozen=True)
class ClassScores:
    """Of one class on some rows; every number but the counts is 0 to 1, NaN where it cannot be said.

    auc : chance that a positive is ranked above a negative. low, high : the interval that holds the accuracy with a
    chance of 90 %. base_rate : accuracy of always giving the commoner answer. better : chance to be above it.
    """

    count: int
    positive: int
    auc: float
    accuracy: float
    precision: float
    recall: float
    f1: float
    low: float
    high: float
    base_rate: float
    better: float

    def told(self) -> dict[str, float | None]:
        """As JSON, which has no NaN."""
        return {name: value if math.isfinite(value) else None for name, value in asdict(self).items()}


def score(table: LabelTable, chances: Chances, name: str, *, validation: bool = True) -> ClassScores:
    """On the rows held out, or on those that taught. chances : (n, C), as heads give them."""
    rows = held_out_rows(table, name) if validation else teaching_rows(table, name)
    return score_rows(table, chances, name, rows)


def score_rows(table: LabelTable, chances: Chances, name: str, rows: Rows) -> ClassScores:
    """On these rows, which have a tag of the class; those without a chance do not count."""
    said = chances[rows, table.place(name)]
    truth = table.tags[rows, table.place(name)] == 1
    return score_answers(truth[~np.isnan(said)], said[~np.isnan(said)])


def score_answers(truth: NDArray[np.bool_], said: NDArray[np.floating]) -> ClassScores:
    """truth : (k,) what is. said : (k,) how likely that was thought."""
    answers = said >= THRESHOLD
    right, hits = int((answers == truth).sum()), int((answers & truth).sum())
    count, positive, found = len(truth), int(truth.sum()), int(answers.sum())
    low, high = accuracy_interval(right, count)
    base = _ratio(max(positive, count - positive), count)
    return ClassScores(
        count,
        positive,
        auc=_auc(truth, said),
        accuracy=_ratio(right, count),
        precision=_ratio(hits, found),
        recall=_ratio(hits, positive),
        f1=_ratio(2 * hits, found + positive),
        low=low,
        high=high,
        base_rate=base,
        better=float(1 - betainc(right + PRIOR, count - right + PRIOR, base)) if count else float("nan"),
    )


def accuracy_interval(right: int, count: int) -> tuple[float, float]:
    """Where the true accuracy lies with a chance of 90 %, from `right` of `count`; wide for few.

    >>> [round(end, 2) for end in accuracy_interval(9, 10)]
    [0.52, 0.85]
    """
    ends = betaincinv(right + PRIOR, count - right + PRIOR, [(1 - MASS) / 2, (1 + MASS) / 2])
    return float(ends[0]), float(ends[1])


def histogram(said: NDArray[np.floating]) -> NDArray[np.int64]:
    """(15,) how many chances lie in each fifteenth of 0..1; NaN do not count."""
    return np.asarray(np.histogram(said[~np.isnan(said)], BINS, (0, 1))[0], np.int64)


def _auc(truth: NDArray[np.bool_], said: NDArray[np.floating]) -> float:
    from sklearn.metrics import roc_auc_score  # heavy: the app starts without it

    both = truth.any() and not truth.all()
    return float(roc_auc_score(truth, said)) if both else float("nan")


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
