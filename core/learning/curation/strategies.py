"""Every way to choose, by name: the sorts of patchwork and the strategies of Active-Labeler.

Each answers a question (`pool.py`) with rows. `doubt.py` and `spread.py` have the mathematics, `sampling.py` is the
door.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from core.learning.curation import doubt, spread
from core.learning.curation.doubt import Floats
from core.learning.curation.pool import Question
from core.learning.curation.table import Rows

PROJECTION = 64  # numbers that diversity compares
WEIGHT = 4  # power of a chance, patchwork's


@dataclass(frozen=True)
class Strategy:
    """pick : what answers a question. model, points : whether it needs chances, or embeddings.

    one_class : whether it can be asked of a single class. words : what it is for, as people read it.
    """

    pick: Callable[[Question], Rows]
    words: str
    model: bool = False
    points: bool = False
    one_class: bool = False


def at_random(question: Question) -> Rows:
    """Every row with the same chance, none twice."""
    return np.asarray(question.rng.permutation(question.rows)[: question.count])


def _unsurest(question: Question) -> Floats:
    """(m,) the chance of the class named, else of that of which the model is least sure."""
    chances = question.chances.astype(np.float64)
    least = doubt.off_the_fence(chances).argmin(axis=1)
    return np.asarray(np.take_along_axis(chances, least[:, None], axis=1)[:, 0])


def _likeliest(question: Question) -> Floats:
    return np.asarray(question.chances.max(axis=1), np.float64)


def _balanced(question: Question) -> Rows:
    """The one nearest 0.5, then as many right below as right above it; fewer at an end."""
    p = _unsurest(question)
    order = np.argsort(p, kind="stable")
    middle, half = int(np.argmin(doubt.off_the_fence(p[order]))), (question.count - 1) // 2
    below, above = order[max(middle - half, 0) : middle], order[middle + 1 : middle + 1 + half]
    return np.asarray(question.rows[np.concatenate([order[[middle]], below[::-1], above])])


def _badge(question: Question) -> Rows:
    said = question.pool.table.chances
    assert said is not None, "checked by draw"
    chances = np.nan_to_num(said if question.named is None else said[:, [question.named]], nan=0.5)
    return _scattered(question, spread.of_gradients(question.points, chances))


def _diverse(question: Question) -> Rows:
    return _scattered(question, spread.of_points(spread.projected(question.points, PROJECTION, question.rng)))


def _scattered(question: Question, likeness: spread.Likeness) -> Rows:
    return spread.scattered(likeness, among=question.rows, seen=question.seen, count=question.count, rng=question.rng)


def _centres(question: Question) -> Rows:
    likeness = spread.of_points(question.points)
    return spread.k_centre(likeness, among=question.rows, seen=question.seen, count=question.count)


def _clusters(question: Question) -> Rows:
    return spread.one_a_cluster(
        question.points, among=question.rows, count=question.count, seed=question.seed, rng=question.rng
    )


def proximity(question: Question, scores: Floats) -> Rows:
    """Scores are standardised doubt, (m,)."""
    return question.rows[spread.by_proximity(question.points[question.rows], scores, question.count)]


def clustering(question: Question, scores: Floats) -> Rows:
    """Scores are doubt, (m,)."""
    points = question.points[question.rows]
    return question.rows[spread.by_cluster(points, scores, question.count, seed=question.seed)]


def _measure(name: str) -> Callable[[Question], Rows]:
    return lambda question: question.first(doubt.MEASURES[name](question.chances))


def _by_measure_and(vary: Callable[[Question, Floats], Rows]) -> Callable[[Question], Rows]:
    return lambda question: vary(question, doubt.standardised(doubt.entropy(question.chances)))


STRATEGIES: Mapping[str, Strategy] = {
    "random": Strategy(at_random, "any, all alike"),
    "max entropy": Strategy(
        lambda asked: asked.first(doubt.coin_entropy(asked.chances).max(axis=1)),
        "of any class the least sure",
        model=True,
    ),
    "maxent": Strategy(
        lambda asked: asked.first(doubt.coin_entropy(asked.chances).max(axis=1)),
        "of this class the least sure",
        model=True,
        one_class=True,
    ),
    "highest": Strategy(lambda asked: asked.first(_likeliest(asked)), "the likeliest", model=True, one_class=True),
    "lowest": Strategy(lambda asked: asked.first(-_likeliest(asked)), "the unlikeliest", model=True, one_class=True),
    "high": Strategy(
        lambda asked: asked.by_weight(_likeliest(asked) ** WEIGHT),
        "drawn, the likely ones more often: for hard negatives",
        model=True,
        one_class=True,
    ),
    "low": Strategy(
        lambda asked: asked.by_weight((1 - _likeliest(asked)) ** WEIGHT),
        "drawn, the unlikely ones more often",
        model=True,
        one_class=True,
    ),
    "uncertainty": Strategy(
        lambda asked: asked.first(-doubt.off_the_fence(_unsurest(asked))), "nearest to 50 %", model=True, one_class=True
    ),
    "gaussian": Strategy(
        lambda asked: asked.by_weight(doubt.bell(_unsurest(asked))),
        "drawn, those near 50 % more often",
        model=True,
        one_class=True,
    ),
    "balanced": Strategy(_balanced, "around 50 %, as many below as above", model=True, one_class=True),
    "positive": Strategy(lambda asked: asked.first(_likeliest(asked)), "the likeliest", model=True, one_class=True),
    "least confidence": Strategy(_measure("least confidence"), "the likeliest class is unlikely", model=True),
    "margin": Strategy(_measure("margin"), "two classes are all but as likely", model=True),
    "entropy": Strategy(_measure("entropy"), "many classes are possible", model=True),
    "BADGE": Strategy(_badge, "unsure, and each for another reason", model=True, points=True, one_class=True),
    "proximity": Strategy(_by_measure_and(proximity), "unsure, then far from those chosen", model=True, points=True),
    "clustering": Strategy(_by_measure_and(clustering), "unsure, of three groups", model=True, points=True),
    "diversity": Strategy(_diverse, "drawn, those unlike what is labelled more often", points=True),
    "k centre": Strategy(_centres, "the most unlike what is labelled", points=True),
    "clusters": Strategy(_clusters, "one of each group", points=True),
}
ONLY_OF_CLASSES = ("maxent", "highest", "lowest", "high", "low")  # offered class by class
OF_CLASSES = tuple(name for name, strategy in STRATEGIES.items() if strategy.one_class)
ALIASES: Mapping[str, str] = {
    "guassian": "gaussian",
    "random sampling": "random",
    "uncertainty balanced": "balanced",
    "margin based": "margin",
    "entropy based": "entropy",
    "k center": "k centre",
    "coreset": "k centre",
    "badge": "BADGE",
    "pick top n": "top",
    "iterative proximity sampling": "proximity",
    "clustering sampling": "clustering",
}
VARIED: Mapping[str, Callable[[Question, Floats], Rows]] = {
    "top": lambda question, scores: question.first(scores),
    "proximity": proximity,
    "clustering": clustering,
}
