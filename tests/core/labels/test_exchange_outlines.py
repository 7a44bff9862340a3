"""Run lengths and polygons are exact, and pycocotools agrees to the byte."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as cocomask

from core.labels.exchange import rle
from core.labels.exchange.coco import annotations
from core.labels.exchange.facts import FileClass
from core.labels.exchange.polygons import fill, polygons_of

SIDES = arrays.array_shapes(min_dims=2, max_dims=2, max_side=24)
MASKS = SIDES.flatmap(lambda shape: arrays.arrays(bool, shape))


def big_rings(size: int) -> np.ndarray:
    """Rings within rings, which touch corner to corner nowhere and have holes everywhere."""
    y, x = np.ogrid[:size, :size]
    return (np.hypot(y - size / 2, x - size / 2) // 7 % 2).astype(bool)


@given(MASKS)
def test_run_lengths_are_those_of_pycocotools(mask):
    theirs = cocomask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert rle.encode(rle.counts_of(mask)) == theirs
    np.testing.assert_array_equal(rle.mask_of(rle.decode(theirs), mask.shape), mask)


def test_long_run_lengths_are_those_of_pycocotools():
    for mask in (np.zeros((4000, 3000), bool), np.ones((4000, 3000), bool), big_rings(2100)):
        theirs = cocomask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
        assert rle.encode(rle.counts_of(mask)) == theirs
        np.testing.assert_array_equal(rle.decode(theirs), rle.counts_of(mask))


@given(mask=MASKS, y=st.integers(0, 5), x=st.integers(0, 5), below=st.integers(0, 3), right=st.integers(0, 3))
def test_run_lengths_of_a_part_are_those_of_the_whole_picture(mask, y, x, below, right):
    whole = np.pad(mask, ((y, below), (x, right)))
    if mask.any():
        np.testing.assert_array_equal(rle.counts_at(mask, (y, x), whole.shape), rle.counts_of(whole))


@given(MASKS)
def test_filling_the_outlines_of_a_mask_gives_the_mask(mask):
    found = np.zeros(mask.shape, int)
    for polygon in polygons_of(mask):
        found += fill([polygon.outline, *polygon.holes], mask.shape)
    np.testing.assert_array_equal(found, mask)


def test_outlines_run_clockwise_and_holes_the_other_way_round():
    (outer, *rest) = polygons_of(np.pad(np.pad(np.zeros((2, 2), bool), 1, constant_values=True), 2))
    assert rest == []
    assert outer.outline.tolist() == [[2, 2], [6, 2], [6, 6], [2, 6]]
    assert [sorted(hole.tolist()) for hole in outer.holes] == [[[3, 3], [3, 5], [5, 3], [5, 5]]]
    assert signed_area(outer.outline) == 16
    assert signed_area(outer.holes[0]) == -4


def signed_area(ring: np.ndarray) -> float:
    (x, y), (x1, y1) = ring.T, np.roll(ring, -1, axis=0).T
    return float((x * y1 - x1 * y).sum() / 2)


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of pycocotools under numpy 2
@settings(deadline=None)
@given(arrays.arrays(np.uint8, (13, 17), elements=st.sampled_from([0, 1, 2])))
def test_pycocotools_fills_our_annotations_to_the_same_pixels(labels):
    classes = (FileClass(1, "pore"), FileClass(2, "bead"))
    found = np.zeros(labels.shape, np.uint8)
    for row in annotations(labels, classes, image=1):
        mask = theirs(row["segmentation"], labels.shape)
        assert row["area"] == mask.sum()
        assert row["bbox"] == [int(v) for v in cocomask.toBbox(cocomask.encode(np.asfortranarray(mask)))]
        found[mask.astype(bool)] += np.uint8(row["category_id"])
    np.testing.assert_array_equal(found, labels)


def theirs(segmentation: object, shape: tuple[int, int]) -> np.ndarray:
    """As COCO.annToMask does."""
    if isinstance(segmentation, list):
        return cocomask.decode(cocomask.merge(cocomask.frPyObjects(segmentation, *shape)))
    return cocomask.decode(segmentation)


def test_a_polygon_of_others_covers_the_pixels_whose_centres_it_holds():
    triangle = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    assert fill([triangle], (4, 4)).astype(int).tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]


def test_a_polygon_over_the_border_is_cut_there():
    around = np.array([[-5.0, -5.0], [9.0, -5.0], [9.0, 1.0], [-5.0, 1.0]])
    assert fill([around], (2, 3)).astype(int).tolist() == [[1, 1, 1], [0, 0, 0]]
