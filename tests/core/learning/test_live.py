"""The live prediction against the pixel classifier it is made of."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import NotEnoughLabelsError, UnavailableError
from core.labels.tools.scene import Frame
from core.learning.class_shares import Expectation
from core.learning.live import LivePixels
from core.learning.live_lines import as_plane, line_bands, lines_of
from core.learning.live_ranges import SliceRanges
from core.learning.live_view import Image, Lesson, View, bands, block_frame, lesson, pieces, read_frame
from core.learning.normalisation import Normalisation
from core.learning.pixel_classifier import PixelClassifier

PLANE = Frame(0, 0, 600, 701)  # two blocks either way, odd
QUICK = {"n_estimators": 8, "sigmas": "1, 3.5"}
BOX = Frame(33, 77, 590, 695)
NO_SHARES: dict[int, float] = {}


def picture() -> np.ndarray:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: PLANE.y1, : PLANE.x1]
    waves = 1000 * np.sin(y / 30) * np.cos(x / 25)
    return (waves + rng.normal(0, 300, waves.shape) + 3000).clip(0).astype(np.uint16)


VALUES = picture()
OTHER = Image("other", "1", PLANE, Normalisation((1800.0,), (4300.0,)))
IMAGE = Image("stack", "1", PLANE, Normalisation((1800.0,), (4300.0,)))


def painted(classes=(1, 2)) -> np.ndarray:
    """Two strokes across the border of two blocks."""
    labels = np.zeros((PLANE.y1, PLANE.x1), np.uint8)
    for row in (100, 300):
        labels[row : row + 4, 20:690] = np.where(VALUES[row : row + 4, 20:690] > 3000, *classes)
    return labels


def pixels_of(place):
    frame = read_frame(place, PLANE)
    return VALUES[frame.y0 : frame.y1, frame.x0 : frame.x1]


def taught(live, labels, parameters=QUICK) -> Lesson:
    one = Lesson(IMAGE, (((0, 0, 0), 7), ((0, 0, 1), 7)), parameters)
    for tile in live.lacking(one):
        frame = block_frame(tile[0], PLANE)
        part = labels[frame.y0 : frame.y1, frame.x0 : frame.x1]
        assert live.study(one, tile, part) or live.study(one, tile, part, pixels_of(tile[0]))
    return one


def predict(live, view, *, rough, session="ann", shares=NO_SHARES):
    """(labels of every step-th pixel of the slice, what was predicted) of all the pieces in view."""
    found = np.zeros((PLANE.y1, PLANE.x1), np.uint8)[:: view.step, :: view.step]
    for piece in pieces(view, PLANE):
        for part in [piece] if rough else bands(piece, view.step):
            answer = live.predict(session, IMAGE, part, view.step, rough=rough, shares=shares)
            if answer is None:
                answer = live.predict(
                    session, IMAGE, part, view.step, rough=rough, shares=shares, pixels=pixels_of(part.place)
                )
            y, x = part.frame.y0 // view.step, part.frame.x0 // view.step
            found[y : y + answer.shape[0], x : x + answer.shape[1]] = answer
    return found


@pytest.fixture(scope="module")
def live() -> LivePixels:
    """Two sessions have learned: ann's smooths what it predicts, bob's does not."""
    live = LivePixels(256 << 20)
    for session, smooth_sigma in (("ann", 1.0), ("bob", 0.0)):
        live.learn(session, taught(live, painted(), QUICK | {"smooth_sigma": smooth_sigma}))
    return live


def whole(live, session, values=VALUES) -> np.ndarray:
    """What the pixel classifier makes of a whole slice with the trees of a session."""
    model = live._models[session]
    classifier = PixelClassifier(
        (1, 2), model.parameters, IMAGE.normalisation, model.classifier, Expectation((0.5, 0.5))
    )
    return classifier.predict(values).labels


def across(live, view, stack, plane, *, rough, session):
    """Labels of a plane across the slices of a stack, all of it."""
    found = np.zeros(plane.shape, np.uint8)[:: view.step, :: view.step]
    for band in line_bands(pieces(view, plane), view.axis, view.step, view.cursor):
        lines = lines_of(band, view.axis, view.step * (2 if rough else 1))
        frames = live.line_frames(session, OTHER, lines, view.step)
        pixels = {line: stack[line.z][at.y0 : at.y1, at.x0 : at.x1] for line, at in frames.items()}
        options = {"rough": rough, "shares": NO_SHARES}
        answer = live.predict_lines(session, OTHER, lines, view.step, pixels=pixels, **options)
        y, x = band.frame.y0 // view.step, band.frame.x0 // view.step
        part = as_plane(answer, band, view.axis, view.step, rough=rough)
        found[y : y + part.shape[0], x : x + part.shape[1]] = part
    return found


@pytest.mark.parametrize(("axis", "session", "level"), [("y", "ann", 0), ("x", "bob", 1)])
def test_a_plane_across_the_slices_shows_what_each_of_its_slices_says(live, axis, session, level):
    images = [VALUES, VALUES[::-1].copy()]
    stack = images * 9
    plane = Frame(0, 0, 18, PLANE.x1) if axis == "y" else Frame(0, 0, PLANE.y1, 18)
    view = View(301, level, plane, (3.0, 3.0), axis)
    sharp, rough = (across(live, view, stack, plane, rough=rough, session=session) for rough in (False, True))
    said = [whole(live, session, values) for values in images] * 9
    expected = np.stack([each[301] if axis == "y" else each[:, 301] for each in said], axis=0 if axis == "y" else 1)
    assert (sharp == expected[:: view.step, :: view.step]).mean() > 0.999  # half precision
    assert (rough == sharp).mean() > 0.5
    assert rough.all()


@pytest.mark.parametrize(("session", "level"), [("ann", 0), ("bob", 0), ("bob", 1), ("bob", 3)])
def test_what_shows_is_what_the_pixel_classifier_says_of_the_whole_slice(live, session, level):
    view = View(0, level, BOX, (300, 300))
    found = predict(live, view, rough=False, session=session)
    seen = found > 0
    assert seen[BOX.y0 >> level : BOX.y1 >> level, BOX.x0 >> level : BOX.x1 >> level].all()
    assert (found[seen] == whole(live, session)[:: view.step, :: view.step][seen]).mean() > 0.999  # half precision


def test_the_first_impression_resembles_the_rest(live):
    view = View(0, 0, BOX, (300, 300))
    assert (predict(live, view, rough=True) == predict(live, view, rough=False)).mean() > 0.9


def test_class_shares_are_expected_without_learning_again(live):
    view = View(0, 0, BOX, (300, 300))
    plain, more = (predict(live, view, rough=True, shares=shares) for shares in (NO_SHARES, {1: 0.05, 2: 0.95}))
    assert (more == 2).mean() > (plain == 2).mean()
    assert (more == 2)[plain == 2].all()


def test_one_class_or_none_cannot_be_told_from_another():
    live = LivePixels(64 << 20)
    with pytest.raises(NotEnoughLabelsError, match="Nothing is painted"):
        live.learn("ann", Lesson(IMAGE, (), QUICK))
    with pytest.raises(NotEnoughLabelsError, match="second class"):
        live.learn("ann", taught(live, painted((1, 1))))


def test_nothing_learned_is_learned_again_and_a_session_that_is_gone_says_so(live):
    before = live._models["bob"]
    live.learn("bob", taught(live, painted(), QUICK | {"smooth_sigma": 0.0}))
    assert live._models["bob"] is before
    piece = pieces(View(0, 0, BOX, (0, 0)), PLANE)[0]
    with pytest.raises(UnavailableError, match="begun anew"):
        live.predict("cat", IMAGE, piece, 1, rough=True, shares=NO_SHARES)


def test_a_small_budget_holds_no_features_and_predicts_all_the_same(live):
    small = LivePixels(1 << 20)
    small.learn("ann", taught(small, painted(), QUICK | {"smooth_sigma": 1.0}))
    view = View(0, 0, Frame(0, 0, 64, 64), (0, 0))
    assert (predict(small, view, rough=False) == predict(live, view, rough=False)).all()
    assert small._features.nbytes <= 1 << 20


def test_the_block_under_the_cursor_comes_first():
    view = View(0, 0, Frame(0, 0, 3000, 3000), (1300.0, 700.0))
    places = [piece.place for piece in pieces(view, Frame(0, 0, 2560, 2560))]
    assert places[0] == (0, 2, 1)
    assert len(places) == 25


def test_a_lesson_takes_the_nearest_painted_tiles_and_asks_for_no_more_than_it_uses():
    asked = []

    def painted_slices():
        for z in (5, 6, 4, 7):
            asked.append(z)
            yield z, {(ty, tx): 1 for ty in range(5) for tx in range(8)}

    found = lesson(painted_slices(), View(5, 0, Frame(0, 0, 9, 9), (0.0, 0.0)))
    assert len(found) == 64
    assert asked == [5, 6]
    assert found[0] == ((5, 0, 0), 1)


def drifting():
    """Two slices of the same, the second darker; labels of their bright and dark places; the labelled tiles."""
    values = [VALUES.clip(1000, 5000), VALUES.clip(1000, 5000) * 5 // 8]
    labels = np.where(VALUES > 3000, 2, 1).astype(np.uint8)
    return values, labels, (((0, 0, 0), 7), ((1, 0, 0), 7))


def test_slices_go_by_their_own_grey_ranges_where_the_labels_of_several_say_so():
    values, labels, tiles = drifting()
    looked = []

    def read(z, frame):
        looked.append(z)
        return values[z][frame.y0 : frame.y1, frame.x0 : frame.x1]

    ranges, one = SliceRanges(), Lesson(replace(IMAGE, normalisation=Normalisation((1000.0,), (3500.0,))), tiles, QUICK)
    assert not ranges.told(replace(one, tiles=tiles[:1]), read, lambda _: labels[:512, :512])
    assert not looked  # one slice tells nothing of others
    assert ranges.told(one, read, lambda _: labels[:512, :512])
    known = ranges.with_own(one.image, one.slices, read)
    assert known.range_of(0).hi[0] == pytest.approx(8 / 5 * known.range_of(1).hi[0], rel=0.02)
    assert known.range_of(2) == one.image.normalisation
    assert len(looked) == 4  # each tile and each slice once

    values[1] = values[0]
    steady = replace(one, image=replace(one.image, version="2"))
    assert not ranges.told(steady, read, lambda _: labels[:512, :512])


def test_other_ranges_are_other_features(live):
    dim = Image("stack", "1", PLANE, IMAGE.normalisation, {0: Normalisation((0.0,), (9000.0,))})
    piece = pieces(View(0, 0, Frame(0, 0, 64, 64), (0, 0)), PLANE)[0]
    predict(live, View(0, 0, Frame(0, 0, 64, 64), (0, 0)), rough=True)
    assert live.predict("ann", IMAGE, piece, 1, rough=True, shares=NO_SHARES) is not None
    assert live.predict("ann", dim, piece, 1, rough=True, shares=NO_SHARES) is None
