"""Which rows of a label table may be drawn: by label status, exclusion and subset, all at once, as patchwork does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInputError
from core.learning.curation.table import NO_TAG, Bools, LabelTable

ALL = "all"
LABEL_STATUSES = ("unlabeled", "labeled", "partial", ALL)
EXCLUDE_STATUSES = ("not excluded", "excluded", "validation", ALL)
_TAG_OF: Mapping[str, int] = {"unlabeled": NO_TAG, "contains": 1, "doesn't contain": 0}


@dataclass(frozen=True)
class Filters:
    """label_status : one of `LABEL_STATUSES`; `unlabeled` has no tag, `labeled` has all, `partial` some.

    exclude_status : one of `EXCLUDE_STATUSES`. subset : one of `subset_choices(table)`.
    """

    label_status: str = "unlabeled"
    exclude_status: str = "not excluded"
    subset: str = ALL

    def mask(self, table: LabelTable) -> Bools:
        """(n,) bool, the rows that pass all three. Raises InvalidInputError, NotFoundError."""
        status = _chosen(_STATUS, self.label_status, "label status")(table)
        exclusion = _chosen(_EXCLUSION, self.exclude_status, "exclusion")(table)
        return status & exclusion & in_subset(table, self.subset)


def subset_choices(table: LabelTable) -> tuple[str, ...]:
    """Every subset one can ask for: all, three of each class, and the names that rows carry."""
    of_classes = (f"{kind}: {name}" for name in table.classes for kind in _TAG_OF)
    named = (f"subset: {name}" for name in sorted({name for name in table.subsets if name}))
    return (ALL, *of_classes, *named)


def in_subset(table: LabelTable, subset: str) -> Bools:
    """(n,) bool. Raises InvalidInputError, NotFoundError."""
    if subset == ALL:
        return np.ones(len(table), bool)
    kind, separator, name = subset.partition(": ")
    if separator and kind == "subset":
        return np.array([each == name for each in table.subsets], bool)
    if not separator or kind not in _TAG_OF:
        raise InvalidInputError(f"{subset!r} is no subset.", f"Use {ALL}, subset: NAME, or {', '.join(_TAG_OF)}: X.")
    return np.asarray(table.tags[:, table.place(name)] == _TAG_OF[kind])


def _unlabelled(table: LabelTable) -> Bools:
    return np.asarray((table.tags == NO_TAG).all(axis=1))


def _labelled(table: LabelTable) -> Bools:
    return np.asarray((table.tags != NO_TAG).all(axis=1))


def _partial(table: LabelTable) -> Bools:
    return ~_unlabelled(table) & ~_labelled(table)


def _every(table: LabelTable) -> Bools:
    return np.ones(len(table), bool)


Question = Callable[[LabelTable], Bools]
_STATUS: Mapping[str, Question] = dict(zip(LABEL_STATUSES, (_unlabelled, _labelled, _partial, _every), strict=True))
_EXCLUSION: Mapping[str, Question] = dict(
    zip(
        EXCLUDE_STATUSES,
        (lambda table: ~table.exclude, lambda table: table.exclude, lambda table: table.validation, _every),
        strict=True,
    )
)


def _chosen(known: Mapping[str, Question], name: str, what: str) -> Question:
    if name not in known:
        raise InvalidInputError(f"{name!r} is no {what}.", f"Use {', '.join(known)}.")
    return known[name]
