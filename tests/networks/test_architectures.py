"""What every network of the catalogue promises: size, how far it looks, tiles without seams, that it learns, files."""

import itertools
import random

import numpy as np
import pytest
import torch
from torch import nn

from core.errors import ParameterError
from core.learning.segmenter import LabelledSlice
from networks.architectures import ARCHITECTURES
from networks.architectures.msdnet import MSDNetParameters
from networks.architectures.smsnet import SMSNetParameters, draw_wiring
from networks.architectures.unet3d import Convolution3D, with_neighbours
from networks.blocks import u_reach
from networks.predict import forecast
from networks.segmenter import load_segmenter, train_segmenter

SMALL = {  # so small that the tests are quick; the first of each also learns
    "U-Net": [{"base_channels": 6, "depth": 3}, {"base_channels": 2, "depth": 5}],
    "ConvNeXt U-Net": [{"base_channels": 8, "depth": 2}, {"base_channels": 2, "depth": 3, "blocks": 2}],
    "MSDNet": [{"num_layers": 8, "max_dilation": 3}, {"num_layers": 5, "layer_width": 2, "custom_dilation": True}],
    "TUNet": [{"base_channels": 6, "depth": 3}, {"base_channels": 4, "growth_rate": 1.3, "hidden_rate": 1.5}],
    "TUNet3+": [
        {"base_channels": 4, "depth": 3, "carryover_channels": 4},
        {"base_channels": 2, "hidden_rate": 2.0, "carryover_channels": 3},
    ],
    "SMSNet ensemble": [
        {"num_networks": 2, "layers": 6, "hidden_channels": 4},
        {"layers": 5, "alpha": 1.0, "gamma": 1.0, "dilation_choices": "[1, 5]"},
    ],
    "3-D U-Net": [{"base_channels": 4, "depth": 2, "context": 1}, {"base_channels": 2, "depth": 3}],
}
CASES = [(name, values) for name, cases in SMALL.items() for values in cases]
NAMES = list(SMALL)
every_case = pytest.mark.parametrize(("name", "values"), CASES)
every_network = pytest.mark.parametrize("name", NAMES)


def parameters(name, values):
    return ARCHITECTURES[name].parameters.chosen_from(values)


def network(name, values, *, channels=1, classes=2):
    torch.manual_seed(0)
    return ARCHITECTURES[name].build(channels, classes, parameters(name, values), seed=0).eval()


def size(model):
    return sum(weights.numel() for weights in model.parameters())


def test_every_network_is_tested():
    assert list(ARCHITECTURES) == NAMES


# How many parameters


def conv(channels_in, channels_out, *, window=9):
    """A convolution without a bias, and its normalisation."""
    return channels_in * channels_out * window + 2 * channels_out


def two(channels_in, between, out, *, window=9):
    return conv(channels_in, between, window=window) + conv(between, out, window=window)


def u_shape(channels, classes, widths, hidden, *, window=9):
    """Two convolutions a level and direction; a 2 x 2 step with a bias from each level to the one above."""
    down = sum(two(i, w, h, window=window) for i, w, h in zip([channels, *hidden], widths, hidden, strict=False))
    below = [*widths[1:-1], hidden[-1]]
    steps = list(zip(below, widths, hidden, strict=False))
    up = sum(4 * under * w + w + two(w + h, h, w, window=window) for under, w, h in steps)
    return down + up + widths[0] * classes + classes


def dense(channels, classes, layers, width):
    return sum(conv(channels + k * width, width) for k in range(layers)) + (channels + layers * width + 1) * classes


def convnext(channels, classes, widths, blocks):
    block = [49 * w + 2 * w + (w * 4 * w + 4 * w) + (4 * w * w + w) + w for w in widths]
    pairs = list(itertools.pairwise(widths))
    shrink = sum(2 * a + 4 * a * b + b for a, b in pairs)
    up = sum((4 * b * a + a) + (2 * a * a + a) for a, b in pairs)
    levels = blocks * (sum(block) + sum(block[:-1]))
    return (9 * channels + 1) * widths[0] + levels + shrink + up + 2 * widths[0] + (widths[0] + 1) * classes


def full_scale(channels, classes, widths, carried):
    depth = len(widths)
    joined = depth * carried
    down = sum(two(i, w, w) for i, w in zip([channels, *widths], widths, strict=False))
    carry = 0
    for level in range(depth - 1):
        carry += sum(conv(w, carried) for w in [*widths[: level + 1], widths[-1]])
        carry += (depth - 2 - level) * conv(joined, carried) + conv(joined, joined)
    return down + carry + (joined + 1) * classes


