"""Classifiers on rows of numbers: boosted trees, a random forest, a small neural network. They know nothing of images.

Trees are LightGBM's (Ke et al. 2017, "LightGBM: A Highly Efficient Gradient Boosting Decision Tree"), forest (Breiman
2001, doi:10.1023/A:1010933404324) and network are scikit-learn's. Trees learn fastest, the network predicts fastest.
What is saved is numbers, never code: a pickle from a stranger could do anything.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from os import cpu_count
from pathlib import Path
from typing import Any, Protocol

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax
from sklearn.ensemble import RandomForestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.tree._tree import Tree
from threadpoolctl import ThreadpoolController

from core.errors import InvalidInputError

TREES_FILE, FOREST_FILE, NETWORK_FILE = "trees.txt", "forest.npz", "network.npz"
CHUNK_ROWS = 1 << 16  # what forest and network take at a time: their intermediate results stay in the cache
BATCH_ROWS = 1024
HIDDEN_LAYERS = 2
JUDGED_ROWS = 2000  # from which a network's importances are measured
LEAST_CHANCE = 1e-6
BLAS = ThreadpoolController().select(user_api="blas")  # small products: threads of its own would wait for each other

Rows = NDArray[np.float32]
"""(N, K) features, a pixel a row."""

Chances = NDArray[np.float32]
"""(N, classes), adding up to 1."""


@dataclass(frozen=True)
class Settings:
    """n_estimators : trees, of either kind. num_leaves, learning_rate : boosted trees. max_depth : forest.

    hidden_units : in each of the two layers of the network; steps : batches it learns from.
    bins : that boosted trees sort the values of a feature into; LightGBM's own number unless somebody waits.
    """

    classifier: str
    n_estimators: int
    num_leaves: int
    learning_rate: float
    max_depth: int
    hidden_units: int
    steps: int
    bins: int = 255


class PixelModel(Protocol):
    """A classifier that has learned."""

    def chances(self, rows: Rows) -> Chances: ...

    def importances(self) -> NDArray[np.float64]:
        """(K,) how much each feature counts, adding up to 1: by gain, impurity, or the loss without it."""
        ...

    def save(self, folder: Path) -> None: ...


@dataclass(frozen=True)
class BoostedTrees:
    booster: lightgbm.Booster

    def chances(self, rows: Rows) -> Chances:
        return np.asarray(_as_columns(np.asarray(self.booster.predict(rows))), np.float32)

    def importances(self) -> NDArray[np.float64]:
        return _shares(self.booster.feature_importance("gain"))

    def save(self, folder: Path) -> None:
        self.booster.save_model(folder / TREES_FILE)


@dataclass(frozen=True)
class Forest:
    """trees : scikit-learn's own, without the wrapping that only a pickle can hold."""

    trees: tuple[Tree, ...]

    def chances(self, rows: Rows) -> Chances:
        return _in_chunks(rows, self._mean)

    def _mean(self, rows: Rows) -> Chances:
        votes = sum(_fractions(tree.predict(rows)) for tree in self.trees)
        return np.asarray(np.asarray(votes) / len(self.trees), np.float32)

    def importances(self) -> NDArray[np.float64]:
        return _shares(np.mean([tree.compute_feature_importances() for tree in self.trees], axis=0))

    def save(self, folder: Path) -> None:
        states = [tree.__getstate__() for tree in self.trees]
        np.savez_compressed(
            folder / FOREST_FILE,
            shape=[self.trees[0].n_features, self.trees[0].max_n_classes],
            depths=[state["max_depth"] for state in states],
            counts=[state["node_count"] for state in states],
            nodes=np.concatenate([state["nodes"] for state in states]),
            values=np.concatenate([state["values"] for state in states]),
        )


