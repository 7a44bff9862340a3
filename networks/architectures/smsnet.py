"""An ensemble of sparse mixed-scale networks: many small ones, wired at random, that vote.

Roberts et al. 2024, "DLSIA: Deep Learning for Scientific Image Analysis", arXiv:2308.02559, after the mixed-scale dense
network (doi:10.1073/pnas.1715832114), most of whose connections are left out here. As each member is wired and drawn
differently, where they disagree the result is uncertain: the confidence is lowered by their spread.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.learning.number_lists import read_whole_numbers
from networks.architectures.msdnet import LARGEST_DILATION
from networks.blocks import Convolution
from networks.network import ArchitectureParameters, Network


@dataclass(frozen=True)
class SMSNetParameters(ArchitectureParameters):
    """num_networks : members. layers : of each, of `hidden_channels` channels.

    alpha : how much rarer long connections are than short ones: a layer k places before counts exp(-alpha k).
    gamma : how much rarer layers with many connections are: k of them count k ** -gamma. At 0 all are alike.
    dilation_choices : how far a layer may look aside, in px; drawn for each.
    """

    num_networks: int = 3
    layers: int = 10
    hidden_channels: int = 5
    alpha: float = 0.0
    gamma: float = 0.0
    dilation_choices: str = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"


@dataclass(frozen=True)
class Node:
    """One layer: whom it takes its channels from (0 = the image, 1 = the first layer, ...), and how far it looks."""

    parents: tuple[int, ...]
    dilation: int


def build(channels: int, classes: int, parameters: SMSNetParameters, *, seed: int) -> "SMSNetEnsemble":
    """A network without training; the same seed gives the same wiring."""
    drawn = random.Random(seed)  # noqa: S311 - wiring, not secrets; its numbers are the same in every Python
    wirings = [draw_wiring(parameters, drawn) for _ in range(parameters.num_networks)]
    return SMSNetEnsemble(channels * parameters.slices, classes, wirings, width=parameters.hidden_channels)


def draw_wiring(parameters: SMSNetParameters, drawn: random.Random) -> list[Node]:
    """Each layer's connections to some of the layers before it and the image; raises ParameterError."""
    choices = read_whole_numbers(parameters.dilation_choices, title="Dilation choices", largest=LARGEST_DILATION)
    return [
        Node(_draw_parents(layer, parameters, drawn), drawn.choice(choices))
        for layer in range(1, parameters.layers + 1)
    ]


def _draw_parents(layer: int, parameters: SMSNetParameters, drawn: random.Random) -> tuple[int, ...]:
    counts = range(1, layer + 1)
    (count,) = drawn.choices(counts, [k**-parameters.gamma for k in counts])
    left = {before: math.exp(-parameters.alpha * (layer - before)) for before in range(layer)}
    parents: list[int] = []
    while len(parents) < count:
        (parent,) = drawn.choices(list(left), list(left.values()))
        parents.append(parent)
        del left[parent]
    return tuple(sorted(parents))


class SMSNet(nn.Module):
    """One member: image to class scores. wiring : one node a layer. width : channels of a layer."""

    def __init__(self, channels: int, classes: int, wiring: Sequence[Node], *, width: int) -> None:
        super().__init__()
        self.wiring = wiring
        sizes = [channels, *[width] * len(wiring)]
        self.layers = nn.ModuleList(
            Convolution(sum(sizes[parent] for parent in node.parents), width, dilation=node.dilation) for node in wiring
        )
        self.head = nn.Conv2d(sum(sizes), classes, 1)  # sees every layer, so none is without effect

    @property
    def reach_px(self) -> int:
        """Of the longest path, adding up what its layers look aside."""
        far = [0]
        for node in self.wiring:
            far.append(node.dilation + max(far[parent] for parent in node.parents))
        return max(far)

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        for node, layer in zip(self.wiring, self.layers, strict=True):
            maps.append(layer(torch.cat([maps[parent] for parent in node.parents], dim=1)))  # (B, width, H, W)
        scores: Tensor = self.head(torch.cat(maps, dim=1))  # (B, classes, H, W)
        return scores


class SMSNetEnsemble(Network):
    """Grey or colour image to class scores: the logarithm of the members' mean probability.

    wirings : one a member. width : channels of a layer.
    """

    def __init__(self, channels: int, classes: int, wirings: Sequence[Sequence[Node]], *, width: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(SMSNet(channels, classes, wiring, width=width) for wiring in wirings)
        self.reach_px = max(member.reach_px for member in self.members if isinstance(member, SMSNet))

    def votes(self, images: Tensor) -> Tensor:
        return torch.stack([member(images) for member in self.members])  # (members, B, classes, H, W)

    def forward(self, x: Tensor) -> Tensor:
        chances = self.votes(x).log_softmax(dim=2)
        return chances.logsumexp(dim=0) - math.log(len(self.members))
