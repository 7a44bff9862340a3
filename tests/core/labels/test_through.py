"""Labels carried through a stack whose true shapes are known."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.labels.through import interpolate, propagate, unlabelled_only


def disc(z: int, radius=30) -> np.ndarray:
    """A disc that moves and grows from slice to slice."""
    y, x = np.ogrid[:200, :240]
    return (y - 80 - 2 * z) ** 2 + (x - 90 - 3 * z) ** 2 <= (radius + z) ** 2


def image(z: int) -> np.ndarray:
    """Texture that moves with the disc."""
    y, x = np.mgrid[:200, :240].astype(np.float32)
    y, x = y - 2 * z, x - 3 * z
    return np.where(disc(z), 180, 60) + 25 * np.sin(y / 3) * np.cos(x / 4)


def iou(a, b) -> float:
    return (a & b).sum() / (a | b).sum()


def test_interpolated_slices_match_a_moving_disc():
    between = list(interpolate(disc(0).astype(np.uint8) * 4, disc(6).astype(np.uint8) * 4, 5))
    assert len(between) == 5
    for z, labels in enumerate(between, start=1):
        assert set(np.unique(labels)) == {0, 4}
        assert iou(labels == 4, disc(z)) > 0.9


def test_classes_that_touch_stay_apart_and_one_that_ends_is_left_out():
    first = np.zeros((20, 30), np.uint8)
    first[:, :10], first[:, 10:20], first[0, 29] = 1, 2, 3
    (middle,) = interpolate(first, np.where(first == 3, 0, first), 1)
    assert (middle[:, :20] == first[:, :20]).all()
    assert not middle[:, 21:].any()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_labels_follow_the_image_better_than_unmoved_copies(dtype):
    start = disc(0).astype(np.uint8)
    carried = list(propagate(start, [image(z).astype(dtype) for z in range(5)]))
    assert len(carried) == 4
    assert iou(carried[-1] == 1, disc(4)) > 0.9 > iou(start == 1, disc(4))


def test_labels_are_not_carried_to_an_image_that_has_nothing_in_common():
    noise = np.random.default_rng(0).normal(0, 50, (200, 240))
    assert list(propagate(disc(0).astype(np.uint8), [image(0), noise, noise])) == []


def test_only_unlabelled_pixels_are_filled_tile_by_tile():
    wanted = np.zeros((600, 700), np.uint8)
    wanted[510:520, 5:9] = 2
    standing = np.zeros((512, 512), np.uint8)
    standing[511, 5] = 7
    changes = dict(unlabelled_only(3, wanted))
    assert list(changes) == [(3, 0, 0), (3, 1, 0)]
    filled = changes[3, 0, 0](standing)
    assert filled[511, 5] == 7
    assert (filled[510:512, 5:9] == 2).sum() == 7


@pytest.mark.real_data
@pytest.mark.skipif("REAL_DATA_DIR" not in os.environ, reason="REAL_DATA_DIR is not set")
@pytest.mark.parametrize("name", ["isbi2012_em_membrane", "fib25_medulla_boundary"])
def test_labels_of_a_real_stack_follow_the_image_better_than_copies(name):
    folder = Path(os.environ["REAL_DATA_DIR"]) / name
    images, truth = (tifffile.imread(folder / file) for file in ("images.tif", "masks.tif"))
    compared = 0
    for z in (2, 10, 14):  # between slices 10 and 11 of ISBI the image jumps, and nothing is carried
        start = truth[z].astype(np.uint8) + 1
        for labels, true in zip(propagate(start, images[z : z + 3]), truth[z + 1 : z + 3] + 1, strict=False):
            moved, copied = (np.mean([iou(found == c, true == c) for c in (1, 2)]) for found in (labels, start))
            assert moved > copied + 0.04
            compared += 1
    assert compared >= 4
