"""What a table teaches: heads that learn from its tags, how good they are, which held-out items they know already."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from core.errors import InvalidInputError
from core.learning.curation.convnet_spec import read_spec
from core.learning.curation.embeddings import near_duplicates
from core.learning.curation.heads import HeadSettings, held_out_rows, teaching_rows, train_heads
from core.learning.curation.network_settings import NetworkSettings, drawn_settings
from core.learning.curation.pool import Points
from core.learning.curation.portable import Portable
from core.learning.curation.propagation import propagated
from core.learning.curation.scores import histogram, score_rows
from core.learning.curation.small_network import Losses, train_network
from core.learning.curation.table import Chances, LabelTable, Rows

CONVNET = "convnet"  # the kind of a head that convolves
UNUSED = {"network": ("spec", "kernel"), CONVNET: ("hidden",)}  # of the settings, by the kind of a network
MAX_PAIRS = 50  # near duplicates that are told


@dataclass(frozen=True)
class Choice:
    """How to learn. kind : of `heads.KINDS`, "network", "convnet" or "propagation". network : what a network goes by.

    Raises InvalidInputError where a convnet has no layers, or is to learn from items without a label.
    """

    kind: str = ""
    network: NetworkSettings = field(default_factory=NetworkSettings)

    def __post_init__(self) -> None:
        if self.kind != CONVNET:
            return
        read_spec(self.network.spec)
        if self.network.unlabelled or self.network.confusion:
            raise InvalidInputError("A network of convolutions learns from labels alone.", "Set both weights to 0.")

    def check_sees(self, *, grid: bool) -> None:
        """Raises InvalidInputError where it must see grids, and does not. grid : whether items are seen as such."""
        if self.kind == CONVNET and not grid:
            told = "A network of convolutions needs a grid of what an encoder finds."
            raise InvalidInputError(told, "Let an encoder see the items, and keep a grid of each finding.")

    def told(self) -> dict[str, Any]:
        """All that is needed to learn the same again, as JSON."""
        kind = {"kind": self.kind or HeadSettings().kind}
        if self.kind not in UNUSED:
            return kind
        return kind | {name: value for name, value in asdict(self.network).items() if name not in UNUSED[self.kind]}


@dataclass(frozen=True)
class Learned:
    """chances : (n, C) of every row. scores : by class, in the words of JSON. pairs : a held-out row and its twin.

    parameters, losses : numbers a network has learned, and how its loss fell; none of what is none. model : what says
    so, as plain arrays; None where only the answers are left, as of label propagation.
    """

    chances: Chances
    scores: dict[str, dict[str, Any]]
    pairs: list[tuple[int, int]]
    parameters: int = 0
    losses: Losses = field(default_factory=Losses)
    model: Portable | None = None


def learn(labels: LabelTable, points: Points, choice: Choice) -> Learned:
    """Teach what was chosen; rows that are excluded or held out teach nothing.

    points : (n, d), standardised. Raises as `train_heads`.
    """
    chances, model, losses = _taught(labels, points, choice)
    pairs = near_duplicates(points, np.flatnonzero(labels.validation), np.flatnonzero(labels.training))
    parameters = model.parameters if model else 0
    return Learned(chances, scores_of(labels, chances), pairs[:MAX_PAIRS], parameters, losses, model)


def choices(labels: LabelTable, choice: Choice, tries: int) -> Iterator[Choice]:
    """The choice itself, and others drawn at random where there are to be several tries.

    Raises InvalidInputError where several could not be compared: of other heads than a network, or with nothing held
    out that is tagged.
    """
    if tries == 1:
        return iter([choice])
    if choice.kind != "network":
        raise InvalidInputError("Only a small network has settings to try.", "Choose it as head.")
    if not labels.testing.any():
        raise InvalidInputError("Nothing that is tagged is held out, so tries cannot be compared.", "Hold some out.")
    return (replace(choice, network=drawn) for drawn in drawn_settings(choice.network, tries, seed=choice.network.seed))


def _taught(labels: LabelTable, points: Points, choice: Choice) -> tuple[Chances, Portable | None, Losses]:
    """What is said of every row is what the plain arrays say: the same comes of them after a restart or elsewhere."""
    if choice.kind == "propagation":
        return propagated(labels, points), None, Losses()
    if choice.kind in ("network", CONVNET):
        spec = choice.network.spec if choice.kind == CONVNET else ""
        network = train_network(labels, points, replace(choice.network, spec=spec))
        return network.portable().chances(points), network.portable(), network.losses
    settings = HeadSettings(kind=choice.kind) if choice.kind else HeadSettings()
    model = train_heads(labels, points, settings).portable()
    return model.chances(points), model, Losses()


def scores_of(labels: LabelTable, chances: Chances) -> dict[str, dict[str, Any]]:
    """Of each class there is a head for: on held-out rows where there are any, else on those it learned from."""
    known = [name for at, name in enumerate(labels.classes) if not np.isnan(chances[:, at]).all()]
    return {name: _scores(labels, chances, name) for name in known}


def _scores(labels: LabelTable, chances: Chances, name: str) -> dict[str, Any]:
    held_out = held_out_rows(labels, name)
    rows = held_out if len(held_out) else teaching_rows(labels, name)
    return score_rows(labels, chances, name, rows).told() | {
        "held_out": bool(len(held_out)),
        "histograms": _histograms(labels, chances, name, rows),
    }


def _histograms(labels: LabelTable, chances: Chances, name: str, rows: Rows) -> dict[str, list[int]]:
    """Of what the head says: of positives, of negatives, and of items without a tag."""
    place = labels.place(name)
    truth, said = labels.tags[rows, place], chances[:, place]
    parts = {"positive": rows[truth == 1], "negative": rows[truth == 0]}
    parts["unlabelled"] = np.flatnonzero((labels.tags[:, place] < 0) & ~labels.exclude)
    return {kind: histogram(said[part]).tolist() for kind, part in parts.items()}
