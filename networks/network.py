"""What every network is to the rest of this room: images in, class scores out, and a few facts about itself.

Training, prediction and files ask these facts and nothing else, so a new network is one file in
`networks/architectures/` and a line in its catalogue.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from core.learning.network_parameters import Parameters


@dataclass(frozen=True)
class ArchitectureParameters(Parameters):
    """What a person may choose about one network. context : neighbouring slices that it sees on either side."""

    context: int = 0

    @property
    def slices(self) -> int:
        """How many the network sees at once."""
        return 2 * self.context + 1


class Network(nn.Module):
    """(B, slices x channels, H, W) float32, slice by slice -> (B, classes, H, W) scores before softmax.

    stride : H and W must be multiples of it; squares of this grid are treated alike.
    reach_px : how far outside an area of whole squares of the grid the scores inside it can depend on the image, in
    evaluation mode. At prediction a tile is read with as much around it, which makes it equal to the whole slice.
    encoder : names of its parts that look at the image before anything is decided about classes; they can learn without
    labels. Empty where a network has no such half.
    """

    stride: int = 1
    reach_px: int = 0
    encoder: tuple[str, ...] = ()

    def levels(self, images: Tensor) -> list[Tensor]:
        """What the encoder finds, (B, C, H, W) of each level from the finest to the deepest; of those that have one."""
        raise NotImplementedError

    @property
    def halo_px(self) -> int:
        """`reach_px`, rounded up to the grid."""
        return -(-self.reach_px // self.stride) * self.stride

    def votes(self, images: Tensor) -> Tensor:
        """(members, B, classes, H, W): the scores of each member of an ensemble; one member where there is none."""
        scores: Tensor = self(images)
        return scores[None]
