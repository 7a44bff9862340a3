"""The 3-D U-Net: a slice and those around it, seen as a block in which structures are followed in all directions.

Çiçek et al. 2016, "3D U-Net: Learning Dense Volumetric Segmentation from Sparse Annotation",
doi:10.1007/978-3-319-46723-8_49, which like this one learns from a few painted slices. A block holds few slices, often
further apart than pixels are, so levels halve the image but not the number of slices. The block is used for the slice
in its middle, and moves on by one: as many times slower than a U-Net as it has slices.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from networks.blocks import Convolution, halved, u_reach
from networks.network import ArchitectureParameters, Network


@dataclass(frozen=True)
class UNet3DParameters(ArchitectureParameters):
    """base_channels : of the first of `depth` levels; each next one has twice as many. context : 1 or more."""

    context: int = 2
    base_channels: int = 8
    depth: int = 3


def build(channels: int, classes: int, parameters: UNet3DParameters, *, seed: int) -> "UNet3D":  # noqa: ARG001
    """A network without training; its wiring has nothing random."""
    widths = [parameters.base_channels * 2**level for level in range(parameters.depth)]
    return UNet3D(channels, classes, widths, slices=parameters.slices)


class Convolution3D(nn.Module):
    """A 3 x 3 x 3 convolution, normalised and rectified: (B x Z, C_in, H, W) -> (B x Z, C_out, H, W).

    Written as one over the image of each slice with its two neighbours, zeros beyond the block: the same numbers, and
    many times quicker on a processor than torch's own for three directions. slices : Z.
    """

    def __init__(self, channels_in: int, channels_out: int, *, slices: int) -> None:
        super().__init__()
        self.slices = slices
        self.within = Convolution(3 * channels_in, channels_out)

    def forward(self, x: Tensor) -> Tensor:
        within: Tensor = self.within(with_neighbours(x, slices=self.slices))
        return within


def with_neighbours(x: Tensor, *, slices: int) -> Tensor:
    """(B x Z, C, H, W) -> (B x Z, 3 C, H, W): each slice between those below and above it, zeros beyond the block."""
    blocks = x.reshape(-1, slices, *x.shape[1:])  # (B, Z, C, H, W)
    padded = nn.functional.pad(blocks, (0, 0, 0, 0, 0, 0, 1, 1))  # (B, Z + 2, C, H, W)
    return torch.cat([padded[:, :-2], blocks, padded[:, 2:]], dim=2).flatten(0, 1)


class UNet3D(Network):
    """Block of images to class scores of the one in its middle.

    channels : of a slice. widths : channels of each level, from the finest down. slices : of the block.
    """

    def __init__(self, channels: int, classes: int, widths: list[int], *, slices: int) -> None:
        super().__init__()
        self.slices = slices
        self.stride = 2 ** (len(widths) - 1)
        self.reach_px = u_reach(len(widths), down_px=2, up_px=2)
        self.down = nn.ModuleList(_two(i, o, slices) for i, o in zip([channels, *widths], widths, strict=False))
        steps = list(zip(widths[1:], widths, strict=False))[::-1]  # (deep, shallow), the deepest first
        self.grow = nn.ModuleList(nn.ConvTranspose2d(deep, shallow, 2, stride=2) for deep, shallow in steps)
        self.up = nn.ModuleList(_two(2 * shallow, shallow, slices) for _, shallow in steps)
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = x.reshape(-1, x.shape[1] // self.slices, *x.shape[2:])  # (B, Z x C, H, W) -> (B x Z, C, H, W)
        skips: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(halved(x) if level else x)  # (B x Z, C', H/2, W/2)
            skips.append(x)
        skips.pop()
        for grow, block in zip(self.grow, self.up, strict=True):
            x = block(torch.cat([skips.pop(), grow(x)], dim=1))  # (B x Z, C, H, W)
        middle = x.reshape(-1, self.slices, *x.shape[1:])[:, self.slices // 2]  # (B, C, H, W)
        scores: Tensor = self.head(middle)  # (B, classes, H, W)
        return scores


def _two(channels_in: int, channels_out: int, slices: int) -> nn.Sequential:
    return nn.Sequential(
        Convolution3D(channels_in, channels_out, slices=slices),
        Convolution3D(channels_out, channels_out, slices=slices),
    )
