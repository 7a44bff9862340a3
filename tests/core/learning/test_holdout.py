"""What is kept out of training: boxes with all their classes where areas are filled, strokes where strokes are."""

import numpy as np
import pytest

from core.learning.holdout import MARGIN_PX, split
from core.learning.training_parameters import TrainingParameters


def filled(shape=(200, 240)):
    """Vertical stripes of two classes, everywhere."""
    x = np.broadcast_to(np.arange(shape[1]), shape)
    return np.where((x // 12) % 2, 2, 1).astype(np.uint8)


def boxes(*corners, shape=(200, 240), side=40):
    labels = np.zeros(shape, np.uint8)
    for y, x in corners:
        labels[y : y + side, x : x + side] = filled(shape)[y : y + side, x : x + side]
    return labels


def apart(training, held):
    """Least distance between the two along an axis, in pixels."""
    ys, xs = (np.nonzero(part.any(axis=axis))[0] for part, axis in ((held, 1), (held, 0)))
    near = training[
        max(0, ys[0] - MARGIN_PX) : ys[-1] + 1 + MARGIN_PX, max(0, xs[0] - MARGIN_PX) : xs[-1] + 1 + MARGIN_PX
    ]
    return not near.any()


def test_of_a_few_whole_slices_a_corner_of_each_is_held_out():
    parts = split([filled(), filled()], fraction=0.15, seed=0)
    for training, held in parts:
        assert 0.12 < (held > 0).mean() < 0.18
        assert apart(training, held)
        assert set(np.unique(held)) == {0, 1, 2}


def test_of_many_boxes_whole_ones_are_held_out():
    stack = [boxes((10, 10), (10, 120), (120, 10)), boxes((20, 150), (130, 30), (90, 150))]
    held = sum((held > 0).sum() for _, held in split(stack, fraction=0.3, seed=1))
    assert held == 2 * 40 * 40
    assert sum((training > 0).sum() for training, _ in split(stack, fraction=0.3, seed=1)) == 4 * 40 * 40


def test_strokes_are_held_out_stroke_by_stroke():
    labels = np.zeros((200, 240), np.uint8)
    labels[10:200:24, 10:60] = 1
    labels[22:200:24, 10:60] = 2
    ((training, held),) = split([labels], fraction=0.2, seed=0)
    assert held.any() and not (training * held).any()
    assert set(np.unique(training)) == {0, 1, 2}


@pytest.mark.parametrize("seed", range(3))
def test_no_class_is_held_out_altogether(seed):
    rare = filled()
    rare[:30, :30] = 3  # in one corner only
    kept = {value for training, _ in split([rare], fraction=0.15, seed=seed) for value in np.unique(training)}
    assert {1, 2, 3} <= kept


def test_nothing_is_held_out_where_that_would_take_a_class_or_nothing_is_asked_for():
    labels = boxes((10, 10), side=20)
    labels[10, 10] = 3
    labels[29, 29], labels[10, 29], labels[29, 10] = 4, 5, 6
    (training, held) = split([labels], fraction=0.5, seed=0)[0]
    assert not held.any()
    np.testing.assert_array_equal(training, labels)
    assert not split([filled()], fraction=0.0, seed=0)[0][1].any()


def test_the_same_seed_holds_out_the_same():
    first, again = (split([filled(), filled()], fraction=0.15, seed=5) for _ in range(2))
    assert all((a[1] == b[1]).all() for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_a_class_in_few_boxes_keeps_its_share_for_training(seed):
    corners = [(10, 10), (10, 120), (120, 10), (120, 120)]
    stack = [boxes(*corners) for _ in range(3)]
    stack[0][12:40, 12:40] = 3  # much of it in one box, little in two others
    stack[1][12:20, 12:20], stack[2][122:130, 122:130] = 3, 3
    held = sum(int((held == 3).sum()) for _, held in split(stack, fraction=0.2, seed=seed))
    assert 0 < held < 0.2 * sum(int((labels == 3).sum()) for labels in stack)


@pytest.mark.parametrize(
    ("stack", "patch_px", "steps"),
    [
        ([boxes((10, 10), (120, 10)), boxes((20, 150))], 128, 640),
        ([filled((300, 300))], 256, 160),
        ([boxes((10, 10), (120, 10)), filled((300, 300))], 256, 160),  # most labelled pixels lie in the whole slice
        ([np.diag(np.arange(99) % 2 + 1).astype(np.uint8)], 256, 160),  # a stroke, not a box
        ([np.zeros((50, 50), np.uint8)], 256, 160),
    ],
    ids=["boxes", "a whole slice", "boxes and a whole slice", "a stroke", "nothing"],
)
def test_small_boxes_are_learned_from_in_narrow_patches_and_as_many_pixels(stack, patch_px, steps):
    suited = TrainingParameters().suited(stack)
    assert (suited.patch_px, suited.steps) == (patch_px, steps)
    assert TrainingParameters(patch_px=64, steps=7).suited(stack) == TrainingParameters(patch_px=64, steps=7)
