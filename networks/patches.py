"""Patches to learn from: squares around labelled pixels, each class as often as the others, varied at random."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from networks.losses import UNLABELLED

Image = NDArray[np.float32]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class TrainingSlice:
    """image : (C, Y, X) normalised. places : (Y, X) int64, place of the class in the table, -1 = unlabelled."""

    image: Image
    places: Places


class PatchSampler:
    """Draws batches; the same seed draws the same ones.

    patch_px : side of a patch; smaller slices are padded by repeating their edge, unlabelled.
    """

    def __init__(self, slices: Sequence[TrainingSlice], *, patch_px: int, augment: bool, seed: int) -> None:
        self._slices = [_padded(each, patch_px) for each in slices]
        self._patch_px = patch_px
        self._augment = augment
        self._rng = np.random.default_rng(seed)
        self._centres = _centres(self._slices)

    def batch(self, size: int) -> tuple[Image, Places]:
        """(B, C, H, W) float32 and (B, H, W) int64."""
        drawn = [self._patch() for _ in range(size)]
        return np.stack([image for image, _ in drawn]), np.stack([places for _, places in drawn])

    def _patch(self) -> tuple[Image, Places]:
        of_class = self._centres[self._rng.integers(len(self._centres))]
        at, y, x = of_class[self._rng.integers(len(of_class))]
        chosen, side = self._slices[at], self._patch_px
        jitter = self._rng.integers(-side // 4, side // 4 + 1, size=2)
        top, left = (
            int(np.clip(c + j - side // 2, 0, n - side))
            for c, j, n in zip((y, x), jitter, chosen.places.shape, strict=True)
        )
        window = slice(top, top + side), slice(left, left + side)
        image, places = chosen.image[:, *window], chosen.places[window]
        return vary(image, places, self._rng) if self._augment else (image, places)


def vary(image: Image, places: Places, rng: np.random.Generator) -> tuple[Image, Places]:
    """Mirror, turn by right angles, and change brightness and contrast a little; a copy."""
    turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))
    image, places = np.rot90(image, turns, axes=(1, 2)), np.rot90(places, turns)
    if mirrored:
        image, places = image[:, :, ::-1], places[:, ::-1]
    gain, shift = rng.uniform(0.85, 1.15), rng.uniform(-0.1, 0.1)
    return (image * np.float32(gain) + np.float32(shift)), places.copy()


def _padded(each: TrainingSlice, side: int) -> TrainingSlice:
    missing = [max(0, side - n) for n in each.places.shape]
    if not any(missing):
        return each
    pads = [(0, n) for n in missing]
    image = np.pad(each.image, [(0, 0), *pads], mode="edge")
    return TrainingSlice(image, np.pad(each.places, pads, constant_values=UNLABELLED))


def _centres(slices: Sequence[TrainingSlice]) -> list[NDArray[np.int32]]:
    """For each class that is labelled, (N, 3) of (slice, y, x)."""
    found: dict[int, list[NDArray[np.int32]]] = {}
    for at, each in enumerate(slices):
        for place in np.unique(each.places[each.places != UNLABELLED]).tolist():
            y, x = np.nonzero(each.places == place)
            rows = np.stack([np.full_like(y, at), y, x], axis=1).astype(np.int32)
            found.setdefault(place, []).append(rows)
    return [np.concatenate(found[place]) for place in sorted(found)]
