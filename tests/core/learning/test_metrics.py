"""Scores against cases whose answer is known."""

import json

import numpy as np
import pytest

from core.learning.metrics import Evaluation, Scores


def halves(edge=20, shape=(40, 40)):
    labels = np.ones(shape, np.uint8)
    labels[:, edge:] = 2
    return labels


def test_boundaries_may_be_off_by_two_pixels_and_no_more():
    for shift, expected in ((0, 1.0), (2, 1.0), (4, 0.0)):
        scores = Scores([1, 2]).add(halves(), halves(20 + shift)).report()
        assert scores["boundary_f1/1"] == scores["boundary_f1/2"] == expected


def test_a_speck_costs_boundary_precision_though_hardly_any_overlap():
    speckled = halves()
    speckled[5:8, 5:8] = 2
    scores = Scores([1, 2]).add(halves(), speckled).report()
    assert scores["iou/1"] > 0.98
    assert 0.7 < scores["boundary_f1/2"] < 0.95


def test_the_rim_of_a_labelled_box_is_no_boundary():
    truth = np.zeros((60, 60), np.uint8)
    truth[10:40, 10:40] = halves(shape=(30, 30), edge=15)
    everywhere = np.where(np.arange(60) < 25, 1, 2).astype(np.uint8)[None].repeat(60, axis=0)
    assert Scores([1, 2]).add(truth, everywhere).report()["boundary_f1/1"] == 1


def test_strokes_and_rows_of_pixels_have_no_boundary_score():
    strokes = np.zeros((40, 40), np.uint8)
    strokes[10:13], strokes[30:33] = 1, 2
    for truth in (strokes, strokes[strokes > 0]):
        assert not [name for name in Scores([1, 2]).add(truth, truth).report() if name.startswith("boundary")]


def test_calibration_tells_the_sure_and_wrong_from_the_sure_and_right():
    truth = np.array([1] * 10, np.uint8)
    predicted = np.array([1] * 8 + [2] * 2, np.uint8)
    scores = Scores([1, 2]).add(truth, predicted, np.full(10, 204, np.uint8))  # sure to .8, right in .8
    assert scores.report()["calibration_error"] == pytest.approx(0)
    overconfident = Scores([1, 2]).add(truth, predicted, np.full(10, 255, np.uint8))
    assert overconfident.report()["calibration_error"] == pytest.approx(0.2)
    assert [each.pixels for each in overconfident.calibration()] == [10]


def test_an_evaluation_survives_being_written_down():
    kept = Scores([3, 7]).add(halves() * 0 + 3, halves() * 0 + 3, halves() * 100).evaluation()
    assert kept.confusion == ((1600, 0), (0, 0))
    read = Evaluation.from_json(json.loads(json.dumps(kept.to_json())))
    assert (read.class_ids, read.confusion) == (kept.class_ids, kept.confusion)
    assert read.scores == pytest.approx(kept.scores, abs=1e-4)
    assert [each.pixels for each in read.calibration] == [800, 800]
    assert Scores([1, 2]).evaluation() == Evaluation() == Evaluation.from_json({})
