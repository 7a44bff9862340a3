"""Choosing rows that differ: from each other, and from those that are labelled already.

Rows are compared by a kernel, the dot product of embeddings, or, for BADGE, of gradients that are never written out.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.learning.curation.doubt import Floats

BLOCK = 256  # rows of labelled points compared at once: 256 x 10^6 float32 is 1 GiB, 10^5 a tenth of it
PROXIMITY_BATCH = 10  # chosen before the centroid moves, as in Active-Labeler's later branch
PROXIMITY_REACH = 0.3  # by which nearness to the centroid may outweigh doubt
CLUSTERS = 3  # Active-Labeler's
COMPONENTS = 16  # kept before clustering, as in patchwork
Rows = NDArray[np.intp]
Points = NDArray[np.float32]
Kernel = Callable[[Rows], NDArray[np.floating]]


@dataclass(frozen=True)
class Likeness:
    """kernel : (k,) rows -> (k, n) dot products with every row. lengths : (n,) of each row with itself."""

    kernel: Kernel
    lengths: Floats

    def distances(self, rows: Rows) -> Floats:
        """(k, n) squared."""
        return np.asarray(np.maximum(self.lengths[rows, None] + self.lengths - 2 * self.kernel(rows), 0))

    def nearest(self, rows: Rows) -> Floats:
        """(n,) squared distance to the nearest of these rows, infinite without any."""
        nearest = np.full(len(self.lengths), np.inf)
        for start in range(0, len(rows), BLOCK):
            nearest = np.minimum(nearest, self.distances(rows[start : start + BLOCK]).min(axis=0))
        return nearest


def of_points(points: Points) -> Likeness:
    """Of embeddings, (n, d)."""
    lengths = (points.astype(np.float64) ** 2).sum(axis=1)
    return Likeness(lambda rows: np.asarray(points[rows] @ points.T), lengths)


def of_gradients(points: Points, chances: Points) -> Likeness:
    """Of what each row would change in a linear layer over `points` if the likelier answer were true (BADGE).

    The gradient of binary cross-entropy is (p - [p >= 0.5]) x point, an outer product; the dot product of two is the
    product of two dot products (Ash et al. 2020, arXiv:1906.03671). chances : (n, C).
    """
    errors = chances - (chances >= 0.5)
    lengths = (errors.astype(np.float64) ** 2).sum(axis=1) * (points.astype(np.float64) ** 2).sum(axis=1)
    return Likeness(lambda rows: (errors[rows] @ errors.T) * (points[rows] @ points.T), lengths)


def scattered(likeness: Likeness, *, among: Rows, seen: Rows, count: int, rng: np.random.Generator) -> Rows:
    """k-means++ seeding: each next row with a chance that grows with its squared distance to what is chosen or seen.

    Arthur and Vassilvitskii 2007. among : rows that may be chosen. seen : where nothing new is to be found.
    """
    nearest, chosen = likeness.nearest(seen), list[int]()
    free = np.isin(np.arange(len(nearest)), among)
    for _ in range(min(count, len(among))):
        row = _weighed(nearest, free, rng)
        chosen.append(row)
        free[row] = False
        nearest = np.minimum(nearest, likeness.distances(np.array([row]))[0])
    return np.array(chosen, np.intp)


def _weighed(nearest: Floats, free: NDArray[np.bool_], rng: np.random.Generator) -> int:
    """One free row; every one alike where no distance tells them apart."""
    weights = np.where(free, nearest, 0.0)
    if not np.isfinite(weights).all() or weights.sum() <= 0:
        weights = free.astype(float)
    return int(rng.choice(len(weights), p=weights / weights.sum()))


def k_centre(likeness: Likeness, *, among: Rows, seen: Rows, count: int) -> Rows:
    """Each next row is the one farthest from all chosen or seen (Gonzalez 1985; Sener and Savarese 2018).

    Without anything seen, the first is the one farthest from the origin; of equals the earlier row.
    """
    nearest = likeness.nearest(seen) if len(seen) else likeness.lengths.copy()
    chosen = list[int]()
    for _ in range(min(count, len(among))):
        row = int(among[np.argmax(nearest[among])])
        taken = likeness.distances(np.array([row]))[0]
        nearest = taken if not len(seen) and not chosen else np.minimum(nearest, taken)
        chosen.append(row)
        nearest[chosen] = -1.0
    return np.array(chosen, np.intp)


def projected(points: Points, width: int, rng: np.random.Generator) -> Points:
    """Of length 1 each, then through a random projection to `width` numbers, which all but keeps their distances."""
    lengths = np.maximum(np.linalg.norm(points, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    matrix = rng.standard_normal((points.shape[1], width)) / np.sqrt(width)
    return np.asarray((points / lengths) @ matrix.astype(np.float32), np.float32)


def by_proximity(points: Points, doubt: Floats, count: int) -> Rows:
    """The most doubtful ten, then ten by ten by doubt and distance to the centroid of those chosen so far.

    doubt : standardised. Distances are scaled to -0.3..0.3. (Active-Labeler's "iterative proximity sampling".)
    """
    chosen = np.array([], np.intp)
    while len(chosen) < min(count, len(doubt)):
        scores = doubt.copy()
        if len(chosen):
            scores += _scaled(np.linalg.norm(points - points[chosen].mean(axis=0), axis=1).astype(np.float64))
            scores[chosen] = -1000.0
        step = min(PROXIMITY_BATCH, count - len(chosen), len(doubt) - len(chosen))
        chosen = np.concatenate([chosen, np.argsort(-scores, kind="stable")[:step]])
    return chosen


def _scaled(distances: Floats) -> Floats:
    low, high = distances.min(), distances.max()
    if high == low:
        return np.zeros_like(distances)
    return np.asarray((2 * (distances - low) / (high - low) - 1) * PROXIMITY_REACH)


def by_cluster(points: Points, doubt: Floats, count: int, *, seed: int) -> Rows:
    """The most doubtful of each of three clusters, as many as its share of all; the most doubtful first.

    Shares are rounded up, so a few come too many; the least doubtful of them are left out.
    """
    from sklearn.cluster import KMeans  # heavy: the app starts without it

    clusters = KMeans(min(CLUSTERS, len(points)), n_init=1, random_state=seed).fit_predict(points)
    kept = [_most(doubt, np.flatnonzero(clusters == each), count, len(points)) for each in np.unique(clusters)]
    chosen = np.concatenate(kept)
    return np.asarray(chosen[np.argsort(-doubt[chosen], kind="stable")][:count])


def _most(doubt: Floats, rows: Rows, count: int, total: int) -> Rows:
    wanted = -(-len(rows) * count // total)
    return np.asarray(rows[np.argsort(-doubt[rows], kind="stable")][:wanted])


def one_a_cluster(points: Points, *, among: Rows, count: int, seed: int, rng: np.random.Generator) -> Rows:
    """As many clusters of all rows as are wanted, and of each one row that may be chosen (patchwork's `diversity`).

    Clusters without such a row give none, so there may be fewer than `count`.
    """
    from sklearn.cluster import KMeans  # heavy: the app starts without them
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    scaled = StandardScaler().fit_transform(points)
    reduced = PCA(min(COMPONENTS, *scaled.shape), random_state=seed).fit_transform(scaled)
    clusters = KMeans(min(count, len(points)), n_init=1, random_state=seed).fit_predict(reduced)
    return np.array([rng.choice(among[clusters[among] == each]) for each in np.unique(clusters[among])], np.intp)
