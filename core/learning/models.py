"""A trained model as a row of the registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.labels.classes import LabelClass
from core.learning.metrics import Evaluation


@dataclass(frozen=True)
class TrainedModel:
    """id : the run that trained it. labels_hash : of the labels it saw. created : POSIX seconds.

    classes : empty when it was trained without labels; then it segments nothing, but others may start from it.

    evaluation : on labels kept out of training; models of older versions have `scores` only, the same as its scores.
    importances, learned_shares : as `segmenter.TrainingReport` has them; empty where the algorithm knows none.
    """

    id: str
    name: str
    algorithm: str
    parameters: Mapping[str, Any]
    classes: Sequence[LabelClass]
    volume: str
    created: float
    labels_hash: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    evaluation: Evaluation = field(default_factory=Evaluation)
    importances: Mapping[str, float] = field(default_factory=dict)
    learned_shares: Mapping[int, float] = field(default_factory=dict)

    @property
    def starts(self) -> str:
        """The algorithm whose training may start from it: its own, or the network whose encoder it is."""
        return self.algorithm if self.classes else str(self.parameters.get("architecture", ""))
