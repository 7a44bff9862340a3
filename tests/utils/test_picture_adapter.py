"""PNG and JPEG as Tiled sees them; that their voxels arrive is shown with the other kinds in test_tiled_volumes.py."""

import numpy as np
import pytest
from PIL import Image
from tiled.ndslice import NDSlice

from core.errors import UnsupportedImageError
from utils.served.picture_adapter import PictureAdapter, UnreadableError
from utils.served.tiled_server import list_folder, open_item

PIXELS = np.random.default_rng(0).integers(0, 255, (3, 20, 30)).astype(np.uint8)


@pytest.fixture
def paths(tmp_path):
    made = [tmp_path / f"slice_{z}.png" for z in range(len(PIXELS))]
    for path, pixels in zip(made, PIXELS, strict=True):
        Image.fromarray(pixels).save(path)
    return made


@pytest.mark.parametrize("index", [np.s_[...], np.s_[1], np.s_[1:], np.s_[:, 3:9, ::2], np.s_[-1, 4], np.s_[3:]])
def test_a_stack_is_cut_as_numpy_cuts_it(paths, index):
    wanted = NDSlice(index if isinstance(index, tuple) else (index,))
    np.testing.assert_array_equal(PictureAdapter(paths).read(wanted), PIXELS[index])


@pytest.mark.parametrize(
    ("mode", "shape", "dtype"),
    [("1", (4, 5), "?"), ("L", (4, 5), "u1"), ("LA", (4, 5), "u1"), ("P", (4, 5, 3), "u1"), ("RGBA", (4, 5, 4), "u1")],
)
def test_each_kind_of_picture_is_grey_or_colour(tmp_path, mode, shape, dtype):
    Image.new(mode, (5, 4)).save(tmp_path / "picture.png")
    adapter = PictureAdapter([tmp_path / "picture.png"])
    assert (adapter.structure().shape, adapter.read().shape, adapter.read().dtype) == (shape, shape, np.dtype(dtype))


def test_a_jpeg_of_ink_colours_comes_as_rgb(tmp_path):
    Image.new("CMYK", (5, 4), (0, 255, 255, 0)).save(tmp_path / "ink.jpg")
    red, green, blue = PictureAdapter([tmp_path / "ink.jpg"]).read()[2, 2]
    assert (red > 240, green < 15, blue < 15) == (True, True, True)


def test_numbered_pictures_of_one_size_are_a_stack_and_others_are_not(paths, tmp_path):
    (item,) = list_folder(tmp_path).values()
    assert open_item(item).structure().shape == PIXELS.shape
    Image.new("L", (7, 7)).save(paths[1])
    assert list(list_folder(tmp_path)) == ["slice_0", "slice_1", "slice_2"]


def test_a_picture_that_changes_is_read_anew_and_one_that_no_longer_fits_is_named(paths):
    adapter = PictureAdapter(paths)
    adapter.read()
    Image.fromarray(255 - PIXELS[1]).save(paths[1], compress_level=0)
    np.testing.assert_array_equal(adapter.read(NDSlice((1,))), 255 - PIXELS[1])
    Image.new("L", (7, 7)).save(paths[1])
    with pytest.raises(UnreadableError, match=r"slice_1\.png"):
        adapter.read()


def test_what_is_no_picture_is_named(tmp_path):
    (tmp_path / "torn.png").write_bytes(b"\x89PNG")
    with pytest.raises(UnsupportedImageError, match=r"torn\.png"):
        PictureAdapter([tmp_path / "torn.png"])
