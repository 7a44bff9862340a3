"""The slice cache: one read a slice, bounded bytes, and a source that changes or goes away."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from core.errors import NotFoundError, UnavailableError, UnsupportedImageError
from core.images import overview
from core.images.geometry import Box, level_shapes
from core.images.intensity import decode
from core.images.memory import ArrayVolume
from core.images.planes import turned
from core.images.pyramid import image_levels
from tests.tile_server import tile_server
from utils.images.tile_cache import ByteCache, CachedTileServer

RNG = np.random.default_rng(3)
STACK = RNG.integers(0, 4000, (6, 700, 1100)).astype("u2")


class Shelf:
    """A catalog of arrays in memory that counts what is asked of it, and can be made to fail or to wait."""

    def __init__(self, **arrays):
        self.volumes = {path: ArrayVolume(array, path) for path, array in arrays.items()}
        self.reads = Counter()
        self.opened = 0
        self.failure = None
        self.gate = threading.Event()
        self.gate.set()

    def list_entries(self):
        return []

    def open(self, path):
        self.opened += 1
        if self.failure:
            raise self.failure
        if path not in self.volumes:
            raise NotFoundError(f"{path} is gone.")
        return CountedVolume(self, self.volumes[path])


class CountedVolume:
    def __init__(self, shelf, volume):
        self.shelf, self.volume, self.info = shelf, volume, volume.info

    def read(self, box):
        self.shelf.gate.wait(120)
        if self.shelf.failure:
            raise self.shelf.failure
        self.shelf.reads[box.start[0], box.shape] += 1
        return self.volume.read(box)


def read_level(server, volume, z, level, axis="z"):
    """All tiles of a level, put together."""
    manifest = server.manifest(volume)
    height, width = level_shapes(turned(manifest.info.shape, axis)[1:])[level]
    channels = (manifest.info.channels,) if manifest.info.channels > 1 else ()
    image = np.empty((height, width, *channels), np.dtype(manifest.encoding.dtype).newbyteorder("<"))
    for ty in range(-(-height // 512)):
        for tx in range(-(-width // 512)):
            part = image[ty * 512 : (ty + 1) * 512, tx * 512 : (tx + 1) * 512]
            part[:] = np.frombuffer(server.tile(volume, axis, z, level, tx, ty).pixels, image.dtype).reshape(part.shape)
    return image


@pytest.mark.parametrize("level", [0, 1, 2])
def test_tiles_put_together_are_the_levels_of_the_slice(level):
    server = tile_server(Shelf(stack=STACK))
    np.testing.assert_array_equal(read_level(server, "stack", 2, level), image_levels(STACK[2])[level])


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("array", [STACK, STACK.astype("f4"), RNG.integers(0, 255, (1, 1301, 777, 3)).astype("u1")])
def test_a_slice_too_large_to_hold_gives_the_same_tiles(array, level, monkeypatch):
    held = read_level(tile_server(Shelf(stack=array)), "stack", 0, level)
    monkeypatch.setattr(overview, "WHOLE_SLICE_BYTES", 1_000_000)
    np.testing.assert_array_equal(read_level(tile_server(Shelf(stack=array)), "stack", 0, level), held)


def test_no_read_of_a_slice_too_large_to_hold_takes_all_of_it(monkeypatch):
    monkeypatch.setattr(overview, "WHOLE_SLICE_BYTES", 1_000_000)
    shelf = Shelf(stack=np.tile(STACK, (1, 4, 4)))
    server = tile_server(shelf)
    server.manifest("stack")
    shelf.reads.clear()
    for level in (2, 1, 0):
        server.tile("stack", "z", 3, level, 0, 0)
    assert max(np.prod(shape) for _, shape in shelf.reads) < STACK[0].size * 16
    assert server.value("stack", 3, 5, 6) == STACK[3, 5, 6]


@pytest.mark.parametrize("array", [STACK, RNG.integers(0, 255, (530, 60, 90, 3)).astype("u1")])
@pytest.mark.parametrize(("axis", "order"), [("y", (1, 0, 2)), ("x", (2, 1, 0))])
def test_planes_across_the_slices_show_the_same_voxels(array, axis, order):
    server = tile_server(Shelf(stack=array))
    plane = np.moveaxis(array, order, (0, 1, 2))[37]
    np.testing.assert_array_equal(read_level(server, "stack", 37, 0, axis), plane)
    np.testing.assert_array_equal(read_level(server, "stack", 37, 1, axis), image_levels(plane)[1])


def test_colour_tiles_are_interleaved():
    image = RNG.integers(0, 255, (600, 520, 3)).astype("u1")
    np.testing.assert_array_equal(read_level(tile_server(Shelf(rgb=image)), "rgb", 0, 0), image)


def test_float_levels_average_true_values_and_are_encoded_after():
    image = RNG.normal(size=(1, 600, 600)).astype("f4")
    image[0, :100] = np.nan
    server = tile_server(Shelf(floats=image))
    encoding = server.manifest("floats").encoding
    wanted = image_levels(image[0])[1]
    values = decode(read_level(server, "floats", 0, 1), encoding)
    np.testing.assert_array_equal(np.isnan(values), np.isnan(wanted))
    assert np.nanmax(np.abs(values - wanted)) <= encoding.step


@pytest.mark.parametrize(
    ("z", "level", "tx", "ty", "word"),
    [
        (6, 0, 0, 0, "Slice 6"),
        (-1, 0, 0, 0, "Slice -1"),
        (0, 3, 0, 0, "Level 3"),
        (0, 0, 3, 0, "Tile"),
        (0, 0, 0, 2, "Tile"),
    ],
)
def test_what_lies_outside_is_not_found(z, level, tx, ty, word):
    with pytest.raises(NotFoundError, match=word):
        tile_server(Shelf(stack=STACK)).tile("stack", "z", z, level, tx, ty)


def test_a_slice_is_read_once_however_many_tiles_ask_at_once():
    shelf = Shelf(stack=STACK)
    server = tile_server(shelf)
    server.manifest("stack")
    shelf.reads.clear()
    shelf.gate.clear()
    with ThreadPoolExecutor(12) as pool:
        tiles = [pool.submit(server.tile, "stack", "z", 4, 0, n % 3, n % 2) for n in range(12)]
        shelf.gate.set()
        sizes = {len(tile.result().pixels) for tile in tiles}
    assert sum(shelf.reads.values()) == 1
    assert sizes == {512 * 512 * 2, 512 * 188 * 2, 76 * 512 * 2, 76 * 188 * 2}


def test_the_background_rests_until_a_tile_is_read():
    shelf, reads = Shelf(stack=STACK), []

    class Polite:
        @contextmanager
        def give_way(self):
            reads.append(sum(shelf.reads.values()))
            yield
            reads.append(sum(shelf.reads.values()))

    server = CachedTileServer(shelf, Polite())
    server.manifest("stack")
    sampled = sum(shelf.reads.values())
    server.tile("stack", "z", 1, 0, 0, 0)
    server.region("stack", "z", Box((2, 0, 0), (3, 9, 9)))
    assert reads == [sampled, sampled + 1, sampled + 1, sampled + 2]


def test_a_volume_is_opened_and_sampled_once_however_many_ask_at_once():
    shelf = Shelf(stack=STACK)
    server = tile_server(shelf)
    shelf.gate.clear()
    with ThreadPoolExecutor(8) as pool:
        manifests = [pool.submit(server.manifest, "stack") for _ in range(8)]
        shelf.gate.set()
        assert len({manifest.result().info.version for manifest in manifests}) == 1
    assert max(shelf.reads.values()) == 1


def test_a_failed_read_reaches_the_caller_and_is_tried_again():
    shelf = Shelf(stack=STACK)
    server = tile_server(shelf)
    server.manifest("stack")
    shelf.failure = UnavailableError("Tiled is down.")
    with pytest.raises(UnavailableError):
        server.tile("stack", "z", 0, 0, 0, 0)
    shelf.failure = None
    assert server.tile("stack", "z", 0, 0, 0, 0).pixels == STACK[0, :512, :512].tobytes()


def test_slices_in_memory_can_be_seen_while_the_server_is_down():
    shelf = Shelf(stack=STACK)
    server = tile_server(shelf, revalidate_s=0)
    server.tile("stack", "z", 0, 0, 0, 0)
    shelf.failure = UnavailableError("Tiled is down.")
    assert server.tile("stack", "z", 0, 1, 0, 0)
    assert server.manifest("stack").info.path == "stack"
    with pytest.raises(UnavailableError):
        server.tile("stack", "z", 1, 0, 0, 0)


def test_a_volume_never_seen_fails_as_its_catalog_does():
    shelf = Shelf(stack=STACK)
    shelf.failure = UnsupportedImageError("No pixels.")
    with pytest.raises(UnsupportedImageError):
        tile_server(shelf).manifest("stack")


def test_a_volume_that_has_gone_is_not_found():
    shelf = Shelf(stack=STACK)
    server = tile_server(shelf, revalidate_s=0)
    server.tile("stack", "z", 0, 0, 0, 0)
    del shelf.volumes["stack"]
    with pytest.raises(NotFoundError):
        server.tile("stack", "z", 0, 0, 0, 0)


def test_a_changed_source_gives_new_tiles_under_a_new_version():
    shelf = Shelf(stack=STACK)
    server = tile_server(shelf, revalidate_s=0)
    before = server.manifest("stack").info.version
    server.tile("stack", "z", 0, 0, 0, 0)
    shelf.volumes["stack"] = ArrayVolume(STACK + 1, "stack")
    assert server.tile("stack", "z", 0, 0, 0, 0).pixels == (STACK[0, :512, :512] + 1).tobytes()
    assert server.manifest("stack").info.version != before


def test_a_version_is_believed_for_a_while():
    shelf = Shelf(stack=STACK)
    server = tile_server(shelf, revalidate_s=60)
    for _ in range(5):
        server.tile("stack", "z", 0, 0, 0, 0)
    assert shelf.opened == 1


def test_the_cache_keeps_to_its_bytes_and_forgets_the_oldest():
    shelf = Shelf(stack=STACK)
    server = tile_server(shelf, max_bytes=5_000_000)  # two slices of 2 MB with their levels
    server.manifest("stack")
    shelf.reads.clear()
    for z in (0, 1, 0, 2, 0, 1):
        server.tile("stack", "z", z, 0, 0, 0)
    assert {key[0]: n for key, n in shelf.reads.items()} == {0: 1, 1: 2, 2: 1}


@pytest.mark.parametrize("seen", [False, True])
@pytest.mark.parametrize(
    ("array", "value"),
    [
        (np.array([[[7]]], "u2"), 7),
        (np.array([[[True]]]), 1),
        (np.array([[[-(2**62) - 1]]], "i8"), -(2**62) - 1),
        (np.array([[[0.0132]]], "f4"), 0.0132),
        (np.array([[[0.1]]], "f2"), 0.1),
        (np.array([[[-np.inf]]], "f8"), -np.inf),
        (np.full((8, 8, 3), 9, "u1"), [9, 9, 9]),
    ],
)
def test_values_are_true_whether_the_slice_is_in_memory_or_not(array, value, seen):
    server = tile_server(Shelf(volume=array))
    if seen:
        server.tile("volume", "z", 0, 0, 0, 0)
    answer = server.value("volume", 0, 0, 0)
    assert answer == value
    assert isinstance(answer, int | float | list)


def test_one_value_of_an_unseen_slice_reads_one_voxel():
    shelf = Shelf(stack=STACK)
    server = tile_server(shelf)
    server.manifest("stack")
    shelf.reads.clear()
    assert server.value("stack", 5, 699, 1099) == STACK[5, 699, 1099]
    assert shelf.reads == {(5, (1, 1, 1)): 1}


@pytest.mark.parametrize("place", [(6, 0, 0), (0, 700, 0), (0, 0, 1100), (0, 0, -1)])
def test_a_voxel_outside_is_not_found(place):
    with pytest.raises(NotFoundError):
        tile_server(Shelf(stack=STACK)).value("stack", *place)


def test_facts_that_change_without_the_content_reach_the_manifest():
    shelf = Shelf(stack=STACK)
    server = tile_server(shelf, revalidate_s=0)
    server.manifest("stack")
    volume = shelf.volumes["stack"]
    volume.info = replace(volume.info, voxel_size_um=(1.0, 1.0, 1.0))
    assert server.manifest("stack").info.voxel_size_um == (1.0, 1.0, 1.0)


def test_a_value_larger_than_the_cache_is_returned_and_not_kept():
    cache = ByteCache(10, size=len)
    assert cache.get("a", lambda: b"x" * 11) == b"x" * 11
    assert cache.peek("a") is None
    assert cache.nbytes == 0


def test_many_threads_never_push_the_cache_over_its_bytes():
    cache = ByteCache(1000, size=len)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: cache.get(n % 37, lambda: b"x" * (n % 37 * 10)), range(3000)))
    assert 0 < cache.nbytes <= 1000
