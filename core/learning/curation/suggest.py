"""The next place to annotate in a stack: of the squares looked at, the most doubtful, the most contested, the newest.

A square is worth looking at once: the callers pass over those with a label in them and those suggested before. What is
said of squares is kept by slice, so that a stack can be looked at a few slices at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.learning.curation import spread
from core.learning.curation.embeddings import standardised
from core.learning.curation.places import foreground

RANDOM, UNSURE, MIXED, CLOSE, DIFFER, UNLIKE = "random", "unsure", "mixed", "close", "differ", "unlike"
Square = tuple[int, int, int]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """What is known of the squares of some slices. scores : {z: (squares,)}, more for what is better annotated first.

    points : {z: (squares, d)} embeddings, where the way needs them.
    """

    scores: Mapping[int, Floats] = field(default_factory=dict)
    points: Mapping[int, NDArray[np.float32]] = field(default_factory=dict)

    def order(self, way: str, given: Sequence[tuple[int, int]], *, seed: int) -> list[tuple[int, int]]:
        """(z, square) of all of them, the one to annotate first in front.

        given : those suggested before; `UNLIKE` keeps away from them. seed : of `RANDOM`.
        """
        places = [(z, square) for z, scores in self.scores.items() for square in range(len(scores))]
        if not places:
            return []
        scores = np.concatenate([*self.scores.values()])
        rows = _rows(way, scores, self._points(), [places.index(each) for each in given if each in places], seed)
        return [places[row] for row in rows]

    def _points(self) -> NDArray[np.float32] | None:
        return np.concatenate([*self.points.values()]) if self.points else None


def _rows(
    way: str, scores: Floats, points: NDArray[np.float32] | None, given: list[int], seed: int
) -> NDArray[np.intp]:
    """The order of the squares; of those that are shown by contrast alone, empty ones are left out."""
    if way == RANDOM:
        return np.asarray(np.random.default_rng(seed).permutation(np.flatnonzero(foreground(scores))))
    if way == UNLIKE and points is not None:
        likeness, among = spread.of_points(standardised(points)), np.flatnonzero(foreground(scores))
        free = np.setdiff1d(among, given)
        return spread.k_centre(likeness, among=free, seen=np.array(given, np.intp), count=len(free))
    return np.argsort(-scores, kind="stable")


def why(way: str, z: int, score: float) -> str:
    """One sentence about a suggestion, slices counted from 1.

    >>> why(UNSURE, 11, 0.384)
    'Slice 12: the model is 38 % unsure here, on average.'
    """
    reasons = {
        RANDOM: "drawn at random where something shows",
        UNSURE: f"the model is {100 * score:.0f} % unsure here, on average",
        MIXED: f"the entropy of the classes is {score:.2f} here, 1 at most",
        CLOSE: f"the likeliest class is {100 * (1 - score):.0f} % ahead of the second here, on average",
        DIFFER: f"the two results differ in {100 * score:.0f} % of this square",
        UNLIKE: "the least like what was suggested before",
    }
    return f"Slice {z + 1}: {reasons[way]}."
