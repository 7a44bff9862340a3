"""Variations of patches: labels stay on their pixels, what comes from outside is unlabelled, a seed decides."""

import pytest
import torch

from networks.augment import Variations, vary
from networks.losses import UNLABELLED

SIDE = 32
STILL = Variations(flips=False, grey=0)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def blobs(border=0, *, count=6):
    """Images that show their own labels: smooth blobs, 1 where they are above the middle."""
    size = SIDE + 2 * border
    coarse = torch.rand(count, 1, 5, 5, generator=seeded(3))
    images = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic")
    return images, (images[:, 0] > 0.5).long()


def agreement(images, places):
    return ((images[:, 0] > 0.5).long() == places)[places != UNLABELLED].float().mean().item()


def test_without_variations_nothing_changes():
    images, places = blobs()
    varied, labels = vary(images, places, STILL, seeded(), side=SIDE)
    torch.testing.assert_close(varied, images)
    assert torch.equal(labels, places)


def test_flips_and_right_angles_only_reorder_pixels():
    images, places = blobs(count=40)
    varied, labels = vary(images, places, Variations(grey=0), seeded(), side=SIDE)
    torch.testing.assert_close(varied.flatten(1).sort().values, images.flatten(1).sort().values)
    assert torch.equal(labels.flatten(1).sort().values, places.flatten(1).sort().values)
    assert agreement(varied, labels) == 1
    asymmetric = {
        tuple(each.flatten().tolist())
        for each in vary(
            images[:1].expand(200, -1, -1, -1), places[:1].expand(200, -1, -1), Variations(grey=0), seeded(), side=SIDE
        )[1]
    }
    assert len(asymmetric) == 8  # the symmetries of a square


@pytest.mark.parametrize("variations", [Variations(turn_deg=180, grey=0), Variations(bend_px=6, grey=0)])
def test_labels_follow_the_pixels_wherever_they_go(variations):
    border = variations.border_px(SIDE)
    images, places = blobs(border)
    varied, labels = vary(images, places, variations, seeded(), side=SIDE)
    assert varied.shape[-2:] == labels.shape[-2:] == (SIDE, SIDE)
    assert agreement(varied, labels) > 0.97
    assert (labels != UNLABELLED).all()  # the border sufficed


def test_what_comes_from_outside_is_unlabelled():
    images, places = blobs()
    _, labels = vary(images, places, Variations(flips=False, turn_deg=60, grey=0), seeded(), side=SIDE)
    assert (labels == UNLABELLED).any()
    assert set(labels.unique().tolist()) == {UNLABELLED, 0, 1}


def test_grey_noise_and_blur_leave_labels_alone_and_the_mean_near():
    images, places = blobs()
    for variations in (Variations(flips=False, noise=0.1), Variations(flips=False, grey=0, blur_px=1.5)):
        varied, labels = vary(images, places, variations, seeded(), side=SIDE)
        assert torch.equal(labels, places)
        assert not torch.equal(varied, images)
        assert (varied - images).mean().abs() < 0.2
    noise = torch.rand(4, 1, SIDE, SIDE, generator=seeded())
    assert (
        vary(noise, places[:4], Variations(flips=False, grey=0, blur_px=1.5), seeded(), side=SIDE)[0].std()
        < noise.std()
    )


def test_a_stack_of_slices_moves_as_one():
    images, places = blobs()
    stack, depth = images[:, :, None].expand(-1, -1, 4, -1, -1), places[:, None].expand(-1, 4, -1, -1)
    everything = Variations(turn_deg=30, bend_px=3, blur_px=1)
    varied, labels = vary(stack, depth, everything, seeded(), side=SIDE)
    assert varied.shape == stack.shape
    assert torch.equal(labels[:, 0], labels[:, 3])
    torch.testing.assert_close(varied[:, :, 0], varied[:, :, 3])


def test_the_same_seed_varies_the_same_way_and_another_differs():
    everything = Variations(turn_deg=45, bend_px=4, noise=0.1, blur_px=1)
    images, places = blobs(everything.border_px(SIDE))
    first, again, other = (vary(images, places, everything, seeded(seed), side=SIDE) for seed in (1, 1, 2))
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])
