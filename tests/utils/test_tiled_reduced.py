"""Slices reduced by a real Tiled server are those that the app would make, and are asked for no more than needed."""

import numpy as np
import pytest
import tifffile
import urllib3

from core.images.geometry import whole_slice
from core.images.pyramid import image_levels
from tests.tile_server import tile_server
from utils.images.tiled_volumes import TiledCatalog
from utils.served.tiled_reduced import write_area_mean

RNG = np.random.default_rng(3)
STACK = RNG.integers(0, 60_000, (3, 1101, 701)).astype(">u2")
FLOATS = RNG.normal(size=(1, 1101, 701)).astype("f4")
FLOATS[0, :40, :30] = np.nan
ARRAYS = {
    "stack": STACK,
    "floats": FLOATS,
    "mask": STACK[:1] > 30_000,
    "wide": STACK.astype("i4") * 60_000,
    "rgb": RNG.integers(0, 255, (1, 1101, 701, 3)).astype("u1"),
}
MOVIE = RNG.integers(0, 255, (2, 2, 601, 901)).astype("u1")  # t, z, y, x
CHANNELS = RNG.integers(0, 255, (2, 2, 601, 701)).astype("u1")  # z, c, y, x: channels do not lie beside columns


@pytest.fixture(scope="module")
def catalog(serve_tiled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reduced")
    for name, array in ARRAYS.items():
        np.save(folder / f"{name}.npy", array)
    tifffile.imwrite(folder / "movie.ome.tif", MOVIE, metadata={"axes": "TZYX"})
    tifffile.imwrite(folder / "channels.ome.tif", CHANNELS, metadata={"axes": "ZCYX"})
    server = serve_tiled(folder, "stack", "rgb")
    return TiledCatalog(server.uri, server.key)


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """The slices that are asked of Tiled."""
    urls: list[str] = []
    request = urllib3.PoolManager.request

    def noted(pool, method, url, **options):
        if "slice=" in url:
            urls.append(url)
        return request(pool, method, url, **options)

    monkeypatch.setattr(urllib3.PoolManager, "request", noted)
    return urls


@pytest.mark.parametrize("path", ["stack", "floats", "mask", "wide", "rgb", "movie.ome@t=1"])
def test_a_slice_comes_reduced_as_the_app_would_reduce_it(catalog, path):
    volume = catalog.open(path)
    z = volume.info.shape[0] - 1
    whole = volume.read(whole_slice(z, volume.info.shape))[0]
    assert sorted(volume.levels) == [1, 2][: len(image_levels(whole)) - 1]
    for level, source in volume.levels.items():
        expected = image_levels(whole)[level]
        found = source.read(whole_slice(z, source.info.shape))[0]
        assert (found.dtype, source.info.dtype) == (expected.dtype, expected.dtype)
        np.testing.assert_array_equal(found, expected)


def test_channels_that_lie_apart_come_whole(catalog):
    assert catalog.open("channels.ome").levels == {}


def test_a_server_without_the_media_type_sends_slices_whole(writable_tiled):
    reader = TiledCatalog(writable_tiled.uri, writable_tiled.key)._reader
    assert "application/octet-stream" in reader.array_formats
    assert "application/x-area-mean" not in reader.array_formats


def test_coarser_tiles_are_cut_from_a_finer_level_that_is_held(catalog, asked):
    server = tile_server(catalog)
    server.manifest("stack")
    asked.clear()
    coarse = server.tile("stack", "z", 1, 2, 0, 0)
    fine = server.tile("stack", "z", 1, 1, 0, 0)
    assert [url.rpartition("level%3D")[2][0] for url in asked] == ["2", "1"]
    server.tile("stack", "z", 1, 1, 0, 1)
    assert server.tile("stack", "z", 2, 1, 0, 0) != fine
    assert server.tile("stack", "z", 2, 2, 0, 0) != coarse
    assert len(asked) == 3, "level 2 of the last slice is made of its level 1"


@pytest.mark.parametrize("level", [0, 1, 2])
def test_what_tiled_writes_is_every_slice_of_the_answer(level):
    written = write_area_mean(f"application/x-area-mean;level={level};rows=1", STACK, {})
    expected = np.stack([image_levels(pixels)[level] for pixels in STACK])
    assert written == expected.tobytes()
