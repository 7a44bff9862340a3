"""The two kinds of small network that people choose: dense layers over rows of numbers, convolutions over grids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.learning.curation.convnet_passes import Convnet
from core.learning.curation.convnet_spec import read_spec
from core.learning.curation.encoders import GRID
from core.learning.curation.network_losses import gradient, slopes_of
from core.learning.curation.network_passes import Layer, Numbers, begun, forward, sigmoid
from core.learning.curation.network_settings import NetworkSettings
from core.learning.curation.network_unlabelled import Unlabelled
from core.learning.curation.table import Tags

Layers = tuple[Layer, ...]


class Net(Protocol):
    """Its layers are kept beside it; the last one is linear."""

    def begun(self, width: int, classes: int, rng: np.random.Generator) -> Layers:
        """Before it has learned. width : numbers of an item."""
        ...

    def chances(self, layers: Sequence[Layer], scaled: Numbers) -> Numbers:
        """(n, d) standardised -> (n, classes)."""
        ...

    def slopes(self, layers: Layers, scaled: Numbers, tags: Tags, rng: np.random.Generator) -> list[Layer]:
        """Of the loss over a batch; tags : (n, classes), -1 where nobody has said."""
        ...


@dataclass(frozen=True)
class Dense:
    """unlabelled : items that may teach without a label."""

    settings: NetworkSettings
    unlabelled: Unlabelled

    def begun(self, width: int, classes: int, rng: np.random.Generator) -> Layers:
        return begun((width, *self.settings.hidden, classes), rng)

    def chances(self, layers: Sequence[Layer], scaled: Numbers) -> Numbers:
        return sigmoid(forward(layers, scaled, normalise=self.settings.normalise)[-1])

    def slopes(self, layers: Layers, scaled: Numbers, tags: Tags, rng: np.random.Generator) -> list[Layer]:
        slopes = slopes_of(layers, scaled, tags, self.settings, rng)
        return self.unlabelled.added(layers, slopes, self.settings, rng)


@dataclass(frozen=True)
class Convolving:
    """Of items that are flattened grids."""

    settings: NetworkSettings

    @property
    def _head(self) -> Convnet:
        return Convnet(read_spec(self.settings.spec), self.settings.normalise)

    def begun(self, width: int, classes: int, rng: np.random.Generator) -> Layers:
        return self._head.begun(width // GRID**2, classes, self.settings.kernel, rng)

    def chances(self, layers: Sequence[Layer], scaled: Numbers) -> Numbers:
        return sigmoid(self._head.answers(layers, scaled))

    def slopes(self, layers: Layers, scaled: Numbers, tags: Tags, rng: np.random.Generator) -> list[Layer]:
        said, back = self._head.forward(layers, scaled, dropout=self.settings.dropout, rng=rng)
        return back(gradient(sigmoid(said), tags, self.settings))[1]


def net_of(settings: NetworkSettings, unlabelled: Unlabelled) -> Net:
    """One that convolves where there is a spec of it."""
    return Convolving(settings) if settings.spec else Dense(settings, unlabelled)
