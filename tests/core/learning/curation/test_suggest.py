"""Where to annotate next: squares of a grid, in the order that each way promises."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.learning.curation.places import Grid, foreground
from core.learning.curation.suggest import DIFFER, RANDOM, UNLIKE, UNSURE, Seen, why


@given(st.integers(1, 300), st.integers(1, 300), st.integers(16, 128))
@settings(max_examples=50, deadline=None)
def test_squares_cover_every_pixel_and_stay_inside(height, width, side):
    covered = np.zeros((height, width), bool)
    grid = Grid((height, width), side)
    for corner in grid.corners():
        assert grid.cut(covered, corner).shape == (min(side, height), min(side, width))
        grid.cut(covered, corner)[:] = True
    assert covered.all()


def test_a_planted_doubtful_square_comes_first():
    grid, doubt = Grid((128, 128), 32), np.zeros((3, 128, 128), np.float32)
    doubt[1, 32:64, 64:96] = 0.6
    doubt[2, 0:32, 0:20] = 0.5
    seen = Seen({z: grid.means(image) for z, image in enumerate(doubt)})
    first, second = seen.order(UNSURE, [], seed=0)[:2]
    corners = list(grid.corners())
    assert (first[0], corners[first[1]]) == (1, (32, 64))
    assert (second[0], corners[second[1]]) == (2, (0, 0))
    assert why(DIFFER, 1, 0.6) == "Slice 2: the two results differ in 60 % of this square."


def test_random_leaves_out_empty_squares_and_draws_the_others_alike():
    contrasts = np.array([0.0, 1.0, 0.8, 1.2, 0.01])
    assert foreground(contrasts).tolist() == [False, True, True, True, False]
    firsts = [Seen({4: contrasts}).order(RANDOM, [], seed=seed)[0] for seed in range(300)]
    assert {square for _, square in firsts} == {1, 2, 3}
    assert all(70 < firsts.count((4, square)) < 130 for square in (1, 2, 3))


def test_unlike_goes_as_far_as_it_can_from_what_was_given():
    points = np.array([[0.0, 0], [0.1, 0], [5, 5], [5.1, 5]], np.float32)
    seen = Seen({0: np.ones(4)}, {0: points})
    order = seen.order(UNLIKE, [(0, 0)], seed=0)
    assert order[0] == (0, 3) and (0, 0) not in order
    assert seen.order(UNLIKE, [(0, 0), (0, 1), (0, 2), (0, 3)], seed=0) == []
    assert Seen().order(UNSURE, [], seed=0) == []
