"""Class probabilities of a slice of any size, tile by tile.

At prediction a pixel depends on what lies within the network's halo, so a tile cut out of a larger window equals the
same part of the whole slice, without seams.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from networks.network import Network

TILE_PX = {"cpu": 512, "cuda": 2048}  # multiples of every stride; a whole window of a GPU takes 2 GB


@dataclass(frozen=True)
class Forecast:
    """chance : (classes, Y, X) float32, adding up to 1: the mean of an ensemble.

    spread : (Y, X) float32, the standard deviation of the likeliest class among its members; 0 for one network.
    """

    chance: NDArray[np.float32]
    spread: NDArray[np.float32]

    @property
    def best(self) -> NDArray[np.intp]:
        """(Y, X): the place of the likeliest class."""
        return self.chance.argmax(axis=0)

    @property
    def confidence(self) -> NDArray[np.uint8]:
        """(Y, X), 255 = certain: the chance of the likeliest class, less where the members disagree."""
        certain = (self.chance.max(axis=0) - self.spread).clip(0, 1)
        return np.rint(255 * certain).astype(np.uint8)


def forecast(model: Network, images: NDArray[np.float32]) -> Forecast:
    """Predict (slices x channels, Y, X), normalised. The model must be in evaluation mode."""
    device = next(model.parameters()).device
    found: Forecast | None = None
    for inner, outer, window in tiles(images.shape[1:], tile=TILE_PX[device.type], halo=model.halo_px):
        part = _forecast_window(model, images[:, *outer], device)
        found = found or _empty(len(part.chance), images.shape[1:])
        found.chance[:, *inner] = part.chance[:, *window]
        found.spread[inner] = part.spread[window]
    assert found is not None, "a slice has at least one pixel"
    return found


def _empty(classes: int, shape: tuple[int, ...]) -> Forecast:
    return Forecast(np.empty((classes, *shape), np.float32), np.empty(shape, np.float32))


@torch.inference_mode()
def _forecast_window(model: Network, images: NDArray[np.float32], device: torch.device) -> Forecast:
    height, width = images.shape[1:]
    pads = [(0, -n % model.stride) for n in (height, width)]
    padded = np.pad(images, [(0, 0), *pads], mode="edge")
    batch = torch.from_numpy(padded)[None].to(device, memory_format=torch.channels_last)
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        votes = model.votes(batch)
    chances = votes.float().softmax(dim=2)[:, 0, :, :height, :width]  # (members, classes, H, W)
    chance = chances.mean(dim=0)
    spread = chances.std(dim=0, correction=0).gather(0, chance.argmax(dim=0, keepdim=True))[0]
    return Forecast(chance.cpu().numpy(), spread.cpu().numpy())


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
