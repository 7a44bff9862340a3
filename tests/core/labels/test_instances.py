"""Instances against scipy and scikit-image on stacks that cross tiles, and against shapes whose measures are known."""

import csv
import io
import uuid

import numpy as np
import pytest
from scipy.ndimage import find_objects, gaussian_filter
from skimage.measure import label, perimeter_crofton, regionprops

from core.errors import InvalidInputError, NotFoundError
from core.images.memory import ArrayVolume
from core.images.volumes import CatalogEntry
from core.labels import measurements
from core.labels.corrections import Correction, InstanceSet
from core.labels.fragments import fill_runs, find_runs, label_pixels
from core.labels.instance_builder import Built, InstanceBuilder
from core.labels.instance_changes import Line, cut_along, give_class, merge_of
from core.labels.instance_table import columns, rows, to_csv
from core.labels.store import Rewrite
from utils.labels.instance_db import SqlInstanceMemory
from utils.labels.label_db import SqlLabelStore

PATH = "stack"


class OneVolume:
    """A catalogue of one volume in memory."""

    def __init__(self, source: ArrayVolume) -> None:
        self.source = source

    def list_entries(self) -> list[CatalogEntry]:
        return [CatalogEntry(PATH, self.source.info)]

    def open(self, path: str) -> ArrayVolume:
        return self.source


