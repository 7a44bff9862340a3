"""The mixed-scale dense network: every layer sees the image and all layers before it, each at a scale of its own.

Pelt, Sethian 2018, "A mixed-scale dense convolutional neural network for image analysis",
doi:10.1073/pnas.1715832114; with batch normalisation of each layer. It has few parameters, so few labels suffice, and
never shrinks the image, so fine detail stays; for the same reasons it is slow.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.learning.number_lists import read_whole_numbers
from networks.blocks import Convolution
from networks.network import ArchitectureParameters, Network

LARGEST_DILATION = 50  # px; beyond it the halo of a tile outweighs the tile


@dataclass(frozen=True)
class MSDNetParameters(ArchitectureParameters):
    """num_layers : of `layer_width` channels each.

    max_dilation : the layers look 1, 2, ... `max_dilation` px aside, then 1 again. dilation_array : what they look
    aside in turns instead, where `custom_dilation`.
    """

    num_layers: int = 30
    layer_width: int = 1
    max_dilation: int = 10
    custom_dilation: bool = False
    dilation_array: str = "[1, 2, 4]"

    def dilations(self) -> tuple[int, ...]:
        """One for each layer; raises ParameterError."""
        choices: Sequence[int] = range(1, self.max_dilation + 1)
        if self.custom_dilation:
            choices = read_whole_numbers(self.dilation_array, title="Custom dilations", largest=LARGEST_DILATION)
        return tuple(choices[layer % len(choices)] for layer in range(self.num_layers))


def build(channels: int, classes: int, parameters: MSDNetParameters, *, seed: int) -> "MSDNet":  # noqa: ARG001
    """A network without training; its wiring has nothing random."""
    return MSDNet(channels * parameters.slices, classes, width=parameters.layer_width, dilations=parameters.dilations())


class MSDNet(Network):
    """Grey or colour image to class scores.

    width : channels of a layer. dilations : how far each layer's 3 x 3 convolution reaches, in px.
    """

    def __init__(self, channels: int, classes: int, *, width: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.reach_px = sum(dilations)
        self.layers = nn.ModuleList(
            Convolution(channels + before * width, width, dilation=dilation)
            for before, dilation in enumerate(dilations)
        )
        self.head = nn.Conv2d(channels + len(dilations) * width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)  # (B, C, H, W) -> (B, C + width, H, W)
        scores: Tensor = self.head(x)  # (B, classes, H, W)
        return scores
