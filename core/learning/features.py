"""Pixel features: what a pixel and its surroundings look like at several scales.

The filters are those of ilastik (Berg et al. 2019, doi:10.1038/s41592-019-0582-9): Gaussian, gradient magnitude,
Laplacian of Gaussian, eigenvalues of the Hessian and of the structure tensor. Large scales are computed on a reduced
image, which makes a 2560 x 2560 slice take 0.4 s instead of several.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

SIGMAS_PX = (0.7, 1.0, 1.6, 3.5, 5.0, 10.0)
LARGEST_PX = 10.0  # of a scale that people may choose: what `HALO_PX` holds
REDUCE_ABOVE_PX = 2.5  # larger scales are smooth enough to be computed at half or quarter size
GRID_PX = 4  # the largest reduction; a tile whose corner lies on this grid has the features of the whole image
HALO_PX = 96  # beyond this a pixel has no influence: two Gaussians of 10 px, cut at 4 sigma, and a derivative

Image = NDArray[np.float32]
Planes = tuple[Image, ...]


class _Scale:
    """A smoothed image and its derivatives, each computed when a filter first asks.

    Derivatives are multiplied by sigma so that scales compare.
    """

    def __init__(self, grey: Image, sigma: float) -> None:
        self.smooth, self.sigma = _blur(grey, sigma), sigma

    @cached_property
    def first(self) -> Planes:
        """dy, dx."""
        return _derivative(self.smooth, 0, 1) * self.sigma, _derivative(self.smooth, 1, 0) * self.sigma

    @cached_property
    def second(self) -> Planes:
        """dyy, dxx, dxy."""
        places = ((0, 2), (2, 0), (1, 1))
        return tuple(_derivative(self.smooth, *place) * self.sigma**2 for place in places)


def _brightness(scale: _Scale) -> Planes:
    return (scale.smooth,)


def _edges(scale: _Scale) -> Planes:
    """How steep the image is."""
    dy, dx = scale.first
    return (_length(dx, dy),)


def _spots(scale: _Scale) -> Planes:
    """The Laplacian: how much brighter or darker a spot is than what surrounds it."""
    dyy, dxx, _ = scale.second
    return (dxx + dyy,)


def _ridges(scale: _Scale) -> Planes:
    """Eigenvalues of the Hessian: bright and dark lines."""
    dyy, dxx, dxy = scale.second
    return _eigenvalues(dxx, dxy, dyy)


def _texture(scale: _Scale) -> Planes:
    """Eigenvalues of the structure tensor: how much is going on, along and across."""
    dy, dx = scale.first
    products = (_blur(a * b, scale.sigma) for a, b in ((dx, dx), (dx, dy), (dy, dy)))
    return tuple(np.sqrt(np.maximum(value, 0)) for value in _eigenvalues(*products))


KINDS: Mapping[str, tuple[Callable[[_Scale], Planes], int]] = {
    "brightness": (_brightness, 1),
    "edges": (_edges, 1),
    "spots": (_spots, 1),
    "ridges": (_ridges, 2),
    "texture": (_texture, 2),
}
"""The filters by the names that people see, in the order of the features, and how many features each gives a scale."""


@dataclass(frozen=True)
class FeatureChoice:
    """Which features there are. sigmas : scales in pixels, at most `LARGEST_PX`. kinds : names of `KINDS`.

    The grey value and the colours always belong to them.
    """

    sigmas: tuple[float, ...] = SIGMAS_PX
    kinds: tuple[str, ...] = tuple(KINDS)

    def names(self, channels: int) -> tuple[str, ...]:
        """What each feature is called, in order; those that people need not tell apart share a name.

        >>> FeatureChoice((2.0,), ("edges", "ridges")).names(1)
        ('Grey value', 'Edges, 2 px', 'Ridges, 2 px', 'Ridges, 2 px')
        """
        filtered = [
            f"{kind.capitalize()}, {sigma:g} px"
            for sigma in self.sigmas
            for kind, (_, count) in KINDS.items()
            for _ in range(count if kind in self.kinds else 0)
        ]
        colours = [f"Channel {place + 1}" for place in range(channels)] if channels > 1 else []
        return ("Grey value", *filtered, *colours)


ALL_FEATURES = FeatureChoice()


def feature_count(channels: int, chosen: FeatureChoice = ALL_FEATURES) -> int:
    """How many features a pixel has: one per filter and scale, the grey value, and the colours if there are any."""
    return len(chosen.names(channels))


def features(channels: Image, chosen: FeatureChoice = ALL_FEATURES) -> Image:
    """All chosen features of an image.

    Parameters
    ----------
    channels : (C, Y, X) float32, normalised; of a colour image the filters see the mean of the channels.

    Returns
    -------
    (Y, X, K) float32 with K = `feature_count(C, chosen)`.
    """
    stacked: Image = np.stack(feature_planes(channels, chosen), axis=-1)
    return stacked


def feature_planes(channels: Image, chosen: FeatureChoice = ALL_FEATURES) -> list[Image]:
    """The features of `features`, K times (Y, X): quicker where few of the pixels are looked at."""
    grey = channels.mean(axis=0) if len(channels) > 1 else channels[0]
    planes = [grey, *(plane for sigma in chosen.sigmas for plane in _at_scale(grey, sigma, chosen.kinds))]
    return planes + (list(channels) if len(channels) > 1 else [])


def _at_scale(grey: Image, sigma: float, kinds: tuple[str, ...]) -> Iterator[Image]:
    factor = 1
    while sigma / factor > REDUCE_ABOVE_PX:
        factor *= 2
    if factor == 1:
        yield from _filtered(grey, sigma, kinds)
        return
    height, width = grey.shape
    small = _reduce(grey, factor)
    for plane in _filtered(small, sigma / factor, kinds):
        large = cv2.resize(plane, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
        yield np.asarray(large, np.float32).reshape(small.shape[0] * factor, -1)[:height, :width]


def _reduce(grey: Image, factor: int) -> Image:
    """Block means; edges are repeated first, so that every block is whole."""
    height, width = grey.shape
    padded = np.pad(grey, ((0, -height % factor), (0, -width % factor)), mode="edge")
    size = padded.shape[1] // factor, padded.shape[0] // factor
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.float32).reshape(size[::-1])


def _filtered(grey: Image, sigma: float, kinds: tuple[str, ...]) -> Iterator[Image]:
    scale = _Scale(grey, sigma)
    for kind, (apply, _) in KINDS.items():
        if kind in kinds:
            yield from apply(scale)


def _blur(plane: Image, sigma: float) -> Image:
    size = 2 * int(np.ceil(3 * sigma)) + 1
    blurred = cv2.GaussianBlur(plane, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32).reshape(plane.shape)


def _derivative(plane: Image, x: int, y: int) -> Image:
    scale = 1 / 8 if x + y == 1 else 1 / 4  # of the Sobel kernels, to derivatives per pixel
    derived = cv2.Sobel(plane, cv2.CV_32F, x, y, ksize=3, scale=scale, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(derived, np.float32).reshape(plane.shape)


def _length(one: Image, two: Image) -> Image:
    """Of the vector (one, two) at each pixel; numpy's hypot takes 20 times as long."""
    return np.asarray(cv2.magnitude(one, two), np.float32).reshape(one.shape)


def _eigenvalues(xx: Image, xy: Image, yy: Image) -> tuple[Image, Image]:
    """Of the symmetric 2 x 2 matrix at each pixel, the greater first."""
    mean, spread = (xx + yy) / 2, _length(np.asarray((xx - yy) / 2, np.float32), xy)
    return np.asarray(mean + spread, np.float32), np.asarray(mean - spread, np.float32)
