"""Class probabilities of a slice of any size, tile by tile.

At prediction a pixel depends on what lies within the network's halo, so a tile cut out of a larger window equals the
same part of the whole slice, without seams.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import InvalidInputError
from networks.memory import free_memory, is_out_of_memory
from networks.network import Network

Slices = tuple[slice, slice]
LEAST_TILE_PX = 128
MIRRORINGS = ((), (-1,), (-2,), (-2, -1))
# A halo of 48 px around 1024 px costs a fifth of the time, around 1536 px an eighth; twice that takes 2 GB of a GPU.
TILE_PX = {"cpu": 1536, "cuda": 2048}
GRID_PX = 64  # tiles begin on multiples of it, and so on the grid of every network
TILE_HALOS = 6  # a tile is at least so many times its halo: then the halo costs less than the tile itself


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
        places: NDArray[np.intp] = self.chance.argmax(axis=0)
        return places

    @property
    def confidence(self) -> NDArray[np.uint8]:
        """(Y, X), 255 = certain: the chance of the likeliest class, less where the members disagree."""
        certain = (self.chance.max(axis=0) - self.spread).clip(0, 1)
        return np.asarray(np.rint(255 * certain), np.uint8)


def forecast(model: Network, images: NDArray[np.float32], *, flips: bool = False) -> Forecast:
    """Predict (slices x channels, Y, X), normalised. The model must be in evaluation mode.

    flips : take the mean over the four mirrorings, for four times the time.
    """
    shape = images.shape[1:]
    found: Forecast | None = None
    for inner, window, chance, spread in _windows(model, images, flips=flips, tile=_tile_px(model)):
        found = found or Forecast(np.empty((len(chance), *shape), np.float32), np.empty(shape, np.float32))
        found.chance[:, *inner] = chance[:, *window].cpu().numpy()
        found.spread[inner] = spread[window].cpu().numpy()
    assert found is not None, "a slice has at least one pixel"
    return found


class Decision(NamedTuple):
    """`best` and `confidence` of a forecast, (Y, X) uint8 each; `entropy` and `margin` of a `Prediction`, or None."""

    best: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    entropy: NDArray[np.uint8] | None
    margin: NDArray[np.uint8] | None


def decide(model: Network, images: NDArray[np.float32], *, flips: bool = False, entropy: bool = False) -> Decision:
    """Predict as `forecast` does; from a GPU no more than the decision travels.

    entropy : keep it and the margin too.

    Where memory does not suffice for the usual tiles, they become smaller. Raises InvalidInputError when even
    `LEAST_TILE_PX` is too much.
    """
    tile = _tile_px(model)
    while (found := _try_to_decide(model, images, flips=flips, entropy=entropy, tile=tile)) is None:
        free_memory()
        tile //= 2
        if tile < LEAST_TILE_PX:
            raise InvalidInputError(
                f"Memory does not suffice to predict {LEAST_TILE_PX} x {LEAST_TILE_PX} pixels.",
                "Use a smaller network.",
            )
    return found


def _try_to_decide(
    model: Network, images: NDArray[np.float32], *, flips: bool, entropy: bool, tile: int
) -> Decision | None:
    """None when memory ran out; the tensors of the attempt are gone by then."""
    try:
        return _decide(model, images, flips=flips, entropy=entropy, tile=tile)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return None


def _decide(model: Network, images: NDArray[np.float32], *, flips: bool, entropy: bool, tile: int) -> Decision:
    best, confidence, mixed, ahead = (np.empty(images.shape[1:], np.uint8) for _ in range(4))
    for inner, window, chance, spread in _windows(model, images, flips=flips, tile=tile):
        most, places = chance.max(dim=0)
        certain = 255 * (most - spread).clamp(0, 1)
        best[inner] = places[window].to(torch.uint8).cpu().numpy()
        confidence[inner] = certain[window].round().to(torch.uint8).cpu().numpy()
        if entropy:
            mixed[inner] = _entropy(chance[:, *window]).cpu().numpy()
            ahead[inner] = _margin(chance[:, *window]).cpu().numpy()
    return Decision(best, confidence, mixed if entropy else None, ahead if entropy else None)


def _entropy(chance: Tensor) -> Tensor:
    """(classes, H, W) -> (H, W) uint8, as `core.learning.uncertainty.entropy_of`."""
    share: Tensor = torch.special.entr(chance).sum(dim=0) / np.log(len(chance))
    return (255 * share.clamp(0, 1)).round().to(torch.uint8)


def _margin(chance: Tensor) -> Tensor:
    """(classes, H, W) -> (H, W) uint8, as `core.learning.uncertainty.margin_of`."""
    first, second = chance.topk(2, dim=0).values
    ahead: Tensor = 255 * (first - second).clamp(0, 1)
    return ahead.round().to(torch.uint8)


def _windows(
    model: Network, images: NDArray[np.float32], *, flips: bool, tile: int
) -> Iterator[tuple[Slices, Slices, Tensor, Tensor]]:
    """(inner, window, chance, spread) of each tile: what it fills, and where that lies in the two tensors."""
    device = next(model.parameters()).device
    mirrorings = MIRRORINGS if flips else MIRRORINGS[:1]
    for inner, outer, window in tiles(images.shape[1:], tile=tile, halo=model.halo_px):
        yield inner, window, *_forecast_window(model, images[:, *outer], device, mirrorings)


def _tile_px(model: Network) -> int:
    """A power of two, so that it stays a multiple of the stride when it is halved."""
    enough = 1 << (TILE_HALOS * model.halo_px - 1).bit_length()
    return max(TILE_PX[next(model.parameters()).device.type], enough)


@torch.inference_mode()
def _forecast_window(
    model: Network, images: NDArray[np.float32], device: torch.device, mirrorings: Sequence[tuple[int, ...]]
) -> tuple[Tensor, Tensor]:
    """Chance (classes, H, W) and spread (H, W), as `Forecast` has them, on the device."""
    height, width = images.shape[1:]
    pads = [(0, -n % model.stride) for n in (height, width)]
    padded = np.pad(images, [(0, 0), *pads], mode="edge")
    batch = torch.from_numpy(padded)[None].to(device, memory_format=torch.channels_last)
    with half_precision(device):
        votes = [model.votes(batch.flip(axes)).flip(axes) for axes in mirrorings]
    each = [scores[:, 0, :, :height, :width].float().contiguous().softmax(dim=1) for scores in votes]
    chances = each[0] if len(each) == 1 else torch.stack(each).mean(dim=0)  # (members, classes, H, W)
    if len(chances) == 1:
        return chances[0], chances.new_zeros(chances.shape[2:])
    chance = chances.mean(dim=0)
    spread = chances.std(dim=0, correction=0).gather(0, chance.argmax(dim=0, keepdim=True))[0]
    return chance, spread


def half_precision(device: torch.device) -> torch.autocast:
    """16-bit arithmetic where it is quicker: on a GPU. On processors results stay the same everywhere."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def tiles(shape: tuple[int, ...], *, tile: int, halo: int) -> Iterator[tuple[Slices, Slices, Slices]]:
    """(inner, outer, window): what a tile fills, what is read for it, and the inner part of what was read.

    tile : the longest side. Tiles are about equal, as two halves cost less halo than a whole and a rest.
    """
    sides = [even_side(length, tile) for length in shape]
    for y in range(0, shape[0], sides[0]):
        for x in range(0, shape[1], sides[1]):
            parts = zip((y, x), shape, sides, strict=True)
            inner, outer, window = zip(*(_with_halo(*part, halo) for part in parts), strict=True)
            yield inner, outer, window


def even_side(length: int, most: int) -> int:
    """Of as few tiles of at most `most` px as cover `length`, all alike but the last.

    >>> even_side(2560, 1536), even_side(1600, 1536), even_side(500, 1536)
    (1280, 832, 512)
    """
    each = -(-length // -(-length // most))
    return min(most, -(-each // GRID_PX) * GRID_PX)


def _with_halo(start: int, length: int, tile: int, halo: int) -> tuple[slice, slice, slice]:
    stop = min(start + tile, length)
    first, last = max(0, start - halo), min(length, stop + halo)
    return slice(start, stop), slice(first, last), slice(start - first, stop - first)
