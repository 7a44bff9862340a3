"""Class probabilities of a slice of any size, tile by tile.

At prediction a pixel depends on what lies within 48 px of it (measured for depth 4), so a tile cut out of a larger
window equals the same part of the whole slice, without seams.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from networks.unet import UNet

HALO_PX = {2: 16, 3: 32, 4: 48, 5: 96}  # by depth; a multiple of the network's stride
TILE_PX = {"cpu": 512, "cuda": 2048}  # a whole window of a GPU takes 2 GB


def predict_probabilities(model: UNet, image: NDArray[np.float32], *, depth: int) -> NDArray[np.float32]:
    """(C, Y, X) normalised -> (classes, Y, X) float32, adding up to 1. The model must be in evaluation mode."""
    device = next(model.parameters()).device
    tile = TILE_PX[device.type]
    out: NDArray[np.float32] | None = None
    for inner, outer, window in tiles(image.shape[1:], tile=tile, halo=HALO_PX[depth]):
        found = _predict_window(model, image[:, *outer], device)
        if out is None:
            out = np.empty((found.shape[0], *image.shape[1:]), np.float32)
        out[:, *inner] = found[:, *window]
    assert out is not None, "a slice has at least one pixel"
    return out


@torch.inference_mode()
def _predict_window(model: UNet, image: NDArray[np.float32], device: torch.device) -> NDArray[np.float32]:
    height, width = image.shape[1:]
    pads = [(0, -n % model.stride) for n in (height, width)]
    padded = np.pad(image, [(0, 0), *pads], mode="edge")
    batch = torch.from_numpy(padded)[None].to(device, memory_format=torch.channels_last)
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        scores = model(batch)
    found: NDArray[np.float32] = scores.float().softmax(dim=1)[0, :, :height, :width].cpu().numpy()
    return found


Slices = tuple[slice, slice]


def tiles(shape: tuple[int, ...], *, tile: int, halo: int) -> Iterator[tuple[Slices, Slices, Slices]]:
    """(inner, outer, window): what a tile fills, what is read for it, and the inner part of what was read."""
    for y in range(0, shape[0], tile):
        for x in range(0, shape[1], tile):
            pairs = [_with_halo(start, length, tile, halo) for start, length in zip((y, x), shape, strict=True)]
            inner, outer, window = zip(*pairs, strict=True)
            yield inner, outer, window


def _with_halo(start: int, length: int, tile: int, halo: int) -> tuple[slice, slice, slice]:
    stop = min(start + tile, length)
    first, last = max(0, start - halo), min(length, stop + halo)
    return slice(start, stop), slice(first, last), slice(start - first, stop - first)
