"""An image as a short list of numbers: images that look alike to an encoder have lists that point the same way."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.learning.curation.encoders import GRID, PLAIN, View
from networks.network import Network
from networks.predict import tiles

TILE_PX = 1024  # what is looked at at once; larger images are the mean of such tiles


def pooled(network: Network, images: Tensor, view: View = PLAIN) -> Tensor:
    """(B, channels, H, W) -> (B, d): each channel of each level of the encoder that counts, pooled over the image."""
    levels = network.levels(images)
    first = {"all": 0, "deeper half": len(levels) // 2, "deepest": len(levels) - 1}[view.levels]
    if view.pooling == "grid":
        cells = [torch.nn.functional.adaptive_avg_pool2d(level, GRID) for level in levels[first:]]
        return torch.cat(cells, dim=1).flatten(1)
    means = [level.mean(dim=(2, 3)) for level in levels[first:] if view.pooling != "max"]
    peaks = [level.amax(dim=(2, 3)) for level in levels[first:] if view.pooling != "mean"]
    return torch.cat([*means, *peaks], dim=1)


@torch.inference_mode()
def embed(network: Network, images: NDArray[np.float32], view: View = PLAIN) -> NDArray[np.float32]:
    """One image, (slices x channels, Y, X) normalised, as (d,) float32 of length 1; the dot product compares two.

    The network must be in evaluation mode and have an encoder.
    """
    total: Tensor | None = None
    for (rows, columns), _, _ in tiles(images.shape[1:], tile=TILE_PX, halo=0):
        part = images[:, rows, columns]
        weighed = _of_tile(network, part, view) * part[0].size
        total = weighed if total is None else total + weighed
    assert total is not None, "an image has at least one pixel"
    return np.asarray(torch.nn.functional.normalize(total, dim=0).cpu().numpy(), np.float32)


def _of_tile(network: Network, part: NDArray[np.float32], view: View) -> Tensor:
    device = next(network.parameters()).device
    padded = np.pad(part, [(0, 0), *((0, -n % network.stride) for n in part.shape[1:])], mode="edge")
    return pooled(network, torch.from_numpy(padded)[None].to(device), view)[0]
