"""A small network over embeddings, in numpy alone: the head whose layers, loss and sampling people choose.

One network for all classes of a table. What nobody has said of an item gives no gradient (masked losses), what is held
out or excluded never teaches. Kept are the weights of the step that judged best on what is held out, or the last ones
where nothing is. Items without a label may teach too (`network_unlabelled.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.learning.curation.embeddings import Scale
from core.learning.curation.heads import Points, taught_classes
from core.learning.curation.nets import Net, net_of
from core.learning.curation.network_passes import Layer
from core.learning.curation.network_settings import NetworkSettings
from core.learning.curation.network_steps import resting, stepped
from core.learning.curation.network_unlabelled import Unlabelled
from core.learning.curation.portable import Portable, layers_part
from core.learning.curation.table import Chances, LabelTable, Tags

LOOK = 20  # steps between two looks at the loss
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Losses:
    """Mean loss at some steps. validation : on what was held out, None where nothing is. kept : the step whose weights
    were kept."""

    steps: tuple[int, ...] = ()
    training: tuple[float, ...] = ()
    validation: tuple[float | None, ...] = ()
    kept: int = 0


class Look(NamedTuple):
    """A network under way, and its losses; None where there is nothing to judge by."""

    step: int
    layers: tuple[Layer, ...]
    training: float | None
    validation: float | None


@dataclass(frozen=True)
class SmallNetwork:
    """classes : of the table. layers : weights and offsets of each. scale : of what it learned from. net : its layers'
    way of answering, by the settings.

    known : (C,) whether there was a positive and a negative to learn a class from.
    """

    classes: tuple[str, ...]
    layers: tuple[Layer, ...]
    scale: Scale
    net: Net
    settings: NetworkSettings
    known: NDArray[np.bool_]
    losses: Losses = field(default_factory=Losses)

    @property
    def parameters(self) -> int:
        """How many numbers were learned."""
        return sum(weights.size + offsets.size for weights, offsets in self.layers)

    def chances(self, points: Points) -> Chances:
        """(n, C) float32; NaN of the classes that had no positive or no negative to learn from."""
        said = self.net.chances(self.layers, _scaled(self.scale, points))
        return np.where(self.known, said, np.nan).astype(np.float32)

    def portable(self) -> Portable:
        """The same as plain arrays, of the classes it knows."""
        *before, (weights, offsets) = self.layers
        names = tuple(name for name, known in zip(self.classes, self.known, strict=True) if known)
        layers = [*before, (weights[:, self.known], offsets[self.known])]
        scale = self.scale.mean, self.scale.deviation
        part = layers_part(names, scale, layers, normalise=self.settings.normalise, spec=self.settings.spec)
        return Portable(self.classes, (part,))


def train_network(table: LabelTable, points: Points, settings: NetworkSettings) -> SmallNetwork:
    """Teach it. points : (n, d), an embedding of each row. Raises NotEnoughLabelsError where nothing can be learned."""
    known = np.isin(table.classes, taught_classes(table))
    rows = np.flatnonzero(table.training)
    tags = np.where(known, table.tags[rows], -1).astype(np.int8)
    scale = Scale.of(points[rows])
    scaled = _scaled(scale, points)
    held = np.flatnonzero(table.testing)
    judged = [(scaled[rows], tags), (scaled[held], np.where(known, table.tags[held], -1).astype(np.int8))]
    net = net_of(settings, Unlabelled.of(table, scaled))
    looks = [
        Look(step, layers, *(_loss(net, layers, *each) for each in judged))
        for step, layers in _taught(net, scaled[rows], tags, settings)
    ]
    kept = looks[-1] if looks[-1].validation is None else min(looks, key=lambda look: look.validation or 0.0)
    losses = Losses(
        tuple(look.step for look in looks),
        tuple(look.training or 0.0 for look in looks),
        tuple(look.validation for look in looks),
        kept.step,
    )
    return SmallNetwork(table.classes, kept.layers, scale, net, settings, known, losses)


def _scaled(scale: Scale, points: Points) -> Numbers:
    return scale.apply(points).astype(np.float64)


def row_weights(tags: Tags, strata: str) -> Numbers:
    """(n,) how often each row is drawn, 1 in all.

    A stratum is all rows with one answer to one class. "class": strata are drawn alike; "instance": by their size;
    "squareroot": by the root of it; then one of its rows, each alike (as patchwork does).
    """
    weights = np.zeros(len(tags))
    power = {"class": 0.0, "squareroot": 0.5, "instance": 1.0}[strata]
    for column in tags.T:
        for answer in (0, 1):
            members = column == answer
            if members.any():
                weights[members] += members.sum() ** (power - 1)
    return np.asarray(weights / weights.sum())


def _loss(net: Net, layers: tuple[Layer, ...], scaled: Numbers, tags: Tags) -> float | None:
    """Mean cross entropy of the known labels, whatever loss teaches; None where there is none."""
    if not (tags >= 0).any():
        return None
    said = net.chances(layers, scaled)
    right = np.clip(np.where(tags == 1, said, 1 - said)[tags >= 0], 1e-7, 1)
    return round(float(-np.log(right).mean()), 4)


def _taught(
    net: Net, scaled: Numbers, tags: Tags, settings: NetworkSettings
) -> Iterator[tuple[int, tuple[Layer, ...]]]:
    """The layers as they are now and then, and at the end."""
    rng = np.random.default_rng(settings.seed)
    layers = net.begun(scaled.shape[1], tags.shape[1], rng)
    weights = row_weights(tags, settings.strata)
    moments = resting(layers)
    for step in range(1, settings.steps + 1):
        drawn = rng.choice(len(tags), settings.batch, p=weights)
        slopes = net.slopes(layers, scaled[drawn], tags[drawn], rng)
        layers = stepped(layers, slopes, moments, step, settings)
        if step % LOOK == 0 or step == settings.steps:
            yield step, layers
