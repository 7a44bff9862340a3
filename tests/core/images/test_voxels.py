"""Voxel sizes, as the metadata of many programs tell them."""

import pytest

from core.images.voxels import voxel_size_um


def ome(scale, *, names="zyx", unit="micrometer", overall=None):
    axes = [{"name": name, "type": "space", "unit": unit} for name in names]
    dataset = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]}
    whole = {"coordinateTransformations": [{"type": "scale", "scale": overall}]} if overall else {}
    return {"multiscales": [{"axes": axes, "datasets": [dataset], **whole}]}


@pytest.mark.parametrize(
    ("metadata", "size"),
    [
        ({}, None),
        ({"voxel_size_um": [2, 0.5, 0.25]}, (2, 0.5, 0.25)),
        ({"pixel_size_um": [0.5, 0.25]}, (0.25, 0.5, 0.25)),
        ({"voxel_size_um": 1.5}, (1.5, 1.5, 1.5)),
        (ome([2, 0.5, 0.5]), (2, 0.5, 0.5)),
        (ome([2, 0.5, 0.5], unit="nanometer"), pytest.approx((2e-3, 5e-4, 5e-4))),
        (ome([2, 1, 1], overall=[1, 0.5, 0.5]), (2, 0.5, 0.5)),
        ({"ome": ome([2, 0.5, 0.5])}, (2, 0.5, 0.5)),
        ({"attributes": {"ome": ome([2, 0.5, 0.5])}}, (2, 0.5, 0.5)),
        ({"attributes": ome([2, 0.5, 0.5])}, (2, 0.5, 0.5)),
        (ome([1, 1, 2, 0.5, 0.5], names="tczyx"), (2, 0.5, 0.5)),
        (ome([0.5, 0.25], names="yx"), (0.25, 0.5, 0.25)),
    ],
)
def test_sizes_are_found_where_programs_put_them(metadata, size):
    assert voxel_size_um(metadata) == size


@pytest.mark.parametrize(
    "metadata",
    [
        {"voxel_size_um": [0, 1, 1]},
        {"voxel_size_um": [-1, 1, 1]},
        {"voxel_size_um": float("nan")},
        {"voxel_size_um": "1 um"},
        {"voxel_size_um": ["a", "b", "c"]},
        {"voxel_size_um": [1]},
        {"voxel_size_um": None},
        ome([2, 1, 1], unit="parsec"),
        {"multiscales": []},
        {"multiscales": [{}]},
        {"multiscales": [{"datasets": []}]},
        {"multiscales": "yes"},
        {"multiscales": [{"datasets": [{}], "axes": ["z", "y", "x"]}]},
        {"multiscales": [{"datasets": [{"coordinateTransformations": [{"scale": "?"}]}], "axes": None}]},
    ],
)
def test_metadata_that_make_no_sense_give_no_size(metadata):
    assert voxel_size_um(metadata) is None
