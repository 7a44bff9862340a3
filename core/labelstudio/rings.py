"""An object with holes as one ring, for a polygon of Label Studio has one only.

A bridge leads from the object's outline to each hole and back along the same line, so it covers nothing. Holes run the
other way round than outlines, so both rules of filling, even-odd and non-zero, leave them empty. Method: as in earcut
(Eberly, "Triangulation by ear clipping", 2002), but bridges lie along rows, whereby no pixel changes.
"""

import numpy as np
from numpy.typing import NDArray

from core.labels.exchange.polygons import Polygon

Corners = NDArray[np.int64]
"""(N, 2) corners as (x, y), not closed; edges lie along rows and columns."""


def one_ring(polygon: Polygon) -> Corners:
    """The outline with all holes, the leftmost first: what lies left of each is part of the ring already.

    >>> outline = np.array([[0, 0], [3, 0], [3, 3], [0, 3]])
    >>> one_ring(Polygon(outline, (np.array([[1, 1], [1, 2], [2, 2], [2, 1]]),)))[4:].tolist()
    [[0, 1], [1, 1], [1, 2], [2, 2], [2, 1], [1, 1], [0, 1]]
    """
    ring = polygon.outline
    for hole in sorted(map(_from_the_left, polygon.holes), key=lambda hole: int(hole[0, 0])):
        ring = _bridged(ring, hole)
    return ring


def _from_the_left(hole: Corners) -> Corners:
    """The hole, beginning at a corner of its left edge."""
    return np.roll(hole, -int(hole[:, 0].argmin()), axis=0)


def _bridged(ring: Corners, hole: Corners) -> Corners:
    """The ring with a way from its next edge on the left to the hole's first corner, around it and back."""
    x, y = hole[0]
    (x0, y0), (x1, y1) = ring.T, np.roll(ring, -1, axis=0).T
    crosses = (x0 == x1) & (x0 <= x) & (np.minimum(y0, y1) <= y) & (y <= np.maximum(y0, y1))
    edge = int(np.where(crosses, x0, -1).argmax())
    start = np.array([[x0[edge], y]])
    return np.concatenate([ring[: edge + 1], start, hole, hole[:1], start, ring[edge + 1 :]])
