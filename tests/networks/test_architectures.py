"""What every network of the catalogue promises: shapes, parameters, how far it looks, tiles without seams, files."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from networks.architectures import ARCHITECTURES
from networks.predict import forecast

SMALL = {  # a few of each, so small that the tests are quick
    "U-Net": [{"base_channels": 4, "depth": depth} for depth in (2, 3, 4)],
}
CASES = [(name, values) for name, cases in SMALL.items() for values in cases]


def network(name, values, *, channels=1, classes=2):
    """In evaluation mode, with batch statistics and biases that are not those of the start."""
    torch.manual_seed(0)
    found = ARCHITECTURES[name]
    model = found.build(channels, classes, replace(found.parameters(), **values), seed=0).eval()
    for weights in model.parameters():
        weights.data += 0.02 * torch.randn_like(weights)
    return model


def test_every_network_is_tested():
    assert set(SMALL) == set(ARCHITECTURES)


@pytest.mark.parametrize(("name", "values"), CASES)
def test_no_score_depends_on_pixels_beyond_the_reach(name, values):
    model = network(name, values)
    side, square = 2 * model.halo_px + 4 * model.stride, model.halo_px + model.stride
    images = torch.randn(1, ARCHITECTURES[name].parameters(**values).slices, side, side, requires_grad=True)
    inner = slice(square, square + model.stride)
    model.votes(images)[..., inner, inner].square().sum().backward()
    rows = torch.nonzero(images.grad.abs().amax(dim=(0, 1, 3))).flatten()
    assert int(square - rows[0]) <= model.reach_px, "the image is looked at beyond the reach"
    assert int(rows[-1]) + 1 - inner.stop <= model.reach_px


@pytest.mark.parametrize(("name", "values"), CASES)
def test_tiles_with_their_halo_equal_the_whole_slice(name, values, monkeypatch):
    model = network(name, values)
    slices = ARCHITECTURES[name].parameters(**values).slices
    images = np.random.default_rng(0).normal(0, 1, (slices, 171, 140)).astype(np.float32)
    monkeypatch.setattr("networks.predict.TILE_PX", {"cpu": 512})
    whole = forecast(model, images)
    monkeypatch.setattr("networks.predict.TILE_PX", {"cpu": 64})
    tiled = forecast(model, images)
    np.testing.assert_allclose(tiled.chance, whole.chance, atol=1e-5)
    np.testing.assert_allclose(tiled.spread, whole.spread, atol=1e-5)
    np.testing.assert_allclose(whole.chance.sum(axis=0), 1, atol=1e-5)
