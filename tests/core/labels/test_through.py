"""Labels carried through a stack whose true shapes are known."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.labels.following import follow
from core.labels.through import interpolate, propagate


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


def texture(label_of, z: int, seed: int) -> np.ndarray:
    """An image in which class 1 is brighter than the rest."""
    noise = np.random.default_rng(seed + z).normal(0, 12, (200, 240))
    return (90 + 60 * label_of(z) + noise).clip(0, 255).astype(np.uint8)


def reads(images):
    return [lambda frame, image=image: image[frame.y0 : frame.y1, frame.x0 : frame.x1] for image in images]


def test_what_follows_the_image_finds_a_shape_that_bulges_between_its_ends():
    bulge = [disc(0, 20 + grown) for grown in (0, 8, 14, 8, 0)]
    images = [texture(lambda z: bulge[z], z, 1) for z in range(5)]
    ends = bulge[0].astype(np.uint8) * 3, bulge[4].astype(np.uint8) * 3
    found = dict(follow(*ends, reads(images)))
    assert sorted(found) == [0, 1, 2]
    by_shape = list(interpolate(*ends, 3))
    for place, labels in found.items():
        assert set(np.unique(labels)) == {0, 3}
        assert iou(labels == 3, bulge[place + 1]) > 0.9 > iou(by_shape[1] == 3, bulge[2])


def test_only_the_surroundings_of_the_labels_are_read_and_changed():
    images = [texture(disc, z, 2) for z in range(4)]
    frames = []

    def read(frame, image):
        frames.append(frame)
        return image[frame.y0 : frame.y1, frame.x0 : frame.x1]

    first, last = (disc(z, 10).astype(np.uint8) for z in (0, 3))
    slices = [lambda frame, image=image: read(frame, image) for image in images]
    assert all(labels.shape == (200, 240) and not labels[150:].any() for _, labels in follow(first, last, slices))
    assert all(frame.shape[0] < 140 and frame.shape[1] < 160 for frame in frames)


def test_slices_without_labels_have_nothing_between_them():
    empty = np.zeros((200, 240), np.uint8)
    assert list(follow(empty, empty, reads([image(z) for z in range(4)]))) == []


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


@pytest.mark.real_data
@pytest.mark.skipif("REAL_DATA_DIR" not in os.environ, reason="REAL_DATA_DIR is not set")
def test_between_slices_of_a_real_stack_the_image_knows_better_than_the_shapes():
    folder = Path(os.environ["REAL_DATA_DIR"]) / "isbi2012_em_membrane"
    images, truth = (tifffile.imread(folder / file)[4:9, :256, :256] for file in ("images.tif", "masks.tif"))
    found = dict(follow(truth[0], truth[4], reads(images)))
    by_shape = list(interpolate(truth[0], truth[4], 3))
    for place in range(3):
        true = truth[place + 1] == 1
        assert iou(found[place] == 1, true) > iou(by_shape[place] == 1, true) + 0.2