FORMULAS = [
    ("U-Net", {}, u_shape(2, 3, [12, 24, 48, 96], [12, 24, 48, 96])),
    ("U-Net", {"context": 1}, u_shape(6, 3, [12, 24, 48, 96], [12, 24, 48, 96])),
    ("ConvNeXt U-Net", {"blocks": 2}, convnext(2, 3, [16, 32, 64, 128], 2)),
    ("MSDNet", {}, dense(2, 3, 30, 1)),
    ("MSDNet", {"num_layers": 7, "layer_width": 3}, dense(2, 3, 7, 3)),
    ("TUNet", {"depth": 3, "hidden_rate": 2.0}, u_shape(2, 3, [16, 24, 36], [32, 48, 72])),
    ("TUNet3+", {"base_channels": 8, "growth_rate": 2.0}, full_scale(2, 3, [8, 16, 32, 64], 16)),
    ("3-D U-Net", {"context": 3}, u_shape(2, 3, [8, 16, 32], [8, 16, 32], window=27)),
]


@pytest.mark.parametrize(("name", "values", "expected"), FORMULAS)
def test_a_network_has_as_many_parameters_as_its_paper_says(name, values, expected):
    if name == "3-D U-Net":  # its step up is 1 x 2 x 2, as many weights as 2 x 2
        assert values["context"] == 3, "and no more parameters for more slices"
    assert size(network(name, values, channels=2, classes=3)) == expected


def test_an_ensemble_has_a_convolution_for_each_connection():
    chosen = SMSNetParameters(num_networks=3, layers=6, hidden_channels=4)
    drawn = random.Random(0)
    expected = 0
    for _ in range(3):
        wiring = draw_wiring(chosen, drawn)
        expected += sum(conv(sum(2 if parent == 0 else 4 for parent in node.parents), 4) for node in wiring)
        expected += (2 + 6 * 4 + 1) * 3
    model = network("SMSNet ensemble", {"num_networks": 3, "layers": 6, "hidden_channels": 4}, channels=2, classes=3)
    assert size(model) == expected


# How far they look


def test_the_formulas_of_how_far_they_look():
    assert network("U-Net", {}).reach_px == u_reach(4, down_px=2, up_px=2) == 46
    assert network("MSDNet", {}).reach_px == 3 * sum(range(1, 11))
    assert network("MSDNet", {"custom_dilation": True, "num_layers": 4}).reach_px == 1 + 2 + 4 + 1
    assert network("ConvNeXt U-Net", {"depth": 1, "blocks": 3}).reach_px == 1 + 3 * 3


@every_case
def test_no_score_depends_on_pixels_beyond_the_reach(name, values):
    model = network(name, values)
    made_plain(model)
    start = model.halo_px + model.stride
    inner, side = slice(start, start + model.stride), 2 * start + model.stride
    images = torch.rand(2, parameters(name, values).slices, side, side, requires_grad=True)
    model.votes(images)[..., inner, inner].sum().backward()
    seen = images.grad.abs().sum(dim=(0, 1))
    for along in (0, 1):
        places = torch.nonzero(seen.sum(dim=along)).flatten()
        far = max(start - int(places[0]), int(places[-1]) + 1 - inner.stop)
        assert far == model.reach_px


def made_plain(model):
    """Weights above 0, so that whatever can have an effect has one."""
    for weights in model.parameters():
        weights.data = weights.data.abs() + 0.01


@every_case
def test_tiles_with_their_halo_equal_the_whole_slice(name, values, monkeypatch):
    model = network(name, values)
    images = np.random.default_rng(0).normal(0, 1, (parameters(name, values).slices, 113, 140)).astype(np.float32)
    monkeypatch.setattr("networks.predict.TILE_HALOS", 0)
    monkeypatch.setattr("networks.predict.TILE_PX", {"cpu": 512})
    whole = forecast(model, images)
    monkeypatch.setattr("networks.predict.TILE_PX", {"cpu": 64})
    tiled = forecast(model, images)
    np.testing.assert_allclose(tiled.chance, whole.chance, atol=1e-5)
    np.testing.assert_allclose(tiled.spread, whole.spread, atol=1e-5)
    np.testing.assert_allclose(whole.chance.sum(axis=0), 1, atol=1e-5)


# That they learn


