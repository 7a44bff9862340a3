"""A U-Net of ConvNeXt blocks: large windows, each channel by itself, then a small network in each pixel.

Liu et al. 2022, "A ConvNet for the 2020s", doi:10.1109/CVPR52688.2022.01167, in the shape of a U-Net
(doi:10.1007/978-3-319-24574-4_28); with batch in place of layer normalisation, and with no step that shrinks the image
before the first level, so fine detail stays. It looks further than a U-Net of the same depth.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from networks.blocks import u_reach
from networks.network import ArchitectureParameters, Network

WINDOW_PX = 7
WIDER = 4  # the network in a pixel has so many times the channels
START_SCALE = 0.1  # of what a block adds; small, so that training begins near the identity


@dataclass(frozen=True)
class ConvNeXtUNetParameters(ArchitectureParameters):
    """base_channels : of the first of `depth` levels; each next one has twice as many. blocks : of a level."""

    base_channels: int = 16
    depth: int = 4
    blocks: int = 1


def build(channels: int, classes: int, parameters: ConvNeXtUNetParameters, *, seed: int) -> "ConvNeXtUNet":  # noqa: ARG001
    """A network without training; its wiring has nothing random."""
    widths = [parameters.base_channels * 2**level for level in range(parameters.depth)]
    return ConvNeXtUNet(channels * parameters.slices, classes, widths, blocks=parameters.blocks)


class Block(nn.Module):
    """(B, C, H, W) -> the same shape: what a 7 x 7 window of each channel and a network in each pixel add to it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.Conv2d(channels, channels, WINDOW_PX, padding=WINDOW_PX // 2, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, WIDER * channels, 1),
            nn.GELU(),
            nn.Conv2d(WIDER * channels, channels, 1),
        )
        self.scale = nn.Parameter(torch.full((channels, 1, 1), START_SCALE))

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.change(x)
        return x + self.scale * change


class ConvNeXtUNet(Network):
    """Grey or colour image to class scores. widths : channels of each level, from the finest down."""

    encoder = ("stem", "down", "shrink")

    def __init__(self, channels: int, classes: int, widths: list[int], *, blocks: int) -> None:
        super().__init__()
        depth, aside = len(widths), blocks * (WINDOW_PX // 2)
        self.stride = 2 ** (depth - 1)
        self.reach_px = u_reach(depth, down_px=aside, up_px=aside) + 1  # 1 of the stem
        self.stem = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.down = nn.ModuleList(_level(width, blocks) for width in widths)
        self.shrink = nn.ModuleList(_shrink(into, out) for into, out in zip(widths, widths[1:], strict=False))
        steps = list(zip(widths[1:], widths, strict=False))[::-1]  # (deep, shallow), the deepest first
        self.grow = nn.ModuleList(nn.ConvTranspose2d(deep, shallow, 2, stride=2) for deep, shallow in steps)
        self.join = nn.ModuleList(nn.Conv2d(2 * shallow, shallow, 1) for _, shallow in steps)
        self.up = nn.ModuleList(_level(shallow, blocks) for _, shallow in steps)
        self.head = nn.Sequential(nn.BatchNorm2d(widths[0]), nn.Conv2d(widths[0], classes, 1))

    def levels(self, x: Tensor) -> list[Tensor]:
        found = [self.down[0](self.stem(x))]  # (B, widths[0], H, W)
        for shrink, block in zip(self.shrink, self.down[1:], strict=True):
            found.append(block(shrink(found[-1])))  # (B, C, H, W) -> (B, 2C, H/2, W/2)
        return found

    def forward(self, x: Tensor) -> Tensor:
        *skips, x = self.levels(x)
        for grow, join, block in zip(self.grow, self.join, self.up, strict=True):
            x = block(join(torch.cat([skips.pop(), grow(x)], dim=1)))  # (B, 2C, H/2, W/2) -> (B, C, H, W)
        scores: Tensor = self.head(x)  # (B, classes, H, W)
        return scores


def _level(channels: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(*(Block(channels) for _ in range(blocks)))


def _shrink(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm2d(channels_in), nn.Conv2d(channels_in, channels_out, 2, stride=2))
