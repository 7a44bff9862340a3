"""Label propagation: what is known of some items spreads to those that look alike, over a graph of nearest neighbours.

Zhu and Ghahramani 2002; the graph, its weights and the number of rounds are patchwork's. There is nothing to train, and
nothing to keep but the chances.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from core.learning.curation.heads import Points, taught_classes
from core.learning.curation.table import Chances, LabelTable

NEIGHBOURS, TEMPERATURE, ROUNDS = 10, 0.01, 10
BLOCK = 512  # rows compared at once: 512 x 20,000 float32 are 40 MB
Numbers = NDArray[np.float64]


def propagated(table: LabelTable, points: Points) -> Chances:
    """(n, C) float32; NaN where nothing has arrived, and of classes without a positive or a negative that may teach.

    points : (n, d), an embedding of each row. Raises NotEnoughLabelsError where there is nothing to spread.
    """
    known = np.isin(table.classes, taught_classes(table))
    tags = np.where(table.training[:, None] & known, table.tags, -1)
    given = np.concatenate([tags == 1, tags == 0], axis=1).astype(np.float64)
    fixed = np.concatenate([tags >= 0, tags >= 0], axis=1)
    spread, graph = given, alike(points)
    for _ in range(ROUNDS):
        spread = np.where(fixed, given, graph @ spread)
    yes, no = np.split(spread, 2, axis=1)
    with np.errstate(invalid="ignore"):
        return np.where(yes + no > 0, yes / (yes + no), np.nan).astype(np.float32)


def alike(points: Points) -> csr_array:
    """(n, n) symmetric: exp(-distance / temperature) to the ten nearest by angle, each row and column evened out."""
    count = len(points)
    near = min(NEIGHBOURS, count - 1)
    lengths = np.maximum(np.linalg.norm(points, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    unit = points / lengths
    rows = np.repeat(np.arange(count), near)
    columns, weights = np.empty(count * near, np.intp), np.empty(count * near)
    for start in range(0, count, BLOCK):
        part = slice(start * near, (start + BLOCK) * near)
        columns[part], weights[part] = _nearest(unit, start, near)
    graph = csr_array((weights, (rows, columns)), (count, count))
    graph = graph.maximum(graph.T)
    sums = np.maximum(np.asarray(graph.sum(axis=1)), np.finfo(np.float64).tiny)
    even = diags_array(1 / np.sqrt(sums))
    return csr_array(even @ graph @ even)


def _nearest(unit: Points, start: int, near: int) -> tuple[NDArray[np.intp], Numbers]:
    """Of a block of rows, flat: their nearest others, and the weights."""
    closeness = unit[start : start + BLOCK] @ unit.T
    closeness[np.arange(len(closeness)), np.arange(start, start + len(closeness))] = -np.inf
    found = np.argpartition(-closeness, near - 1, axis=1)[:, :near]
    apart = 1 - np.take_along_axis(closeness, found, axis=1).astype(np.float64)
    return found.ravel(), np.exp(-np.maximum(apart, 0) / TEMPERATURE).ravel()
