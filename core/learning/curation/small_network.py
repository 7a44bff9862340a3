"""A small network over embeddings, in numpy alone: the head whose loss and sampling people choose.

One network for all classes of a table. What nobody has said of an item gives no gradient (masked losses), what is held
out or excluded never teaches, and items without a label may teach too where the network is sure of them (FixMatch,
Sohn et al. 2020, arXiv:2001.07685, adapted to classes that do not exclude each other).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.learning.curation.embeddings import Scale
from core.learning.curation.heads import Points, taught_classes
from core.learning.curation.table import Chances, LabelTable, Tags

LOSSES = ("cross entropy", "focal")
STRATA = ("class", "instance", "squareroot")
WEAK, STRONG, HIDDEN_SHARE = 0.05, 0.3, 0.3  # noise of the two views of an item, and numbers hidden in the strong one
LOOK = 20  # steps between two looks at the loss
BETAS, TINY = (0.9, 0.999), 1e-8  # Adam's
Numbers = NDArray[np.float64]
Layer = tuple[Numbers, Numbers]


@dataclass(frozen=True)
class NetworkSettings:
    """hidden : numbers in each layer before the last; () is a single layer. dropout : share left out while learning.

    loss : of `LOSSES`. gamma : of the focal loss; 0 is cross entropy. smoothing : 0 to 0.25, how far labels are drawn
    to 1/2. normalise : the last layer sees directions of length 1. strata : of `STRATA`, how rows are drawn.
    unlabelled : weight of FixMatch, 0 for none; sure : chance from which it believes itself; ratio : unlabelled rows
    for each labelled one.
    """

    hidden: tuple[int, ...] = (64,)
    dropout: float = 0.1
    loss: str = "cross entropy"
    gamma: float = 2.0
    smoothing: float = 0.0
    normalise: bool = False
    strata: str = "class"
    unlabelled: float = 0.0
    sure: float = 0.95
    ratio: int = 1
    rate: float = 2e-3
    decay: float = 1e-3
    steps: int = 400
    batch: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        _check(self.loss in LOSSES, f"{self.loss!r} is no loss.", f"Use {' or '.join(LOSSES)}.")
        _check(self.strata in STRATA, f"{self.strata!r} is no way to draw rows.", f"Use {', '.join(STRATA)}.")
        _check(0 <= self.smoothing <= 0.25, f"Smoothing of {self.smoothing} is not possible.", "Use 0 to 0.25.")
        _check(0 <= self.dropout <= 0.95, f"Dropout of {self.dropout} is not possible.", "Use 0 to 0.95.")
        _check(0 <= self.gamma <= 10, f"A gamma of {self.gamma} is not possible.", "Use 0 to 10.")
        _check(0 <= self.unlabelled <= 10, f"A weight of {self.unlabelled} is not possible.", "Use 0 to 10.")
        _check(0.5 <= self.sure <= 1, f"Sure from {self.sure} is not possible.", "Use 0.5 to 1.")
        _check(1 <= self.ratio <= 8, f"{self.ratio} unlabelled rows for one are not possible.", "Use 1 to 8.")
        fits = len(self.hidden) <= 4 and all(1 <= width <= 1024 for width in self.hidden)
        _check(fits, f"Layers of {self.hidden} are not possible.", "Use up to four, each of 1 to 1,024 numbers.")


@dataclass(frozen=True)
class Losses:
    """Mean loss at some steps. validation : on what was held out, None where nothing is."""

    steps: tuple[int, ...] = ()
    training: tuple[float, ...] = ()
    validation: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class SmallNetwork:
    """layers : weights (d, k) and offsets (k,) of each. scale : of what it learned from."""

    layers: tuple[Layer, ...]
    scale: Scale
    normalise: bool
    known: NDArray[np.bool_]
    losses: Losses = field(default_factory=Losses)

    @property
    def parameters(self) -> int:
        """How many numbers were learned."""
        return sum(weights.size + offsets.size for weights, offsets in self.layers)

    def chances(self, points: Points) -> Chances:
        """(n, C) float32; NaN of the classes that had no positive or no negative to learn from."""
        said = _sigmoid(_forward(self.layers, _scaled(self.scale, points), normalise=self.normalise)[-1])
        return np.where(self.known, said, np.nan).astype(np.float32)


def train_network(table: LabelTable, points: Points, settings: NetworkSettings) -> SmallNetwork:
    """Teach it. points : (n, d), an embedding of each row. Raises NotEnoughLabelsError where nothing can be learned."""
    known = np.isin(table.classes, taught_classes(table))
    rows = np.flatnonzero(table.training)
    tags = np.where(known, table.tags[rows], -1).astype(np.int8)
    scale = Scale.of(points[rows])
    scaled = _scaled(scale, points)
    free, held = scaled[~table.validation & ~table.exclude], np.flatnonzero(table.testing)
    judged = [(scaled[rows], tags), (scaled[held], np.where(known, table.tags[held], -1).astype(np.int8))]
    course = []
    for step, layers in _taught(scaled[rows], tags, free, settings):
        training, validation = (_loss(layers, *each, settings) for each in judged)
        course.append((step, training or 0.0, validation))
    losses = Losses(*zip(*course, strict=True))
    return SmallNetwork(layers, scale, settings.normalise, known, losses)


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


def _loss(layers: tuple[Layer, ...], scaled: Numbers, tags: Tags, settings: NetworkSettings) -> float | None:
    """Mean cross entropy of the known labels, whatever loss teaches; None where there is none."""
    if not (tags >= 0).any():
        return None
    said = _sigmoid(_forward(layers, scaled, normalise=settings.normalise)[-1])
    right = np.clip(np.where(tags == 1, said, 1 - said)[tags >= 0], 1e-7, 1)
    return round(float(-np.log(right).mean()), 4)


def _taught(
    scaled: Numbers, tags: Tags, free: Numbers, settings: NetworkSettings
) -> Iterator[tuple[int, tuple[Layer, ...]]]:
    """The layers as they are now and then, and at the end."""
    rng = np.random.default_rng(settings.seed)
    layers = _begun((scaled.shape[1], *settings.hidden, tags.shape[1]), rng)
    weights = row_weights(tags, settings.strata)
    moments = [(np.zeros_like(each), np.zeros_like(each)) for layer in layers for each in layer]
    for step in range(1, settings.steps + 1):
        drawn = rng.choice(len(tags), settings.batch, p=weights)
        slopes = _slopes(layers, scaled[drawn], tags[drawn], settings, rng)
        if settings.unlabelled > 0:
            slopes = _with_unlabelled(layers, slopes, free, settings, rng)
        layers = _stepped(layers, slopes, moments, step, settings)
        if step % LOOK == 0 or step == settings.steps:
            yield step, layers


def _begun(widths: tuple[int, ...], rng: np.random.Generator) -> tuple[Layer, ...]:
    """He et al. 2015."""
    pairs = zip(widths, widths[1:], strict=False)
    return tuple((rng.standard_normal((inner, outer)) * np.sqrt(2 / inner), np.zeros(outer)) for inner, outer in pairs)


def _slopes(
    layers: tuple[Layer, ...], batch: Numbers, tags: Tags, settings: NetworkSettings, rng: np.random.Generator
) -> list[Layer]:
    masks = [
        (rng.random((len(batch), width)) >= settings.dropout) / (1 - settings.dropout) for width in settings.hidden
    ]
    seen = _forward(layers, batch, normalise=settings.normalise, masks=masks)
    return _backward(layers, seen, gradient(_sigmoid(seen[-1]), tags, settings), masks, normalise=settings.normalise)


def _with_unlabelled(
    layers: tuple[Layer, ...], slopes: list[Layer], free: Numbers, settings: NetworkSettings, rng: np.random.Generator
) -> list[Layer]:
    """What the network is sure of in a weak view is the label of a strong one."""
    batch = free[rng.integers(0, len(free), settings.batch * settings.ratio)]
    weak = batch + WEAK * rng.standard_normal(batch.shape)
    said = _sigmoid(_forward(layers, weak, normalise=settings.normalise)[-1])
    sure = (said >= settings.sure) | (said <= 1 - settings.sure)
    if not sure.any():
        return slopes
    strong = (batch + STRONG * rng.standard_normal(batch.shape)) * (rng.random(batch.shape) >= HIDDEN_SHARE)
    labels = np.where(sure, said > 0.5, -1).astype(np.int8)
    share = settings.unlabelled * sure.mean()  # the mean is over all of the batch
    found = _slopes(layers, strong, labels, settings, rng)
    return [(one[0] + share * two[0], one[1] + share * two[1]) for one, two in zip(slopes, found, strict=True)]


def _forward(
    layers: tuple[Layer, ...], batch: Numbers, *, normalise: bool, masks: list[Numbers] | None = None
) -> list[Numbers]:
    """What each layer is given, and at last what comes out, before the sigmoid."""
    seen = [batch]
    for place, (weights, offsets) in enumerate(layers):
        is_last = place == len(layers) - 1
        given = _unit(seen[-1]) if normalise and is_last else seen[-1]
        out = given @ weights + offsets
        if not is_last:
            out = np.maximum(out, 0) * (1 if masks is None else masks[place])
        seen.append(out)
    return seen


def _backward(
    layers: tuple[Layer, ...], seen: list[Numbers], slope: Numbers, masks: list[Numbers], *, normalise: bool
) -> list[Layer]:
    found: list[Layer] = []
    for place in range(len(layers) - 1, -1, -1):
        is_last = place == len(layers) - 1
        given = _unit(seen[place]) if normalise and is_last else seen[place]
        found.append((given.T @ slope, slope.sum(axis=0)))
        slope = slope @ layers[place][0].T
        if normalise and is_last:
            slope = _through_unit(slope, seen[place])
        if place:
            slope = slope * masks[place - 1] * (seen[place] > 0)
    return found[::-1]


def _unit(given: Numbers) -> Numbers:
    """Of length root of the width, whatever it was."""
    return np.asarray(given * np.sqrt(given.shape[1]) / _lengths(given))


def _through_unit(slope: Numbers, given: Numbers) -> Numbers:
    lengths = _lengths(given)
    direction = given / lengths
    across = slope - (slope * direction).sum(axis=1, keepdims=True) * direction
    return np.asarray(across * np.sqrt(given.shape[1]) / lengths)


def _lengths(given: Numbers) -> Numbers:
    return np.asarray(np.maximum(np.linalg.norm(given, axis=1, keepdims=True), 1e-6))


def _stepped(
    layers: tuple[Layer, ...],
    slopes: list[Layer],
    moments: list[tuple[Numbers, Numbers]],
    step: int,
    settings: NetworkSettings,
) -> tuple[Layer, ...]:
    """One step of Adam with decoupled weight decay (Loshchilov and Hutter 2019); offsets do not decay."""
    flat = list(_updates(slopes, moments, step))
    rate, decay = settings.rate, settings.decay
    return tuple(
        (weights - rate * (flat[2 * place] + decay * weights), offsets - rate * flat[2 * place + 1])
        for place, (weights, offsets) in enumerate(layers)
    )


def _updates(slopes: list[Layer], moments: list[tuple[Numbers, Numbers]], step: int) -> Iterator[Numbers]:
    """moments are changed in place."""
    for slope, (first, second) in zip((each for layer in slopes for each in layer), moments, strict=True):
        first += (1 - BETAS[0]) * (slope - first)
        second += (1 - BETAS[1]) * (slope**2 - second)
        yield (first / (1 - BETAS[0] ** step)) / (np.sqrt(second / (1 - BETAS[1] ** step)) + TINY)


def _sigmoid(out: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-np.clip(out, -40, 40))))


def _check(fits: bool, message: str, hint: str) -> None:
    if not fits:
        raise InvalidInputError(message, hint)
