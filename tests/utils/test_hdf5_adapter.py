"""HDF5 files read slice by slice, and what is no array of numbers left to Tiled."""

import h5py
import numpy as np
import psutil
import pytest
from tiled.ndslice import NDBlock, NDSlice
from tiled.utils import BrokenLink

from core.images.voxels import channel_colors, channel_labels, voxel_size_um
from tests.image_files import write_imaris
from utils.served.hdf5_adapter import Hdf5Array, Hdf5Tree, with_contents
from utils.served.hdf5_levels import open_hdf5
from utils.served.tiff_adapter import UnreadableError

PIXELS = np.random.default_rng(3).integers(0, 4000, (6, 50, 40)).astype(">u2")


@pytest.fixture
def tree(tmp_path) -> Hdf5Tree:
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        file.attrs["sample"] = "beads"
        file.create_dataset("entry/data/plain", data=PIXELS)
        file.create_dataset("entry/data/packed", data=PIXELS, chunks=(4, 16, 16), compression="gzip")
        file["entry/data/plain"].attrs["unit"] = "counts"
        file["entry/title"] = "a title"
        file["entry/angle"] = 3.5
        file["entry/nothing"] = h5py.Empty("f4")
        file["entry/gone"] = h5py.SoftLink("/nowhere")
    return Hdf5Tree.from_uris(path.as_uri())


@pytest.mark.parametrize("name", ["plain", "packed"])
@pytest.mark.parametrize(
    "picked", [(), (2,), (slice(1, 4), slice(0, 9), 3), (slice(None, None, 2), slice(5, 45, 7))], ids=str
)
def test_any_slicing_equals_slicing_the_whole_array(tree, name, picked):
    array = tree["entry"]["data"][name]
    assert isinstance(array, Hdf5Array)
    found = array.read(NDSlice(*picked))
    np.testing.assert_array_equal(found, PIXELS[picked])
    assert found.dtype.isnative
    np.testing.assert_array_equal(array.read_block(NDBlock(0, 0, 0), NDSlice(*picked)), PIXELS[picked])


def test_attributes_scalars_and_strings_are_still_there(tree):
    assert tree.metadata()["sample"] == "beads"
    assert tree["entry"]["data"]["plain"].metadata()["unit"] == "counts"
    assert tree["entry"]["angle"].read() == 3.5
    with pytest.warns(UserWarning, match="object type"):
        assert tree["entry"]["title"].structure().data_type.to_numpy_dtype().kind == "S"
    for key, error in (("gone", BrokenLink), ("nothing", BrokenLink), ("missing", KeyError)):
        with pytest.raises(error):
            tree["entry"][key]


def test_a_small_file_is_described_with_all_that_can_be_opened_in_it(tree):
    with pytest.warns(UserWarning, match="object type"):
        told = with_contents(tree)
    assert told.metadata() == tree.metadata()
    assert list(told["entry"]) == ["angle", "data", "title"], "neither what is empty nor what a broken link names"
    np.testing.assert_array_equal(told["entry"]["data"]["plain"].read(), PIXELS)


def test_a_file_of_many_arrays_is_not_opened_to_its_last(tmp_path):
    with h5py.File(tmp_path / "many.h5", "w") as file:
        for number in range(70):
            file[f"a{number}"] = number
    tree = Hdf5Tree.from_uris((tmp_path / "many.h5").as_uri())
    assert with_contents(tree) is tree


def test_one_slice_of_an_uncompressed_file_does_not_load_it(tmp_path):
    with h5py.File(tmp_path / "big.h5", "w") as file:
        data = file.create_dataset("data", (200, 1024, 1024), "u2")
        for z in range(0, 200, 10):
            data[z] = z
    tree = Hdf5Tree.from_uris((tmp_path / "big.h5").as_uri())
    read = psutil.Process().io_counters().read_chars
    assert (tree["data"].read(NDSlice(50)) == 50).all()
    assert psutil.Process().io_counters().read_chars - read < 10 << 20  # the file holds 400 MiB


CELLS = np.random.default_rng(4).integers(0, 255, (2, 3, 5, 40, 50)).astype("u1")  # t, c, z, y, x


def test_an_imaris_file_is_one_image_at_several_sizes_without_its_padding(tmp_path):
    channels = (("DNA", "0 0 1"), ("actin", "0 1 0"), ("", "1 0 0.5"))
    write_imaris(tmp_path / "a.ims", [CELLS, CELLS[..., ::2, ::2, ::2]], voxel_um=0.5, channels=channels)
    image = open_hdf5((tmp_path / "a.ims").as_uri())
    assert list(image) == ["0", "1"]
    np.testing.assert_array_equal(image["0"].read(), CELLS)
    np.testing.assert_array_equal(image["1"].read(NDSlice(1, slice(1, 3), 2)), CELLS[1, 1:3, 4, ::2, ::2])
    assert voxel_size_um(image.metadata()) == (0.5, 0.5, 0.5)
    assert channel_labels(image.metadata()) == ("DNA", "actin", "")
    assert channel_colors(image.metadata()) == ("#0000ff", "#00ff00", "#ff0080")


def test_a_bigdataviewer_file_is_an_image_of_its_times_with_the_voxel_size_of_its_xml(tmp_path):
    values = np.array([[[0, 40_000]]], "u2")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        for time in range(2):
            file[f"t{time:05d}/s00/0/cells"] = (values + time).view("i2")
    setup = "<id>0</id><voxelSize><unit>micrometer</unit><size>0.5 0.6 2.0</size></voxelSize>"
    (tmp_path / "b.xml").write_text(f"<SpimData><ViewSetups><ViewSetup>{setup}</ViewSetup></ViewSetups></SpimData>")
    image = open_hdf5((tmp_path / "b.h5").as_uri())
    np.testing.assert_array_equal(image["0"].read(NDSlice(1)), values[None] + 1)
    assert image["0"].structure().data_type.to_numpy_dtype() == np.dtype("u2")
    assert voxel_size_um(image.metadata()) == (2.0, 0.6, 0.5)


def test_several_images_of_a_bigdataviewer_file_are_listed_apart_and_its_xml_may_be_missing_or_broken(tmp_path):
    with h5py.File(tmp_path / "c.h5", "w") as file:
        for setup in ("s00", "s01"):
            file[f"t00000/{setup}/0/cells"] = PIXELS
    (tmp_path / "c.xml").write_text("<SpimData><ViewSetups>")
    images = open_hdf5((tmp_path / "c.h5").as_uri())
    assert list(images) == ["s00", "s01"]
    np.testing.assert_array_equal(images["s01"]["0"].read()[0, 0], PIXELS)


def test_a_read_of_everything_and_a_file_that_went_away_are_said_in_a_sentence(tmp_path):
    path = tmp_path / "huge.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("data", (3000, 1024, 1024), "u2", chunks=(1, 1024, 1024))
    array = Hdf5Tree.from_uris(path.as_uri())["data"]
    with pytest.raises(UnreadableError, match="5.9 GiB is too much for one read"):
        array.read()
    path.unlink()
    with pytest.raises(UnreadableError, match="huge.h5/data cannot be read"):
        array.read(NDSlice(1))
