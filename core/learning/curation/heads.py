"""A small classifier over embeddings: a head a class, since an item may have several, taught by its known tags alone.

What is held out or excluded never teaches. Heads say how likely each class is, of every item. scikit-learn is heavy, so
it is loaded when a head is taught: the app starts without it.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError, NotEnoughLabelsError
from core.learning.curation.portable import Part, Portable, layers_part, trees_part
from core.learning.curation.table import Chances, LabelTable, Rows

ROUNDS = 300  # of an MLP; small ones settle long before
TREES = 100
Points = NDArray[np.float32]


class Head(Protocol):
    """What scikit-learn's classifiers are to us."""

    def fit(self, points: Points, truth: NDArray[np.int8]) -> Any: ...
    def predict_proba(self, points: Points) -> NDArray[np.float64]: ...


@dataclass(frozen=True)
class HeadSettings:
    """kind : one of `KINDS`. hidden : numbers in the layers of an MLP. decay : how strongly weights are held small.

    balance : whether the rarer answer counts more, so that both count alike.
    """

    kind: str = "forest"
    hidden: tuple[int, ...] = (64,)
    decay: float = 1.0
    balance: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Heads:
    """classes : those there was something to learn of, in the order of the table. heads : one each."""

    classes: tuple[str, ...]
    heads: tuple[Head, ...]
    all_classes: tuple[str, ...] = field(default=())

    def chances(self, points: Points) -> Chances:
        """(n, C) float32 of all classes of the table; NaN of those without a head."""
        said = np.full((len(points), len(self.all_classes)), np.nan, np.float32)
        for name, head in zip(self.classes, self.heads, strict=True):
            said[:, self.all_classes.index(name)] = head.predict_proba(points)[:, 1]
        return said

    def portable(self) -> Portable:
        """The same as plain arrays."""
        return Portable(self.all_classes, tuple(map(_portable, self.classes, self.heads)))


def train_heads(table: LabelTable, points: Points, settings: HeadSettings | None = None) -> Heads:
    """Of every class with a positive and a negative among the rows that may teach.

    points : (n, d), an embedding of each row.

    Raises
    ------
    NotEnoughLabelsError
        If no class has both.
    InvalidInputError
        If there is no such kind of head.
    """
    chosen = settings or HeadSettings()
    if chosen.kind not in KINDS:
        raise InvalidInputError(f"There is no head {chosen.kind!r}.", f"Use {', '.join(KINDS)}.")
    names = taught_classes(table)
    return Heads(names, tuple(_taught(table, points, name, chosen) for name in names), table.classes)


def taught_classes(table: LabelTable) -> tuple[str, ...]:
    """Those with a positive and a negative that may teach. Raises NotEnoughLabelsError where there is none."""
    names = tuple(name for name in table.classes if len(set(_truth(table, name).tolist())) == 2)
    if not names:
        told = "No class has both a positive and a negative tag outside validation and exclusion."
        raise NotEnoughLabelsError(told, "Tag some of each.")
    return names


def teaching_rows(table: LabelTable, name: str) -> Rows:
    """Rows that teach a class: tagged with it, not held out, not excluded."""
    known = table.tags[:, table.place(name)] >= 0
    return np.flatnonzero(known & ~table.validation & ~table.exclude)


def held_out_rows(table: LabelTable, name: str) -> Rows:
    """Rows that test a class: tagged with it, held out, not excluded."""
    known = table.tags[:, table.place(name)] >= 0
    return np.flatnonzero(known & table.validation & ~table.exclude)


def _truth(table: LabelTable, name: str) -> NDArray[np.int8]:
    return np.asarray(table.tags[teaching_rows(table, name), table.place(name)])


def _taught(table: LabelTable, points: Points, name: str, settings: HeadSettings) -> Head:
    rows, truth = teaching_rows(table, name), _truth(table, name)
    if settings.balance and settings.kind == "mlp":
        rows, truth = _evened(rows, truth, settings.seed)  # it takes no weights
    head = _scaled(KINDS[settings.kind](settings))
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Stochastic Optimizer"
        )  # a head that has not settled is still the best there is
        head.fit(points[rows], truth)
    trained: Head = head
    return trained


def _portable(name: str, head: Any) -> Part:
    """head : as `_scaled` makes it."""
    (_, scaler), (_, learned) = head.steps
    scale = scaler.mean_, scaler.scale_
    if hasattr(learned, "estimators_"):
        return trees_part(name, scale, learned)
    if hasattr(learned, "coefs_"):
        return layers_part((name,), scale, list(zip(learned.coefs_, learned.intercepts_, strict=True)))
    return layers_part((name,), scale, [(learned.coef_.T, learned.intercept_)])


def _scaled(head: Any) -> Any:
    """Every number of an embedding counts alike."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), head)


def _evened(rows: Rows, truth: NDArray[np.int8], seed: int) -> tuple[Rows, NDArray[np.int8]]:
    """The rarer answer repeated until both are as many."""
    ones, noughts = np.flatnonzero(truth == 1), np.flatnonzero(truth == 0)
    rarer = min(ones, noughts, key=len)
    more = np.random.default_rng(seed).choice(rarer, abs(len(ones) - len(noughts)))
    places = np.concatenate([np.arange(len(rows)), more])
    return rows[places], truth[places]


def _weights(settings: HeadSettings) -> str | None:
    return "balanced" if settings.balance else None


def _logistic(settings: HeadSettings) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.1 / settings.decay, class_weight=_weights(settings), max_iter=1000)


def _mlp(settings: HeadSettings) -> Any:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(settings.hidden, alpha=settings.decay, max_iter=ROUNDS, random_state=settings.seed)


def _forest(settings: HeadSettings) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(TREES, class_weight=_weights(settings), random_state=settings.seed)


KINDS: Mapping[str, Callable[[HeadSettings], Any]] = {"logistic": _logistic, "mlp": _mlp, "forest": _forest}
