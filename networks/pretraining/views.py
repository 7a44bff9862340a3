"""Pairs of patches from unlabelled slices: two views of one place, near each other and varied in different ways."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from networks.augment import Variations, vary
from networks.interruptions import State

NEAR = 4  # two views of a place lie up to a patch's side / NEAR from it, so they share more than half of their pixels
Image = NDArray[np.float32]


class Views:
    """Draws batches of pairs; the same seed draws the same ones.

    slices : (C, Y, X) normalised each; those smaller than a patch with its border are padded by repeating their edge.
    """

    def __init__(
        self, slices: Sequence[Image], variations: Variations, *, patch_px: int, seed: int, device: torch.device
    ) -> None:
        self._side, self._variations = patch_px, variations
        self._wide = patch_px + 2 * variations.border_px(patch_px)
        self._slices = [_padded(each, self._wide) for each in slices]
        self._rng = np.random.default_rng(seed)
        self._chance = torch.Generator(device).manual_seed(seed)

    def batch(self, size: int) -> tuple[Tensor, Tensor]:
        """Two views of `size` places, (size, C, side, side) float32 each."""
        pairs = [self._pair() for _ in range(size)]
        first, second = (np.stack(views) for views in zip(*pairs, strict=True))
        return self._varied(first), self._varied(second)

    def state(self) -> State:
        """All that `restore` needs; nothing of the images."""
        return {"places": self._rng.bit_generator.state, "variations": self._chance.get_state()}

    def restore(self, state: State) -> None:
        """Go on as the views whose `state` this was."""
        self._rng.bit_generator.state = state["places"]
        self._chance.set_state(state["variations"])

    def _pair(self) -> tuple[Image, Image]:
        image = self._slices[self._rng.integers(len(self._slices))]
        place = [int(self._rng.integers(0, n - self._wide + 1)) for n in image.shape[1:]]
        return self._near(image, place), self._near(image, place)

    def _near(self, image: Image, place: Sequence[int]) -> Image:
        reach = self._side // NEAR
        shifts = self._rng.integers(-reach, reach + 1, size=2)
        y, x = (
            int(np.clip(at + shift, 0, n - self._wide))
            for at, shift, n in zip(place, shifts, image.shape[1:], strict=True)
        )
        return image[:, y : y + self._wide, x : x + self._wide]

    def _varied(self, patches: Image) -> Tensor:
        images = torch.from_numpy(patches).to(self._chance.device)
        nowhere = torch.zeros(images[:, 0].shape, dtype=torch.int64, device=images.device)  # no labels to move along
        varied, _ = vary(images, nowhere, self._variations, self._chance, side=self._side)
        return varied.contiguous(memory_format=torch.channels_last)


def _padded(image: Image, side: int) -> Image:
    missing = [(0, max(0, side - n)) for n in image.shape[1:]]
    return np.pad(image, [(0, 0), *missing], mode="edge")
