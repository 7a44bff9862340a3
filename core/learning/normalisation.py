"""Grey values made comparable: one range for the whole volume, kept with the model and used again at inference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError

SAMPLE_PX = 200_000  # per image; a percentile of so many values is good to a few thousandths
PERCENTILES = (1.0, 99.0)
CLIP = (-0.5, 1.5)  # hot pixels and zingers must not outweigh the image


@dataclass(frozen=True)
class Normalisation:
    """Maps the 1st percentile to 0 and the 99th to 1, each channel by itself. lo, hi : one value a channel."""

    lo: tuple[float, ...]
    hi: tuple[float, ...]

    @classmethod
    def of(cls, images: Sequence[NDArray[Any]], *, seed: int = 0) -> "Normalisation":
        """Measure it on images, (Y, X) or (Y, X, C) of any real dtype; NaN and Inf do not count.

        Raises
        ------
        InvalidInputError
            If the images differ in channels.
        """
        if len({as_channels(image).shape[0] for image in images}) > 1:
            raise InvalidInputError("The slices differ in their number of channels.", "Train on slices of one kind.")
        rng = np.random.default_rng(seed)
        values = np.concatenate([_sample(as_channels(image), rng) for image in images], axis=1)
        ranges = [_finite_range(channel) for channel in values]
        return cls(lo=tuple(lo for lo, _ in ranges), hi=tuple(hi for _, hi in ranges))

    def apply(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """(Y, X) or (Y, X, C) -> (C, Y, X) float32, about 0 to 1; NaN and Inf become 0.

        Raises
        ------
        InvalidInputError
            If the image has other channels than those it was measured on.
        """
        channels = as_channels(image)
        if len(channels) != len(self.lo):
            raise InvalidInputError(
                f"The image has {len(channels)} channels; the model was trained on {len(self.lo)}.",
                "Choose a model that was trained on images of this kind.",
            )
        wide = np.float32 if channels.dtype.itemsize <= 2 else np.float64  # 16 bits fit without loss, at half the time
        lo, hi = (np.asarray(v, np.float64)[:, None, None] for v in (self.lo, self.hi))
        scaled: NDArray[Any] = channels.astype(wide)
        scaled -= lo.astype(wide)
        scaled /= (hi - lo).astype(wide)
        if channels.dtype.kind == "f":
            scaled[~np.isfinite(scaled)] = 0
        np.clip(scaled, *CLIP, out=scaled)
        return scaled.astype(np.float32, copy=False)

    def to_json(self) -> dict[str, list[float]]:
        return {"lo": list(self.lo), "hi": list(self.hi)}

    @classmethod
    def from_json(cls, saved: Mapping[str, Sequence[float]]) -> "Normalisation":
        return cls(lo=tuple(saved["lo"]), hi=tuple(saved["hi"]))


def as_channels(image: NDArray[Any]) -> NDArray[Any]:
    """(Y, X) -> (1, Y, X) and (Y, X, C) -> (C, Y, X). A view."""
    if image.ndim == 2:
        return image[None]
    return np.moveaxis(image, -1, 0)


def _sample(channels: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    flat = channels.reshape(channels.shape[0], -1)
    if flat.shape[1] <= SAMPLE_PX:
        return flat
    return flat[:, rng.integers(0, flat.shape[1], SAMPLE_PX)]


def _finite_range(values: NDArray[Any]) -> tuple[float, float]:
    values = values[np.isfinite(values)].astype(np.float64)
    if values.size == 0:
        return 0.0, 1.0
    lo, hi = (float(v) for v in np.percentile(values, PERCENTILES))
    return (lo, hi) if hi > lo else (lo, lo + (abs(lo) or 1.0))  # a constant image has no range of its own
