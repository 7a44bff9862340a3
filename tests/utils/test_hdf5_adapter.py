"""HDF5 files read slice by slice, and what is no array of numbers left to Tiled."""

import h5py
import numpy as np
import psutil
import pytest
from tiled.ndslice import NDBlock, NDSlice
from tiled.utils import BrokenLink

from utils.hdf5_adapter import Hdf5Array, Hdf5Tree
from utils.tiff_adapter import UnreadableError

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
    for key, error in (("gone", BrokenLink), ("missing", KeyError)):
        with pytest.raises(error):
            tree["entry"][key]


def test_one_slice_of_an_uncompressed_file_does_not_load_it(tmp_path):
    with h5py.File(tmp_path / "big.h5", "w") as file:
        data = file.create_dataset("data", (200, 1024, 1024), "u2")
        for z in range(0, 200, 10):
            data[z] = z
    tree = Hdf5Tree.from_uris((tmp_path / "big.h5").as_uri())
    read = psutil.Process().io_counters().read_chars
    assert (tree["data"].read(NDSlice(50)) == 50).all()
    assert psutil.Process().io_counters().read_chars - read < 10 << 20  # the file holds 400 MiB


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
