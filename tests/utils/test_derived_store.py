"""What is made in the background: equal to the source, resumed, made anew for a changed source, bounded in bytes."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from core.errors import UnavailableError, UnsupportedImageError
from core.images import bricks, overview
from core.images.bricks import BrickedVolume, BrickRecipe
from core.images.geometry import Box
from core.images.memory import ArrayVolume
from core.images.overview import OverviewRecipe
from core.images.planes import PlaneVolume
from core.images.pyramid import image_levels
from scripts.local_stack import wait_until
from utils.images import derived_store
from utils.images.derived_store import DiskDerivedStore

RNG = np.random.default_rng(5)
STACK = RNG.integers(0, 60_000, (21, 70, 100)).astype("u2")
IMAGE = RNG.integers(0, 60_000, (1, 2100, 3000)).astype("u2")
PLENTY = 1 << 30


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch):
    """Blocks of one tile and layers of four slices, so that small images take many steps."""
    monkeypatch.setattr(overview, "BLOCK_LEVEL", 0)
    monkeypatch.setattr(overview, "BLOCK_PX", 512)
    monkeypatch.setattr(bricks, "MAX_DEPTH", 4)
    monkeypatch.setattr(derived_store, "RETRY_S", 0.01)


class Gated(ArrayVolume):
    """Counts reads, waits for a gate, and fails when told to."""

    def __init__(self, array, **kwargs):
        super().__init__(array, **kwargs)
        self.reads, self.failures, self.gate = 0, [], threading.Semaphore(10_000)
        self.asked = []

    def read(self, box):
        self.gate.acquire()
        if self.failures:
            raise self.failures.pop()
        self.reads += 1
        self.asked.append(box)
        return super().read(box)


def built(store, recipe, source):
    """What `recipe` makes, once it is made."""
    derived = store.find(recipe, source)
    wait_until(lambda: derived.progress.state not in ("waiting", "building"), "the background")
    return derived


def check_overview(recipe, derived, image):
    for level, pixels in enumerate(image_levels(image)):
        if level:
            height, width = pixels.shape[:2]
            for ty in range(-(-height // 512)):
                for tx in range(-(-width // 512)):
                    part = pixels[ty * 512 : (ty + 1) * 512, tx * 512 : (tx + 1) * 512]
                    np.testing.assert_array_equal(recipe.tile(derived, level, tx, ty), part)


@pytest.mark.parametrize(
    "image", [IMAGE, IMAGE.astype("f4"), IMAGE.astype("i8"), RNG.integers(0, 255, (1, 1100, 700, 3)).astype("u1")]
)
def test_an_overview_has_the_levels_of_the_slice(image, tmp_path):
    source = ArrayVolume(image)
    recipe = OverviewRecipe(source.info, 0)
    derived = built(DiskDerivedStore(tmp_path, max_bytes=PLENTY), recipe, source)
    assert derived.progress.state == "ready"
    check_overview(recipe, derived, image[0])


def test_before_a_block_is_read_its_coarse_levels_show_the_mean_of_a_patch(tmp_path):
    source = Gated(np.full((1, 2100, 3000), 700, "u2"))
    recipe = OverviewRecipe(source.info, 0)
    source.gate = threading.Semaphore(len(recipe.blocks))
    derived = DiskDerivedStore(tmp_path, max_bytes=PLENTY).find(recipe, source)
    wait_until(lambda: derived.progress.done == len(recipe.blocks), "the samples")
    assert (recipe.tile(derived, 3, 0, 0) == 700).all()
    assert not derived.has(recipe.steps_under(3, 0, 0))
    source.gate.release(10_000)
    wait_until(lambda: derived.progress.state == "ready", "the overview")
    assert derived.has(recipe.steps_under(3, 0, 0))


@pytest.mark.parametrize("stack", [STACK, STACK.astype("f4"), RNG.integers(0, 255, (9, 40, 50, 3)).astype("u1")])
@pytest.mark.parametrize("axis", ["z", "y", "x"])
def test_planes_from_bricks_are_those_of_the_source(stack, axis, tmp_path):
    source = ArrayVolume(stack)
    recipe = BrickRecipe(source.info)
    bricked = BrickedVolume(source, recipe, built(DiskDerivedStore(tmp_path, max_bytes=PLENTY), recipe, source))
    planes, expected = PlaneVolume(bricked, axis), PlaneVolume(source, axis)
    depth, height, width = planes.info.shape
    for index in range(depth):
        box = Box((index, 0, 0), (index + 1, height, width))
        np.testing.assert_array_equal(planes.read(box), expected.read(box))
    inner = Box((3, 5, 1), (4, height - 1, width - 2))
    np.testing.assert_array_equal(planes.read(inner), expected.read(inner))


def test_half_made_bricks_serve_what_they_have_and_the_source_the_rest(tmp_path):
    source = Gated(STACK)
    recipe = BrickRecipe(source.info)
    source.gate = threading.Semaphore(8)
    derived = DiskDerivedStore(tmp_path, max_bytes=PLENTY).find(recipe, source)
    wait_until(lambda: derived.progress.done == 2, "two layers")
    direct = ArrayVolume(STACK)
    plane = BrickedVolume(direct, recipe, derived).read(Box((0, 9, 0), (21, 10, 100)))
    np.testing.assert_array_equal(plane, STACK[:, 9:10])
    source.gate.release(10_000)


def test_planes_without_bricks_are_read_in_portions_that_touch_few_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(bricks, "TOUCHED_BYTES", 4 * STACK[0].nbytes)
    direct = Gated(STACK)
    recipe = BrickRecipe(direct.info)
    away = DiskDerivedStore(tmp_path, max_bytes=0).find(recipe, direct)
    plane = BrickedVolume(direct, recipe, away).read(Box((0, 0, 7), (21, STACK.shape[1], 8)))
    np.testing.assert_array_equal(plane, STACK[:, :, 7:8])
    assert [box.shape[0] for box in direct.asked] == [4, 4, 4, 4, 4, 1]


def test_a_restart_goes_on_where_it_stood(tmp_path):
    source = Gated(STACK)
    recipe = BrickRecipe(source.info)
    source.gate = threading.Semaphore(11)  # two layers, and three slices of the third
    first = DiskDerivedStore(tmp_path, max_bytes=PLENTY)
    derived = first.find(recipe, source)
    wait_until(lambda: derived.progress.done == 2, "two layers")
    again = Gated(STACK)
    second = built(DiskDerivedStore(tmp_path, max_bytes=PLENTY), recipe, again)
    assert again.reads == len(STACK) - 8
    np.testing.assert_array_equal(recipe.read(second, Box((0, 0, 7), (21, 70, 8))), STACK[:, :, 7:8])
    source.gate.release(10_000)
    first.stop()


def test_a_changed_source_is_made_anew_and_the_old_is_dropped(tmp_path):
    store = DiskDerivedStore(tmp_path, max_bytes=PLENTY)
    for stack in (STACK, STACK + 1):
        source = ArrayVolume(stack, "stack")
        recipe = BrickRecipe(source.info)
        derived = built(store, recipe, source)
        np.testing.assert_array_equal(recipe.read(derived, Box((0, 3, 0), (21, 4, 100))), stack[:, 3:4])
    assert len(list(tmp_path.iterdir())) == 1


def test_what_was_not_used_for_longest_leaves_when_the_disk_is_full(tmp_path):
    sources = [ArrayVolume(STACK + n, f"stack{n}") for n in range(3)]
    recipes = [BrickRecipe(source.info) for source in sources]
    size = sum(spec.nbytes for spec in recipes[0].arrays.values()) + 20_000
    for source, recipe in zip(sources, recipes, strict=True):  # a new store each time: nothing is in use
        built(DiskDerivedStore(tmp_path, max_bytes=2 * size), recipe, source)
    again = DiskDerivedStore(tmp_path, max_bytes=2 * size)
    assert [again.find(recipes[n], sources[n]).progress.done for n in (1, 2)] == [recipes[0].steps] * 2


def test_what_does_not_fit_is_refused_with_the_reason(tmp_path):
    source = ArrayVolume(STACK)
    derived = DiskDerivedStore(tmp_path, max_bytes=1000).find(BrickRecipe(source.info), source)
    assert derived.progress.state == "refused"
    assert "DISK_CACHE_GB" in derived.progress.reason
    assert not derived.has([0])


def test_a_source_that_is_away_is_waited_for_and_a_broken_one_given_up(tmp_path):
    store = DiskDerivedStore(tmp_path, max_bytes=PLENTY)
    away = Gated(STACK, path="away")
    away.failures = [UnavailableError("Tiled is down.")]
    assert built(store, BrickRecipe(away.info), away).progress.state == "ready"
    broken = Gated(STACK, path="broken")
    broken.failures = [UnsupportedImageError("Slice 0 is cut off.")]
    progress = built(store, BrickRecipe(broken.info), broken).progress
    assert (progress.state, progress.reason) == ("failed", "Slice 0 is cut off.")


def test_progress_is_told_by_volume(tmp_path):
    store = DiskDerivedStore(tmp_path, max_bytes=PLENTY)
    source = ArrayVolume(STACK, "stack")
    built(store, BrickRecipe(source.info), source)
    (progress,) = store.progress("stack")
    assert (progress.what, progress.done, progress.total) == ("XZ and YZ planes", 6, 6)
    assert store.progress("other") == []


def test_only_the_version_names_the_result(tmp_path):
    info = ArrayVolume(STACK).info
    assert derived_store._key(BrickRecipe(info)) != derived_store._key(BrickRecipe(replace(info, version="2")))
