"""Features, the pixel classifier on them, what is held out, and the scores."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from core.errors import InvalidInputError, NotEnoughLabelsError, ParameterError
from core.learning import pixel_classifier, pixel_models
from core.learning.features import GRID_PX, HALO_PX, feature_count, features
from core.learning.holdout import MARGIN_PX, hold_out, is_dense
from core.learning.metrics import Scores
from core.learning.normalisation import CLIP, Normalisation
from core.learning.pixel_classifier import load_pixel_classifier
from core.learning.pixel_training import train_pixel_classifier
from core.learning.segmenter import LabelledSlice
from core.learning.uncertainty import entropy_of_two, margin_of_two

SHAPE = (220, 260)
KIND_NAMES = ("Brightness", "Edges", "Texture")


def scene(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two textures of the same mean: fine noise, and coarse noise; and which is where (4, 9)."""
    rng = np.random.default_rng(seed)
    fine = rng.normal(0, 1, SHAPE)
    coarse = np.kron(rng.normal(0, 1, (55, 65)), np.ones((4, 4)))
    truth = np.where((np.indices(SHAPE).sum(axis=0) // 70) % 2 == 1, 9, 4).astype(np.uint8)
    return (1000 + 200 * np.where(truth == 9, coarse, fine)).astype(np.uint16), truth


def strokes(truth: np.ndarray) -> np.ndarray:
    labels = np.zeros_like(truth)
    labels[10::40], labels[11::40] = truth[10::40], truth[11::40]
    return labels


def train(slices, *, seed=0, **parameters):
    return train_pixel_classifier(slices, parameters, seed=seed, device="cpu", report=lambda _: None)


@pytest.fixture(scope="module")
def trained():
    image, truth = scene(0)
    return train([LabelledSlice(0, image, strokes(truth))])


# Features


def test_a_tile_with_its_halo_has_the_features_of_the_whole_image():
    image = np.random.default_rng(0).normal(0, 1, (1, 400, 420)).astype(np.float32)
    whole = features(image)
    assert whole.shape == (400, 420, feature_count(1))
    start, stop = 120, 200
    assert start % GRID_PX == 0
    first = start - HALO_PX
    tile = features(image[:, first : stop + HALO_PX, first : stop + HALO_PX])
    inner = tile[HALO_PX : HALO_PX + stop - start, HALO_PX : HALO_PX + stop - start]
    np.testing.assert_allclose(inner, whole[start:stop, start:stop], atol=2e-3)


def test_a_constant_image_has_no_edges():
    plane = features(np.full((1, 40, 50), 0.3, np.float32))
    np.testing.assert_allclose(plane[..., 0], 0.3)
    assert np.isfinite(plane).all()
    edges = [at for at in range(feature_count(1)) if at > 0 and (at - 1) % 7 != 0]
    np.testing.assert_allclose(plane[..., edges], 0, atol=1e-5)


def test_colours_are_features_of_their_own():
    image = np.random.default_rng(0).random((3, 30, 31)).astype(np.float32)
    known = features(image)
    assert known.shape[-1] == feature_count(3) == feature_count(1) + 3
    np.testing.assert_array_equal(np.moveaxis(known[..., -3:], -1, 0), image)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 3, 700), (1, 17, 2)])
def test_images_smaller_than_the_filters_work(shape):
    assert np.isfinite(features(np.ones(shape, np.float32))).all()


# The classifier


def test_it_tells_textures_of_the_same_brightness_apart(trained):
    segmenter, report = trained
    image, truth = scene(5)
    prediction = segmenter.predict(image)
    assert (prediction.labels == truth).mean() > 0.9
    assert prediction.labels.dtype == prediction.confidence.dtype == np.uint8
    sure = prediction.confidence > 240
    assert (prediction.labels == truth)[sure].mean() > (prediction.labels == truth)[~sure].mean()
    assert 0.5 < report.scores["mean_iou"] <= 1
    assert set(report.seconds) == {"features", "training"}


def test_the_same_seed_gives_the_same_masks(trained):
    image, truth = scene(0)
    again, _ = train([LabelledSlice(0, image, strokes(truth))])
    np.testing.assert_array_equal(again.predict(image).confidence, trained[0].predict(image).confidence)


def test_tiles_leave_no_seam(trained, monkeypatch):
    image, _ = scene(6)
    whole = trained[0].predict(image)
    monkeypatch.setattr(pixel_classifier, "TILE_PX", 100)
    tiled = trained[0].predict(image)
    assert (whole.labels != tiled.labels).mean() < 0.002  # rounding of large scales


