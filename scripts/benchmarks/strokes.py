"""Strokes as a person would paint them, simulated from the truth: along the middle of a class, a few pixels wide."""

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize

STROKES = 12  # a class and slice
LENGTH_PX = 70
WIDTH_PX = 3
NEIGHBOURS = ((-1, 0), (0, 1), (1, 0), (0, -1), (-1, -1), (-1, 1), (1, 1), (1, -1))

Pixel = tuple[int, int]


def strokes_on(truth: NDArray[np.uint8], *, seed: int) -> NDArray[np.uint8]:
    """Labels as strokes leave them: `STROKES` of each class along its skeleton.

    Parameters
    ----------
    truth : (Y, X) uint8 class ids, 0 = unknown.

    Returns
    -------
    Like `truth`, 0 where nothing was painted. No stroke leaves its class.
    """
    rng = np.random.default_rng(seed)
    painted = np.zeros_like(truth)
    for class_id in np.unique(truth[truth > 0]):
        mask = truth == class_id
        lines = np.zeros(truth.shape, np.uint8)
        skeleton = {(int(y), int(x)) for y, x in np.argwhere(skeletonize(mask))}
        for _ in range(STROKES):
            for y, x in walk(skeleton, rng):
                lines[y, x] = 1
        brush = np.ones((WIDTH_PX, WIDTH_PX), np.uint8)
        painted[(cv2.dilate(lines, brush) > 0) & mask] = class_id
    return painted


def walk(skeleton: set[Pixel], rng: np.random.Generator) -> list[Pixel]:
    """A way along the skeleton from a random pixel of it, both directions, at most `LENGTH_PX` long."""
    if not skeleton:
        return []
    start = sorted(skeleton)[int(rng.integers(len(skeleton)))]
    path = [start]
    for _ in range(2):
        path.reverse()
        while len(path) < LENGTH_PX and (ways := _ways_on(path, skeleton)):
            path.append(ways[int(rng.integers(len(ways)))])
    return path


def _ways_on(path: list[Pixel], skeleton: set[Pixel]) -> list[Pixel]:
    y, x = path[-1]
    return [way for dy, dx in NEIGHBOURS if (way := (y + dy, x + dx)) in skeleton and way not in path]
