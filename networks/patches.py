"""Patches to learn from: squares around labelled pixels, each class as often as the others.

Where a slice has areas that a network must not see, because it is judged there, patches keep clear of them; one that
cannot is grey there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from networks.losses import UNLABELLED

Image = NDArray[np.float32]
Places = NDArray[np.int64]
TRIES = 20  # for a patch clear of closed areas
GREY = np.float32(0.5)  # the middle of a normalised image


@dataclass(frozen=True)
class TrainingSlice:
    """image : (C, Y, X) normalised. places : (Y, X) int64, place of the class in the table, -1 = unlabelled.

    closed : (Y, X) bool, what no patch may show; None where all may be seen.
    """

    image: Image
    places: Places
    closed: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class _Window:
    """A square. at : the place of its slice among the others."""

    at: int
    rows: slice
    columns: slice


class PatchSampler:
    """Draws batches; the same seed draws the same ones.

    patch_px : side of a patch; smaller slices are padded by repeating their edge, unlabelled.
    border_px : image and labels around each patch, for variations that move pixels.
    """

    def __init__(self, slices: Sequence[TrainingSlice], *, patch_px: int, seed: int, border_px: int = 0) -> None:
        self._side = patch_px + 2 * border_px
        self._reach = patch_px // 4  # of a patch's centre from the pixel it was drawn for
        self._slices = [_padded(each, self._side) for each in slices]
        self._closed = [
            None if each.closed is None else cv2.integral(each.closed.astype(np.uint8)) for each in self._slices
        ]
        self._rng = np.random.default_rng(seed)
        self._centres = _centres(self._slices)

    @property
    def chance(self) -> np.random.Generator:
        """What draws; its state is all that changes from batch to batch."""
        return self._rng

    def batch(self, size: int) -> tuple[Image, Places]:
        """(B, C, H, W) float32 and (B, H, W) int64, H and W with the border."""
        drawn = [self._patch() for _ in range(size)]
        return np.stack([image for image, _ in drawn]), np.stack([places for _, places in drawn])

    def _patch(self) -> tuple[Image, Places]:
        of_class = self._centres[self._rng.integers(len(self._centres))]
        window = self._window(of_class)
        for _ in range(TRIES):
            if not self._shows_closed(window):
                break
            window = self._window(of_class)
        return self._cut(window)

    def _window(self, centres: NDArray[np.int32]) -> _Window:
        at, y, x = centres[self._rng.integers(len(centres))].tolist()
        jitter = self._rng.integers(-self._reach, self._reach + 1, size=2)
        starts = (
            int(np.clip(c + j - self._side // 2, 0, n - self._side))
            for c, j, n in zip((y, x), jitter, self._slices[at].places.shape, strict=True)
        )
        return _Window(at, *(slice(start, start + self._side) for start in starts))

    def _shows_closed(self, window: _Window) -> bool:
        sums = self._closed[window.at]
        if sums is None:
            return False
        (top, bottom), (left, right) = ((part.start, part.stop) for part in (window.rows, window.columns))
        return bool(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])

    def _cut(self, window: _Window) -> tuple[Image, Places]:
        chosen, area = self._slices[window.at], (window.rows, window.columns)
        image = chosen.image[:, *area]
        if chosen.closed is not None and self._shows_closed(window):
            image = np.where(chosen.closed[area], GREY, image)
        return image, chosen.places[area]


def _padded(each: TrainingSlice, side: int) -> TrainingSlice:
    missing = [max(0, side - n) for n in each.places.shape]
    if not any(missing):
        return each
    pads = [(0, n) for n in missing]
    image = np.pad(each.image, [(0, 0), *pads], mode="edge")
    closed = None if each.closed is None else np.pad(each.closed, pads, mode="edge")
    return TrainingSlice(image, np.pad(each.places, pads, constant_values=UNLABELLED), closed)


def _centres(slices: Sequence[TrainingSlice]) -> list[NDArray[np.int32]]:
    """For each class that is labelled, (N, 3) of (slice, y, x)."""
    found: dict[int, list[NDArray[np.int32]]] = {}
    for at, each in enumerate(slices):
        for place in np.unique(each.places[each.places != UNLABELLED]).tolist():
            y, x = np.nonzero(each.places == place)
            rows = np.stack([np.full_like(y, at), y, x], axis=1).astype(np.int32)
            found.setdefault(place, []).append(rows)
    return [np.concatenate(found[place]) for place in sorted(found)]
