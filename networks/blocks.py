"""What several networks are made of, and how far a U-shaped one looks."""

from torch import Tensor, nn


class Convolution(nn.Sequential):
    """A 3 x 3 convolution, normalised and rectified: (B, C_in, H, W) -> (B, C_out, H, W).

    Batch normalisation treats every pixel alike at prediction, so a tile with enough halo equals the whole image.
    """

    def __init__(self, channels_in: int, channels_out: int, *, dilation: int = 1) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 3, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )


def halved(x: Tensor, *, times: int = 1) -> Tensor:
    """The strongest of each 2 x 2 pixels: (B, C, H, W) -> (B, C, H/2, W/2), `times` over."""
    side = 2**times
    return nn.functional.max_pool2d(x, side) if times else x


def u_reach(depth: int, *, down_px: int, up_px: int) -> int:
    """How far a U-shaped network looks beyond whole squares of its grid, in px.

    Seen from the result: what a level looks aside is half as many px of the level below, rounded up to whole ones; on
    the way back to the image it is twice as many.

    Parameters
    ----------
    down_px, up_px : what the convolutions of one level look aside, on the way down and up, in px of that level.

    >>> [u_reach(depth, down_px=2, up_px=2) for depth in (1, 2, 3, 4, 5)]
    [2, 8, 22, 46, 94]
    """
    far = 0
    for _ in range(depth - 1):
        far = -(-(far + up_px) // 2)
    far += down_px
    for _ in range(depth - 1):
        far = 2 * far + down_px
    return far
