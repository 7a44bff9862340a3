"""A model as plain arrays: kept over a restart, handed out as a file, asked again without what taught it. No pickle.

A part speaks of one class or of several. It is a row of layers, named as `torch.nn.Sequential` names them, or trees
whose answers are averaged; docs/active.md shows how a file of it is read in plain torch. Layers may be convolutions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.learning.curation.convnet_passes import Convnet
from core.learning.curation.convnet_spec import read_spec
from core.learning.curation.network_passes import Layer, forward, sigmoid
from core.learning.curation.table import Chances

LAYERS, TREES = "layers", "trees"
LEAF = -1  # in place of the number of a feature
Arrays = Mapping[str, NDArray[Any]]
Points = NDArray[np.float32]


@dataclass(frozen=True)
class Part:
    """classes : it speaks of. kind : `LAYERS` or `TREES`. arrays : `mean`, `deviation` (d,) of what it is given, and

    of layers `layers.0.weight` (out, in), `layers.0.bias`, `layers.2.weight` and so on, a ReLU between two;
    of trees `roots` (t,) and, a row a node, `feature`, `threshold`, `left` (where it is at most that), `right`,
    `chance` of a leaf.

    normalise : whether the last layer sees directions of length root of their width. spec : of layers that convolve, as
    `read_spec` knows it; weights of convolutions are (out, in, k, k).
    """

    classes: tuple[str, ...]
    kind: str
    arrays: Arrays
    normalise: bool = False
    spec: str = ""

    @property
    def parameters(self) -> int:
        """Numbers that were learned, of layers; 0 of trees, which grow."""
        named = (value for name, value in self.arrays.items() if name.startswith("layers."))
        return sum(value.size for value in named)

    def chances(self, points: Points) -> Chances:
        """(n, d) -> (n, classes) float32."""
        scaled = np.array(points, np.float32)
        scaled -= self.arrays["mean"]
        scaled /= self.arrays["deviation"]
        return self._layered(scaled) if self.kind == LAYERS else self._grown(scaled)

    def _layered(self, scaled: Points) -> Chances:
        if self.spec:
            convnet = Convnet(read_spec(self.spec), self.normalise)
            return np.asarray(sigmoid(convnet.answers(list(self._layers()), scaled)), np.float32)
        out = forward(list(self._layers()), scaled.astype(np.float64), normalise=self.normalise)[-1]
        return np.asarray(sigmoid(out), np.float32)

    def _layers(self) -> Iterator[Layer]:
        place = 0
        while f"layers.{place}.weight" in self.arrays:
            weights, offsets = (self.arrays[f"layers.{place}.{name}"] for name in ("weight", "bias"))
            inward = weights.T if weights.ndim == 2 else weights.transpose(2, 3, 1, 0)
            yield inward.astype(np.float64), offsets.astype(np.float64)
            place += 2  # a ReLU has the number between

    def _grown(self, scaled: Points) -> Chances:
        """Down all trees at once; a leaf stays where it is."""
        feature, threshold = self.arrays["feature"], self.arrays["threshold"]
        nodes = np.tile(self.arrays["roots"], (len(scaled), 1))
        rows = np.arange(len(scaled))[:, None]
        while (inner := feature[nodes] != LEAF).any():
            below = scaled[rows, feature[nodes]] <= threshold[nodes]
            next_ones = np.where(below, self.arrays["left"][nodes], self.arrays["right"][nodes])
            nodes = np.where(inner, next_ones, nodes)
        return np.asarray(self.arrays["chance"][nodes].mean(axis=1, keepdims=True), np.float32)


@dataclass(frozen=True)
class Portable:
    """classes : of the table it learned from, in their order. parts : each speaks of other ones of them."""

    classes: tuple[str, ...]
    parts: tuple[Part, ...] = field(default=())

    @property
    def parameters(self) -> int:
        """Numbers that were learned."""
        return sum(part.parameters for part in self.parts)

    def chances(self, points: Points) -> Chances:
        """(n, C) float32; NaN of classes of which it has learned nothing."""
        said = np.full((len(points), len(self.classes)), np.nan, np.float32)
        for part in self.parts:
            said[:, [self.classes.index(name) for name in part.classes]] = part.chances(points)
        return said

    def facts(self) -> dict[str, Any]:
        """All but the arrays, as JSON."""
        parts = [
            {"classes": list(part.classes), "kind": part.kind, "normalise": part.normalise, "spec": part.spec}
            for part in self.parts
        ]
        return {"classes": list(self.classes), "parts": parts}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """By the number of their part and their name in it: `0.layers.0.weight`."""
        return {f"{at}.{name}": value for at, part in enumerate(self.parts) for name, value in part.arrays.items()}

    @classmethod
    def read(cls, facts: Mapping[str, Any], arrays: Arrays) -> "Portable":
        """What `facts` and `arrays` say."""
        parts = [
            Part(tuple(each["classes"]), each["kind"], _of_part(arrays, at), each["normalise"], each.get("spec", ""))
            for at, each in enumerate(facts["parts"])
        ]
        return cls(tuple(facts["classes"]), tuple(parts))


def layers_part(
    classes: Sequence[str],
    scale: tuple[NDArray[Any], NDArray[Any]],
    layers: Sequence[Layer],
    *,
    normalise: bool = False,
    spec: str = "",
) -> Part:
    """scale : mean and deviation. layers : weights (in, out), or (k, k, in, out), and offsets (out,) of each."""
    arrays = {"mean": scale[0], "deviation": scale[1]}
    for place, (weights, offsets) in enumerate(layers):
        outward = weights.T if weights.ndim == 2 else weights.transpose(3, 2, 0, 1)
        arrays |= {f"layers.{2 * place}.weight": outward, f"layers.{2 * place}.bias": offsets}
    kept = {name: np.ascontiguousarray(value, np.float32) for name, value in arrays.items()}
    return Part(tuple(classes), LAYERS, kept, normalise, spec)


def trees_part(name: str, scale: tuple[NDArray[Any], NDArray[Any]], forest: Any) -> Part:
    """Of a forest of scikit-learn that says yes or no."""
    trees = [each.tree_ for each in forest.estimators_]
    starts = np.cumsum([0, *(tree.node_count for tree in trees)])[:-1]
    leaf = np.concatenate([tree.children_left < 0 for tree in trees])
    arrays: dict[str, NDArray[Any]] = {
        "mean": np.asarray(scale[0], np.float32),
        "deviation": np.asarray(scale[1], np.float32),
        "roots": starts.astype(np.int32),
        "feature": np.where(leaf, LEAF, np.concatenate([tree.feature for tree in trees])).astype(np.int32),
        "threshold": np.concatenate([tree.threshold for tree in trees]).astype(np.float64),
        "left": _moved([tree.children_left for tree in trees], starts),
        "right": _moved([tree.children_right for tree in trees], starts),
        "chance": np.concatenate([_leaf_chances(tree.value) for tree in trees]).astype(np.float64),
    }
    return Part((name,), TREES, arrays)


def _moved(children: Sequence[NDArray[Any]], starts: NDArray[Any]) -> NDArray[np.int32]:
    """Numbers of nodes of all trees in one row."""
    return np.concatenate([each + start for each, start in zip(children, starts, strict=True)]).astype(np.int32)


def _leaf_chances(values: NDArray[Any]) -> NDArray[Any]:
    """(nodes, 1, 2) weights of no and yes -> (nodes,) share of yes."""
    return np.asarray(values[:, 0, 1] / values[:, 0].sum(axis=1))


def _of_part(arrays: Arrays, at: int) -> dict[str, NDArray[Any]]:
    start = f"{at}."
    return {name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)}
