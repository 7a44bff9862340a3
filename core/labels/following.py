"""Interpolation that follows the image: slices between two painted ones, labelled as the image goes.

Labels of both ends are carried along the optical flow (`through.py`); where they disagree, or a boundary is near, what
pixels of each class look like at the two ends decides with them. Looks are learned by a hidden layer of random weights
with a ridge regression on top (Huang, Zhu & Siew 2006, doi:10.1016/j.neucom.2005.12.126), which takes no time to fit
and did as well as boosted trees. docs/quality.md has the figures, and what was tried beside it.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.labels.edits import pack_any, unpack_any
from core.labels.through import Labels, carry, eight_bits
from core.labels.tools.scene import Frame, Grey
from core.learning.features import FeatureChoice, feature_planes

MARGIN_PX = 48  # around what is labelled: how far things may move, and what the largest filter sees
REACH_PX = 4.0  # deeper inside its class a pixel is certain; so small things count as much as large ones
WEIGHT = 1.0  # of what a pixel looks like against where the flow brings it, in pixels of depth
LOOKED_AT = FeatureChoice((1.0, 3.5))  # two scales did as well as six
HIDDEN, SAMPLED, RIDGE, LEAST = 64, 20_000, 1.0, 0.01
AT_ONCE, BLOCK = 8192, 256  # pixels looked at together: they stay in the cache, and blocks need no threads of BLAS
THREADS = 2  # one an end; OpenCV and numpy leave Python's lock alone meanwhile

Read = Callable[[Frame], Grey]
"""Reads a part of one slice. Called from several threads."""

Rows = NDArray[np.float32]
"""(N, K), a pixel a row."""

Depths = NDArray[np.float32]
"""(classes, h, w) how deep each pixel lies in each class, from -REACH_PX to REACH_PX."""


def follow(
    first: Labels, last: Labels, slices: Sequence[Read], *, near: int = 0, tell: Callable[[], None] = lambda: None
) -> Iterator[tuple[int, Labels]]:
    """The slices between two painted ones, each with its place: 0 is the one after `first`.

    Parameters
    ----------
    first, last : (Y, X) class ids of the two ends, 0 = unlabelled. Unlabelled is learned like a class: where only some
        objects are painted, what is not stays so.
    slices : reads the two ends and all between, `first` first. Only the labels' surroundings are read, three times.
    near : the place that comes first; the others follow, the nearest first.
    tell : called from any thread each time that labels were carried a slice further, `STEPS` times a slice in all
        with its own; raises to stop.
    """
    frame, count = surroundings(first, last), len(slices) - 2
    if 0 in frame.shape or count < 1:
        return
    ends = first[_window(frame)], last[_window(frame)]
    ids = np.union1d(*ends).tolist()

    def way(labels: Labels, reads: Sequence[Read]) -> list[bytes]:
        packed = []
        for carried in carry(labels, (eight_bits(read(frame)) for read in reads)):
            packed.append(pack_any(carried))
            tell()
        return packed

    with ThreadPoolExecutor(THREADS) as pool:
        ways = pool.submit(way, ends[0], slices[:-1]), pool.submit(way, ends[1], slices[:0:-1])
        looks = Looks.learn([(slices[0](frame), ends[0]), (slices[-1](frame), ends[1])], ids)
        forth, back = ways[0].result(), ways[1].result()[::-1]

        def find(place: int) -> tuple[int, Labels]:
            share = (place + 1) / (count + 1)
            both = [depth(unpack_any(way[place], frame.shape), ids) for way in (forth, back)]
            found = np.zeros(first.shape, np.uint8)
            found[_window(frame)] = looks.decide(slices[place + 1](frame), (1 - share) * both[0] + share * both[1])
            return place, found

        yield from pool.map(find, sorted(range(count), key=lambda place: abs(place - near)))


def surroundings(first: Labels, last: Labels) -> Frame:
    """The smallest frame around all that is labelled at either end, and a margin."""
    rows, columns = np.nonzero(first | last)
    whole = Frame(0, 0, *first.shape)
    if not rows.size:
        return Frame(0, 0, 0, 0)
    box = Frame(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
    return box.grown(MARGIN_PX, whole)


def depth(labels: Labels, ids: Sequence[int]) -> Depths:
    """How deep each pixel lies in each class: its distance to the next other class, negative where it is of another."""
    away = np.stack([_away(labels, label) for label in ids])
    own = away == 0
    inside = np.where(own, np.float32(REACH_PX), away).min(axis=0)
    return np.where(own, inside, -away)


def _away(labels: Labels, label: int) -> NDArray[np.float32]:
    """(h, w) distance to the nearest pixel of a class, 0 inside, at most REACH_PX."""
    beyond = cv2.distanceTransform((labels != label).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.minimum(np.asarray(beyond, np.float32), np.float32(REACH_PX))


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
        parts = ((_planes(grey, mean, spread), labels, _near(labels, ids)) for grey, labels in ends)
        rows, truth = zip(*(_sample(*part, random) for part in parts), strict=True)
        seen, wanted = np.concatenate(rows), np.concatenate(truth)
        hidden = _random_layer(seen, random)
        target = (wanted[:, None] == np.asarray(ids)).astype(np.float32)
        output = _ridge(_activated(seen, hidden), target)
        return cls(tuple(ids), mean, spread, hidden, output, target.mean(axis=0).clip(LEAST))

    def decide(self, grey: Grey, depths: Depths) -> Labels:
        """(h, w) class ids: by depth, and near boundaries by the looks too. `depths` is written into."""
        flat = depths.reshape(len(self.ids), -1)
        planes = _planes(grey, self.mean, self.spread)
        unsure = np.flatnonzero(self.is_unsure(depths))
        for start in range(0, unsure.size, AT_ONCE):
            some = unsure[start : start + AT_ONCE]
            flat[:, some] += self.weigh(np.stack([plane.ravel()[some] for plane in planes], axis=1)).T
        found: Labels = np.asarray(self.ids, np.uint8)[depths.argmax(axis=0)]
        return found

    def weigh(self, rows: Rows) -> Rows:
        """(N, classes) what the looks of pixels add to their depths."""
        blocks = np.pad(rows, ((0, -len(rows) % BLOCK), (0, 0))).reshape(-1, BLOCK, rows.shape[1])
        chances = (_activated(blocks, self.hidden) @ self.output).reshape(-1, len(self.ids))[: len(rows)]
        return np.asarray(WEIGHT * np.log(chances.clip(LEAST, 1.0) / self.share), np.float32)

    def is_unsure(self, depths: Depths) -> NDArray[np.bool_]:
        """(h, w) where looks can change what the depths say."""
        most = WEIGHT * np.log(1 / self.share)[:, None, None]
        least = most + np.float32(WEIGHT * np.log(LEAST))
        surest = (depths + least).max(axis=0)
        unsure: NDArray[np.bool_] = (depths + most > surest).sum(axis=0) > 1
        return unsure & is_near(depths)


def _planes(grey: Grey, mean: float, spread: float) -> list[NDArray[np.float32]]:
    """(h, w) features; NaN reads as the mean."""
    centred = np.nan_to_num((grey.astype(np.float32) - mean) / spread)
    return feature_planes(centred[None], LOOKED_AT)


def is_near(depths: Depths) -> NDArray[np.bool_]:
    """(h, w) where no class is certain by depth alone."""
    near: NDArray[np.bool_] = depths.max(axis=0) < REACH_PX * 0.95
    return near


def _near(labels: Labels, ids: Sequence[int]) -> NDArray[np.intp]:
    """Places of the pixels near a boundary, where looks will be asked; of all where there is none."""
    near = np.flatnonzero(is_near(depth(labels, ids)))
    return near if near.size else np.arange(labels.size)


def _sample(
    planes: Sequence[NDArray[np.float32]], labels: Labels, places: NDArray[np.intp], random: np.random.Generator
) -> tuple[Rows, Labels]:
    chosen = random.choice(places, min(SAMPLED, places.size), replace=False)
    return np.stack([plane.ravel()[chosen] for plane in planes], axis=1), labels.ravel()[chosen]


def _random_layer(seen: Rows, random: np.random.Generator) -> Rows:
    """Weights for features as they are: they centre and scale them, too."""
    centre, scale = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    weights = random.normal(size=(seen.shape[1], HIDDEN)) / np.sqrt(seen.shape[1]) / scale[:, None]
    bias = random.normal(size=HIDDEN) - centre @ weights
    return np.vstack([weights, bias]).astype(np.float32)


def _activated(rows: Rows, hidden: Rows) -> Rows:
    """(..., N, HIDDEN + 1) what the hidden layer makes of (..., N, K) features, and a constant."""
    layer = np.ones((*rows.shape[:-1], hidden.shape[1] + 1), np.float32)
    layer[..., :-1] = np.maximum(rows @ hidden[:-1] + hidden[-1], 0)
    return layer


def _ridge(layer: Rows, target: Rows) -> Rows:
    gram = layer.T @ layer + RIDGE * np.eye(layer.shape[1], dtype=np.float32)
    return np.linalg.solve(gram, layer.T @ target).astype(np.float32)


def _window(frame: Frame) -> tuple[slice, slice]:
    return slice(frame.y0, frame.y1), slice(frame.x0, frame.x1)
