"""What items without a label teach a small network: to agree with itself, and not to tell subsets apart.

FixMatch (Sohn et al. 2020, arXiv:2001.07685), adapted to classes that do not exclude each other: what the network is
sure of is the label of a harder view. Domain confusion, as in patchwork: the means of what the last layer is given,
one a subset, are drawn together (Tzeng et al. 2014, arXiv:1412.3474). Held-out and excluded items teach neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.learning.curation.network_losses import slopes_of
from core.learning.curation.network_passes import Layer, Numbers, backward, forward, sigmoid
from core.learning.curation.network_settings import NetworkSettings
from core.learning.curation.table import LabelTable

WEAK, STRONG, HIDDEN_SHARE = 0.05, 0.3, 0.3  # noise of the two views of an item, and numbers hidden in the strong one


@dataclass(frozen=True)
class Unlabelled:
    """scaled : (n, d) of the items that may teach without a label. domains : (n,) the place of each one's subset."""

    scaled: Numbers
    domains: NDArray[np.intp]

    @classmethod
    def of(cls, table: LabelTable, scaled: Numbers) -> "Unlabelled":
        free = ~table.validation & ~table.exclude
        _, domains = np.unique(np.array(table.subsets, str), return_inverse=True)
        return cls(scaled[free], domains[free])

    def added(
        self, layers: tuple[Layer, ...], slopes: list[Layer], settings: NetworkSettings, rng: np.random.Generator
    ) -> list[Layer]:
        """The slopes with what these items add; a weight of 0 draws nothing."""
        if settings.unlabelled > 0:
            slopes = _plus(slopes, self._agreeing(layers, settings, rng))
        if settings.confusion > 0 and settings.hidden:
            slopes = _plus(slopes, self._confused(layers, settings, rng))
        return slopes

    def _agreeing(
        self, layers: tuple[Layer, ...], settings: NetworkSettings, rng: np.random.Generator
    ) -> Sequence[Layer]:
        """What the network is sure of in a weak view is the label of a strong one."""
        batch = self.scaled[rng.integers(0, len(self.scaled), settings.batch * settings.ratio)]
        weak = batch + WEAK * rng.standard_normal(batch.shape)
        said = sigmoid(forward(layers, weak, normalise=settings.normalise)[-1])
        sure = (said >= settings.sure) | (said <= 1 - settings.sure)
        if not sure.any():
            return ()
        strong = (batch + STRONG * rng.standard_normal(batch.shape)) * (rng.random(batch.shape) >= HIDDEN_SHARE)
        labels = np.where(sure, said > 0.5, -1).astype(np.int8)
        share = settings.unlabelled * sure.mean()  # the mean is over all of the batch
        return _times(share, slopes_of(layers, strong, labels, settings, rng))

    def _confused(
        self, layers: tuple[Layer, ...], settings: NetworkSettings, rng: np.random.Generator
    ) -> Sequence[Layer]:
        """Of the layers before the last."""
        rows = rng.integers(0, len(self.scaled), 2 * settings.batch)
        seen = forward(layers, self.scaled[rows], normalise=settings.normalise)[:-1]
        slope = apart_slope(seen[-1], self.domains[rows]) * (seen[-1] > 0)
        masks = [np.ones(1) for _ in seen]
        return _times(settings.confusion, backward(layers[:-1], seen, slope, masks, normalise=False))


def apart_slope(given: Numbers, domains: NDArray[np.intp]) -> Numbers:
    """(n, k) slope of the squared distances between the means of the domains, summed over their pairs."""
    known = np.unique(domains)
    members = (domains[:, None] == known).astype(np.float64)
    shares = members / members.sum(axis=0)
    means = shares.T @ given
    return np.asarray(2 * shares @ (len(known) * means - means.sum(axis=0)))


def _times(weight: float, slopes: Sequence[Layer]) -> Sequence[Layer]:
    return [(weight * weights, weight * offsets) for weights, offsets in slopes]


def _plus(slopes: list[Layer], more: Sequence[Layer]) -> list[Layer]:
    """`more` may be of the first layers only."""
    added = [(one[0] + two[0], one[1] + two[1]) for one, two in zip(slopes, more, strict=False)]
    return [*added, *slopes[len(more) :]]
