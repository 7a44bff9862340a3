"""Which range a slice goes by: its own where contrast drifts, a common one where grey values mean something."""

import numpy as np
import pytest

from core.learning.normalisation import Normalisation

SHAPE = (64, 64)


def disc_on_ground(dtype: str, *, gain: float = 1.0, offset: float = 0.0, radius: int = 20, seed: int = 0):
    """(image, labels): a bright disc, class 2, on darker ground, class 1."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    disc = np.hypot(y - 32, x - 32) < radius
    noise = np.random.default_rng(seed).normal(0, 4, SHAPE)
    values = offset + gain * (60 + 60 * disc + noise)
    return values.astype(dtype), np.where(disc, 2, 1).astype(np.uint8)


def labelled(*slices):
    images, labels = zip(*slices, strict=True)
    return Normalisation.of_labelled(images, labels)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_slices_whose_contrast_drifts_go_by_their_own_ranges(dtype):
    bright, dark = disc_on_ground(dtype, gain=1.5), disc_on_ground(dtype, gain=0.9, offset=10, seed=1)
    known = labelled(bright, dark)
    assert known.own
    grounds = [np.median(known.of_slice(image).apply(image)[0][marked == 1]) for image, marked in (bright, dark)]
    assert abs(grounds[0] - grounds[1]) < 0.05


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_where_values_mean_a_material_all_slices_share_a_range(dtype):
    full, sparse = disc_on_ground(dtype), disc_on_ground(dtype, radius=3, seed=1)
    assert not labelled(full, sparse).own


def test_one_labelled_slice_tells_nothing_about_others():
    assert not labelled(disc_on_ground("uint8")).own


def test_a_nearly_empty_slice_keeps_the_common_range():
    known = labelled(disc_on_ground("uint8", gain=1.5), disc_on_ground("uint8", gain=0.9, seed=1))
    empty = np.random.default_rng(0).normal(60, 4, SHAPE).astype(np.uint8)
    assert known.of_slice(empty).apply(empty).std() < 0.1


def test_ranges_survive_being_saved_and_older_models_have_one():
    known = labelled(disc_on_ground("uint8", gain=1.5), disc_on_ground("uint8", gain=0.9, seed=1))
    assert Normalisation.from_json(known.to_json()) == known
    assert not Normalisation.from_json({"lo": [0.0], "hi": [1.0]}).own
