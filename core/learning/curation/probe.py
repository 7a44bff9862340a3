"""How well embeddings tell labels apart, by a linear model: whether another way of seeing would need fewer labels.

A linear model can use only what an embedding shows plainly, so its score says how good the embedding is, whatever head
learns from it later (Alain and Bengio 2016, arXiv:1610.01644). Nothing of it is kept but the scores.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.errors import NotEnoughLabelsError
from core.learning.curation.heads import HeadSettings, held_out_rows, teaching_rows, train_heads
from core.learning.curation.pool import Points
from core.learning.curation.scores import ClassScores, score_answers
from core.learning.curation.table import LabelTable, Rows

FOLDS = 5
LINEAR = HeadSettings(kind="logistic")


def probe(table: LabelTable, points: Points, *, seed: int = 0) -> dict[str, ClassScores]:
    """By class, of those with two positives and two negatives.

    Every item is judged by a model that has not learned from it: held-out items by the others; where none is held out,
    each fifth of the items by the rest. points : (n, d), standardised.

    Raises
    ------
    NotEnoughLabelsError
        If there is no such class.
    """
    found = {name: _probed(table, points, name, seed) for name in table.classes if _can(table, name)}
    if not found:
        told = "A linear probe needs two items with a class and two without, outside exclusion."
        raise NotEnoughLabelsError(told, "Tag some more.")
    return found


def _can(table: LabelTable, name: str) -> bool:
    return min(_counts(_truth(table, name, teaching_rows(table, name)))) > 1


def _probed(table: LabelTable, points: Points, name: str, seed: int) -> ClassScores:
    folds = list(_folds(table, name, seed))
    said = [_said(table, points, name, *fold) for fold in folds]
    truth = _truth(table, name, np.concatenate([judged for _, judged in folds])) == 1
    return score_answers(truth, np.concatenate(said))


def _folds(table: LabelTable, name: str, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Rows that teach and rows that are judged."""
    teach, judged = teaching_rows(table, name), held_out_rows(table, name)
    if len(judged):
        yield teach, judged
        return
    place = _dealt(_truth(table, name, teach), seed)
    for fold in range(int(place.max()) + 1):
        yield teach[place != fold], teach[place == fold]


def _dealt(truth: NDArray[np.int8], seed: int) -> NDArray[np.intp]:
    """To which fold each row belongs; every fold has some of both answers."""
    count = min(FOLDS, *_counts(truth))
    place, rng = np.zeros(len(truth), np.intp), np.random.default_rng(seed)
    for answer in (0, 1):
        rows = rng.permutation(np.flatnonzero(truth == answer))
        place[rows] = np.arange(len(rows)) % count
    return place


def _said(table: LabelTable, points: Points, name: str, teach: Rows, judged: Rows) -> NDArray[np.float32]:
    """How likely the class is for each judged row."""
    others = np.ones(len(table), bool)
    others[teach] = False
    tags = table.tags[:, [table.place(name)]]
    alone = replace(table, classes=(name,), tags=tags, exclude=others, validation=np.zeros_like(others), chances=None)
    return train_heads(alone, points, LINEAR).chances(points[judged])[:, 0]


def _truth(table: LabelTable, name: str, rows: Rows) -> NDArray[np.int8]:
    return np.asarray(table.tags[rows, table.place(name)])


def _counts(truth: NDArray[np.int8]) -> tuple[int, int]:
    return int((truth == 0).sum()), int((truth == 1).sum())