def test_a_saved_classifier_predicts_the_same(trained, tmp_path):
    trained[0].save(tmp_path)
    image, _ = scene(7)
    loaded = load_pixel_classifier(tmp_path, device="cpu")
    assert loaded.class_ids == (4, 9)
    np.testing.assert_array_equal(loaded.predict(image).labels, trained[0].predict(image).labels)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".txt"}, "data, never code"


def test_three_classes_colour_and_several_slices():
    image, truth = scene(0)
    colour = np.stack([image // 8, image // 9, image // 10], axis=-1).astype(np.uint8)
    three = strokes(truth)
    three[three == 9] = 3
    three[:, :80][three[:, :80] > 0] = 1
    segmenter, _ = train([LabelledSlice(0, colour, three), LabelledSlice(4, colour, strokes(truth))])
    assert segmenter.class_ids == (1, 3, 4, 9)
    assert set(np.unique(segmenter.predict(colour).labels)) <= {1, 3, 4, 9}


@pytest.mark.parametrize(
    ("classifier", "kept"),
    [("random forest", "forest.npz"), ("small network", "network.npz"), ("boosted trees", "trees.txt")],
)
def test_each_classifier_learns_repeats_itself_and_survives_being_saved(tmp_path, classifier, kept):
    image, truth = scene(0)
    slices = [LabelledSlice(0, image, strokes(truth))]
    chosen = {
        "classifier": classifier,
        "n_estimators": 20,
        "steps": 100,
        "sigmas": "1, 3",
        "spots": False,
        "ridges": False,
    }
    segmenter, report = train(slices, **chosen)
    again, _ = train(slices, **chosen)
    other, there = scene(5)
    found = segmenter.predict(other)
    assert (found.labels == there).mean() > 0.85
    np.testing.assert_array_equal(again.predict(other).confidence, found.confidence)
    segmenter.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"model.json", kept}
    loaded = load_pixel_classifier(tmp_path)
    np.testing.assert_array_equal(loaded.predict(other).confidence, found.confidence)
    assert loaded.importances == report.importances
    assert set(report.importances) == {"Grey value", *(f"{kind}, {px} px" for kind in KIND_NAMES for px in (1, 3))}
    assert sum(report.importances.values()) == pytest.approx(1, abs=1e-2)
    assert next(iter(report.importances)).startswith("Texture"), "the most telling first"


def test_three_classes_work_with_each_classifier():
    image, truth = scene(0)
    three = strokes(truth)
    three[:, :80][three[:, :80] > 0] = 1
    bright = np.where(np.indices(SHAPE)[1] < 80, image + np.uint16(3000), image)
    for classifier in pixel_models.CLASSIFIERS:
        segmenter, _ = train(
            [LabelledSlice(0, bright, three)], classifier=classifier, n_estimators=10, steps=100, sigmas="1, 2"
        )
        assert (segmenter.predict(bright).labels[:, :78] == 1).mean() > 0.9, classifier


def test_a_forest_that_points_outside_itself_is_refused(tmp_path):
    image, truth = scene(0)
    segmenter, _ = train(
        [LabelledSlice(0, image, strokes(truth))], classifier="random forest", n_estimators=2, sigmas="1"
    )
    segmenter.save(tmp_path)
    with np.load(tmp_path / "forest.npz") as saved:
        parts = {name: saved[name] for name in saved.files}
    parts["nodes"]["left_child"][0] = 10**6
    np.savez_compressed(tmp_path / "forest.npz", **parts)
    with pytest.raises(InvalidInputError, match=r"forest\.npz"):
        load_pixel_classifier(tmp_path)


def test_expected_shares_shift_what_is_unsure_and_nothing_wished_changes_nothing(trained):
    image, _ = scene(8)
    plain = trained[0].predict(image)
    more = trained[0].expecting({9: 0.95}).predict(image)
    assert (more.labels == 9).mean() > (plain.labels == 9).mean() + 0.02
    assert (more.labels == 9)[plain.labels == 9].all(), "none is lost by more of it"
    np.testing.assert_array_equal(trained[0].expecting({9: 0.95}).expecting({}).predict(image).labels, plain.labels)


def test_entropy_and_margin_are_kept_when_asked_for_and_high_where_confidence_is_low(trained):
    image, _ = scene(8)
    assert trained[0].predict(image).entropy is None
    found = replace(trained[0], entropy=True).predict(image)
    known = entropy_of_two(found.confidence).astype(int)  # of a rounded confidence, which matters where it is near 1
    assert np.abs(found.entropy - known).max() <= 6
    assert np.abs(found.margin.astype(int) - margin_of_two(found.confidence)).max() <= 1


def test_areas_are_scored_by_their_boundaries_too():
    image, truth = scene(0)
    _, report = train([LabelledSlice(0, image, truth)], sigmas="1, 3.5", n_estimators=20)
    assert report.scores["boundary_f1/4"] > 0.1
    assert "boundary_f1/4" not in train([LabelledSlice(0, image, strokes(truth))], n_estimators=5)[1].scores


def test_what_cannot_be_learned_is_said():
    image, truth = scene(0)
    with pytest.raises(NotEnoughLabelsError, match="No pixel"):
        train([LabelledSlice(0, image, np.zeros_like(truth))])
    with pytest.raises(NotEnoughLabelsError, match="Only one class"):
        train([LabelledSlice(0, image, (strokes(truth) == 9).astype(np.uint8))])
    with pytest.raises(ParameterError, match="forests"):
        train([LabelledSlice(0, image, strokes(truth))], forests=3)
    for sigmas in ("", "1, two", "0.1", "1, 300", "-1"):
        with pytest.raises(ParameterError, match=r"from 0\.3 to 10"):
            train([LabelledSlice(0, image, strokes(truth))], sigmas=sigmas)


# Holding out


@pytest.mark.parametrize("dense", [False, True])
def test_what_is_held_out_is_not_trained_on_nor_what_lies_beside_it(dense):
    _, truth = scene(0)
    labels = truth if dense else strokes(truth)
    training, held = hold_out(labels, fraction=0.2, seed=0)
    assert held.any()
    assert not ((training > 0) & (held > 0)).any()
    y, x = np.nonzero(held)
    for at in range(0, len(y), 97):
        near = training[
            max(0, y[at] - MARGIN_PX) : y[at] + MARGIN_PX + 1, max(0, x[at] - MARGIN_PX) : x[at] + MARGIN_PX + 1
        ]
        assert not near.any()
    np.testing.assert_array_equal(held[held > 0], labels[held > 0])
    assert set(np.unique(training)) == set(np.unique(labels)) | {0}


def test_too_few_strokes_are_all_trained_on():
    labels = np.zeros((50, 50), np.uint8)
    labels[5, :40], labels[30, :40] = 1, 2
    training, held = hold_out(labels, fraction=0.2, seed=0)
    assert not held.any()
    np.testing.assert_array_equal(training, labels)


def test_areas_are_told_from_strokes():
    _, truth = scene(0)
    box = np.zeros_like(truth)
    box[40:140, 40:140] = truth[40:140, 40:140]
    assert is_dense(truth)
    assert is_dense(box)
    assert not is_dense(strokes(truth))
    assert not is_dense(np.zeros_like(truth))


# Scores


@given(
    npst.arrays(np.uint8, (6, 7), elements=st.integers(0, 3)), npst.arrays(np.uint8, (6, 7), elements=st.integers(1, 3))
)
def test_scores_are_those_of_the_definitions(truth, predicted):
    known = truth > 0
    report = Scores([1, 2, 3]).add(truth, predicted).report()
    if not known.any():
        assert report == {}
        return
    assert report["accuracy"] == pytest.approx((truth == predicted)[known].mean())
    ious = []
    for class_id in set(truth[known].tolist()):
        a, b = (truth == class_id) & known, (predicted == class_id) & known
        ious.append((a & b).sum() / (a | b).sum())
        assert report[f"iou/{class_id}"] == pytest.approx(ious[-1])
        assert report[f"dice/{class_id}"] == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()))
    assert report["mean_iou"] == pytest.approx(np.mean(ious))


# Normalisation


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64", "bool", ">u2"])
def test_normalised_values_lie_about_0_to_1(dtype):
    grey = np.random.default_rng(0).random((60, 70)) * 200
    image = (grey > 100 if dtype == "bool" else grey).astype(dtype)
    known = Normalisation.of([image])
    values = known.apply(image)
    assert values.dtype == np.float32
    assert values.shape == (1, 60, 70)
    assert CLIP[0] <= values.min() <= 0.05
    assert 0.95 <= values.max() <= CLIP[1]
    assert Normalisation.from_json(known.to_json()) == known


def test_nan_and_infinity_do_not_spoil_the_range():
    image = np.random.default_rng(0).random((60, 70)).astype(np.float32)
    spoiled = image.copy()
    spoiled[:5], spoiled[5:8] = np.nan, np.inf
    known = Normalisation.of([spoiled])
    assert np.isfinite(known.apply(spoiled)).all()
    assert known.hi[0] < 1.1


def test_a_constant_image_is_normalised_without_a_range():
    assert np.isfinite(Normalisation.of([np.full((5, 5), 7, np.uint8)]).apply(np.full((5, 5), 7, np.uint8))).all()
