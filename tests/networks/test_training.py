"""What training survives, what it keeps, and what it never looks at."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.errors import InvalidInputError
from core.learning.normalisation import Normalisation
from core.learning.segmenter import LabelledSlice
from core.learning.training_parameters import TrainingParameters
from core.learning.uncertainty import entropy_of, margin_of
from networks.architectures.unet import UNet
from networks.data import Data
from networks.guard import MAX_RETREATS
from networks.losses import UNLABELLED, partial_cross_entropy
from networks.optimisers import OPTIMISERS, SCHEDULES, choose_optimiser, share_of_rate
from networks.patches import GREY, PatchSampler, TrainingSlice
from networks.predict import decide, forecast
from networks.segmenter import load_segmenter, train_segmenter
from networks.train import Judgement, Learner, train_network, variations_of

CPU = torch.device("cpu")
TINY = TrainingParameters(steps=12, patch_px=32, batch_size=4, learning_rate=0.01)
FORM = {"steps": 20, "base_channels": 4, "depth": 2, "patch_px": 48, "batch_size": 2}


def stripes(shape=(120, 140), *, width=12, classes=2):
    """An image whose brightness tells the class, and the classes 1, 2, ..."""
    x = np.broadcast_to(np.arange(shape[1]), shape)
    truth = (1 + (x // width) % classes).astype(np.uint8)
    noise = np.random.default_rng(0).normal(0, 10, shape)
    return (60 * truth + noise).astype(np.float32), truth


def network(classes=2):
    torch.manual_seed(0)
    return UNet(1, classes, base_channels=4, depth=2)


def sampler(parameters=TINY, **options):
    image, truth = stripes()
    places = truth.astype(np.int64) - 1
    border = variations_of(parameters).border_px(parameters.patch_px)
    sliced = TrainingSlice(image[None] / 180, places, **options)
    return PatchSampler([sliced], patch_px=parameters.patch_px, border_px=border, seed=0)


def learn(parameters=TINY, *, model=None, loss=partial_cross_entropy, judge=lambda _: Judgement(), told=None):
    return train_network(
        model or network(),
        sampler(parameters),
        parameters,
        loss=loss,
        device=CPU,
        seed=0,
        report=(told if told is not None else []).append,
        judge=judge,
    )


def weights_of(model):
    return torch.cat([value.flatten() for value in model.state_dict().values() if value.is_floating_point()])


# Choices


def test_every_optimiser_and_schedule_takes_the_loss_down():
    pairs = zip(OPTIMISERS, (*SCHEDULES, *SCHEDULES), strict=False)
    for optimiser, schedule in pairs:
        told = []
        learn(replace(TINY, steps=16, optimiser=optimiser, schedule=schedule, ema=0), told=told)
        losses = [each.metrics["loss"] for each in told]
        assert losses[-1] < losses[0], (optimiser, schedule)


def test_every_schedule_ends_no_higher_than_it_began_and_stays_within_the_rate():
    for name in SCHEDULES:
        shares = [share_of_rate(name, step / 50) for step in range(51)]
        assert min(shares) >= 0 and max(shares) <= 1 and shares[-1] <= max(shares[0], 1)


def test_weight_decay_reaches_the_optimiser():
    for name in OPTIMISERS:
        made = choose_optimiser(name, network().parameters(), rate=0.1, weight_decay=0.25)
        assert {group["weight_decay"] for group in made.param_groups} == {0.25}


# The same again


def test_the_same_seed_gives_bit_equal_weights_with_every_variation():
    everything = replace(TINY, turn_deg=30, bend_px=3, noise_pct=5, blur_px=1, label_smoothing=0.05)
    first, again = (weights_of(learn(everything).model) for _ in range(2))
    assert torch.equal(first, again)


# The best


def test_the_weights_that_scored_best_come_back_not_the_last_ones():
    seen = []

    def judge(model):
        seen.append(weights_of(model).clone())
        return Judgement(score={6: 0.9}.get(len(seen), 0.1))

    best = learn(replace(TINY, steps=16), judge=judge).model
    assert len(seen) == 8
    assert torch.equal(weights_of(best), seen[5])
    assert not torch.equal(weights_of(best), seen[-1])


def test_without_a_score_the_last_average_is_taken():
    seen = []
    judge = lambda model: seen.append(weights_of(model).clone()) or Judgement()  # noqa: E731
    assert torch.equal(weights_of(learn(judge=judge).model), seen[-1])


def test_without_memory_the_average_is_the_network():
    learner = Learner(network(), sampler(), replace(TINY, ema=0.0), partial_cross_entropy, torch.Generator())
    learner.advance(1)
    torch.testing.assert_close(weights_of(learner.averaged), weights_of(learner.model))


# Running away


def breaking(at, value):
    """A loss that is broken in the steps `at`."""
    count = iter(range(1, 10_000))
    return lambda scores, targets: partial_cross_entropy(scores, targets) * (value if next(count) in at else 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e6])
def test_a_loss_that_runs_away_leads_back_to_sound_weights_and_is_told(value):
    trained = learn(replace(TINY, steps=20), loss=breaking({12}, value))
    assert torch.isfinite(weights_of(trained.model)).all()
    (note,) = trained.notes
    assert "ran away at step 12; the network went back to step 10" in note
    assert "lower learning rate" in note


def test_a_loss_that_never_recovers_ends_the_training_with_what_was_best():
    trained = learn(replace(TINY, steps=40), loss=breaking(set(range(21, 100)), float("nan")))
    assert torch.isfinite(weights_of(trained.model)).all()
    assert len(trained.notes) == MAX_RETREATS
    assert "training ended there" in trained.notes[-1]


# Memory


class Hungry(UNet):
    """Takes no more than `fits` patches at a time."""

    fits = 1

    def forward(self, x):
        if len(x) > self.fits:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: 12 bytes")
        return super().forward(x)


def test_when_memory_runs_out_batches_become_smaller():
    trained = learn(model=Hungry(1, 2, base_channels=4, depth=2))
    assert trained.notes == (
        "Memory ran out, so batches hold 2 patches.",
        "Memory ran out, so batches hold 1 patch.",
    )


def test_when_not_even_one_patch_fits_that_is_said():
    model = Hungry(1, 2, base_channels=4, depth=2)
    model.fits = 0
    with pytest.raises(InvalidInputError, match="a single patch of 32 x 32 pixels. Choose smaller patches"):
        learn(model=model)


def test_other_faults_are_not_taken_for_a_lack_of_memory():
    def broken(scores, targets):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        learn(loss=broken)


# What is kept out


def test_no_patch_shows_a_pixel_of_a_box_that_is_kept_out():
    closed = np.zeros((120, 140), bool)
    closed[:50, :60] = True
    image, truth = stripes()
    places = np.where(closed, UNLABELLED, truth.astype(np.int64) - 1)
    marked = np.where(closed, np.float32(1e6), image)[None]
    for patch_px in (32, 100):  # the large ones cannot keep clear of it
        drawn = PatchSampler([TrainingSlice(marked, places, closed)], patch_px=patch_px, seed=0)
        images, _ = drawn.batch(60)
        assert images.max() < 1e6
        assert (images == GREY).any() == (patch_px == 100)


def test_filled_areas_are_closed_and_strokes_only_lose_their_labels():
    image, truth = stripes()
    strokes = np.zeros_like(truth)
    strokes[::12, :] = truth[::12, :]
    normalisation = Normalisation.of([image])
    for labels, closed in ((truth, True), (strokes, False)):
        data = Data.of([LabelledSlice(0, image, labels)], (1, 2), normalisation, context=0, held_out=0.2, seed=0)
        held = data.held_out[0] > 0
        assert held.any() and (data.training[0].places[held] == UNLABELLED).all()
        assert (data.training[0].closed is not None) == closed


def test_scores_of_a_part_equal_those_of_the_whole_slice():
    image, truth = stripes()
    data = Data.of([LabelledSlice(0, image, truth)], (1, 2), Normalisation.of([image]), context=0, held_out=0.2, seed=0)
    model = network().eval()
    held = data.held_out[0]
    whole = forecast(model, data.training[0].image).best + 1
    right = (whole == held)[held > 0].mean()
    assert data.evaluate(model).scores["accuracy"] == pytest.approx(right)


def test_a_preview_shows_image_truth_and_prediction_of_the_same_pixels():
    image, truth = stripes()
    data = Data.of([LabelledSlice(0, image, truth)], (1, 2), Normalisation.of([image]), context=0, held_out=0.2, seed=0)
    preview = data.preview(network().eval())
    assert preview.image.shape == preview.truth.shape == preview.predicted.shape
    assert preview.truth.any() and set(np.unique(preview.predicted)) <= {1, 2}


# Starting from an earlier model


def train(truth, image, *, start=None, **changes):
    slices = [LabelledSlice(0, image, truth)]
    return train_segmenter(
        "U-Net", slices, {**FORM, **changes}, seed=0, device="cpu", report=lambda _: None, start=start
    )


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    """A U-Net that knows classes 1 and 2, saved."""
    folder = tmp_path_factory.mktemp("earlier")
    image, truth = stripes()
    train(truth, image)[0].save(folder)
    return folder


def test_one_step_further_a_network_still_knows_what_it_knew(earlier):
    image, truth = stripes()
    going_on, _ = train(truth, image, start=earlier, steps=1, learning_rate=1e-5)
    afresh, _ = train(truth, image, steps=1, learning_rate=1e-5)
    right = [(each.predict(image).labels == truth).mean() for each in (going_on, afresh)]
    assert right[0] > 0.9 > right[1]


def test_shape_and_normalisation_are_those_of_the_earlier_model(earlier):
    image, truth = stripes()
    segmenter, _ = train(truth, image * 2, start=earlier, steps=1, base_channels=8)
    known = load_segmenter(earlier, device="cpu").checkpoint
    assert segmenter.checkpoint.architecture == known.architecture
    assert segmenter.checkpoint.normalisation == known.normalisation


def test_rows_of_the_scores_follow_their_class_when_classes_come_and_go(earlier):
    image, truth = stripes(classes=3)
    relabelled = np.choose(truth, [0, 1, 9, 2]).astype(np.uint8)  # 9 is new and lies between
    segmenter, _ = train(relabelled, image, start=earlier, steps=1, learning_rate=1e-8, weight_decay=0.0)
    assert segmenter.class_ids == (1, 2, 9)
    head, known = (
        segmenter.checkpoint.model.head.weight,
        load_segmenter(earlier, device="cpu").checkpoint.model.head.weight,
    )
    torch.testing.assert_close(head[:2], known, atol=1e-5, rtol=0)


def test_a_model_that_does_not_fit_is_refused_with_the_reason(earlier):
    image, truth = stripes()
    with pytest.raises(InvalidInputError, match="knows images of 1 channels; these have 3"):
        train(truth, np.stack([image] * 3, axis=-1), start=earlier, steps=1)


# Prediction


def test_the_mean_of_four_mirrorings_follows_the_image_when_it_is_mirrored():
    image, _ = stripes((60, 76))
    model, seen = network().eval(), image[None] / 180
    straight = forecast(model, seen, flips=True).chance
    for axes in ((1,), (2,)):
        mirrored = forecast(model, np.flip(seen, axes).copy(), flips=True).chance
        np.testing.assert_allclose(np.flip(mirrored, axes), straight, atol=1e-6)
    assert (straight != forecast(model, seen).chance).any()


def test_when_memory_runs_out_tiles_become_smaller_and_the_answer_stays():
    class Small(UNet):
        most_px = 300**2

        def forward(self, x):
            if x.shape[-1] * x.shape[-2] > self.most_px:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().forward(x)

    model, seen = Small(1, 2, base_channels=4, depth=2).eval(), stripes((330, 700))[0][None] / 180
    divided = decide(model, seen, entropy=True)
    model.most_px = 10**9
    for one, other in zip(divided, decide(model, seen, entropy=True), strict=True):
        np.testing.assert_array_equal(one, other)
    model.most_px = 100
    with pytest.raises(InvalidInputError, match="predict 128 x 128 pixels"):
        decide(model, seen)


def test_what_is_decided_on_the_device_equals_the_whole_forecast():
    model, seen = network(classes=3).eval(), stripes((61, 75))[0][None] / 180
    found = decide(model, seen, entropy=True)
    whole = forecast(model, seen)
    np.testing.assert_array_equal(found.best, whole.best)
    np.testing.assert_array_equal(found.confidence, whole.confidence)
    chances = np.moveaxis(whole.chance, 0, -1)
    for kept, known in ((found.entropy, entropy_of(chances)), (found.margin, margin_of(chances))):
        assert np.abs(kept.astype(int) - known).max() <= 1
    assert decide(model, seen)[2:] == (None, None)
