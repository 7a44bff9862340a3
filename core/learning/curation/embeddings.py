"""Embeddings of items: put on one scale, searched for neighbours, laid out on a map, read from a file of one's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.learning.curation.table import Bools, Rows

MAP_SAMPLE = 20_000  # points that decide the axes of the map; the rest follow
LAYOUTS = {"pca": "Principal components", "tsne": "t-SNE", "umap": "UMAP"}
SLOW = ("tsne", "umap")  # a minute for 10,000 points: not while somebody waits for an answer
NEAR_LEAST = 16  # points: UMAP looks at the fifteen nearest of each; few are laid out by their principal components
TSNE_WIDTH = 50  # principal components it goes by, as its authors do
TSNE_ROUNDS = 500
NEAR_SHARE = 0.8  # of a seed set: the rest is random, so that negatives appear
Points = NDArray[np.float32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """What brings embeddings on one scale, so that one made later lies among the others. mean, deviation : (d,)."""

    mean: Numbers
    deviation: Numbers

    @classmethod
    def of(cls, points: Points) -> "Scale":
        """Of (n, d)."""
        deviation = points.std(axis=0, dtype=np.float64)
        return cls(points.mean(axis=0, dtype=np.float64), np.where(deviation > 0, deviation, 1))

    def apply(self, points: Points) -> Points:
        """(n, d) float32."""
        return np.asarray((points - self.mean) / self.deviation, np.float32)


def standardised(points: Points) -> Points:
    """Each column with mean 0 and deviation 1; a column that never varies becomes 0."""
    return Scale.of(points).apply(points)


def read_points(source: Path | BinaryIO, count: int, *, name: str = "") -> Points:
    """(n, d) from a .npy file, a row an item in the order of the table.

    name : of the file, for messages; its path by default.

    Raises
    ------
    InvalidInputError
        If there is no such file, it holds no two-dimensional array of finite numbers, or has other rows than items.
    """
    called = name or str(source)
    try:
        points = np.load(source, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InvalidInputError(f"{called} cannot be read as embeddings.", "Save an array with numpy.save.") from error
    if not isinstance(points, np.ndarray):
        raise InvalidInputError(f"{called} holds several arrays.", "Save one with numpy.save, as .npy.")
    _check_points(points, count, called)
    return np.ascontiguousarray(points, np.float32)


def _check_points(points: NDArray[Any], count: int, called: str) -> None:
    if points.ndim != 2 or points.dtype.kind not in "fiu" or len(points) != count or not points.shape[1]:
        told = f"{called} holds {points.shape} {points.dtype}; there are {count} items."
        raise InvalidInputError(told, f"Save numbers of shape ({count}, d): a row an item, in the order of the table.")
    if not np.isfinite(points).all():
        raise InvalidInputError(f"{called} holds numbers that are not finite.", "Replace them and save it again.")


@dataclass(frozen=True)
class Index:
    """Exact search among (n, d) float32 points. A million of 64 numbers is one product of a matrix and a vector."""

    points: Points

    @cached_property
    def _half_lengths(self) -> Points:
        """So that the order of distances needs one product: |p - q|^2 / 2 = |p|^2 / 2 - p q + |q|^2 / 2."""
        return np.asarray(np.einsum("nd,nd->n", self.points, self.points) / 2, np.float32)

    def nearest(self, query: NDArray[np.floating], count: int, *, among: Bools | None = None) -> Rows:
        """The rows nearest to one point (d,), the nearest first; of equals the earlier row.

        among : (n,) bool, rows that may be found; all by default.
        """
        scores = self._half_lengths - self.points @ np.asarray(query, np.float32)
        if among is not None:
            scores[~among] = np.inf
            count = min(count, int(among.sum()))
        return _lowest(scores, min(count, len(scores)))

    def nearest_to_any(self, queries: Points, count: int, *, among: Bools) -> Rows:
        """The rows nearest to one of several points (k, d), whichever it is, the nearest first."""
        halves = np.einsum("kd,kd->k", queries, queries) / 2
        scores = np.full(len(self.points), np.inf, np.float32)
        for query, half in zip(np.asarray(queries, np.float32), halves, strict=True):
            scores = np.minimum(scores, self._half_lengths - self.points @ query + half)
        scores[~among] = np.inf
        return _lowest(np.asarray(scores, np.float32), min(count, int(among.sum())))

    def like(self, row: int, count: int, *, among: Bools | None = None) -> Rows:
        """The rows most like one of them, itself left out."""
        others = np.ones(len(self.points), bool) if among is None else among.copy()
        others[row] = False
        return self.nearest(self.points[row], count, among=others)

    def around(self, rows: Sequence[int] | Rows, count: int, *, among: Bools | None = None) -> Rows:
        """The neighbours of several rows, `count` of each, none twice, those of the first row first."""
        found = [self.like(int(row), count, among=among) for row in rows]
        return unique(np.concatenate(found)) if found else np.array([], np.intp)


def seed_rows(index: Index, references: NDArray[np.floating], wanted: int, *, among: Bools, seed: int) -> Rows:
    """To begin with: neighbours of one or more references, and a quarter as many drawn at random from the rest.

    references : (k, d). wanted : rows to find for each, of which four fifths are neighbours; at least one is.
    """
    near_each = max(int(NEAR_SHARE * wanted), 1)
    near = unique(np.concatenate([index.nearest(each, near_each, among=among) for each in references]))
    left = among.copy()
    left[near] = False
    drawn = np.random.default_rng(seed).permutation(np.flatnonzero(left))[: len(near) // 4]
    return np.concatenate([near, drawn])


def unique(rows: Rows) -> Rows:
    """Each once, in the order of its first place.

    >>> unique(np.array([3, 1, 3, 2])).tolist()
    [3, 1, 2]
    """
    _, firsts = np.unique(rows, return_index=True)
    return np.asarray(rows[np.sort(firsts)])


def layout_refusal(way: str) -> str:
    """Why there can be no such map, in a sentence; empty where there can."""
    if way == "umap" and find_spec("umap") is None:
        return "umap-learn is not installed on the server"
    return ""


def check_layout(way: str) -> None:
    """Raises InvalidInputError where there is no such way, or what it needs is not installed."""
    if way not in LAYOUTS or (reason := layout_refusal(way)):
        told = f"There is no layout {way!r}." if way not in LAYOUTS else f"There can be no such map: {reason}."
        raise InvalidInputError(told, f"Use {next(iter(LAYOUTS))}.")


def layout(points: Points, way: str = "pca", *, seed: int = 0) -> Numbers:
    """(n, 2) coordinates of a map on which what looks alike lies close.

    way : one of `LAYOUTS`. Raises as `check_layout`.
    """
    check_layout(way)
    if min(points.shape) < 2:
        return np.asarray(np.pad(points, [(0, 0), (0, 2)])[:, :2], np.float64)
    if way == "pca" or len(points) <= NEAR_LEAST:
        return _principal(points, seed)
    return _tsne(points, seed) if way == "tsne" else _umap(points, seed)


def _principal(points: Points, seed: int, width: int = 2) -> Numbers:
    from sklearn.decomposition import PCA  # heavy: a page that only lists things need not load it

    sample = np.random.default_rng(seed).permutation(len(points))[:MAP_SAMPLE]
    return np.asarray(PCA(width, random_state=seed).fit(points[sample]).transform(points), np.float64)


def _tsne(points: Points, seed: int) -> Numbers:
    """van der Maaten 2014 (JMLR 15:3221), begun from the principal components so that groups stay where they lie."""
    from sklearn.manifold import TSNE

    few = _principal(points, seed, min(TSNE_WIDTH, *points.shape))
    perplexity = min(30.0, (len(points) - 1) / 3)
    made = TSNE(2, perplexity=perplexity, init="pca", max_iter=TSNE_ROUNDS, random_state=seed)
    return np.asarray(made.fit_transform(few), np.float64)


def _umap(points: Points, seed: int) -> Numbers:
    """McInnes et al. 2018 (arXiv:1802.03426), where it is installed."""
    from umap import UMAP

    return np.asarray(UMAP(n_components=2, random_state=seed, n_jobs=1).fit_transform(points), np.float64)


def near_duplicates(points: Points, ones: Rows, others: Rows, *, share: float = 0.02) -> list[tuple[int, int]]:
    """Pairs, one of each group, that lie much closer than points do: what validation may know from training.

    points : standardised. share : of the median distance between two rows, below which they are near duplicates.
    """
    if not len(ones) or not len(others):
        return []
    index = Index(points[others])
    pairs = [(int(row), int(others[index.nearest(points[row], 1)[0]])) for row in ones]
    apart = [float(np.linalg.norm(points[one] - points[other])) for one, other in pairs]
    limit = share * _usual_distance(points)
    return [pair for pair, distance in zip(pairs, apart, strict=True) if distance <= limit]


def _usual_distance(points: Points) -> float:
    rng = np.random.default_rng(0)
    one, other = (points[rng.integers(0, len(points), 1000)] for _ in range(2))
    return float(np.median(np.linalg.norm(one - other, axis=1)))


def _lowest(scores: Points, count: int) -> Rows:
    if count < len(scores):
        limit = np.partition(scores, count)[:count].max(initial=-np.inf) if count else -np.inf
        rows = np.flatnonzero(scores <= limit)
    else:
        rows = np.arange(len(scores))
    return np.asarray(rows[np.argsort(scores[rows], kind="stable")][:count])
