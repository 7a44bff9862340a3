"""What a small network is taught by: losses over known labels alone, and their slopes through its layers."""

import numpy as np

from core.learning.curation.network_passes import Layer, Numbers, backward, forward, sigmoid
from core.learning.curation.network_settings import NetworkSettings
from core.learning.curation.table import Tags


def gradient(said: Numbers, tags: Tags, settings: NetworkSettings) -> Numbers:
    """Of the mean loss over known labels, by the numbers before the sigmoid; 0 where a label is missing.

    said : (n, C) chances. The focal loss is that of Lin et al. 2017 (arXiv:1708.02002).
    """
    present = tags >= 0
    truth = np.where(present, tags, 0) * (1 - settings.smoothing) + settings.smoothing / 2
    if settings.loss == "focal":
        yes, no = _focal(said, settings.gamma), -_focal(1 - said, settings.gamma)
        slope = truth * yes + (1 - truth) * no
    else:
        slope = said - truth
    return np.asarray(np.where(present, slope, 0) / max(int(present.sum()), 1))


def _focal(said: Numbers, gamma: float) -> Numbers:
    """The slope for a label of 1."""
    kept = np.clip(said, 1e-7, 1 - 1e-7)
    return np.asarray(gamma * kept * (1 - kept) ** gamma * np.log(kept) - (1 - kept) ** (gamma + 1))


def slopes_of(
    layers: tuple[Layer, ...], batch: Numbers, tags: Tags, settings: NetworkSettings, rng: np.random.Generator
) -> list[Layer]:
    """Of the loss over a batch, numbers left out at random."""
    masks = [
        (rng.random((len(batch), width)) >= settings.dropout) / (1 - settings.dropout) for width in settings.hidden
    ]
    seen = forward(layers, batch, normalise=settings.normalise, masks=masks)
    return backward(layers, seen, gradient(sigmoid(seen[-1]), tags, settings), masks, normalise=settings.normalise)
