"""What is found when somebody points: by greys and edges, and which part of the image is looked at."""

import numpy as np
import pytest

from core.errors import InvalidInputError
from core.labels.tools.blocks import block_of
from core.labels.tools.pointing import EdgesAndGreys
from core.labels.tools.scene import Frame
from core.learning.interactive import Prompts

YY, XX = np.mgrid[:200, :240]
DISC = (YY - 100) ** 2 + (XX - 80) ** 2 <= 40**2
BAR = (abs(YY - 100) <= 12) & (XX > 110) & (XX < 200)
NONE = np.zeros((0, 2)), np.zeros(0, bool)


def picture(noise: float = 0.05) -> np.ndarray:
    """(200, 240) greys: a disc that runs into a bar a little brighter, on dark ground."""
    grey = np.where(DISC, 0.6, np.where(BAR, 0.7, 0.2))
    return np.clip(grey + np.random.default_rng(0).normal(0, noise, grey.shape), 0, 1).astype(np.float32)


def found(*clicks: tuple[float, float, bool], box=None) -> np.ndarray:
    model = EdgesAndGreys()
    points = np.array([click[:2] for click in clicks], float).reshape(-1, 2)
    prompts = Prompts(points, np.array([click[2] for click in clicks], bool), box)
    return model.segment(model.embed(picture()), prompts).mask


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_a_click_takes_what_hangs_together_and_not_what_lies_behind():
    assert overlap(found((100, 70, True)), DISC | BAR) > 0.95


def test_a_click_on_what_does_not_belong_takes_it_away():
    mask = found((100, 70, True), (100, 150, False))
    assert overlap(mask, DISC) > 0.85
    assert not mask[100, 150]


def test_a_box_takes_the_object_in_it():
    assert overlap(found(box=(55, 35, 145, 125)), DISC) > 0.9


def test_clicks_correct_a_box():
    box = (55, 35, 145, 205)
    rough = found(box=box)
    mask = found((100, 150, True), (75, 150, False), (125, 150, False), box=box)
    assert mask[100, 150]
    assert not mask[75, 150]
    assert overlap(mask, DISC | BAR) > max(0.85, overlap(rough, DISC | BAR))


def test_every_click_is_honoured_wherever_it_is():
    rng = np.random.default_rng(1)
    for _ in range(5):
        clicks = [(y, x, bool(n % 2 == 0)) for n, (y, x) in enumerate(rng.uniform((0, 0), (199, 239), (4, 2)))]
        mask = found(*clicks)
        for y, x, positive in clicks:
            if all(np.hypot(y - v, x - u) > 8 for v, u, other in clicks if other != positive):
                assert mask[int(y), int(x)] == positive, clicks


@pytest.mark.parametrize("grey", [0.0, np.nan])
@pytest.mark.parametrize("shape", [(30, 40), (1, 40), (30, 1)])
def test_nothing_to_tell_apart_is_no_error(grey, shape):
    model = EdgesAndGreys()
    image = np.nan_to_num(np.full(shape, grey, np.float32))
    clicked = np.array([[shape[0] / 2, shape[1] / 2]])
    for prompts in (Prompts(clicked, np.array([True])), Prompts(*NONE, (0, 0, min(20, shape[0]), min(20, shape[1])))):
        assert model.segment(model.embed(image), prompts).mask.shape == shape


def at(*points, box=None) -> Prompts:
    return Prompts(np.array(points, float).reshape(-1, 2), np.ones(len(points), bool), box)


def test_a_small_image_is_looked_at_whole():
    plane = Frame(0, 0, 300, 400)
    assert block_of(at((10, 10)), plane, plane).frame == plane


def test_clicks_near_one_another_share_a_block_and_the_first_one_decides():
    plane = Frame(0, 0, 5000, 5000)
    view = Frame(2000, 2000, 2800, 3280)
    first = block_of(at((2400, 2500)), view, plane)
    assert first == block_of(at((2400, 2500), (2700, 2700)), view, plane)
    assert first.frame.shape == (1024, 1024)
    assert first.step == 1


def test_a_wide_view_and_a_large_box_are_looked_at_with_larger_pixels():
    plane = Frame(0, 0, 5000, 5000)
    assert block_of(at((2400, 2500)), Frame(0, 0, 2100, 2100), plane).step == 2
    assert block_of(at(box=(0, 0, 1000, 1000)), Frame(0, 0, 600, 600), plane).step == 2
    with pytest.raises(InvalidInputError, match="at most 3072"):
        block_of(at(box=(0, 0, 4000, 4000)), plane, plane)


def test_pointing_at_nothing_is_refused():
    plane = Frame(0, 0, 300, 400)
    with pytest.raises(InvalidInputError, match="Nothing is pointed at"):
        block_of(at(), plane, plane)
