"""Interpolation that follows the image: slices between two painted ones, labelled as the image goes.

Labels of both ends are carried along the optical flow (`through.py`); where they disagree, or a boundary is near, what
pixels of each class look like at the two ends decides with them. Looks are learned by a hidden layer of random weights
with a ridge regression on top (Huang, Zhu & Siew 2006, doi:10.1016/j.neucom.2005.12.126), which takes no time to fit
and did as well as boosted trees. docs/quality.md has the figures, and what was tried beside it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.labels.edits import pack_any, unpack_any
from core.labels.through import Labels, carry, distance, eight_bits
from core.labels.tools.scene import Frame, Grey
from core.learning.features import FeatureChoice, features

MARGIN_PX = 48  # around what is labelled: how far things may move, and what the largest filter sees
REACH_PX = 4.0  # deeper inside its class a pixel is certain; so small things count as much as large ones
WEIGHT = 1.0  # of what a pixel looks like against where the flow brings it, in pixels of depth
SIGMAS_PX = (1.0, 3.5)  # two scales did as well as six
HIDDEN, SAMPLED, RIDGE, LEAST = 64, 20_000, 1.0, 0.01

Read = Callable[[Frame], Grey]
"""Reads a part of one slice."""

Rows = NDArray[np.float32]
"""(N, K), a pixel a row."""


def follow(first: Labels, last: Labels, slices: Sequence[Read]) -> Iterator[tuple[int, Labels]]:
    """The slices between two painted ones, in falling order, each with its place: 0 is the one after `first`.

    Parameters
    ----------
    first, last : (Y, X) class ids of the two ends, 0 = unlabelled. Unlabelled is learned like a class: where only some
        objects are painted, what is not stays so.
    slices : reads the two ends and all between, `first` first. Only the labels' surroundings are read, twice.
    """
    frame = surroundings(first, last)
    if 0 in frame.shape:
        return
    ends = first[_window(frame)], last[_window(frame)]
    ids = np.union1d(*ends).tolist()
    looks = Looks.learn([(slices[0](frame), ends[0]), (slices[-1](frame), ends[1])], ids)
    forth = [pack_any(labels) for labels in carry(ends[0], (eight_bits(read(frame)) for read in slices[:-1]))]
    back = carry(ends[1], (eight_bits(read(frame)) for read in slices[:0:-1]))
    for place, labels in zip(range(len(slices) - 3, -1, -1), back, strict=False):
        share = (place + 1) / (len(slices) - 1)
        depths = depth(unpack_any(forth[place], labels.shape), labels, share, ids)
        found = np.zeros(first.shape, np.uint8)
        found[_window(frame)] = looks.decide(slices[place + 1](frame), depths)
        yield place, found


def surroundings(first: Labels, last: Labels) -> Frame:
    """The smallest frame around all that is labelled at either end, and a margin."""
    rows, columns = np.nonzero(first | last)
    whole = Frame(0, 0, *first.shape)
    if not rows.size:
        return Frame(0, 0, 0, 0)
    box = Frame(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
    return box.grown(MARGIN_PX, whole)


def depth(forth: Labels, back: Labels, share: float, ids: Sequence[int]) -> NDArray[np.float32]:
    """(h, w, classes) how deep each pixel lies in each class, blended of both ends, from -REACH_PX to REACH_PX.

    share : of the way from the first end to the last.
    """

    def of(labels: Labels, label: int) -> NDArray[np.float32]:
        return distance(labels == label).clip(-REACH_PX, REACH_PX)

    return np.stack([(1 - share) * of(forth, label) + share * of(back, label) for label in ids], axis=-1)


@dataclass(frozen=True)
class Looks:
    """What pixels of each class look like at the painted ends.

    ids : classes, 0 among them where something is unlabelled. mean, spread : of the greys, which features are taken of.
    hidden : (K + 1, HIDDEN) weights of the random layer, the bias last. output : (HIDDEN + 1, classes).
    share : (classes,) of the pixels learned from, so that rare classes are not held to be unlikely.
    """

    ids: tuple[int, ...]
    mean: float
    spread: float
    hidden: Rows
    output: Rows
    share: Rows

    @classmethod
    def learn(cls, ends: Sequence[tuple[Grey, Labels]], ids: Sequence[int], *, seed: int = 0) -> "Looks":
        """ends : greys and labels of the same shape. seed : of the random layer and of which pixels are looked at."""
        random = np.random.default_rng(seed)
        greys = np.concatenate([grey.astype(np.float32).ravel() for grey, _ in ends])
        known = greys[np.isfinite(greys)]
        mean, spread = (float(known.mean()), float(known.std()) or 1.0) if known.size else (0.0, 1.0)
        parts = ((_rows(grey, mean, spread), labels, _near(labels, ids)) for grey, labels in ends)
        rows, truth = zip(*(_sample(*part, random) for part in parts), strict=True)
        seen, wanted = np.concatenate(rows), np.concatenate(truth)
        hidden = _random_layer(seen, random)
        target = (wanted[:, None] == np.asarray(ids)).astype(np.float32)
        output = _ridge(_activated(seen, hidden), target)
        return cls(tuple(ids), mean, spread, hidden, output, target.mean(axis=0).clip(LEAST))

    def decide(self, grey: Grey, depths: NDArray[np.float32]) -> Labels:
        """(h, w) class ids: by depth, and near boundaries by the looks too. `depths` is written into."""
        unsure = is_unsure(depths)
        rows = _rows(grey, self.mean, self.spread)[unsure]
        chances = _activated(rows, self.hidden) @ self.output
        depths[unsure] += WEIGHT * np.log(chances.clip(LEAST, 1.0) / self.share)
        found: Labels = np.asarray(self.ids, np.uint8)[depths.argmax(axis=-1)]
        return found


def _rows(grey: Grey, mean: float, spread: float) -> NDArray[np.float32]:
    """(h, w, K) features; NaN reads as the mean."""
    centred = np.nan_to_num((grey.astype(np.float32) - mean) / spread)
    return features(centred[None], FeatureChoice(SIGMAS_PX))


def is_unsure(depths: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(h, w) where no class is certain by depth alone."""
    unsure: NDArray[np.bool_] = depths.max(axis=-1) < REACH_PX * 0.95
    return unsure


