"""The U-Net: a path down that sees ever more of the surroundings, a path up that keeps the detail.

Ronneberger, Fischer, Brox 2015, "U-Net: Convolutional Networks for Biomedical Image Segmentation",
doi:10.1007/978-3-319-24574-4_28; with padding, so that the output has the input's size, and batch normalisation, which
at prediction treats every pixel alike: a tile with enough halo then equals the whole image.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from networks.blocks import u_reach
from networks.network import ArchitectureParameters, Network


@dataclass(frozen=True)
class UNetParameters(ArchitectureParameters):
    """base_channels : of the first level; each of the `depth` levels has twice the channels of the one above."""

    base_channels: int = 12
    depth: int = 4


def build(channels: int, classes: int, parameters: UNetParameters, *, seed: int) -> "UNet":  # noqa: ARG001
    """A network without training; its wiring has nothing random."""
    return UNet(channels * parameters.slices, classes, base_channels=parameters.base_channels, depth=parameters.depth)


class ConvBlock(nn.Sequential):
    """Two 3 x 3 convolutions, each normalised and rectified: (B, C_in, H, W) -> (B, C_out, H, W)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )


class UNet(Network):
    """Grey or colour image to class scores.

    channels : of the image. classes : how many scores a pixel gets. base_channels : of the first level, doubled at each
    of the `depth` - 1 levels below it. H and W must be multiples of `stride`.
    """

    encoder = ("down",)

    def __init__(self, channels: int, classes: int, *, base_channels: int, depth: int) -> None:
        super().__init__()
        widths = [base_channels * 2**level for level in range(depth)]
        self.stride = 2 ** (depth - 1)
        self.reach_px = u_reach(depth, down_px=2, up_px=2)
        self.down = nn.ModuleList(ConvBlock(i, o) for i, o in zip([channels, *widths], widths, strict=False))
        pairs = list(zip(widths[1:], widths, strict=False))[::-1]  # (deep, shallow), the deepest first
        self.grow = nn.ModuleList(nn.ConvTranspose2d(deep, shallow, 2, stride=2) for deep, shallow in pairs)
        self.up = nn.ModuleList(ConvBlock(2 * shallow, shallow) for _, shallow in pairs)
        self.head = nn.Conv2d(base_channels, classes, 1)

    def levels(self, x: Tensor) -> list[Tensor]:
        found: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = nn.functional.max_pool2d(x, 2) if level else x  # (B, C, H, W) -> (B, C, H/2, W/2)
            x = block(x)
            found.append(x)
        return found

    def forward(self, x: Tensor) -> Tensor:
        *skips, x = self.levels(x)
        for grow, block in zip(self.grow, self.up, strict=True):
            x = torch.cat([skips.pop(), grow(x)], dim=1)  # (B, 2C, H, W) -> (B, C, 2H, 2W), beside the skip
            x = block(x)
        scores: Tensor = self.head(x)  # (B, classes, H, W)
        return scores