@dataclass(frozen=True)
class SmallNetwork:
    """weights, biases : of each layer. centre, spread : (K,) of the rows it learned from. counts : its importances."""

    weights: tuple[NDArray[np.float32], ...]
    biases: tuple[NDArray[np.float32], ...]
    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    counts: NDArray[np.float64]

    def chances(self, rows: Rows) -> Chances:
        with BLAS.limit(limits=1):
            return _in_chunks(rows, self._forward)

    def _forward(self, rows: Rows) -> Chances:
        values = (rows - self.centre) / self.spread
        for weights, biases in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = np.maximum(values @ weights + biases, 0)
        scores = values @ self.weights[-1] + self.biases[-1]
        found = _as_columns(expit(scores[:, 0])) if scores.shape[1] == 1 else softmax(scores, axis=1)
        return np.asarray(found, np.float32)

    def importances(self) -> NDArray[np.float64]:
        return self.counts

    def save(self, folder: Path) -> None:
        arrays: dict[str, Any] = {"centre": self.centre, "spread": self.spread, "counts": self.counts}
        arrays |= {f"weights_{at}": each for at, each in enumerate(self.weights)}
        arrays |= {f"biases_{at}": each for at, each in enumerate(self.biases)}
        np.savez_compressed(folder / NETWORK_FILE, **arrays)


def fit(rows: Rows, places: NDArray[Any], classes: int, settings: Settings, *, seed: int) -> PixelModel:
    """Learn. The same rows, settings and seed give the same model.

    Parameters
    ----------
    places : (N,) the class of each row, 0 to `classes` - 1; each occurs.
    """
    return _FITTERS[settings.classifier](rows, places, classes, settings, seed)


def load(folder: Path, classifier: str) -> PixelModel:
    """What `save` of such a classifier has written; raises InvalidInputError when the file makes no sense."""
    return _LOADERS[classifier](folder)


def _fit_boosted(rows: Rows, places: NDArray[Any], classes: int, settings: Settings, seed: int) -> BoostedTrees:
    two = classes == 2
    chosen = {
        "objective": "binary" if two else "multiclass",
        **({} if two else {"num_class": classes}),
        "num_leaves": settings.num_leaves,
        "learning_rate": settings.learning_rate,
        "max_bin": settings.bins,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,  # few rows grow in .2 s; threads that wait for each other made it 20 s on a busy machine
        "seed": seed,
        "verbosity": -1,
    }
    return BoostedTrees(lightgbm.train(chosen, lightgbm.Dataset(rows, places), num_boost_round=settings.n_estimators))


def _fit_forest(rows: Rows, places: NDArray[Any], classes: int, settings: Settings, seed: int) -> Forest:
    del classes  # the places tell
    forest = RandomForestClassifier(
        n_estimators=settings.n_estimators, max_depth=settings.max_depth, min_samples_leaf=2, random_state=seed
    )
    return Forest(tuple(tree.tree_ for tree in forest.fit(rows, places).estimators_))


def _fit_network(rows: Rows, places: NDArray[Any], classes: int, settings: Settings, seed: int) -> SmallNetwork:
    rng = np.random.default_rng(seed)
    centre, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    batch = min(BATCH_ROWS, len(rows))
    learner = MLPClassifier(
        (settings.hidden_units,) * HIDDEN_LAYERS, learning_rate_init=0.01, batch_size=batch, random_state=seed
    )
    with BLAS.limit(limits=1):
        for _ in range(settings.steps):
            chosen = rng.choice(len(rows), batch, replace=False)
            learner.partial_fit((rows[chosen] - centre) / spread, places[chosen], classes=np.arange(classes))
    weights = tuple(np.asarray(each, np.float32) for each in learner.coefs_)
    biases = tuple(np.asarray(each, np.float32) for each in learner.intercepts_)
    judged = SmallNetwork(weights, biases, centre, spread, np.zeros(rows.shape[1]))
    return replace(judged, counts=_by_shuffling(judged, rows, places, rng))


def _by_shuffling(model: PixelModel, rows: Rows, places: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float64]:
    """How much the loss grows when a feature is shuffled among the rows (Breiman 2001), for each."""
    judged = rng.choice(len(rows), min(JUDGED_ROWS, len(rows)), replace=False)
    known, truth = rows[judged], places[judged]
    before = _loss(model.chances(known), truth)
    grown = []
    for column in range(rows.shape[1]):
        shuffled = known.copy()
        shuffled[:, column] = rng.permutation(shuffled[:, column])
        grown.append(_loss(model.chances(shuffled), truth) - before)
    return _shares(grown)


