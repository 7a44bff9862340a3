"""Pieces of a result, what of them is taken, and the order of a review: against scipy and plain numpy."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from core.errors import InvalidInputError
from core.labels import review
from core.labels.pieces import UNKNOWN, Pieces, find_pieces
from core.labels.review import AREA, COLUMNS, CONFIDENCE, LABEL, Aim, Queue, Z, rows_of, spread
from core.labels.tools.accept import accept, source_of
from core.labels.tools.regions import mask_of
from core.labels.tools.scene import Ask, Frame

SHAPE = (9, 13)
SLICE = Frame(0, 0, *SHAPE)
NO_SPANS = np.zeros((0, 3), np.int32)
TOUCHING = np.ones((3, 3))  # by an edge or a corner

slices = arrays(np.uint8, SHAPE, elements=st.integers(0, 3))
confidences = arrays(np.uint8, SHAPE)


def pixels(pieces: Pieces, piece: int) -> np.ndarray:
    """(Y, X) bool of a piece."""
    return mask_of(pieces.spans(piece), SLICE)


def ask(*, points: Any = (), spans: Any = NO_SPANS, **options: Any) -> Ask:
    return Ask("z", 0, SLICE, SLICE, np.reshape(np.array(points, float), (-1, 2)), np.array(spans), 0, options)


@settings(max_examples=60, deadline=None)
@given(slices, confidences)
def test_pieces_are_the_connected_areas_of_each_class_with_their_measures(labels, confidence):
    found = find_pieces(labels, [1, 3], confidence)
    expected = []
    for label in (1, 3):
        numbers, count = ndimage.label(labels == label, TOUCHING)
        expected += [(label, numbers == number) for number in range(1, count + 1)]
    assert len(found) == len(expected)
    for label, mask in expected:
        y, x = np.argwhere(mask)[0]
        piece = found.at(int(y), int(x))
        np.testing.assert_array_equal(pixels(found, piece), mask)
        assert (found.labels[piece], found.area[piece]) == (label, mask.sum())
        assert found.confidence[piece] == pytest.approx(confidence[mask].mean())
        rows, columns = np.nonzero(mask)
        assert found.boxes[piece].tolist() == [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
        assert found.seeds[piece].tolist() == [y, x]
    assert all(found.at(y, x) is None for y, x in np.argwhere((labels != 1) & (labels != 3)).tolist())


def test_a_result_without_confidence_has_pieces_of_unknown_confidence():
    assert find_pieces(np.ones(SHAPE, np.uint8), [1]).confidence.tolist() == [UNKNOWN]


@settings(max_examples=40, deadline=None)
@given(slices, arrays(np.bool_, SHAPE))
def test_a_region_takes_what_of_the_result_lies_inside_under_the_names_of_the_volume(labels, region):
    y, x = np.nonzero(region)
    spans = np.stack([y, x, x + 1], axis=1).astype(np.int32)
    if not len(spans):
        return
    answer = accept(find_pieces(labels, [1, 2]), ask(spans=spans), {1: 7, 2: 1})
    taken = np.zeros(SHAPE, np.uint8)
    for part in answer.parts:
        taken[mask_of(part.spans, SLICE)] = part.label
    np.testing.assert_array_equal(taken, np.select([region & (labels == 1), region & (labels == 2)], [7, 1]))


def test_a_point_takes_one_piece_and_nothing_where_there_is_none():
    labels = np.zeros(SHAPE, np.uint8)
    labels[1:3, 1:3] = labels[5:8, 5:9] = 2
    pieces = find_pieces(labels, [2])
    (part,) = accept(pieces, ask(points=[(6.9, 5.1)]), {2: 4}).parts
    assert part.label == 4
    assert part.spans.tolist() == [[5, 5, 9], [6, 5, 9], [7, 5, 9]]
    nothing = accept(pieces, ask(points=[(0.5, 0.5)]), {2: 4})
    assert nothing.parts == ()
    assert "none of the ticked" in nothing.note
    (whole,) = accept(pieces, ask(whole=True), {2: 4}).parts
    np.testing.assert_array_equal(mask_of(whole.spans, SLICE), labels == 2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"classes": [1]}, "No result"),
        ({"job": "j", "classes": []}, "ticked"),
        ({"job": "j", "classes": [True]}, "ticked"),
        ({"job": "j", "classes": [1], "least": 256}, "256"),
    ],
)
def test_a_question_without_a_result_or_a_class_says_what_to_do(options, words):
    with pytest.raises(InvalidInputError, match=words):
        source_of(ask(**options))


def test_a_question_that_points_at_nothing_takes_nothing():
    with pytest.raises(InvalidInputError, match="Click a piece"):
        accept(find_pieces(np.ones(SHAPE, np.uint8), [1]), ask(), {1: 1})


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(slices, confidences), max_size=4), st.integers(1, 4), st.randoms(use_true_random=False))
def test_a_queue_holds_the_least_sure_items_in_order_whatever_order_slices_are_read_in(stack, least, random):
    aim, read = Aim("pieces", (1, 2, 3), least), list(enumerate(stack))
    random.shuffle(read)
    queue = Queue()
    for z, prediction in read:
        queue = queue.add(rows_of(aim, z, prediction))
    every = [rows_of(aim, z, prediction) for z, prediction in enumerate(stack)]
    expected = sorted(
        map(tuple, np.concatenate([np.zeros((0, len(COLUMNS))), *every])), key=lambda r: (r[2], r[0], *r[8:])
    )
    assert list(map(tuple, queue.items)) == expected
    assert queue.found == len(expected)
    assert (queue.items[:, AREA] >= least).all()


def test_only_the_least_sure_are_kept_however_many_there_are(monkeypatch):
    monkeypatch.setattr(review, "MOST", 3)
    queue = Queue()
    for z in range(4):
        queue = queue.add(np.array([[z, 1, sure, 1, 0, 0, 1, 1, 0, 0] for sure in (z, 200 - z)], float))
    assert queue.items[:, CONFIDENCE].tolist() == [0, 1, 2]
    assert queue.found == 8


def test_a_slice_is_as_sure_as_the_pixels_of_the_chosen_classes_are():
    labels, confidence = np.zeros(SHAPE, np.uint8), np.full(SHAPE, 9, np.uint8)
    labels[2:4, 3:5], labels[8, 12] = 1, 2
    confidence[2:4, 3:5], confidence[8, 12] = 100, 200
    (row,) = rows_of(Aim("slices", (1, 2)), 5, (labels, confidence))
    assert dict(zip(COLUMNS, row, strict=True)) == {
        "z": 5, "label": 0, "confidence": (4 * 100 + 200) / 5, "area": 5,
        "y0": 2, "x0": 3, "y1": 9, "x1": 13, "y": 2, "x": 3,
    }  # fmt: skip
    assert len(rows_of(Aim("slices", (3,)), 5, (labels, confidence))) == 0
    assert rows_of(Aim("slices", (1,)), 5, (labels, None))[0, [Z, LABEL, CONFIDENCE]].tolist() == [5, 0, UNKNOWN]


@given(st.sets(st.integers(0, 500), max_size=70))
def test_slices_are_read_once_each_and_the_first_few_lie_all_over_the_stack(chosen):
    slices = sorted(chosen)
    order = spread(slices)
    assert sorted(order) == slices
    if len(slices) >= 8:
        quarters = {4 * slices.index(z) // len(slices) for z in order[:8]}
        assert quarters == {0, 1, 2, 3}
