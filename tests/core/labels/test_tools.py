"""The tools that look at the image, against shapes whose pixels are known."""

import numpy as np
import pytest

from core.errors import InvalidInputError
from core.labels.tools import flood, grabcut, grow, livewire, refine, superpixels, threshold
from core.labels.tools.regions import MAX_ANSWER_SPANS, mask_of, spans_of
from core.labels.tools.scene import Ask, Frame, Scene
from core.labels.tools.table import find_tool

DTYPES = ["uint8", "uint16", "int16", "float32", "float64"]


def disc(shape=(200, 220), centre=(90, 120), radius=50) -> np.ndarray:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


def noisy(mask, dtype="uint8", *, bright=100, dark=40, noise=3) -> np.ndarray:
    values = np.where(mask, bright, dark) + np.random.default_rng(0).integers(-noise, noise + 1, mask.shape)
    return values.astype(dtype)


def scene(grey, labels=None, corner=(0, 0)) -> Scene:
    frame = Frame(*corner, corner[0] + grey.shape[0], corner[1] + grey.shape[1])
    return Scene(frame, grey, np.zeros(grey.shape, np.uint8) if labels is None else labels)


def ask(view: Scene, points=(), *, region=None, label=1, plane=None, **options) -> Ask:
    spans = np.zeros((0, 3), np.int32) if region is None else spans_of(region, view.frame)
    found = np.asarray(points, float).reshape(-1, 2)
    return Ask("z", 0, plane or view.frame, view.frame, found, spans, label, options)


def pixels(answer, view: Scene) -> np.ndarray:
    """(h, w) the class each pixel is given; 255 where none."""
    out = np.full(view.frame.shape, 255, np.uint8)
    for part in answer.parts:
        out[mask_of(part.spans, view.frame)] = part.label
    return out


def iou(a, b) -> float:
    return (a & b).sum() / (a | b).sum()


def strokes(mask) -> np.ndarray:
    """A stroke of class 1 inside and of class 2 outside the disc."""
    labels = np.zeros(mask.shape, np.uint8)
    labels[85:95, 100:140] = 1
    labels[5:12, 10:200] = 2
    assert mask[labels == 1].all()
    assert not mask[labels == 2].any()
    return labels


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_wand_takes_a_disc_by_its_true_greys_in_every_type(dtype):
    truth = disc()
    view = scene(noisy(truth, dtype), corner=(30, 700))
    found = pixels(flood.wand(view, ask(view, [[120.5, 820.5]], label=7, tolerance=6)), view)
    assert ((found == 7) == truth).all()


def test_the_wand_tells_neighbouring_greys_of_16_bits_apart():
    grey = np.full((4, 6), 60000, np.uint16)
    grey[:, 3:] = 60001
    view = scene(grey)
    found = pixels(flood.wand(view, ask(view, [[0.5, 0.5]], tolerance=0)), view)
    assert (found[:, :3] == 1).all()
    assert (found[:, 3:] == 255).all()


def test_the_wand_stops_at_nan_and_takes_a_gap_of_nan_when_pointed_at():
    grey = np.ones((5, 9), np.float32)
    grey[:, 4] = np.nan
    view = scene(grey)
    left = pixels(flood.wand(view, ask(view, [[2, 1]], tolerance=100)), view) == 1
    gap = pixels(flood.wand(view, ask(view, [[2, 4]], tolerance=0)), view) == 1
    assert left[:, :4].all()
    assert not left[:, 4:].any()
    assert (gap == np.isnan(grey)).all()


def test_the_wand_on_a_gradient_takes_the_band_of_the_tolerance():
    grey = np.tile(np.arange(50, dtype=np.float32), (10, 1))
    view = scene(grey)
    found = pixels(flood.wand(view, ask(view, [[3, 20]], tolerance=4)), view)
    assert np.flatnonzero((found == 1).all(axis=0)).tolist() == list(range(16, 25))


