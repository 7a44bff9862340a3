"""Grow the classes painted inside a region until they fill it: watershed and random walker.

Seeds are the labels that stand in the region; they are never changed. Watershed: Beucher & Meyer 1993 on the gradient,
as scikit-image has it. Random walker: Grady, IEEE PAMI 28 (2006), doi:10.1109/TPAMI.2006.233; solved on at most 192
pixels a side and, where the region is larger, carried to full size by a watershed of the band along the boundaries.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.labels.tools.livewire import gradient
from core.labels.tools.regions import answer_of_labels, region_of
from core.labels.tools.scene import Answer, Ask, Mask, Scene

Labels = NDArray[np.uint8]

WALK_PX = 192  # a side, solved directly in 0.2 s whatever the image; conjugate gradients took 2 to 7 s
STEEPNESS = 400.0  # how little a walker likes an edge, for greys from 0 to 1


def watershed(scene: Scene, ask: Ask) -> Answer:
    """The region divided among the classes painted in it, along the crests of the gradient."""
    region, seeds = _seeded(scene, ask)
    grown = flooded(gradient(scene.contrast), seeds, region)
    return _answer(grown, region, seeds, scene)


def random_walker(scene: Scene, ask: Ask) -> Answer:
    """The region divided among the classes painted in it, each pixel to the class a random walk reaches first."""
    region, seeds = _seeded(scene, ask)
    return _answer(walked(scene.contrast, region, seeds), region, seeds, scene)


def walked(contrast: NDArray[np.float32], region: Mask, seeds: Labels) -> Labels:
    """(h, w) the region divided among its seeds by random walks; seeds keep their class."""
    step = -(-max(region.shape) // WALK_PX)
    coarse = _walk(contrast, region, seeds, step)
    grown = coarse if step == 1 else sharpened(coarse, contrast, region, band=2 * step)
    return np.where(seeds > 0, seeds, grown).astype(np.uint8)


def sharpened(coarse: Labels, contrast: NDArray[np.float32], region: Mask, *, band: int) -> Labels:
    """Labels found at a lower resolution, with their boundaries moved to the image's edges.

    What lies further than `band` pixels from a boundary stays; a watershed divides the rest.
    """
    kernel = np.ones((2 * band + 1, 2 * band + 1), np.uint8)
    unsure = cv2.dilate(coarse, kernel) != cv2.erode(coarse, kernel)
    shores = cv2.dilate(unsure.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0  # all markers would cost 1 s
    moved = flooded(gradient(contrast), np.where(unsure, 0, coarse).astype(np.uint8), region & shores)
    return np.where(moved > 0, moved, coarse)


def flooded(heights: NDArray[np.float32], markers: Labels, region: Mask) -> Labels:
    """The region divided among its markers by a watershed."""
    from skimage.segmentation import watershed as flood_basins  # 0.8 s, which the app's start need not take

    basins = flood_basins(heights, markers.astype(np.int32), mask=region)  # type: ignore[no-untyped-call]
    return np.asarray(basins, np.uint8)


def shrunk(image: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """(h, w) means of step x step blocks, to the nearest whole size."""
    size = (max(1, image.shape[1] // step), max(1, image.shape[0] // step))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)


def _seeded(scene: Scene, ask: Ask) -> tuple[Mask, Labels]:
    """The region, and the labels inside it. Raises InvalidInputError when they are of fewer than two classes."""
    region = region_of(ask, scene)
    seeds = np.where(region, scene.labels, 0).astype(np.uint8)
    count = len(np.unique(seeds[seeds > 0]))
    if count < 2:
        found = "No class is" if count == 0 else "Only one class is"
        raise InvalidInputError(
            f"{found} painted inside the region; growing needs two.", "Paint a stroke of each class in it first."
        )
    return region, seeds


def _walk(contrast: NDArray[np.float32], region: Mask, seeds: Labels, step: int) -> Labels:
    """Labels of the region at full size, solved at 1/step of it."""
    from skimage.segmentation import random_walker as solve_walk  # 0.8 s, which the app's start need not take

    image = contrast if step == 1 else shrunk(contrast, step)
    if not image.std():
        return flooded(contrast, seeds, region)  # there is nothing to walk around, and scikit-image divides by it
    ids = np.unique(seeds[seeds > 0])
    places = _small_seeds(seeds, image.shape, ids)
    places[_shrunk_mask(region, image.shape) == 0] = -1
    solved = solve_walk(image, places, beta=STEEPNESS, mode="bf")
    labels = np.concatenate([[0], ids]).astype(np.uint8)[np.clip(solved, 0, None)]
    full = cv2.resize(labels, region.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(full, np.uint8)


def _small_seeds(seeds: Labels, shape: tuple[int, ...], ids: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Seeds at a lower size, as places 1.. in `ids`: a class has a pixel where it has any in its block."""
    small = np.zeros(shape, np.int32)
    y, x = np.nonzero(seeds)
    rows, columns = y * shape[0] // seeds.shape[0], x * shape[1] // seeds.shape[1]
    small[rows, columns] = np.searchsorted(ids, seeds[y, x]) + 1
    return small


def _shrunk_mask(region: Mask, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    small = cv2.resize(region.astype(np.uint8) * 255, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _answer(grown: Labels, region: Mask, seeds: Labels, scene: Scene) -> Answer:
    new = np.where(region & (seeds == 0), grown, 0).astype(np.uint8)
    return answer_of_labels(new, tuple(int(label) for label in np.unique(new[new > 0])), scene)
