"""An image as a short list of numbers without any network: greys, edges, spots and colours, pooled over the image.

Good enough to start with and quick: no weights, no GPU, a few milliseconds a tile. Images that look alike have lists
that lie near each other once they are standardised (`embeddings.py`).
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.learning.normalisation import Normalisation

SIDE_PX = 128  # images are reduced or enlarged to it, so that every one costs the same
SIGMAS_PX = (1.0, 2.0, 4.0, 8.0)
EPSILON = 1e-3  # of the window; an even image has no contrast to enlarge
SHARES = (1, 10, 25, 50, 75, 90, 99)  # percentiles that are kept
DIRECTIONS = 8  # of edges
GRID = 4  # squares along a side, whose brightness tells how an image is laid out
THREADS = 2  # OpenCV works outside Python's lock
Image = NDArray[np.float32]


def pooled(image: NDArray[Any], window: Normalisation) -> NDArray[np.float32]:
    """(Y, X) or (Y, X, C) of any real dtype -> (d,) float32; d is the same for all images.

    window : of the source, so that brightness compares. Raises InvalidInputError when the channels differ from it.
    """
    channels = _sized(window.apply(image))
    grey = channels.mean(axis=0)
    even = (grey - grey.mean()) / (grey.std() + EPSILON)  # exposure and contrast hide what an image shows
    parts = (*_greys(grey, even), *_spots(even), *_edges(even), *_pattern(even), *_layout(even), *_colours(channels))
    return np.concatenate([np.atleast_1d(part) for part in parts]).astype(np.float32)


def pooled_all(images: Iterable[NDArray[Any]], window: Normalisation) -> Iterator[NDArray[np.float32]]:
    """One after the other, two at a time."""
    with ThreadPoolExecutor(THREADS) as threads:
        yield from threads.map(lambda image: pooled(image, window), images)


def _sized(channels: Image) -> Image:
    """(C, Y, X) -> (C, SIDE_PX, SIDE_PX)."""
    shrinks = min(channels.shape[1:]) >= SIDE_PX
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.stack([cv2.resize(each, (SIDE_PX, SIDE_PX), interpolation=how) for each in channels])


def _greys(grey: Image, even: Image) -> Iterator[NDArray[Any]]:
    yield np.array([grey.mean(), grey.std()])
    yield _percentiles(even, SHARES)


def _spots(grey: Image) -> Iterator[NDArray[Any]]:
    """How bright and dark details of each size are: the extremes find one small defect, the spread a texture."""
    smooth = [cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in SIGMAS_PX]
    for fine, coarse in zip((grey, *smooth), smooth, strict=False):
        detail = fine - coarse
        yield np.array([np.abs(detail).mean(), detail.std(), detail.min(), detail.max()])
        yield _percentiles(detail, (1, 10, 90, 99))


def _edges(grey: Image) -> Iterator[NDArray[Any]]:
    """How steep, and which way."""
    for sigma in SIGMAS_PX[:3:2]:
        smooth = cv2.GaussianBlur(grey, (0, 0), sigma)
        dy, dx = cv2.Sobel(smooth, cv2.CV_32F, 0, 1), cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
        steep, angle = cv2.cartToPolar(dx, dy)
        yield np.array([steep.mean(), steep.std(), steep.max()])
        bins = (angle * (DIRECTIONS / np.pi)).astype(np.intp) % DIRECTIONS
        yield np.bincount(bins.ravel(), weights=steep.ravel(), minlength=DIRECTIONS) / steep.size


def _pattern(grey: Image) -> Iterator[NDArray[Any]]:
    """How often each number of neighbours is brighter than a pixel: 0 a bright spot, 8 a dark one, 4 an edge.

    A local binary pattern that no turning changes (Ojala et al. 2002, doi:10.1109/TPAMI.2002.1017623), as its sum.
    """
    inner = grey[1:-1, 1:-1]
    places = [(y, x) for y in range(3) for x in range(3) if (y, x) != (1, 1)]
    height, width = inner.shape
    brighter = sum((grey[y : y + height, x : x + width] > inner).view(np.uint8) for y, x in places)
    yield np.bincount(np.asarray(brighter).ravel(), minlength=9) / inner.size


def _percentiles(values: Image, shares: tuple[int, ...]) -> NDArray[Any]:
    ordered = np.sort(values, axis=None)
    return np.asarray(ordered[[round(share / 100 * (values.size - 1)) for share in shares]])


def _layout(grey: Image) -> Iterator[NDArray[Any]]:
    squares = cv2.resize(grey, (GRID, GRID), interpolation=cv2.INTER_AREA)
    yield np.asarray(squares - squares.mean()).ravel()


def _colours(channels: Image) -> Iterator[NDArray[Any]]:
    """Of the differences between the first three channels; zeros where the image is grey."""
    first, second, third = (channels[min(place, len(channels) - 1)] for place in range(3))
    for difference in (first - second, (first + second) / 2 - third):
        yield _percentiles(difference, SHARES)
        yield np.array([difference.mean(), difference.std()])