@every_network
def test_a_network_learns_one_tile_by_heart(name):
    model = network(name, SMALL[name][0]).train()
    rng = np.random.default_rng(0)
    truth = torch.from_numpy(np.kron(rng.integers(0, 2, (4, 4)), np.ones((8, 8), int)))[None]
    images = torch.from_numpy(rng.normal(0, 0.5, (1, parameters(name, SMALL[name][0]).slices, 32, 32))).float() + truth
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(60):
        loss = torch.stack([nn.functional.cross_entropy(scores, truth) for scores in model.votes(images)]).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (model(images).argmax(dim=1) == truth).float().mean() > 0.95


@every_network
def test_a_trained_network_predicts_the_same_from_its_file(name, tmp_path):
    values = SMALL[name][1]
    rng = np.random.default_rng(0)
    context = parameters(name, values).context
    around = [rng.integers(0, 255, (40, 44)).astype(np.uint8) for _ in range(2 * context)]
    image = rng.integers(0, 255, (40, 44)).astype(np.uint8)
    labelled = LabelledSlice(0, image, np.where(image > 128, 5, 3).astype(np.uint8), around)
    quick = {**values, "steps": 2, "patch_px": 32, "batch_size": 1}
    segmenter, _ = train_segmenter(name, [labelled], quick, seed=3, device="cpu", report=lambda _: None)
    segmenter.save(tmp_path)
    found, loaded = segmenter.predict(image, around), load_segmenter(tmp_path, device="cpu")
    assert set(np.unique(found.labels)) <= {3, 5}
    assert loaded.context == context
    np.testing.assert_array_equal(loaded.predict(image, around).confidence, found.confidence)


# What is particular


def test_the_seed_decides_about_the_wiring_of_an_ensemble():
    def wiring(seed):
        return draw_wiring(SMSNetParameters(), random.Random(seed))

    assert wiring(1) == wiring(1) != wiring(2)


def test_alpha_and_gamma_make_connections_short_and_few():
    def connections(**chosen):
        drawn = random.Random(0)
        wirings = [draw_wiring(SMSNetParameters(**chosen), drawn) for _ in range(20)]
        nodes = [(at, node) for wiring in wirings for at, node in enumerate(wiring, start=1)]
        lengths = [at - parent for at, node in nodes for parent in node.parents]
        return np.mean(lengths), np.mean([len(node.parents) for _, node in nodes])

    length, count = connections()
    assert connections(alpha=2.0)[0] < 0.8 * length
    assert connections(gamma=2.0)[1] < 0.6 * count


def test_where_the_members_disagree_the_confidence_is_lower():
    model = network("SMSNet ensemble", SMALL["SMSNet ensemble"][0])
    image = np.random.default_rng(0).normal(0, 1, (1, 20, 20)).astype(np.float32)
    sure = forecast(model, image)
    for member, bias in zip(model.members, ([4.0, 0.0], [0.0, 4.0]), strict=True):
        member.head.bias.data += torch.tensor(bias)
    torn = forecast(model, image)
    assert torn.spread.mean() > 3 * sure.spread.mean()
    expected = np.rint(255 * (torn.chance.max(axis=0) - torn.spread).clip(0, 1))
    np.testing.assert_array_equal(torn.confidence, expected)


def test_a_convolution_in_three_directions_is_torchs_own():
    torch.manual_seed(0)
    ours = Convolution3D(2, 4, slices=5)
    theirs = nn.Conv3d(2, 4, 3, padding=1, bias=False)
    theirs.weight.data = ours.within[0].weight.data.unflatten(1, (3, 2)).transpose(1, 2)  # (C_out, C_in, Z, 3, 3)
    blocks = torch.randn(3, 5, 2, 8, 9)
    found = ours.within[0](with_neighbours(blocks.flatten(0, 1), slices=5)).unflatten(0, (3, 5))
    torch.testing.assert_close(found, theirs(blocks.transpose(1, 2)).transpose(1, 2))


@pytest.mark.parametrize("text", ["", "[]", "1, two", "[0, 1]", "[51]", "1.5", "[-1]"])
def test_dilations_that_are_none_are_said(text):
    with pytest.raises(ParameterError, match="list of whole numbers from 1 to 50"):
        MSDNetParameters(custom_dilation=True, dilation_array=text).dilations()
    with pytest.raises(ParameterError, match="Dilation choices"):
        network("SMSNet ensemble", {"dilation_choices": text})


@every_network
def test_the_layer_of_the_scores_is_called_head(name):
    """A model that continues an earlier one maps the rows of this layer by class."""
    model = network(name, SMALL[name][0], classes=3)
    heads = [key for key, weights in model.named_parameters() if "head" in key.split(".") and len(weights) == 3]
    assert heads and all(len(weights) != 3 for key, weights in model.named_parameters() if key not in heads)
