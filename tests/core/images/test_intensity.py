"""Window, histogram and encoding: true values must come back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from core.errors import UnsupportedImageError
from core.images.intensity import choose_encoding, decode, describe_intensity, encode, measure, sample_boxes
from core.images.memory import ArrayVolume

RNG = np.random.default_rng(7)


def described(array):
    return describe_intensity(ArrayVolume(np.asarray(array)))


def round_trip(array):
    encoding = described(array).encoding
    return decode(encode(array, encoding), encoding), encoding


@pytest.mark.parametrize("dtype", ["bool", "u1", "i1", "u2", "i2", ">u2", ">i2"])
def test_values_up_to_16_bits_come_back_exactly(dtype):
    kind = np.dtype(dtype)
    if kind.kind == "b":
        array = RNG.random((5, 20, 30)) > 0.5
    else:
        array = RNG.integers(np.iinfo(kind).min, np.iinfo(kind).max, (5, 20, 30), endpoint=True).astype(kind)
    back, encoding = round_trip(array)
    assert encoding.exact
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("dtype", ["u1", "u2", ">u2"])
def test_unsigned_tiles_are_the_data_itself_in_little_endian(dtype):
    array = RNG.integers(0, 255, (20, 30)).astype(dtype)
    encoding = choose_encoding(array.dtype, (0, 255))
    assert encode(array, encoding).tobytes() == array.astype(array.dtype.newbyteorder("<")).tobytes()


@pytest.mark.parametrize("dtype", ["i4", "u4", "i8", "u8"])
def test_wide_integers_of_a_narrow_range_come_back_though_nothing_is_promised(dtype):
    array = RNG.integers(100, 50_000, (5, 20, 30)).astype(dtype)
    back, encoding = round_trip(array)
    assert not encoding.exact
    np.testing.assert_array_equal(back, array)


@given(
    npst.arrays(
        st.sampled_from([np.float32, np.float64]),
        (2, 7, 9),
        elements=st.floats(-(2.0**99), 2.0**99, width=32, allow_subnormal=False),
    )
)
@settings(max_examples=100, deadline=None)
def test_floats_come_back_within_a_step_or_are_clipped(array):
    back, encoding = round_trip(array)
    lo, hi = encoding.lo + encoding.step, encoding.lo + 65535 * encoding.step
    inside = np.clip(array.astype(np.float64), lo, hi)
    assert np.abs(back - inside).max() <= encoding.step * 0.51 + 1e-9 * np.abs(array).max()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4"])
def test_nan_has_its_own_code_and_inf_is_clipped(dtype):
    array = RNG.normal(size=(1, 40, 50)).astype(dtype)
    array[0, 0, :3] = np.nan, np.inf, -np.inf
    manifest = described(array)
    codes = encode(array, manifest.encoding)
    assert manifest.encoding.nan_code == 0
    assert codes[0, 0, :3].tolist() == [0, 65535, 1]
    assert codes[0].ravel()[3:].min() >= 1


@pytest.mark.parametrize(
    "array",
    [
        np.full((1, 8, 8), np.nan, "f4"),
        np.full((1, 8, 8), np.inf, "f4"),
        np.full((1, 8, 8), 5.0, "f4"),
        np.full((1, 8, 8), -1e30, "f8"),
        np.full((1, 8, 8), 1.7e308, "f8"),
        np.full((1, 8, 8), 5e-324, "f8"),
        np.zeros((1, 8, 8), "f4"),
        np.zeros((1, 8, 8), "u2"),
        np.full((1, 8, 8), 65535, "u2"),
        np.full((1, 8, 8), 255, "u1"),
        np.full((1, 8, 8), -(2**63), "i8"),
        np.full((1, 8, 8), 2**64 - 1, "u8"),
        np.array([[[0, 1e-30]]], "f4"),
        np.array([[[1e6, 1e6 + 1e-9]]], "f8"),
        np.array([[[-1.7e308, 1.7e308]]], "f8"),
        np.array([[[0, 1e-320]]], "f8"),
        np.ones((1, 1, 1), "?"),
    ],
    ids=lambda array: f"{array.dtype}:{array.ravel()[0]}..{array.ravel()[-1]}",
)
def test_odd_images_give_finite_numbers_that_differ_and_no_warning(array):
    manifest = described(array)
    numbers = [*manifest.window, *manifest.histogram_range, manifest.encoding.lo, manifest.encoding.step]
    assert np.isfinite(numbers).all()
    assert manifest.window[0] < manifest.window[1]
    assert manifest.histogram_range[0] < manifest.histogram_range[1]
    assert manifest.encoding.step > 0
    assert len(manifest.histogram) == 256
    encode(array, manifest.encoding)


def test_a_constant_float_is_read_back_as_what_it_is():
    for constant in (5.0, -3e-5, 1e-30, 1e20):
        back, _ = round_trip(np.full((1, 4, 4), constant))
        np.testing.assert_allclose(back, constant, rtol=1e-9)


def test_a_range_of_1e_30_keeps_its_precision():
    array = RNG.random((1, 30, 30)) * 1e-30
    back, _ = round_trip(array)
    np.testing.assert_allclose(back, array, atol=1e-34)


def test_the_window_is_the_1st_and_99th_percentile():
    array = np.arange(10_000, dtype="u2").reshape(1, 100, 100)
    assert described(array).window == pytest.approx((100, 9899), abs=2)


def test_a_few_hot_pixels_do_not_cost_the_rest_its_precision():
    array = RNG.normal(size=(1, 200, 200)).astype("f4")
    array[0, 0, 0] = 1e12
    manifest = described(array)
    assert manifest.histogram_range[1] < 100
    assert manifest.encoding.step < 0.01


def test_every_8_bit_value_has_its_own_bin():
    array = np.arange(256, dtype="u1").reshape(1, 16, 16)
    assert described(array).histogram == (1,) * 256


def test_alpha_does_not_count_in_the_window():
    array = np.zeros((20, 20, 4), "u2")
    array[..., :3] = RNG.integers(100, 200, (20, 20, 3))
    array[..., 3] = 65535
    assert described(array).window[1] < 201


def test_8_bit_colours_are_shown_as_they_are():
    assert described(RNG.integers(50, 60, (20, 20, 3)).astype("u1")).window == (0.0, 255.0)


def test_large_slices_are_sampled_in_bands_inside_the_image():
    volume = ArrayVolume(np.broadcast_to(np.uint8(1), (1, 50_000, 50_000)), path="huge", version="1")
    boxes = sample_boxes(volume.info)
    assert sum(np.prod(box.shape) for box in boxes) <= 4_000_000
    assert all(0 <= box.start[1] < box.stop[1] <= 50_000 for box in boxes)


def test_a_stack_is_sampled_off_its_ends():
    volume = ArrayVolume(np.zeros((100, 8, 8), "u1"))
    assert [box.start[0] for box in sample_boxes(volume.info)] == [16, 50, 83]


class Torn(ArrayVolume):
    """A volume of which some slices cannot be read."""

    def __init__(self, array, broken):
        super().__init__(array)
        self.broken = broken

    def read(self, box):
        if box.start[0] in self.broken:
            raise UnsupportedImageError(f"Page {box.start[0]} is broken.")
        return super().read(box)


def test_one_broken_slice_does_not_close_the_others():
    stack = np.arange(6 * 64, dtype="u2").reshape(6, 8, 8)
    assert describe_intensity(Torn(stack, {1})).histogram_range[0] == stack[3].min()
    with pytest.raises(UnsupportedImageError, match="broken"):
        describe_intensity(Torn(stack, {1, 3, 5}))


def test_measure_of_one_voxel_is_open():
    statistics = measure([np.array([[[3]]], "u2")])
    assert statistics.window[0] < statistics.window[1]
