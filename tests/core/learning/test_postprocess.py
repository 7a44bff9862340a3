"""Specks go, holes close, outlines smooth, and certainty follows."""

import numpy as np

from core.learning.postprocess import PostProcessing
from core.learning.segmenter import Prediction


def scene():
    """Background 1 with an object 2 that has a hole, a speck of 3 inside it and a speck of 2 far away."""
    labels = np.ones((60, 60), np.uint8)
    labels[10:40, 10:40] = 2
    labels[15:18, 15:18] = 1  # hole of 9
    labels[30:32, 30:32] = 3  # speck of 4 in the object
    labels[50:53, 50:53] = 2  # speck of 9 in the background
    return Prediction(labels, np.full(labels.shape, 200, np.uint8))


def after(**settings):
    return PostProcessing(**settings).apply(scene(), (1, 2, 3))


def test_nothing_changes_by_default():
    result = after()
    np.testing.assert_array_equal(result.labels, scene().labels)
    np.testing.assert_array_equal(result.confidence, scene().confidence)


def test_specks_become_what_surrounds_them_and_holes_stay():
    labels = after(min_size_px=10).labels
    assert (labels[50:53, 50:53] == 1).all() and (labels[30:32, 30:32] == 2).all()
    assert (labels[15:18, 15:18] == 1).all()
    assert (after(min_size_px=9).labels[50:53, 50:53] == 2).all()  # as large as asked for


def test_holes_close_and_specks_stay():
    labels = after(fill_holes_px=10).labels
    assert (labels[15:18, 15:18] == 2).all()
    assert (labels[50:53, 50:53] == 2).all() and (labels[30:32, 30:32] == 3).all()


def test_smoothing_keeps_areas_and_loses_what_is_thin():
    labels = after(smooth_px=3).labels
    assert (labels[18:32, 18:28] == 2).all() and not (labels == 3).any()
    assert 0.85 < (labels == 2).sum() / 900 < 1.1


def test_a_pixel_that_changed_is_as_certain_as_it_was_uncertain():
    result = after(fill_holes_px=10)
    assert (result.confidence[15:18, 15:18] == 55).all()
    assert result.confidence[0, 0] == 200


def test_a_slice_of_nothing_but_specks_stays_as_it_is():
    labels = np.full((1, 5), 2, np.uint8)
    result = PostProcessing(min_size_px=100).apply(Prediction(labels, labels), (1, 2))
    np.testing.assert_array_equal(result.labels, labels)