class Bench:
    """Labels, image and memory in a folder of their own."""

    def __init__(self, folder, shape, voxel=None, values=None) -> None:
        url = f"sqlite:///{folder / f'{uuid.uuid4()}.db'}"
        self.shape, self.store, self.memory = shape, SqlLabelStore(url), SqlInstanceMemory(url)
        image = np.zeros(shape, np.float32) if values is None else values
        self.catalog = OneVolume(ArrayVolume(image, PATH, voxel_size_um=voxel))
        self.last: dict[int, Built] = {}

    def put(self, stack: np.ndarray, kind: str = "import") -> None:
        """Make the labels equal `stack`."""
        padded = np.pad(stack, [(0, 0), *((0, -size % 512) for size in stack.shape[1:])])
        grid = [(z, ty, tx) for z, ty, tx in np.ndindex(len(stack), padded.shape[1] // 512, padded.shape[2] // 512)]
        tiles = [((z, ty, tx), padded[z, ty * 512 :, tx * 512 :][:512, :512].copy()) for z, ty, tx in grid]
        changes = [(index, lambda _, tile=tile: tile) for index, tile in tiles]
        self.store.rewrite(Rewrite(str(uuid.uuid4()), PATH, kind, changes, "ann"))

    def correct(self, correction: Correction, dims: int) -> None:
        """As ann does it."""
        self.store.correct(InstanceSet(PATH, 1, dims), correction, edit_id=str(uuid.uuid4()), user="ann")

    def undo(self, user: str = "ann") -> str:
        """What was taken back."""
        return self.store.undo(PATH, edit_id=str(uuid.uuid4()), user=user).of

    def build(self, dims: int, *, afresh: bool = False) -> Built:
        """Instances of class 1; `afresh` as after a restart of the program."""
        if afresh or not hasattr(self, "builder"):
            self.builder = InstanceBuilder(self.store, self.catalog, self.memory)
            self.last = {}
        chosen = InstanceSet(PATH, 1, dims)
        self.last[dims] = self.builder.build(chosen, self.last.get(dims), lambda *_: None)
        return self.last[dims]

    def image(self, built: Built) -> np.ndarray:
        """(Z, Y, X) of instance ids."""
        height, width = (-(-size // 512) * 512 for size in self.shape[1:])
        found = np.zeros((self.shape[0], height, width), np.int64)
        for (z, ty, tx), place in built.places.items():
            ids = np.append(0, built.instance_ids[place])
            found[z, ty * 512 :, tx * 512 :][:512, :512] = ids[np.abs(built.tiles.labels((z, ty, tx)))]
        return found[:, : self.shape[1], : self.shape[2]]


def random_stack(seed, shape=(3, 560, 640), *, share=0.25):
    """Blobs of every size that cross tiles and slices, beside another class."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=shape), (0.7, 9, 9))
    stack = (noise > np.quantile(noise, 1 - share)).astype(np.uint8)
    stack[noise < np.quantile(noise, 0.1)] = 2
    return stack


def reference(stack, dims):
    mask = stack == 1
    if dims == 3:
        return label(mask, connectivity=3)
    found = np.zeros(mask.shape, int)
    for z, plane in enumerate(mask):
        own = label(plane, connectivity=2)
        found[z] = np.where(own, own + found.max(), 0)
    return found


def same_pieces(one, two) -> bool:
    """Whether two numberings divide the stack alike."""
    pairs = np.unique(np.stack([one.ravel(), two.ravel()]), axis=1)
    return all(len(np.unique(side)) == pairs.shape[1] for side in pairs)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("seed", [1, 2])
def test_instances_are_those_that_scikit_image_finds_across_tiles_and_slices(tmp_path, dims, seed):
    stack = random_stack(seed)
    values = np.random.default_rng(seed).normal(size=stack.shape).astype(np.float32)
    bench = Bench(tmp_path, stack.shape, values=values)
    bench.put(stack)
    built = bench.build(dims)
    truth = reference(stack, dims)
    found = bench.image(built)
    assert same_pieces(found, truth)
    properties = {p.label: p for p in regionprops(found, intensity_image=values)}
    middles, told = measurements.centroids(built.totals), measurements.values(built.totals)
    for row, each in enumerate(built.totals.ids.tolist()):
        expected = properties[each]
        assert measurements.area_of(built.totals)[row] == expected.area
        np.testing.assert_allclose(middles[row], expected.centroid)
        assert (*built.totals.low[row, :3], *built.totals.high[row, :3]) == expected.bbox
        pixels = expected.image_intensity[expected.image].astype(float)
        np.testing.assert_allclose(
            told[row], [pixels.mean(), pixels.min(), pixels.max(), pixels.std()], rtol=1e-4, atol=1e-6
        )


def test_perimeters_are_those_that_scikit_image_counts_across_tiles(tmp_path):
    stack = random_stack(3, (1, 560, 640))
    bench = Bench(tmp_path, stack.shape)
    bench.put(stack)
    built = bench.build(2)
    found = bench.image(built)[0]
    lengths = measurements.perimeters(built.totals, (1.0, 1.0))
    for row, each in enumerate(built.totals.ids.tolist()):
        (box,) = find_objects((found == each).astype(np.uint8))
        own = np.pad((found[box] == each).astype(np.uint8), 1)
        np.testing.assert_allclose(lengths[row], perimeter_crofton(own, directions=4))


@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_pixels_that_touch_by_a_corner_only_are_one_wherever_a_tile_ends(tmp_path, shift):
    stack = np.zeros((2, 1024, 1024), np.uint8)
    stack[0, 511, 511] = stack[1, 512, 511 + shift] = stack[1, 3, 3] = 1
    bench = Bench(tmp_path, stack.shape)
    bench.put(stack)
    assert len(bench.build(3).totals.ids) == 2
    assert len(bench.build(2).totals.ids) == 3


# Known shapes


def disc(shape, middle, radius, pixel=(1.0, 1.0)):
    y, x = np.indices(shape)
    return ((y - middle[0]) * pixel[0]) ** 2 + ((x - middle[1]) * pixel[1]) ** 2 <= radius**2


def value(built, key, row=0):
    return next(each.values[row] for each in columns(built) if each.key == key)


@pytest.mark.parametrize("pixel", [(1.0, 1.0), (0.5, 2.0)])
def test_a_disc_measures_as_a_disc_whatever_the_shape_of_its_pixels(tmp_path, pixel):
    stack = disc((1024, 700), (512, 350), 90, pixel).astype(np.uint8)[None]
    bench = Bench(tmp_path, stack.shape, voxel=(1.0, *pixel))
    bench.put(stack)
    built = bench.build(2)
    np.testing.assert_allclose(value(built, "area_um"), np.pi * 90**2, rtol=0.005)
    np.testing.assert_allclose(value(built, "diameter"), 180, rtol=0.005)
    np.testing.assert_allclose(value(built, "perimeter"), 2 * np.pi * 90, rtol=0.02)
    np.testing.assert_allclose(value(built, "elongation"), 1, rtol=0.01)
    assert value(built, "solidity") > 0.97


def test_a_sphere_measures_as_a_sphere_in_voxels_longer_than_wide(tmp_path):
    z, y, x = np.indices((24, 130, 600))
    stack = (((z - 12) * 4.0) ** 2 + (y - 65.0) ** 2 + (x - 512.0) ** 2 <= 40**2).astype(np.uint8)
    bench = Bench(tmp_path, stack.shape, voxel=(4.0, 1.0, 1.0))
    bench.put(stack)
    built = bench.build(3)
    np.testing.assert_allclose(value(built, "volume_um"), 4 / 3 * np.pi * 40**3, rtol=0.02)
    np.testing.assert_allclose(value(built, "diameter"), 80, rtol=0.01)
    np.testing.assert_allclose(value(built, "surface"), 4 * np.pi * 40**2, rtol=0.05)
    np.testing.assert_allclose(value(built, "elongation"), 1, rtol=0.03)
    assert value(built, "slices") == np.count_nonzero(stack.any(axis=(1, 2)))
    assert value(built, "solidity") > 0.85


def test_a_tilted_bar_tells_its_angle_and_a_ring_its_hollow(tmp_path):
    stack = np.zeros((2, 600, 600), np.uint8)
    y, x = np.indices((600, 600))
    along, across = (x - 300) + -(y - 300), (x - 300) + (y - 300)  # 45 degrees up to the right
    stack[0, (abs(along) < 300) & (abs(across) < 30)] = 1
    stack[1] = disc((600, 600), (300, 300), 80) & ~disc((600, 600), (300, 300), 60)
    bench = Bench(tmp_path, stack.shape)
    bench.put(stack)
    built = bench.build(2)
    np.testing.assert_allclose(value(built, "orientation"), 45, atol=0.5)
    np.testing.assert_allclose(value(built, "elongation"), 10, rtol=0.03)
    np.testing.assert_allclose(value(built, "perimeter", 1), 2 * np.pi * 140, rtol=0.02)
    np.testing.assert_allclose(value(built, "solidity", 1), 1 - (60 / 80) ** 2, rtol=0.03)


# Ids


def squares(*places, shape=(2, 600, 1100)):
    """A stack with squares of 40 pixels at (z, y, x)."""
    stack = np.zeros(shape, np.uint8)
    for z, y, x in places:
        stack[z, y : y + 40, x : x + 40] = 1
    return stack


A, B, C = (0, 100, 100), (0, 100, 500), (1, 300, 300)  # B lies across the border of two tiles


@pytest.mark.parametrize("afresh", [False, True])
def test_ids_last_while_others_come_and_go_and_undo_brings_them_back(tmp_path, afresh):
    bench = Bench(tmp_path, (2, 600, 1100))
    bench.put(squares(A, B, C))
    before = bench.image(bench.build(2))
    ids = [before[place] for place in (A, B, C)]
    bench.put(squares((0, 10, 700), B, C))
    after = bench.image(bench.build(2, afresh=afresh))
    assert [after[B], after[C]] == ids[1:]
    assert after[0, 10, 700] not in ids, "an id is never used again"
    bench.store.undo(PATH, edit_id=str(uuid.uuid4()), user="ann")
    np.testing.assert_array_equal(bench.image(bench.build(2, afresh=afresh)), before)


def test_an_instance_cut_in_two_by_the_eraser_keeps_its_id_in_the_larger_part(tmp_path):
    bench = Bench(tmp_path, (2, 600, 1100))
    bench.put(squares(B))
    (before,) = bench.build(2).totals.ids
    stack = squares(B)
    stack[:, :, 525] = 0
    bench.put(stack)
    found = bench.image(bench.build(2))
    assert found[0, 110, 510] == before != found[0, 110, 535] > 0


# Merge, cut, edit


def drawn(*points, axis="z", index=0) -> Line:
    return Line(axis, index, np.array(points, np.float64))


@pytest.mark.parametrize("dims", [2, 3])
def test_a_merge_makes_one_of_two_that_do_not_touch_until_it_is_taken_back(tmp_path, dims):
    bench = Bench(tmp_path, (2, 600, 1100))
    bench.put(squares(A, B, C))
    first = bench.build(dims)
    one, two = (int(bench.image(first)[place]) for place in (A, B))
    bench.correct(merge_of(first, [one, two]), dims)
    merged = bench.build(dims, afresh=True)
    assert merged.totals.ids.tolist() == [one, 3]
    assert measurements.area_of(merged.totals).tolist() == [3200, 1600]
    assert bench.undo("bob") == "", "what others did stays"
    assert bench.undo() == "merge"
    assert bench.build(dims).totals.ids.tolist() == first.totals.ids.tolist()


@pytest.mark.parametrize("line", [[(90, 520), (150, 520)], [(95, 495), (145, 545)], [(90, 511.5), (150, 512.5)]])
def test_a_line_splits_an_instance_and_changes_no_label(tmp_path, line):
    bench = Bench(tmp_path, (2, 600, 1100))
    bench.put(squares(A, B))
    before = bench.build(2)
    labels = bench.image(before) > 0
    target = int(bench.image(before)[B])
    bench.correct(cut_along(before, target, drawn(*line)), 2)
    built = bench.build(2)
    found = bench.image(built)
    np.testing.assert_array_equal(found > 0, labels)
    assert len(built.totals.ids) == 3
    assert len(np.unique(found[0, 100:140, 500:540])) == 2
    assert bench.undo() == "cut"
    np.testing.assert_array_equal(bench.image(bench.build(2)), bench.image(before))


CUBE = (slice(6, 30), slice(500, 530), slice(300, 332))  # across the border of two rows of tiles


@pytest.mark.parametrize(
    ("axis", "line", "half"),
    [
        ("z", [(490, 310), (540, 310)], np.s_[:, :, :10]),
        ("z", [(495, 299), (535, 333)], None),
        ("y", [(18, 290), (18, 340)], np.s_[:12]),
        ("x", [(511, 0), (511, 40)], np.s_[:, :11]),
        ("x", [(498, 4), (532, 32)], None),
    ],
)
def test_through_the_stack_a_line_on_any_plane_splits_all_that_lies_below_it(tmp_path, axis, line, half):
    stack = np.zeros((32, 600, 400), np.uint8)
    stack[CUBE] = 1
    bench = Bench(tmp_path, stack.shape)
    bench.put(stack)
    before = bench.build(3)
    index = {"z": 10, "y": 515, "x": 316}[axis]
    bench.correct(cut_along(before, 1, drawn(*line, axis=axis, index=index)), 3)
    parts = bench.build(3)
    found = bench.image(parts)
    assert np.count_nonzero(found) == np.count_nonzero(stack)
    assert len(parts.totals.ids) == 2
    if half is not None:
        assert len(np.unique(found[CUBE][half])) == 1, "one side of the line is of one object"
    assert_same_on_planes(parts, found)


def assert_same_on_planes(built: Built, image: np.ndarray) -> None:
    """Outlines on planes, and what lies at a voxel, are those of the volume."""
    for axis, at, plane in (("z", 9, image[9]), ("y", 512, image[:, 512]), ("x", 311, image[:, :, 311].T)):
        for each in built.totals.ids.tolist():
            drawn = np.zeros_like(plane, bool)
            for row, start, stop in built.spans([each], axis, at):
                drawn[row, start:stop] = True
            np.testing.assert_array_equal(drawn, plane == each)
    places = [(9, 512, 311), (9, 20, 20), (29, 529, 331)]
    assert [built.at(*place) for place in places] == [int(image[place]) or None for place in places]


def test_a_merge_of_the_halves_of_a_cut_holds_when_both_are_undone_and_done_again(tmp_path):
    bench = Bench(tmp_path, (2, 600, 1100))
    bench.put(squares(A, B))
    whole = bench.build(2)
    target = int(bench.image(whole)[B])
    bench.correct(cut_along(whole, target, drawn((90, 525), (150, 525))), 2)
    halves = bench.build(2)
    ids = np.unique(bench.image(halves)[0, 100:140, 500:540]).tolist()
    bench.correct(merge_of(halves, ids), 2)
    merged = measurements.area_of(bench.build(2).totals).tolist()
    assert [bench.undo(), bench.undo()] == ["merge", "cut"]
    bench.build(2)
    for kind, count in (("cut", 3), ("merge", 2)):
        assert bench.store.redo(PATH, edit_id=str(uuid.uuid4()), user="ann").of == kind
        assert len(bench.build(2).totals.ids) == count
    assert measurements.area_of(bench.build(2, afresh=True).totals).tolist() == merged == [1600, 1600]


def test_a_scribble_over_all_of_an_instance_leaves_it_whole(tmp_path):
    bench = Bench(tmp_path, (2, 600, 1100))
    bench.put(squares(A, B))
    built = bench.build(2)
    target = int(bench.image(built)[B])
    cut = Correction("cut", (target,), cut={0: np.array([[y, 500, 540] for y in range(100, 140)], np.int32)})
    bench.correct(cut, 2)
    assert sorted(measurements.area_of(bench.build(2).totals)) == [1600, 1600]


def test_a_line_beside_the_instance_and_an_id_that_is_gone_are_refused_in_words(tmp_path):
    bench = Bench(tmp_path, (2, 600, 1100))
    bench.put(squares(A))
    built = bench.build(2)
    with pytest.raises(InvalidInputError, match="does not cross object 1"):
        cut_along(built, 1, drawn((5, 5), (5, 90)))
    with pytest.raises(NotFoundError, match="Object 7"):
        cut_along(built, 7, drawn((90, 120), (150, 120)))


def test_objects_of_two_slices_and_one_alone_are_not_merged_in_a_slice(tmp_path):
    bench = Bench(tmp_path, (2, 600, 1100))
    bench.put(squares(A, C))
    with pytest.raises(InvalidInputError, match="different slices"):
        merge_of(bench.build(2), [1, 2])
    with pytest.raises(InvalidInputError, match="alone"):
        merge_of(bench.build(3), [1])


def test_deleting_an_instance_is_one_edit_that_undo_takes_back_and_spares_what_was_painted_over(tmp_path):
    bench = Bench(tmp_path, (2, 600, 1100))
    bench.put(squares(A, B))
    built = bench.build(2)
    target = int(bench.image(built)[B])
    over = squares(A, B)
    over[0, 100:110, 500:540] = 2
    bench.put(over)
    bench.store.rewrite(give_class(built, [target], 0, edit_id=str(uuid.uuid4()), user="ann"))
    assert bench.store.class_pixels(PATH) == {1: 1600, 2: 400}
    bench.store.undo(PATH, edit_id=str(uuid.uuid4()), user="ann")
    assert bench.store.class_pixels(PATH) == {1: 2800, 2: 400}


# The table


def test_the_csv_has_units_and_reads_back_as_the_table(tmp_path):
    bench = Bench(tmp_path, (2, 600, 1100), voxel=(2.0, 0.5, 0.5))
    bench.put(squares(A, B, C))
    built = bench.build(3)
    header, *lines = csv.reader(io.StringIO(to_csv(built), newline=""))
    assert {"Volume (voxels)", "Volume (µm³)", "Surface (µm²)", "Diameter (µm)"} <= set(header)
    told = [[None if field == "" else float(field) for field in line] for line in lines]
    assert told == [list(row.values()) for row in rows(built).values()]
    assert to_csv(built).count("\r\n") == len(lines) + 1


def test_nothing_painted_is_an_empty_table(tmp_path):
    bench = Bench(tmp_path, (2, 600, 1100))
    assert rows(bench.build(2)) == {}
    assert rows(bench.build(3)) == {}
    assert len(to_csv(bench.build(3)).splitlines()) == 1


def test_runs_fill_what_they_were_found_in():
    labels = label_pixels(random_stack(4, (1, 512, 512))[0] == 1)
    np.testing.assert_array_equal(fill_runs(find_runs(labels)), labels)