def _near(labels: Labels, ids: Sequence[int]) -> NDArray[np.intp]:
    """Places of the pixels near a boundary, where looks will be asked; of all where there is none."""
    near = np.flatnonzero(is_unsure(depth(labels, labels, 0.0, ids)))
    return near if near.size else np.arange(labels.size)


def _sample(
    rows: NDArray[np.float32], labels: Labels, places: NDArray[np.intp], random: np.random.Generator
) -> tuple[Rows, Labels]:
    chosen = random.choice(places, min(SAMPLED, places.size), replace=False)
    return rows.reshape(labels.size, -1)[chosen], labels.ravel()[chosen]


def _random_layer(seen: Rows, random: np.random.Generator) -> Rows:
    """Weights for features as they are: they centre and scale them, too."""
    centre, scale = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    weights = random.normal(size=(seen.shape[1], HIDDEN)) / np.sqrt(seen.shape[1]) / scale[:, None]
    bias = random.normal(size=HIDDEN) - centre @ weights
    return np.vstack([weights, bias]).astype(np.float32)


def _activated(rows: Rows, hidden: Rows) -> Rows:
    """(N, HIDDEN + 1) what the hidden layer makes of features, and a constant."""
    layer = np.maximum(rows @ hidden[:-1] + hidden[-1], 0)
    return np.hstack([layer, np.ones((len(rows), 1), np.float32)])


def _ridge(layer: Rows, target: Rows) -> Rows:
    gram = layer.T @ layer + RIDGE * np.eye(layer.shape[1], dtype=np.float32)
    return np.linalg.solve(gram, layer.T @ target).astype(np.float32)


def _window(frame: Frame) -> tuple[slice, slice]:
    return slice(frame.y0, frame.y1), slice(frame.x0, frame.x1)
