"""Learning without labels: what it learns, what it leaves behind, and what starts from it."""

import copy

import numpy as np
import pytest
import torch

from core.errors import InvalidInputError, ParameterError
from core.learning.curation.embeddings import standardised
from core.learning.curation.probe import probe
from core.learning.curation.table import Item, LabelTable
from core.learning.segmenter import LabelledSlice
from networks.architectures import find_architecture
from networks.pretraining.encoder import UnlabelledSlice, load_encoder, pretrain
from networks.pretraining.losses import simclr_loss, simsiam_loss, spread
from networks.pretraining.train import COLLAPSED, METHODS, _notes
from networks.segmenter import context_of, train_segmenter
from networks.warm_start import carry_over, read_start

FORM = {"base_channels": 4, "depth": 2, "steps": 30, "patch_px": 16, "batch_size": 16, "learning_rate": 0.005}


def fields(shape=(96, 128)):
    """Smooth spots on the left, stripes on the right: places that can be told apart."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    left = np.sin(y / 5) * np.sin(x / 5)
    image = np.where(x < shape[1] // 2, left, np.sign(np.sin((x + y) / 2)))
    return (image + np.random.default_rng(0).normal(0, 0.1, shape)).astype(np.float32)


def learn(method, *, told=None, slices=None, keep_in=None, **changes):
    said = told if told is not None else []
    slices = slices or [UnlabelledSlice(fields())]
    form = {**FORM, **changes}
    return pretrain(method, slices, form, seed=0, device="cpu", report=said.append, keep_in=keep_in)


@pytest.fixture(scope="module", params=["U-Net", "ConvNeXt U-Net"])
def encoder(request, tmp_path_factory):
    """Trained for a moment, with the folder it was saved in."""
    folder = tmp_path_factory.mktemp("encoder")
    made, _ = learn("SimCLR", architecture=request.param, steps=4)
    made.save(folder)
    return made, folder


@pytest.mark.parametrize("method", METHODS)
def test_the_loss_falls_and_the_outputs_stay_apart(method):
    told = []
    _, notes = learn(method, told=told)
    losses = [each.metrics["loss"] for each in told if each.metrics]
    assert losses[-1] < losses[0] - 0.1
    assert told[-1].metrics["spread"] > COLLAPSED and notes == ()


def test_the_same_seed_gives_the_same_encoder():
    one, other = (learn("SimSiam", steps=3)[0].weights for _ in range(2))
    assert all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize("method", METHODS)
def test_a_pretraining_interrupted_again_and_again_ends_with_the_same_bits(method, tmp_path):
    whole, _ = learn(method, steps=16)
    for at in (5, 10):
        with pytest.raises(Interrupted):
            learn(method, steps=16, told=interrupting(at), keep_in=tmp_path / "kept")
    told = []
    went_on, notes = learn(method, steps=16, told=told, keep_in=tmp_path / "kept")
    assert "Going on after step 10 of 16" in [each.message for each in told] and notes == learn(method, steps=16)[1]
    assert all(torch.equal(value, went_on.weights[name]) for name, value in whole.weights.items())
    again, notes = learn(method, steps=16, keep_in=tmp_path / "kept", learning_rate=0.001)
    assert "belongs to another training" in notes[0]


class Interrupted(BaseException):
    """As a job that is cancelled."""


class interrupting(list):  # noqa: N801 - reads as what it does
    """A listener that ends the training at step `at`."""

    def __init__(self, at):
        self.at = at

    def append(self, progress):
        if progress.step >= self.at:
            raise Interrupted


def test_the_losses_know_twins_from_strangers():
    views = torch.eye(8)
    strangers = views.roll(3, dims=0)
    assert simclr_loss(views, views, temperature=0.2) < 0.1 < simclr_loss(views, strangers, temperature=0.2)
    assert simsiam_loss((views, views), (views, views)).item() == pytest.approx(-1)
    assert simsiam_loss((views, views), (strangers, strangers)).item() == pytest.approx(0)


def test_what_is_to_be_predicted_gets_no_gradient():
    guess, view = (torch.randn(4, 3, requires_grad=True) for _ in range(2))
    simsiam_loss((guess, guess), (view, view)).backward()
    assert guess.grad is not None and view.grad is None


def test_a_collapse_is_measured_and_told():
    assert spread(torch.randn(4000, 64)) == pytest.approx(1, abs=0.05)
    (note,) = _notes(spread(torch.ones(8, 64) + 1e-4 * torch.randn(8, 64)))
    assert "collapsed" in note


def test_an_encoder_is_read_as_it_was_saved(encoder):
    made, folder = encoder
    read = load_encoder(folder)
    assert set(read.weights) == set(made.weights)
    np.testing.assert_allclose(read.embed(fields()), made.embed(fields()), atol=1e-6)


def test_a_network_takes_the_encoder_over_bit_by_bit_and_draws_the_rest(encoder):
    made, folder = encoder
    drawn = find_architecture(made.algorithm).build(1, 3, made.architecture, seed=0)
    before = copy.deepcopy(drawn.state_dict())
    carry_over(drawn, (1, 2, 5), read_start(folder))
    after, taken = drawn.state_dict(), made.weights
    assert taken and len(taken) < len(after)
    for name, value in after.items():
        assert torch.equal(value, taken.get(name, before[name])), name


def test_training_starts_from_an_encoder_with_its_shape_and_its_view_of_grey(encoder):
    made, folder = encoder
    image = fields()
    labels = np.where(np.arange(image.shape[1]) < 64, 1, 2).astype(np.uint8) * np.ones(image.shape, np.uint8)
    slices = [LabelledSlice(0, image, labels)]
    form = {"steps": 1, "patch_px": 32, "batch_size": 2, "base_channels": 8}
    known = {"seed": 0, "device": "cpu", "report": lambda _: None, "start": folder}
    trained = train_segmenter(made.algorithm, slices, form, **known)[0].checkpoint
    assert (trained.architecture, trained.normalisation) == (made.architecture, made.normalisation)
    with pytest.raises(InvalidInputError, match="not for TUNet"):
        train_segmenter("TUNet", slices, {"steps": 1}, **known)


def test_images_that_look_alike_have_embeddings_that_point_the_same_way():
    made, _ = learn("SimCLR", steps=60)
    image = fields()
    spots, more_spots, stripes = (made.embed(image[rows, columns]) for rows, columns in _parts())
    assert spots.dtype == np.float32 and np.linalg.norm(spots) == pytest.approx(1, abs=1e-5)
    assert spots @ more_spots > spots @ stripes


@pytest.mark.parametrize("method", METHODS)
def test_a_linear_probe_of_what_was_learned_is_no_worse_than_of_a_network_as_it_was_drawn(method):
    image = fields((192, 256)) + np.random.default_rng(1).normal(0, 0.5, (192, 256)).astype(np.float32)
    squares = [(y, x) for y in range(0, 192, 16) for x in range(0, 256, 16)]
    table = LabelTable.of([Item(str(at), "v", str(at)) for at in squares], ["spots"])
    left = np.array([x < 128 for _, x in squares])
    table = table.tagged(left, "spots", 1).tagged(~left, "spots", 0)
    aucs = {}
    for steps in (0, 40):
        made, _ = learn(method, steps=max(steps, 1), learning_rate=0.005 if steps else 1e-9)
        points = np.stack([made.embed(image[y : y + 16, x : x + 16]) for y, x in squares])
        aucs[steps] = probe(table, standardised(points))["spots"].auc
    assert aucs[40] >= aucs[0] - 0.01, aucs


def _parts():
    return (np.s_[:48], np.s_[:56]), (np.s_[48:], np.s_[:56]), (np.s_[:48], np.s_[72:])


def test_an_encoder_looks_at_neighbouring_slices_and_small_images(tmp_path):
    image = fields((11, 13))
    made, _ = learn("SimCLR", steps=1, slices=[UnlabelledSlice(image, (image, image))], context=1)
    made.save(tmp_path)
    assert context_of("U-Net", {}, tmp_path) == 1, "whatever the form says"
    assert made.embed(image, (image, image)).shape == (4 + 8,)
    with pytest.raises(InvalidInputError, match="2 neighbouring slices, 0 were given"):
        made.embed(image)


def test_what_cannot_be_trained_is_refused_in_words():
    with pytest.raises(InvalidInputError, match="MSDNet has no encoder"):
        learn("SimCLR", architecture="MSDNet")
    with pytest.raises(InvalidInputError, match="A batch of one place"):
        learn("SimCLR", batch_size=1)
    with pytest.raises(ParameterError, match="no parameter of SimCLR"):
        learn("SimCLR", wings=2)
