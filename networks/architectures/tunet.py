"""The tunable U-Net: a U-Net whose channels need not double from level to level, nor stay the same within one.

Roberts et al. 2024, "DLSIA: Deep Learning for Scientific Image Analysis", arXiv:2308.02559, after Ronneberger et al.
2015, doi:10.1007/978-3-319-24574-4_28. A growth below 2 makes a network with far fewer parameters.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from networks.blocks import Convolution, halved, u_reach
from networks.network import ArchitectureParameters, Network


@dataclass(frozen=True)
class TUNetParameters(ArchitectureParameters):
    """base_channels : of the first of `depth` levels; each next one has `growth_rate` times as many.

    hidden_rate : the second convolution of a level has so many times the channels of the first.
    """

    depth: int = 4
    base_channels: int = 16
    growth_rate: float = 1.5
    hidden_rate: float = 1.0

    def widths(self) -> list[int]:
        """Channels of the first convolution of each level."""
        return [max(1, round(self.base_channels * self.growth_rate**level)) for level in range(self.depth)]

    def hidden_widths(self) -> list[int]:
        """Channels of the second convolution of each level."""
        return [max(1, round(width * self.hidden_rate)) for width in self.widths()]


def build(channels: int, classes: int, parameters: TUNetParameters, *, seed: int) -> "TUNet":  # noqa: ARG001
    """A network without training; its wiring has nothing random."""
    return TUNet(channels * parameters.slices, classes, parameters.widths(), parameters.hidden_widths())


class TUNet(Network):
    """Grey or colour image to class scores.

    widths, hidden : channels of the first and second convolution of each level, from the finest down.
    """

    def __init__(self, channels: int, classes: int, widths: list[int], hidden: list[int]) -> None:
        super().__init__()
        self.stride = 2 ** (len(widths) - 1)
        self.reach_px = u_reach(len(widths), down_px=2, up_px=2)
        inputs = [channels, *hidden]
        self.down = nn.ModuleList(map(_two, inputs[:-1], widths, hidden))
        below = [*widths[1:-1], hidden[-1]]  # what comes up from each next level: the lowest has no way up of its own
        steps = list(zip(below, widths, hidden, strict=False))[::-1]  # the deepest first
        self.grow = nn.ModuleList(nn.ConvTranspose2d(under, width, 2, stride=2) for under, width, _ in steps)
        self.up = nn.ModuleList(_two(width + skip, skip, width) for _, width, skip in steps)
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(halved(x) if level else x)  # (B, C, H, W) -> (B, C', H/2, W/2)
            skips.append(x)
        skips.pop()
        for grow, block in zip(self.grow, self.up, strict=True):
            x = block(torch.cat([skips.pop(), grow(x)], dim=1))  # (B, C', H/2, W/2) -> (B, C, H, W)
        scores: Tensor = self.head(x)  # (B, classes, H, W)
        return scores


def _two(channels_in: int, between: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(Convolution(channels_in, between), Convolution(between, channels_out))
