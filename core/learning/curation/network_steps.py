"""How a small network goes from one step to the next: Adam or momentum, with weights that decay by themselves."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from core.learning.curation.network_settings import NetworkSettings

BETAS, TINY = (0.9, 0.999), 1e-8  # Adam's
Numbers = NDArray[np.float64]
Layer = tuple[Numbers, Numbers]
Moments = list[tuple[Numbers, Numbers]]


def resting(layers: Sequence[Layer]) -> Moments:
    """Before the first step."""
    return [(np.zeros_like(each), np.zeros_like(each)) for layer in layers for each in layer]


def stepped(
    layers: tuple[Layer, ...], slopes: list[Layer], moments: Moments, step: int, settings: NetworkSettings
) -> tuple[Layer, ...]:
    """One step with decoupled weight decay (Loshchilov and Hutter 2019); offsets do not decay.

    moments are changed in place.
    """
    updates = _adam if settings.optimiser == "adam" else _momentum
    flat = list(updates(slopes, moments, step))
    rate, decay = settings.rate_at(step), settings.decay
    return tuple(
        (weights - rate * (flat[2 * place] + decay * weights), offsets - rate * flat[2 * place + 1])
        for place, (weights, offsets) in enumerate(layers)
    )


def _adam(slopes: list[Layer], moments: Moments, step: int) -> Iterator[Numbers]:
    for slope, (first, second) in zip(_flat(slopes), moments, strict=True):
        first += (1 - BETAS[0]) * (slope - first)
        second += (1 - BETAS[1]) * (slope**2 - second)
        yield (first / (1 - BETAS[0] ** step)) / (np.sqrt(second / (1 - BETAS[1] ** step)) + TINY)


def _momentum(slopes: list[Layer], moments: Moments, _: int) -> Iterator[Numbers]:
    for slope, (first, _unused) in zip(_flat(slopes), moments, strict=True):
        first *= BETAS[0]
        first += slope
        yield first.copy()


def _flat(slopes: list[Layer]) -> Iterator[Numbers]:
    return (each for layer in slopes for each in layer)