def test_an_area_that_goes_on_beyond_the_view_is_told_of_and_one_at_the_images_edge_is_not():
    view = scene(np.zeros((6, 6), np.uint8))
    wide = Frame(0, 0, 6, 60)
    assert "edge of the view" in flood.wand(view, ask(view, [[1, 1]], plane=wide)).note
    assert flood.wand(view, ask(view, [[1, 1]])).note == ""


def test_fill_stays_within_the_label_under_the_pointer_whatever_the_grey():
    truth = disc()
    ring = disc(radius=60) & ~disc(radius=55)
    view = scene(noisy(truth), labels=ring.astype(np.uint8) * 3)
    found = pixels(flood.fill(view, ask(view, [[90, 120]], label=5, tolerance=None)), view)
    assert ((found == 5) == disc(radius=55)).all()


def test_fill_with_a_tolerance_stops_at_label_and_grey():
    truth = disc()
    labels = np.zeros(truth.shape, np.uint8)
    labels[:, 120:] = 2
    view = scene(noisy(truth), labels)
    found = pixels(flood.fill(view, ask(view, [[90, 100]], tolerance=6)), view) == 1
    assert (found == (truth & (labels == 0))).all()


def test_fill_of_one_pixel_image_gives_that_pixel():
    view = scene(np.zeros((1, 1), np.float32))
    assert pixels(flood.fill(view, ask(view, [[0, 0]])), view).tolist() == [[1]]


@pytest.mark.parametrize("points", [[], [[-1, 5]], [[5, 500]]])
def test_a_point_outside_the_view_or_none_is_refused_in_words(points):
    view = scene(np.zeros((20, 20), np.uint8))
    with pytest.raises(InvalidInputError, match=r"lies outside|no point"):
        flood.wand(view, ask(view, points))


def test_the_live_wire_follows_a_circles_edge_between_two_of_its_points():
    view = scene(noisy(disc()), corner=(10, 20))
    path = livewire.livewire(view, ask(view, [[100.5, 90.5], [100.5, 190.5]])).points
    radius = np.hypot(path[:, 0] - 100.5, path[:, 1] - 140.5)
    assert path[0].tolist() == [100.5, 90.5]
    assert path[-1].tolist() == [100.5, 190.5]
    assert np.abs(radius - 50).max() < 3
    assert len(path) > 120, "half the circle, not the chord of 100 pixels"


def test_the_live_wire_of_a_constant_image_is_straight():
    view = scene(np.zeros((40, 60), np.uint16))
    path = livewire.livewire(view, ask(view, [[20, 5], [20, 50]])).points
    assert (path[:, 0] == 20.5).all()
    assert len(path) == 46


def test_live_wire_points_too_far_apart_are_refused():
    view = scene(np.zeros((2, 2), np.uint8))
    with pytest.raises(InvalidInputError, match="4999 pixels apart"):
        livewire.frame(ask(view, [[0, 0], [0, 4999]], plane=Frame(0, 0, 5000, 5000)))


@pytest.mark.parametrize("method", [grow.watershed, grow.random_walker])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_growing_divides_the_region_at_the_discs_edge_and_leaves_seeds_alone(method, dtype):
    truth = disc()
    labels = strokes(truth)
    view = scene(noisy(truth, dtype), labels)
    region = np.ones(truth.shape, bool)
    region[:, :30] = False
    found = pixels(method(view, ask(view, region=region)), view)
    whole = np.where(labels > 0, labels, found)
    assert (found[labels > 0] == 255).all(), "a seed was changed"
    assert (found[~region] == 255).all()
    assert iou(whole == 1, truth) > 0.97
    assert set(np.unique(whole[region])) == {1, 2}


@pytest.mark.parametrize("method", [grow.random_walker])
def test_a_large_region_is_solved_small_and_sharpened_to_the_edge(method):
    truth = np.kron(disc(), np.ones((4, 4), bool))
    labels = np.kron(strokes(disc()), np.ones((4, 4), np.uint8))
    view = scene(noisy(truth), labels)
    found = pixels(method(view, ask(view)), view)
    assert iou(np.where(labels > 0, labels, found) == 1, truth) > 0.99


