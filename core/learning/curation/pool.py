"""A pool to draw from, and a question asked of it: what strategies are given."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.learning.curation.doubt import Floats
from core.learning.curation.filters import Filters
from core.learning.curation.table import Bools, Chances, LabelTable, Rows

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Pool:
    """What may be drawn, and what is known of it.

    table : its `chances` are the model's. among : (n,) bool, the rows that may be drawn. points : (n, d) float32, an
    embedding of every row, drawn or not.
    """

    table: LabelTable
    among: Bools
    points: Points | None = None

    @classmethod
    def of(cls, table: LabelTable, filters: Filters, points: Points | None = None) -> "Pool":
        """The rows that pass. Raises InvalidInputError, NotFoundError for a filter that there is not."""
        return cls(table, filters.mask(table), points)


@dataclass(frozen=True)
class Question:
    """One draw. rows : (m,) that may be drawn. chances : (m, C) of these, or of the one class that was named.

    seen : rows that are labelled or excluded. count : wanted. named : whether a class was.
    """

    pool: Pool
    rows: Rows
    count: int
    seed: int
    named: int | None = None

    @property
    def rng(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)

    @property
    def chances(self) -> Chances:
        assert self.pool.table.chances is not None, "checked by draw"
        said = self.pool.table.chances[self.rows]
        return said if self.named is None else said[:, [self.named]]

    @property
    def points(self) -> Points:
        assert self.pool.points is not None, "checked by draw"
        return self.pool.points

    @property
    def seen(self) -> Rows:
        known = self.pool.table.has_tag | self.pool.table.exclude
        return np.asarray(np.setdiff1d(np.flatnonzero(known), self.rows))

    def first(self, scores: Floats) -> Rows:
        """Those with the highest scores; of equals the earlier row."""
        return np.asarray(self.rows[np.argsort(-scores, kind="stable")[: self.count]])

    def by_weight(self, weights: Floats) -> Rows:
        """Drawn one after the other, each with a chance that grows with its weight, none twice.

        Through Gumbel noise, which comes to the same (Efraimidis and Spirakis 2006; Vieira 2014).
        """
        with np.errstate(divide="ignore"):
            return self.first(np.log(weights) + self.rng.gumbel(size=len(weights)))
