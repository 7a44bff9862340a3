"""What was learned of a table, and when: each training with its choices and scores, to be compared and reopened."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

MOST = 30  # runs of a table that are kept; the oldest go first
BRIEF = ("auc", "accuracy", "f1", "low", "high", "held_out", "count")


@dataclass(frozen=True)
class Run:
    """One training.

    number : from 1. at, opened : POSIX seconds, when it ended, and when its answers were last put to use. seen_by : how
    items were seen. choice : what it was taught by. classes, revision : of the table then; tags : how many labels it
    had. scores, pairs, losses : as `learned.Learned` has them. parameters : numbers it learned. has_model : whether
    anything but its answers is left of it.
    """

    number: int
    at: float
    opened: float
    seen_by: str
    choice: Mapping[str, Any]
    classes: Sequence[str]
    tags: int
    revision: int
    scores: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    pairs: Sequence[Sequence[int]] = ()
    losses: Mapping[str, Any] = field(default_factory=dict)
    parameters: int = 0
    has_model: bool = False

    @property
    def merit(self) -> float:
        """Mean AUC over the classes it was tested on, their accuracy where there is none; -inf where nothing was."""
        tested = [score for score in self.scores.values() if score["held_out"]]
        values = [score["accuracy"] if score["auc"] is None else score["auc"] for score in tested]
        known = [value for value in values if value is not None]
        return math.fsum(known) / len(known) if known else -math.inf

    def renamed(self, classes: Sequence[str]) -> "Run":
        """With scores by the names that the classes have now; a table keeps their order."""
        names = dict(zip(self.classes, classes, strict=False))
        return replace(self, scores={names.get(name, name): score for name, score in self.scores.items()})

    def brief(self) -> dict[str, Any]:
        """What a list of runs shows, as JSON."""
        scores = {name: {key: score[key] for key in BRIEF} for name, score in self.scores.items()}
        told = {name: getattr(self, name) for name in ("number", "at", "seen_by", "choice", "tags", "parameters")}
        return told | {"scores": scores}


def best(runs: Sequence[Run]) -> Run:
    """With the highest merit; of equals the earlier one."""
    return max(runs, key=lambda run: (run.merit, -run.number))


def course(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Accuracy of each class over the number of labels: of several runs with as many labels, that of the best."""
    counts = sorted({run.tags for run in runs})
    steps = [best([run for run in runs if run.tags == count]) for count in counts]
    return [{"tags": run.tags} | {name: score["accuracy"] for name, score in run.scores.items()} for run in steps]
