"""Which way and how far the weights go at each step: optimisers and the course of the learning rate."""

import math
from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch import nn

OPTIMISERS = ("AdamW", "Adam", "NAdam", "RAdam", "RMSprop", "SGD")
SCHEDULES = ("one cycle", "cosine", "steps", "constant")
MOMENTUM = 0.9
WARM_UP = 0.15  # of the training, until the rate of "one cycle" is at its peak
DROPS = (0.5, 0.75)  # of the training: where "steps" divides the rate by ten


def choose_optimiser(
    name: str, weights: Iterable[nn.Parameter], *, rate: float, weight_decay: float
) -> torch.optim.Optimizer:
    """One of `OPTIMISERS`."""
    makers: dict[str, Callable[..., torch.optim.Optimizer]] = {
        "AdamW": torch.optim.AdamW,
        "Adam": torch.optim.Adam,
        "NAdam": torch.optim.NAdam,
        "RAdam": torch.optim.RAdam,
        "RMSprop": torch.optim.RMSprop,
        "SGD": partial(torch.optim.SGD, momentum=MOMENTUM, nesterov=True),
    }
    return makers[name](weights, lr=rate, weight_decay=weight_decay)


def share_of_rate(name: str, done: float) -> float:
    """Of the learning rate, when `done` (0 to 1) of the training is behind us; `name` is one of `SCHEDULES`.

    "one cycle" climbs from a 25th, then falls along a cosine (Smith 2018, arXiv:1803.09820); "cosine" only falls
    (Loshchilov and Hutter 2017, arXiv:1608.03983).

    >>> [round(share_of_rate("one cycle", done), 2) for done in (0, 0.15, 0.575, 1)]
    [0.04, 1.0, 0.5, 0.0]
    >>> [round(share_of_rate("steps", done), 3) for done in (0, 0.5, 0.8)]
    [1.0, 0.1, 0.01]
    """
    if name == "one cycle" and done < WARM_UP:
        return _between(1 / 25, 1.0, done / WARM_UP)
    if name == "one cycle":
        return _between(1.0, 0.0, (done - WARM_UP) / (1 - WARM_UP))
    if name == "cosine":
        return _between(1.0, 0.0, done)
    if name == "steps":
        return float(10 ** -sum(done >= drop for drop in DROPS))
    return 1.0


def _between(first: float, last: float, way: float) -> float:
    """Along half a cosine."""
    return last + (first - last) * (1 + math.cos(math.pi * min(way, 1.0))) / 2
