"""Levels of images and labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from core.images.geometry import level_shapes
from core.images.memory import ArrayVolume
from core.images.overview import StoredLevel, read_stored, read_stored_levels
from core.images.pyramid import halve, image_levels, max_pool

DTYPES = ["bool", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", ">u2", ">f4"]
SHAPES = npst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 1300), (1025, 513), (600, 700, 3), (600, 601, 4)])
def test_every_dtype_and_shape_gets_the_levels_the_manifest_promises(dtype, shape):
    pixels = np.ones(shape, dtype)
    levels = image_levels(pixels)
    assert [level.shape[:2] for level in levels] == level_shapes(shape[:2])
    assert levels[0] is pixels
    assert all((level == 1).all() and level.shape[2:] == shape[2:] for level in levels)


def test_infinities_of_both_signs_in_one_slice_are_kept_apart():
    pixels = np.array([[np.inf, 1, -np.inf, 1], [1, 1, 1, 1]], "f4")
    np.testing.assert_array_equal(halve(pixels), np.array([[np.inf, -np.inf]], "f4"))
    halve(np.array([[np.inf, -np.inf]], "f4"))


def test_a_stored_level_of_fewer_slices_shows_each_slice_by_the_one_that_holds_it():
    info = ArrayVolume(np.zeros((7, 700, 600), "u1")).info
    coarse = np.arange(3, dtype="u1")[:, None, None] * np.ones((1, 350, 300), "u1")
    stored = StoredLevel(1, ArrayVolume(coarse))
    whole = [read_stored_levels(info, stored, z).levels[0][0, 0] for z in range(7)]
    tiles = [read_stored(info, stored, z, 1, 0, 0)[0, 0] for z in range(7)]
    assert whole == tiles == [0, 0, 0, 1, 1, 2, 2]


def mean_of_blocks(pixels):
    """The plain definition, block by block."""
    y, x = pixels.shape
    return np.array([[pixels[i : i + 2, j : j + 2].mean() for j in range(0, x, 2)] for i in range(0, y, 2)])


@given(npst.arrays(np.uint16, SHAPES))
@settings(max_examples=50, deadline=None)
def test_integers_are_rounded_area_means(pixels):
    assert np.abs(halve(pixels) - mean_of_blocks(pixels.astype(float))).max() <= 0.5


@given(npst.arrays(np.float32, SHAPES, elements=st.floats(-1000, 1000, width=32)))
@settings(max_examples=50, deadline=None)
def test_odd_edges_average_what_they_have(pixels):
    np.testing.assert_allclose(halve(pixels), mean_of_blocks(pixels.astype(float)), rtol=1e-4, atol=1e-3)


def test_nan_is_left_out_and_stays_only_where_all_is_nan():
    pixels = np.array([[np.nan, 2, np.nan, np.nan, np.inf], [4, 6, np.nan, np.nan, 1]], np.float32)
    np.testing.assert_array_equal(halve(pixels), np.array([[4, np.nan, np.inf]], np.float32))


def test_nan_in_one_channel_leaves_the_others_alone():
    pixels = np.ones((2, 2, 3), np.float64)
    pixels[0, 0, 1] = np.nan
    pixels[1, 1, 2] = 5
    np.testing.assert_array_equal(halve(pixels)[0, 0], [1, 1, 2])


@given(npst.arrays(np.uint8, SHAPES), st.integers(0, 4))
@settings(max_examples=100, deadline=None)
def test_a_label_level_holds_the_greatest_id_of_its_block(labels, level):
    pooled = max_pool(labels, level)
    side = 2**level
    for y, x in np.ndindex(pooled.shape):
        assert pooled[y, x] == labels[y * side : (y + 1) * side, x * side : (x + 1) * side].max()
    assert pooled.shape == tuple(-(-n // side) for n in labels.shape)
