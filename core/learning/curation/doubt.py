"""How unsure a model is of each item, from its chances: one number a row, more for what is less sure.

Chances are (n, C) in 0..1. Where classes do not exclude each other each is a coin of its own (`coin_entropy`); the
measures of many classes (Settles 2009, "Active Learning Literature Survey", section 3.1) look at shares, which add up
to 1.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

CLIP = 1e-5  # chances nearer to 0 or 1 are all as certain, as in patchwork
MU, SIGMA = 0.5, 0.2  # of the bell that weighs chances, Active-Labeler's
Floats = NDArray[np.float64]
Numbers = NDArray[np.floating]


def coin_entropy(chances: Numbers) -> Floats:
    """Bits of doubt of each class by itself, the same shape.

    >>> coin_entropy(np.array([0.5, 1.0])).round(3).tolist()
    [1.0, 0.0]
    """
    p = np.clip(np.asarray(chances, np.float64), CLIP, 1 - CLIP)
    return np.asarray(-p * np.log2(p) - (1 - p) * np.log2(1 - p))


def off_the_fence(chances: Numbers) -> Floats:
    """|p - 0.5|: 0 where a model cannot tell."""
    return np.abs(np.asarray(chances, np.float64) - 0.5)


def bell(chances: Numbers) -> Floats:
    """Weight of a chance under the normal curve around 0.5, up to a factor.

    >>> bell(np.array([0.5, 0.7])).round(3).tolist()
    [1.0, 0.607]
    """
    return np.asarray(np.exp(-((np.asarray(chances, np.float64) - MU) ** 2) / (2 * SIGMA**2)))


def shares(chances: Numbers) -> Floats:
    """(n, C) chances as shares that add up to 1; one class gets its opposite beside it.

    >>> shares(np.array([[0.25]])).tolist(), shares(np.array([[0.5, 0.5, 1.0]])).tolist()
    ([[0.25, 0.75]], [[0.25, 0.25, 0.5]])
    """
    p = np.asarray(chances, np.float64)
    if p.shape[1] == 1:
        return np.concatenate([p, 1 - p], axis=1)
    return np.asarray(p / np.maximum(p.sum(axis=1, keepdims=True), np.finfo(float).tiny))


def least_confidence(chances: Numbers) -> Floats:
    """1 - the share of the likeliest class."""
    return np.asarray(1 - shares(chances).max(axis=1))


def margin(chances: Numbers) -> Floats:
    """How little the likeliest class is ahead of the next, 0 at most."""
    ordered = np.sort(shares(chances), axis=1)
    return np.asarray(ordered[:, -2] - ordered[:, -1])


def entropy(chances: Numbers) -> Floats:
    """Shannon's, in nats, over all classes."""
    p = np.maximum(shares(chances), np.finfo(float).tiny)
    return np.asarray(-(p * np.log(p)).sum(axis=1))


def standardised(scores: Floats) -> Floats:
    """As standard deviations from the mean of the pool; zeros where all are alike."""
    deviation = scores.std()
    return np.zeros_like(scores) if deviation == 0 else (scores - scores.mean()) / deviation


MEASURES: Mapping[str, Callable[[Numbers], Floats]] = {
    "least confidence": least_confidence,
    "margin": margin,
    "entropy": entropy,
}
