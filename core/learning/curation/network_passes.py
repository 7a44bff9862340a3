"""Forwards and backwards through the layers of a small network: what each gives, and which way to change it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Layer = tuple[Numbers, Numbers]


def begun(widths: tuple[int, ...], rng: np.random.Generator) -> tuple[Layer, ...]:
    """Weights drawn at random, wider where fewer numbers come in (He et al. 2015, arXiv:1502.01852)."""
    pairs = zip(widths, widths[1:], strict=False)
    return tuple((rng.standard_normal((inner, outer)) * np.sqrt(2 / inner), np.zeros(outer)) for inner, outer in pairs)


def forward(
    layers: Sequence[Layer], batch: Numbers, *, normalise: bool, masks: list[Numbers] | None = None
) -> list[Numbers]:
    """What each layer is given, and at last what comes out, before the sigmoid."""
    seen = [batch]
    for place, (weights, offsets) in enumerate(layers):
        is_last = place == len(layers) - 1
        given = unit(seen[-1]) if normalise and is_last else seen[-1]
        out = given @ weights + offsets
        if not is_last:
            out = np.maximum(out, 0) * (1 if masks is None else masks[place])
        seen.append(out)
    return seen


def backward(
    layers: Sequence[Layer], seen: list[Numbers], slope: Numbers, masks: list[Numbers], *, normalise: bool
) -> list[Layer]:
    """The slopes of weights and offsets of each layer.

    seen : as `forward` gives it. slope : of what came out at last.
    """
    found: list[Layer] = []
    for place in range(len(layers) - 1, -1, -1):
        is_last = place == len(layers) - 1
        given = unit(seen[place]) if normalise and is_last else seen[place]
        found.append((given.T @ slope, slope.sum(axis=0)))
        slope = slope @ layers[place][0].T
        if normalise and is_last:
            slope = through_unit(slope, seen[place])
        if place:
            slope = slope * masks[place - 1] * (seen[place] > 0)
    return found[::-1]


def unit(given: Numbers) -> Numbers:
    """Of length root of the width, whatever it was."""
    return np.asarray(given * np.sqrt(given.shape[1]) / _lengths(given))


def through_unit(slope: Numbers, given: Numbers) -> Numbers:
    """The slope of what `unit` was given, from that of what it gave."""
    lengths = _lengths(given)
    direction = given / lengths
    across = slope - (slope * direction).sum(axis=1, keepdims=True) * direction
    return np.asarray(across * np.sqrt(given.shape[1]) / lengths)


def _lengths(given: Numbers) -> Numbers:
    return np.asarray(np.maximum(np.linalg.norm(given, axis=1, keepdims=True), 1e-6))


def sigmoid(out: Numbers) -> Numbers:
    """Chances; numbers beyond 40 are all as certain."""
    return np.asarray(1 / (1 + np.exp(-np.clip(out, -40, 40))))