def _loss(chances: Chances, places: NDArray[Any]) -> float:
    return float(-np.log(np.maximum(chances[np.arange(len(places)), places], LEAST_CHANCE)).mean())


def _load_boosted(folder: Path) -> BoostedTrees:
    return BoostedTrees(lightgbm.Booster(model_file=folder / TREES_FILE))


def _load_forest(folder: Path) -> Forest:
    with np.load(folder / FOREST_FILE) as saved:
        return Forest(tuple(_trees_of({name: saved[name] for name in saved.files})))


def _trees_of(saved: Mapping[str, NDArray[Any]]) -> Iterator[Tree]:
    features, classes = (int(number) for number in saved["shape"])
    ends = np.cumsum(saved["counts"])
    for depth, start, end in zip(saved["depths"], [0, *ends[:-1]], ends, strict=True):
        nodes = np.ascontiguousarray(saved["nodes"][start:end])
        _check_nodes(nodes, features)
        tree = Tree(features, np.array([classes], np.intp), 1)
        values = np.ascontiguousarray(saved["values"][start:end])
        tree.__setstate__({"max_depth": int(depth), "node_count": len(nodes), "nodes": nodes, "values": values})
        yield tree


def _check_nodes(nodes: NDArray[Any], features: int) -> None:
    """A tree follows these numbers blindly: each must lead on, and to something that is there."""
    inner = nodes["left_child"] >= 0
    onwards = np.arange(len(nodes))[inner]
    for side in ("left_child", "right_child"):
        to = nodes[side][inner]
        if ((to <= onwards) | (to >= len(nodes))).any():
            raise _broken(FOREST_FILE)
    if ((nodes["feature"][inner] < 0) | (nodes["feature"][inner] >= features)).any():
        raise _broken(FOREST_FILE)


def _broken(name: str) -> InvalidInputError:
    return InvalidInputError(f"The file {name} of the model makes no sense.", "Train it again.")


def _load_network(folder: Path) -> SmallNetwork:
    with np.load(folder / NETWORK_FILE) as saved:
        layers = range(HIDDEN_LAYERS + 1)
        weights, biases = (tuple(saved[f"{kind}_{at}"] for at in layers) for kind in ("weights", "biases"))
        return SmallNetwork(weights, biases, saved["centre"], saved["spread"], saved["counts"])


_FITTERS: Mapping[str, Callable[[Rows, NDArray[Any], int, Settings, int], PixelModel]] = {
    "boosted trees": _fit_boosted,
    "random forest": _fit_forest,
    "small network": _fit_network,
}
_LOADERS: Mapping[str, Callable[[Path], PixelModel]] = {
    "boosted trees": _load_boosted,
    "random forest": _load_forest,
    "small network": _load_network,
}
CLASSIFIERS = tuple(_FITTERS)


def _in_chunks(rows: Rows, work: Callable[[Rows], Chances]) -> Chances:
    """`work` on a part of the rows in each thread; the parts do not depend on how many there are."""
    parts = [rows[start : start + CHUNK_ROWS] for start in range(0, len(rows), CHUNK_ROWS)]
    if len(parts) == 1:
        return work(rows)
    with ThreadPoolExecutor(min(len(parts), cpu_count() or 1)) as pool:
        return np.concatenate(list(pool.map(work, parts)))


def _fractions(values: NDArray[Any]) -> NDArray[Any]:
    """What a leaf has seen as shares of 1; older releases of scikit-learn keep counts."""
    columns = values.reshape(len(values), -1)
    return np.asarray(columns / columns.sum(axis=1, keepdims=True))


def _as_columns(raw: NDArray[Any]) -> NDArray[Any]:
    """Two-class chances that came as one column of the second class."""
    return np.stack([1 - raw, raw], axis=-1) if raw.ndim == 1 else raw


def _shares(numbers: Any) -> NDArray[np.float64]:
    """Positive numbers scaled to add up to 1; all alike where none is positive."""
    kept = np.maximum(np.asarray(numbers, np.float64), 0)
    return kept / kept.sum() if kept.sum() > 0 else np.full(kept.size, 1 / kept.size)