@pytest.mark.parametrize("method", [grow.watershed, grow.random_walker])
def test_growing_from_fewer_than_two_classes_says_so(method):
    view = scene(np.zeros((20, 20), np.uint8), np.eye(20, dtype=np.uint8))
    with pytest.raises(InvalidInputError, match="Only one class is painted inside"):
        method(view, ask(view))


@pytest.mark.parametrize("method", [grow.watershed, grow.random_walker])
@pytest.mark.parametrize("value", [0, np.nan])
def test_growing_in_a_constant_image_still_fills_the_region(method, value):
    labels = np.zeros((30, 30), np.uint8)
    labels[15, 2], labels[15, 27] = 1, 2
    view = scene(np.full((30, 30), value, np.float32), labels)
    found = pixels(method(view, ask(view)), view)
    assert (found[labels == 0] != 255).all()


@pytest.mark.parametrize("scale", [1, 4])
def test_grabcut_finds_the_disc_in_a_box(scale):
    big = np.ones((scale, scale), bool)
    truth = np.kron(disc(), big)
    view = scene(noisy(truth, "uint16", bright=9000, dark=4000, noise=300))
    box = np.kron(disc(radius=1), big)
    box[30 * scale : 150 * scale, 60 * scale : 180 * scale] = True
    found = pixels(grabcut.grabcut(view, ask(view, region=box)), view) == 1
    assert iou(found, truth) > 0.97


def test_grabcut_gives_pixels_of_other_classes_to_them():
    truth = disc()
    labels = np.zeros(truth.shape, np.uint8)
    labels[80:90, 110:120] = 2
    view = scene(noisy(truth), labels)
    box = np.zeros(truth.shape, bool)
    box[30:150, 60:180] = True
    assert (pixels(grabcut.grabcut(view, ask(view, region=box)), view)[labels == 2] == 255).all()


@pytest.mark.parametrize("value", [7, np.nan])
def test_grabcut_of_a_constant_image_ends_without_an_error(value):
    view = scene(np.full((50, 50), value, np.float32))
    box = np.zeros((50, 50), bool)
    box[10:30, 10:30] = True
    grabcut.grabcut(view, ask(view, region=box))


def test_superpixels_touched_by_a_stroke_are_taken_whole_and_keep_to_the_edge():
    truth = disc()
    grey = noisy(truth)
    view = scene(grey)
    points = [[90, 80], [90, 160], [60, 120], [120, 120]]
    answer = superpixels.superpixel(ask(view, points, size=12), lambda _, size: superpixels.divided(grey, size))
    found = pixels(answer, view) == 1
    assert found[90, 80:161].all(), "the line between two points was left out"
    assert (found & truth).sum() / found.sum() > 0.97
    assert found.sum() > 1500


def test_superpixels_of_two_blocks_join_in_one_answer():
    plane = Frame(0, 0, 600, 700)
    asked = Ask("z", 0, plane, plane, np.array([[100, 505.0], [100, 520.0]]), np.zeros((0, 3), np.int32), 1, {})
    asked_for = []

    def divide(block, size):
        asked_for.append(block)
        return np.zeros(block.shape, np.int32)

    (part,) = superpixels.superpixel(asked, divide).parts
    assert asked_for == [Frame(0, 0, 512, 512), Frame(0, 512, 512, 700)]
    assert part.spans.tolist() == [[y, 0, 700] for y in range(512)]


def test_the_threshold_brush_paints_only_greys_of_its_range():
    grey = np.tile(np.arange(10, dtype=np.float32), (3, 1))
    grey[1, 5] = np.nan
    view = scene(grey)
    found = pixels(threshold.threshold(view, ask(view, region=np.ones(grey.shape, bool), lo=4, hi=6)), view)
    assert np.argwhere(found == 1).tolist() == [[0, 4], [0, 5], [0, 6], [1, 4], [1, 6], [2, 4], [2, 5], [2, 6]]


