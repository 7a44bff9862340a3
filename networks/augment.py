"""Variations of a batch of patches: mirrored, turned, bent, lighter, noisier, blurred; image and labels alike.

All of a batch happens in a few operations where the batch is, on a GPU for instance. Patches come with a border
around them (`border_px`), so that a turned patch shows the image in its corners, not a repeated edge. Labels are
taken from the nearest pixel; what comes from outside is unlabelled.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

BEND_KNOTS = (
    4  # along a side: a coarse field of shifts, smoothly enlarged (Simard et al. 2003, doi:10.1109/ICDAR.2003.1227801)
)
BLUR_TAPS = 7  # pixels; enough for a sigma of 1.5
CORNER = (math.sqrt(2) - 1) / 2  # of the side: how far the corner of a patch that is turned reaches beyond it


@dataclass(frozen=True)
class Variations:
    """How far a patch may be changed; 0 and False leave it.

    flips : mirrored, and turned by right angles. turn_deg : by any angle up to this, either way.
    bend_px : most that a pixel is shifted. grey : share by which contrast changes; brightness by two thirds of it.
    noise : standard deviation, in the range of the image (0 to 1). blur_px : greatest sigma.
    """

    flips: bool = True
    turn_deg: float = 0.0
    bend_px: float = 0.0
    grey: float = 0.15
    noise: float = 0.0
    blur_px: float = 0.0

    @property
    def moves(self) -> bool:
        """Whether pixels change their place."""
        return self.flips or self.turn_deg > 0 or self.bend_px > 0

    def border_px(self, side: int) -> int:
        """What a patch of `side` needs around it."""
        corner = CORNER * side if self.turn_deg > 0 else 0
        return math.ceil(corner + self.bend_px)


def vary(
    images: Tensor, places: Tensor, variations: Variations, chance: torch.Generator, *, side: int
) -> tuple[Tensor, Tensor]:
    """Vary each patch of a batch in its own way.

    Parameters
    ----------
    images : (B, C, H, W) float32, or (B, C, D, H, W), with `border_px` around `side`.
    places : (B, H, W) or (B, D, H, W) int64, -1 = unlabelled.
    chance : on the device of the batch; the same state gives the same variations.

    Returns
    -------
    Both as they came, `side` high and wide, copies.
    """
    if variations.moves:
        images, places = _move(images, places, variations, chance, side)
    images = _change_grey(images, variations.grey, chance)
    if variations.blur_px > 0:
        images = _blur(images, variations.blur_px, chance)
    if variations.noise > 0:
        spread = variations.noise * _uniform(images, chance)
        images = images + spread * torch.randn(images.shape, generator=chance, device=images.device)
    return images, places


def _move(
    images: Tensor, places: Tensor, variations: Variations, chance: torch.Generator, side: int
) -> tuple[Tensor, Tensor]:
    flat, stacked = images.flatten(1, -3), places.reshape(places.shape[0], -1, *places.shape[-2:])
    grid = _grid(flat, variations, chance, side)  # (B, side, side, 2)
    sample = nn.functional.grid_sample
    moved = sample(flat, grid, mode="bilinear", padding_mode="border", align_corners=False)
    # Shifted by one, so that the zeros from outside become unlabelled.
    labels = sample((stacked + 1).to(flat.dtype), grid, mode="nearest", padding_mode="zeros", align_corners=False)
    found = labels.round().long() - 1
    return moved.reshape(*images.shape[:-2], side, side), found.reshape(*places.shape[:-2], side, side)


def _grid(images: Tensor, variations: Variations, chance: torch.Generator, side: int) -> Tensor:
    """Where each pixel of the result comes from, (B, side, side, 2) as (x, y) in -1 to 1 of the whole input."""
    count, device = images.shape[0], images.device
    line = torch.arange(side, device=device) - (side - 1) / 2  # pixels from the centre
    y, x = torch.meshgrid(line, line, indexing="ij")
    turned = torch.einsum("bij,yxj->byxi", _turns(count, variations, chance), torch.stack([x, y], dim=-1))
    if variations.bend_px > 0:
        turned = turned + _bends(count, variations.bend_px, chance, side)
    size = torch.tensor([images.shape[-1], images.shape[-2]], device=device)
    return turned * 2 / size


def _turns(count: int, variations: Variations, chance: torch.Generator) -> Tensor:
    """(B, 2, 2): a turn, mirrored for half of them."""
    device = chance.device
    quarters = torch.randint(4, (count,), generator=chance, device=device) if variations.flips else 0
    free = (2 * torch.rand(count, generator=chance, device=device) - 1) * math.radians(variations.turn_deg)
    angle = quarters * (math.pi / 2) + free
    mirrored = 1 - 2 * torch.randint(2, (count,), generator=chance, device=device) * int(variations.flips)
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([torch.stack([mirrored * cos, -sin], -1), torch.stack([mirrored * sin, cos], -1)], -2)


def _bends(count: int, bend_px: float, chance: torch.Generator, side: int) -> Tensor:
    """Smooth shifts, (B, side, side, 2) pixels."""
    knots = 2 * torch.rand(count, 2, BEND_KNOTS, BEND_KNOTS, generator=chance, device=chance.device) - 1
    smooth = nn.functional.interpolate(knots, size=(side, side), mode="bicubic", align_corners=True)
    return (smooth.clamp(-1, 1) * bend_px).movedim(1, -1)


def _change_grey(images: Tensor, most: float, chance: torch.Generator) -> Tensor:
    gain = 1 + most * (2 * _uniform(images, chance) - 1)
    shift = most * 2 / 3 * (2 * _uniform(images, chance) - 1)
    return images * gain + shift


def _blur(images: Tensor, most: float, chance: torch.Generator) -> Tensor:
    """Gaussian, of a sigma of its own for each patch."""
    flat = images.flatten(1, -3)
    count, channels, height, width = flat.shape
    taps = torch.arange(BLUR_TAPS, device=flat.device) - BLUR_TAPS // 2
    sigma = (most * torch.rand(count, 1, generator=chance, device=flat.device)).clamp(min=1e-3)
    kernel = torch.exp(-(taps**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(channels, dim=0)  # (B C, taps)
    rows = nn.functional.pad(flat.reshape(1, -1, height, width), (BLUR_TAPS // 2,) * 4, mode="replicate")
    rows = nn.functional.conv2d(rows, kernel[:, None, None, :], groups=count * channels)
    return nn.functional.conv2d(rows, kernel[:, None, :, None], groups=count * channels).reshape(images.shape)


def _uniform(images: Tensor, chance: torch.Generator) -> Tensor:
    """One number of 0 to 1 for each patch, shaped to multiply with it."""
    drawn = torch.rand(images.shape[0], generator=chance, device=images.device)
    return drawn.reshape(-1, *[1] * (images.ndim - 1))
