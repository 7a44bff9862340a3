"""The tunable U-Net 3+: on its way up, every level looks at all the others at once, finer and coarser.

Huang et al. 2020, "UNet 3+: A Full-Scale Connected UNet for Medical Image Segmentation",
doi:10.1109/ICASSP40776.2020.9053405; tunable as in Roberts et al. 2024, arXiv:2308.02559. Costs more per pixel than a
U-Net of the same size.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from networks.architectures.tunet import TUNetParameters
from networks.blocks import Convolution, halved
from networks.network import Network


@dataclass(frozen=True)
class TUNet3PlusParameters(TUNetParameters):
    """carryover_channels : that each level hands to each other one."""

    carryover_channels: int = 16


def build(channels: int, classes: int, parameters: TUNet3PlusParameters, *, seed: int) -> "TUNet3Plus":  # noqa: ARG001
    """A network without training; its wiring has nothing random."""
    return TUNet3Plus(
        channels * parameters.slices,
        classes,
        parameters.widths(),
        parameters.hidden_widths(),
        carried=parameters.carryover_channels,
    )


class Gathering(nn.Module):
    """One level on the way up: maps of all levels, brought to its size, each through a convolution, then joined.

    level : its own. channels : of the maps, from the finest level down: those above and of this one come from the way
    down, those below from the way up.
    """

    def __init__(self, level: int, channels: list[int], *, carried: int) -> None:
        super().__init__()
        self.level = level
        self.carry = nn.ModuleList(Convolution(each, carried) for each in channels)
        joined = len(channels) * carried
        self.join = Convolution(joined, joined)

    def forward(self, maps: list[Tensor]) -> Tensor:
        carried = [
            carry(self._resized(each, at)) for at, (carry, each) in enumerate(zip(self.carry, maps, strict=True))
        ]
        joined: Tensor = self.join(torch.cat(carried, dim=1))  # (B, levels x carried, H, W) of this level
        return joined

    def _resized(self, each: Tensor, level: int) -> Tensor:
        if level <= self.level:
            return halved(each, times=self.level - level)
        return nn.functional.interpolate(each, scale_factor=2 ** (level - self.level), mode="bilinear")


class TUNet3Plus(Network):
    """Grey or colour image to class scores.

    widths, hidden : channels of the first and second convolution of each level on the way down. carried : channels that
    each level hands to each other one on the way up.
    """

    def __init__(self, channels: int, classes: int, widths: list[int], hidden: list[int], *, carried: int) -> None:
        super().__init__()
        depth = len(widths)
        self.stride = 2 ** (depth - 1)
        self.reach_px = reach(depth)
        self.down = nn.ModuleList(
            nn.Sequential(Convolution(into, width), Convolution(width, out))
            for into, width, out in zip([channels, *hidden], widths, hidden, strict=False)
        )
        joined = depth * carried
        self.up = nn.ModuleList(
            Gathering(level, [*hidden[: level + 1], *[joined] * (depth - 2 - level), hidden[-1]], carried=carried)
            for level in range(depth - 1)
        )
        self.head = nn.Conv2d(joined, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        maps: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(halved(x) if level else x)  # (B, C, H, W) -> (B, C', H/2, W/2)
            maps.append(x)
        for level in reversed(range(len(self.up))):
            maps[level] = self.up[level](maps)  # in place of the map from the way down
        scores: Tensor = self.head(maps[0])  # (B, classes, H, W)
        return scores


def reach(depth: int) -> int:
    """How far the network looks beyond whole squares of its grid, in px, followed from the result back to the image.

    >>> [reach(depth) for depth in (2, 3, 4)]
    [10, 26, 54]
    """
    far = [0] * depth  # of each level's map, in px of that level
    for level in range(depth - 1):
        aside = far[level] + 2  # the convolutions of carrying and joining
        for other in range(depth):
            seen = _enlarged(aside, 2 ** (other - level)) if other > level else aside * 2 ** (level - other)
            far[other] = max(far[other], seen)
    for level in reversed(range(1, depth)):
        far[level - 1] = max(far[level - 1], 2 * (far[level] + 2))
    return far[0] + 2


def _enlarged(aside: int, factor: int) -> int:
    """How many px of a coarser level `aside` px depend on; a px between two centres is a mean of both."""
    return -(-(2 * aside - 1 + factor) // (2 * factor))