def test_refining_fills_holes_up_to_a_size_and_not_bays():
    mask = np.ones((40, 40), bool)
    mask[5:7, 5:7] = mask[20:30, 20:30] = mask[10:12, 0:3] = False
    view = scene(mask.astype(np.uint8), mask.astype(np.uint8))
    small = pixels(refine.refine(view, ask(view, operation="fill_holes", size=4)), view) == 1
    every = pixels(refine.refine(view, ask(view, operation="fill_holes")), view) == 1
    assert np.argwhere(small).tolist() == [[5, 5], [5, 6], [6, 5], [6, 6]]
    assert every.sum() == 104
    assert not every[10:12, 0:3].any()


def test_refining_removes_islands_as_label_0_but_none_that_go_on_beyond_the_view():
    labels = np.zeros((40, 40), np.uint8)
    labels[5:30, 5:30] = 3
    labels[35, 35] = labels[39, 2] = 3
    view = scene(labels, labels)
    wide = Frame(0, 0, 80, 40)
    found = pixels(refine.refine(view, ask(view, label=3, plane=wide, operation="remove_islands", size=5)), view)
    assert np.argwhere(found == 0).tolist() == [[35, 35]]
    alone = pixels(refine.refine(view, ask(view, label=3, operation="remove_islands", size=5)), view)
    assert np.argwhere(alone == 0).tolist() == [[35, 35], [39, 2]]


@pytest.mark.parametrize(("operation", "radius"), [("dilate", 53), ("erode", 47)])
def test_dilating_and_eroding_a_disc_changes_its_radius(operation, radius):
    labels = disc().astype(np.uint8)
    view = scene(labels, labels)
    found = pixels(refine.refine(view, ask(view, operation=operation, size=3)), view)
    after = np.where(found == 255, labels, found) == 1
    assert iou(after, disc(radius=radius)) > 0.99
    assert (found == (0 if operation == "erode" else 1)).any()


def test_opening_and_closing_take_a_hair_and_a_crack_and_leave_the_images_edge():
    block = np.zeros((60, 60), np.uint8)
    block[20:, :] = 1
    hair, crack = block.copy(), block.copy()
    hair[0:20, 30], crack[40, 10:50] = 1, 0
    for operation, labels, changed in (("open", hair, 20), ("close", crack, 40)):
        view = scene(labels, labels)
        found = pixels(refine.refine(view, ask(view, operation=operation, size=2)), view)
        after = np.where(found == 255, labels, found)
        assert abs((found != 255).sum() - changed) <= 1, operation  # a disc leaves the foot of the hair
        assert (after[:, [0, -1]] == block[:, [0, -1]]).all()
        assert (after != block).sum() <= 1


def test_refining_by_an_unknown_operation_names_those_there_are():
    view = scene(np.zeros((4, 4), np.uint8))
    with pytest.raises(InvalidInputError, match="fill_holes, remove_islands"):
        refine.refine(view, ask(view, operation="sharpen"))


def test_a_region_beyond_the_limit_is_refused_before_anything_is_read():
    plane = Frame(0, 0, 50_000, 50_000)
    asked = Ask("z", 0, plane, plane, np.zeros((0, 2)), np.array([[0, 0, 2000]], np.int32), 1, {})
    with pytest.raises(InvalidInputError, match="2000 x 1 pixels; this tool looks at 1024"):
        find_tool("watershed").checked_frame(asked)


def test_an_answer_of_too_many_pieces_is_refused():
    grey = np.zeros((1000, 1000), np.uint8)
    grey[:, ::2] = 1
    view = scene(grey)
    assert grey[:, ::2].size > MAX_ANSWER_SPANS
    with pytest.raises(InvalidInputError, match="500,000 pieces"):
        threshold.threshold(view, ask(view, region=np.ones(grey.shape, bool), lo=1, hi=1))
