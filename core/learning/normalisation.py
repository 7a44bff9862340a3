"""Grey values made comparable: one range for the whole volume, kept with the model and used again at inference.

Where brightness and contrast drift from slice to slice, as they do in electron microscopy and between separate images,
each slice goes by a range of its own. The labels tell: classes whose grey values lie closer together under the slices'
own ranges than under a common one have drifted. Where grey values mean a material, as in tomography, they have not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError

SAMPLE_PX = 200_000  # per image; a percentile of so many values is good to a few thousandths
PERCENTILES = (1.0, 99.0)
CLIP = (-0.5, 1.5)  # hot pixels and zingers must not outweigh the image
LEAST_OF_COMMON = (
    0.5  # a slice whose own range is a smaller part of the common one is nearly empty: it has no contrast to go by
)
INDIFFERENT = 0.003  # of the correlation ratio: nearer to each other, the labels do not tell


@dataclass(frozen=True)
class Normalisation:
    """Maps the 1st percentile to 0 and the 99th to 1, each channel by itself.

    lo, hi : one value a channel. own : whether each slice goes by its own range; `of_slice` tells it.
    """

    lo: tuple[float, ...]
    hi: tuple[float, ...]
    own: bool = False

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

    @classmethod
    def of_labelled(
        cls, images: Sequence[NDArray[Any]], labels: Sequence[NDArray[np.uint8]], *, seed: int = 0
    ) -> "Normalisation":
        """The same, with the slices' own ranges where the labels speak for them.

        labels : (Y, X) class ids of each image, 0 = unlabelled.

        The measure is the correlation ratio of grey values on classes (Pearson 1905), over all labelled pixels. Where
        it does not tell, 8-bit images go by their own ranges: somebody has stretched them for the eye already.
        """
        common = cls.of(images, seed=seed)
        own = replace(common, own=True)
        known = [
            LabelledGreys(image[marked > 0], marked[marked > 0], own.of_slice(image))
            for image, marked in zip(images, labels, strict=True)
        ]
        return own if own_ranges_are_nearer(known, common) else common

    def of_slice(self, image: NDArray[Any]) -> "Normalisation":
        """The range for all parts of this slice, (Y, X) or (Y, X, C); `image` is the whole of it."""
        if not self.own:
            return self
        found = Normalisation.of([image])
        wide = np.subtract(found.hi, found.lo) >= LEAST_OF_COMMON * np.subtract(self.hi, self.lo)
        return found if wide.all() else replace(self, own=False)

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

    def to_json(self) -> dict[str, Any]:
        return {"lo": list(self.lo), "hi": list(self.hi), "own": self.own}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "Normalisation":
        """Older models do not say `own`: they had one range."""
        return cls(lo=tuple(saved["lo"]), hi=tuple(saved["hi"]), own=saved.get("own", False))


@dataclass(frozen=True)
class LabelledGreys:
    """The labelled pixels of a slice.

    values : (n,) or (n, C) true values. classes : (n,) class ids. own : the range that the slice itself has.
    """

    values: NDArray[Any]
    classes: NDArray[np.uint8]
    own: Normalisation

    def grey(self, ranges: Normalisation) -> NDArray[np.float32]:
        """(n,) under a range, the mean of the channels."""
        scaled: NDArray[np.float32] = ranges.apply(self.values[None]).mean(axis=0)[0]
        return scaled


def own_ranges_are_nearer(slices: Sequence[LabelledGreys], common: Normalisation) -> bool:
    """Whether classes lie closer together when each slice goes by its own range, as `Normalisation.of_labelled` says.

    common : the range of all of them. False for a single slice, which tells nothing of others.
    """
    if len(slices) < 2:
        return False
    classes = np.concatenate([each.classes for each in slices])
    before = _correlation_ratio(np.concatenate([each.grey(common) for each in slices]), classes)
    after = _correlation_ratio(np.concatenate([each.grey(each.own) for each in slices]), classes)
    needed = -INDIFFERENT if slices[0].values.dtype == np.uint8 else INDIFFERENT
    return after - before > needed


def as_channels(image: NDArray[Any]) -> NDArray[Any]:
    """(Y, X) -> (1, Y, X) and (Y, X, C) -> (C, Y, X). A view."""
    if image.ndim == 2:
        return image[None]
    return np.moveaxis(image, -1, 0)


def _correlation_ratio(grey: NDArray[np.float32], classes: NDArray[np.uint8]) -> float:
    """How much of the variance of labelled grey values lies between the classes, 0 to 1."""
    within = sum(grey[classes == each].var() * (classes == each).mean() for each in np.unique(classes))
    return float(1 - within / max(float(grey.var()), np.finfo(np.float32).tiny))


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
