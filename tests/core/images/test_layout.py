"""What an array is, or why it cannot be shown."""

import numpy as np
import pytest

from core.errors import NotFoundError, UnsupportedImageError
from core.images.geometry import Box, whole_slice
from core.images.layout import describe_layout
from core.images.memory import ArrayVolume

U1, U2, F4 = np.dtype("u1"), np.dtype("u2"), np.dtype("f4")


@pytest.mark.parametrize(
    ("shape", "dtype", "volume", "channels"),
    [
        ((70, 90), F4, (1, 70, 90), 1),
        ((6, 70, 90), U2, (6, 70, 90), 1),
        ((1, 70, 90), U2, (1, 70, 90), 1),
        ((70, 90, 3), U1, (1, 70, 90), 3),
        ((70, 90, 4), U2, (1, 70, 90), 4),
        ((70, 90, 3), F4, (70, 90, 3), 1),  # a stack of narrow float slices
        ((4, 90, 3), U1, (4, 90, 3), 1),  # too few rows to be a colour image
        ((6, 70, 90, 3), U1, (6, 70, 90), 3),
        ((6, 70, 90, 4), F4, (6, 70, 90), 4),
        ((6, 1, 70, 90), U2, (6, 70, 90), 1),
        ((1, 1, 6, 70, 90), U2, (6, 70, 90), 1),
        ((6, 70, 90, 1), U2, (6, 70, 90), 1),
        ((70, 90, 1), U2, (1, 70, 90), 1),
        ((1, 1, 70, 90, 3), U1, (1, 70, 90), 3),
        ((1, 1), U1, (1, 1, 1), 1),
        ((1, 1, 1, 1), U1, (1, 1, 1), 1),
    ],
)
def test_axes_get_the_role_people_expect(shape, dtype, volume, channels):
    layout = describe_layout(shape, dtype)
    assert (layout.shape, layout.channels) == (volume, channels)


@pytest.mark.parametrize(
    ("shape", "dtype", "word"),
    [
        ((), U1, "fewer than two axes"),
        ((5,), U1, "fewer than two axes"),
        ((0, 70, 90), U1, "empty"),
        ((2, 3, 4, 5, 70, 90), U1, "6 axes"),
        ((2, 3, 4, 70, 90, 3), U1, "axes longer than 1"),
        ((70, 90), np.dtype("c8"), "complex64"),
        ((70, 90), np.dtype("U5"), "U5"),
        ((70, 90), np.dtype("M8[s]"), "datetime64"),
        ((70, 90), np.dtype([("a", "u1")]), "a"),
        ((70, 90), np.dtype("longdouble"), "float128"),
    ],
)
def test_what_cannot_be_shown_says_why_and_the_way_out(shape, dtype, word):
    with pytest.raises(UnsupportedImageError) as caught:
        describe_layout(shape, dtype)
    assert word in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("shape", [(6, 7, 9), (6, 7, 9, 3), (6, 1, 7, 9), (1, 6, 7, 9, 1)])
def test_a_box_reads_the_voxels_it_names_whatever_the_layout(shape):
    array = np.arange(np.prod(shape), dtype="u2").reshape(shape)
    volume = ArrayVolume(array)
    box = Box(start=(2, 1, 3), stop=(4, 5, 9))
    wanted = array.reshape(6, 7, 9, -1).squeeze(-1) if shape[-1] != 3 else array
    np.testing.assert_array_equal(volume.read(box), wanted[2:4, 1:5, 3:9])


def test_a_plain_image_reads_as_a_stack_of_one():
    image = np.arange(12, dtype=">f4").reshape(3, 4)
    volume = ArrayVolume(image)
    pixels = volume.read(whole_slice(0, volume.info.shape))
    assert pixels.shape == (1, 3, 4)
    assert pixels.dtype.isnative
    np.testing.assert_array_equal(pixels[0], image)


@pytest.mark.parametrize(
    ("shape", "names", "volume", "channels", "extra"),
    [
        ((5, 6, 70, 90), None, (6, 70, 90), 1, [("t", 5)]),
        ((5, 6, 70, 90, 3), None, (6, 70, 90), 3, [("t", 5)]),
        ((5, 2, 6, 70, 90), None, (6, 70, 90), 2, [("t", 5)]),
        ((5, 12, 6, 70, 90), None, (6, 70, 90), 1, [("t", 5), ("c", 12)]),
        ((5, 6, 70, 90), "ztyx", (5, 70, 90), 1, [("t", 6)]),
        ((5, 6, 70, 90), "tcyx", (5, 70, 90), 6, []),  # without a z one scrolls through time
        ((2, 6, 70, 90), "czyx", (6, 70, 90), 2, []),
        ((70, 90, 4, 6), "yxcz", (6, 70, 90), 4, []),
        ((4, 3, 2, 6, 70, 90), ["m", "t", "c", "z", "y", "x"], (6, 70, 90), 2, [("m", 4), ("t", 3)]),
        ((5, 6, 70, 90), "abcd", (6, 70, 90), 1, [("t", 5)]),  # names that say nothing are ignored
        ((5, 70, 90, 3), "cyxs", (5, 70, 90), 3, []),  # channels of colours: neither word tells
        ((5, 6, 70, 90), "zyx", (6, 70, 90), 1, [("t", 5)]),
    ],
)
def test_axes_a_volume_does_not_have_stay_at_a_position(shape, names, volume, channels, extra):
    layout = describe_layout(shape, U1, names)
    assert (layout.shape, layout.channels) == (volume, channels)
    assert [(axis.name, axis.size) for axis in layout.extra] == extra


@pytest.mark.parametrize("order", ["tczyx", "zyxtc", "ctyzx", "xyzct"])
def test_positions_and_channels_are_read_whatever_the_order(order):
    sizes = {"t": 3, "c": 2, "z": 6, "y": 7, "x": 9}
    array = np.arange(np.prod(list(sizes.values())), dtype="u2").reshape([sizes[name] for name in order])
    volume = ArrayVolume(array, "movie@t=2", axes=order)
    expected = np.moveaxis(array, [order.index(name) for name in "tzyxc"], range(5))[2]
    np.testing.assert_array_equal(volume.read(Box((2, 1, 3), (4, 5, 9))), expected[2:4, 1:5, 3:9])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("movie@t=5", "0 to 4"),
        ("movie@m=1", "no further axis 'm'"),
        ("movie@axes=abc", "do not suit"),
        ("movie@axes=zzyx", "do not suit"),
        ("movie@axes=ztyx,t=6", "0 to 5"),
    ],
)
def test_a_position_that_is_not_there_is_said(path, words):
    with pytest.raises(NotFoundError, match=words):
        ArrayVolume(np.zeros((5, 6, 70, 90)), path)
