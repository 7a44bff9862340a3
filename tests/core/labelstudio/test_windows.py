"""Windows over a picture, and predictions that do not show them; boxes and points that become objects."""

import numpy as np
import pytest

from core.errors import InvalidInputError
from core.images.memory import ArrayVolume
from core.labelstudio.results import painted
from core.labelstudio.tasks import Region, Spot, data_of
from core.labelstudio.weak import outlined
from core.labelstudio.windows import Object, Windows, blended, merged_objects, predict_in_windows
from core.learning.segmenter import Prediction

IMAGE = np.random.default_rng(0).integers(0, 3, (190, 230)).astype(np.uint8) + 4


def identity(where):
    """Classes 4 to 6 are the values themselves."""
    return Prediction(IMAGE[where], np.full(IMAGE[where].shape, 230, np.uint8))


@pytest.mark.parametrize("size", [(64, 50), (500, 500), (230, 190), (100, 500)])
def test_windows_of_any_size_give_what_the_whole_gives(size):
    found = predict_in_windows(identity, IMAGE.shape, (4, 5, 6), Windows(size, 20))
    np.testing.assert_array_equal(found.labels, IMAGE)
    assert np.abs(found.confidence.astype(int) - 230).max() <= 1


def test_windows_cover_every_pixel_and_the_last_one_ends_with_the_picture():
    cut = Windows().cut((2160, 2560))
    assert len(cut) == 9
    assert [columns.start for _, columns in cut[:3]] == [0, 874, 1536]
    assert [rows.start for rows, _ in cut[::3]] == [0, 874, 1136]
    assert {(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in cut} == {(1024, 1024)}


@pytest.mark.parametrize(("size", "overlap"), [((0, 5), 0), ((10, 10), 10), ((10, 20), -1)])
def test_windows_that_cannot_be_are_refused(size, overlap):
    with pytest.raises(InvalidInputError, match="cannot overlap"):
        Windows(size, overlap)


def test_where_windows_disagree_the_nearer_middle_wins():
    left = (slice(0, 4), slice(0, 60)), Prediction(np.full((4, 60), 1, np.uint8), np.full((4, 60), 200, np.uint8))
    right = (slice(0, 4), slice(40, 100)), Prediction(np.full((4, 60), 2, np.uint8), np.full((4, 60), 200, np.uint8))
    found = blended(iter([left, right]), (4, 100), (1, 2), overlap=20)
    assert (found.labels == np.where(np.arange(100) < 50, 1, 2)).all()
    assert np.abs(np.diff(found.confidence[0].astype(int))).max() < 30  # no step where a window ends


def disc_in(where) -> Prediction:
    rows, columns = np.mgrid[where]
    there = (rows - 100) ** 2 + (columns - 115) ** 2 < 30**2
    return Prediction(there.astype(np.uint8), np.full(there.shape, 200, np.uint8))


def test_an_object_that_windows_cut_is_one_object():
    windows = Windows((100, 90), 70, "instances")
    found = predict_in_windows(disc_in, (190, 230), (1,), windows, least_score=0.3)
    np.testing.assert_array_equal(found.labels, disc_in((slice(0, 190), slice(0, 230))).labels)


def square(y: int, x: int, side: int, score: float = 0.9) -> Object:
    return Object(1, score, (y, x), np.ones((side, side), bool))


def test_doubles_pieces_specks_and_the_uncertain_go():
    cut = Windows((100, 100), 50).cut((190, 230))
    whole = square(10, 10, 40)
    piece = Object(1, 0.95, (10, 30), np.ones((40, 19), bool))
    rows = [whole, square(10, 11, 40, 0.5), piece, square(100, 100, 8), square(100, 150, 20, 0.2), square(60, 60, 20)]
    assert merged_objects(rows, cut) == [rows[5], whole] or {id(o) for o in merged_objects(rows, cut)} == {
        id(whole), id(rows[5])
    }  # fmt: skip


def test_boxes_and_points_become_the_objects_they_stand_for():
    rows, columns = np.ogrid[:300, :400]
    discs = [((rows - y) ** 2 + (columns - x) ** 2 < 20**2) for y, x in ((60, 80), (200, 300))]
    image = np.random.default_rng(1).normal(1000, 60, (1, 300, 400)).astype(np.float32)
    image[0] += 2000 * (discs[0] | discs[1])
    size = {"original_width": 400, "original_height": 300, "to_name": "image"}
    box = {"x": 55 / 4, "y": 35 / 3, "width": 50 / 4, "height": 50 / 3}
    result = [
        {**size, "type": "rectanglelabels", "value": {**box, "rectanglelabels": ["A"]}},
        {**size, "type": "keypointlabels", "value": {"x": 75, "y": 200 / 3, "width": 1, "keypointlabels": ["B"]}},
    ]
    task = {"data": data_of(Spot("stack", 0, Region(0, 0, 300, 400)), (0, 1)), "annotations": [{"result": result}]}
    (found,) = outlined([task], ArrayVolume(image, "stack"), (800, 3200))
    labels = painted(found["annotations"][0]["result"], {"a": 1, "b": 2}, (300, 400)).labels
    for value, disc in enumerate(discs, start=1):
        assert ((labels == value) & disc).sum() / ((labels == value) | disc).sum() > 0.9
