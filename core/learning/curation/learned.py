"""What a table teaches: heads that learn from its tags, how good they are, which held-out items they know already."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from core.learning.curation.embeddings import near_duplicates
from core.learning.curation.heads import HeadSettings, held_out_rows, teaching_rows, train_heads
from core.learning.curation.pool import Points
from core.learning.curation.propagation import propagated
from core.learning.curation.scores import histogram, score_rows
from core.learning.curation.small_network import Losses, NetworkSettings, train_network
from core.learning.curation.table import Chances, LabelTable, Rows

MAX_PAIRS = 50  # near duplicates that are told


@dataclass(frozen=True)
class Choice:
    """How to learn. kind : of `heads.KINDS`, "network" or "propagation". network : what a network goes by."""

    kind: str = ""
    network: NetworkSettings = field(default_factory=NetworkSettings)


@dataclass(frozen=True)
class Learned:
    """chances : (n, C) of every row. scores : by class, in the words of JSON. pairs : a held-out row and its twin.

    parameters, losses : numbers a network has learned, and how its loss fell; none of what is none.
    """

    chances: Chances
    scores: dict[str, dict[str, Any]]
    pairs: list[tuple[int, int]]
    parameters: int = 0
    losses: Losses = field(default_factory=Losses)


def learn(labels: LabelTable, points: Points, choice: Choice) -> Learned:
    """Teach what was chosen; rows that are excluded or held out teach nothing.

    points : (n, d), standardised. Raises as `train_heads`.
    """
    chances, parameters, losses = _chances(labels, points, choice)
    pairs = near_duplicates(points, np.flatnonzero(labels.validation), np.flatnonzero(labels.training))
    return Learned(chances, scores_of(labels, chances), pairs[:MAX_PAIRS], parameters, losses)


def _chances(labels: LabelTable, points: Points, choice: Choice) -> tuple[Chances, int, Losses]:
    if choice.kind == "propagation":
        return propagated(labels, points), 0, Losses()
    if choice.kind == "network":
        network = train_network(labels, points, choice.network)
        return network.chances(points), network.parameters, network.losses
    settings = HeadSettings(kind=choice.kind) if choice.kind else HeadSettings()
    return train_heads(labels, points, settings).chances(points), 0, Losses()


def scores_of(labels: LabelTable, chances: Chances) -> dict[str, dict[str, Any]]:
    """Of each class there is a head for: on held-out rows where there are any, else on those it learned from."""
    known = [name for at, name in enumerate(labels.classes) if not np.isnan(chances[:, at]).all()]
    return {name: _scores(labels, chances, name) for name in known}


def _scores(labels: LabelTable, chances: Chances, name: str) -> dict[str, Any]:
    held_out = held_out_rows(labels, name)
    rows = held_out if len(held_out) else teaching_rows(labels, name)
    numbers = {key: _plain(value) for key, value in asdict(score_rows(labels, chances, name, rows)).items()}
    return numbers | {"held_out": bool(len(held_out)), "histograms": _histograms(labels, chances, name, rows)}


def _histograms(labels: LabelTable, chances: Chances, name: str, rows: Rows) -> dict[str, list[int]]:
    """Of what the head says: of positives, of negatives, and of items without a tag."""
    place = labels.place(name)
    truth, said = labels.tags[rows, place], chances[:, place]
    parts = {"positive": rows[truth == 1], "negative": rows[truth == 0]}
    parts["unlabelled"] = np.flatnonzero((labels.tags[:, place] < 0) & ~labels.exclude)
    return {kind: histogram(said[part]).tolist() for kind, part in parts.items()}


def _plain(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None
