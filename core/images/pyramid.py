"""Reduced sizes of a slice: area means for images, greatest values for labels."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.images.geometry import level_shapes

_CV2_DTYPES = ("uint8", "uint16", "int16", "float32", "float64")  # what cv2.resize averages natively
_WIDER = {"bool": "uint8", "int8": "int16", "float16": "float32"}  # the rest goes through float64


def image_levels(pixels: NDArray[Any]) -> list[NDArray[Any]]:
    """All levels of a slice in true values, full size first.

    Parameters
    ----------
    pixels : (Y, X) or (Y, X, C), any real dtype. Level 0 is this array itself, not a copy.

    Returns
    -------
    One array a level, (Y/2^n, X/2^n[, C]). Integers stay integers (rounded); 32 and 64-bit ones become float64.
    """
    levels = [pixels]
    for _ in level_shapes((pixels.shape[0], pixels.shape[1]))[1:]:
        levels.append(halve(levels[-1]))
    return levels


def halve(pixels: NDArray[Any]) -> NDArray[Any]:
    """Average 2 x 2 blocks; a block that reaches over an odd edge averages what it has.

    NaN is left out of the average, and stays only where a whole block is NaN.

    >>> halve(np.array([[1, 3, 8], [5, 7, 8], [2, 2, 9]], np.uint8))
    array([[4, 8],
           [2, 9]], dtype=uint8)
    """
    pixels = _averageable(pixels)
    return _block_mean(pixels) if _is_finite(pixels) else _halve_nonfinite(pixels)


def _is_finite(pixels: NDArray[Any]) -> bool:
    """Whether there is neither NaN nor Inf; a sum tells quicker than looking at each."""
    if pixels.dtype.kind != "f":
        return True
    with np.errstate(invalid="ignore", over="ignore"):  # Inf and -Inf in one slice
        return bool(np.isfinite(pixels.sum(dtype=np.float64)))


def max_pool(labels: NDArray[np.uint8], level: int) -> NDArray[np.uint8]:
    """Reduce class ids `level` times by the greatest id of each 2 x 2 block, so that thin strokes stay visible.

    Parameters
    ----------
    labels : (Y, X) uint8 class ids. level : 0 returns `labels` itself.

    Returns
    -------
    (ceil(Y / 2^level), ceil(X / 2^level)) uint8.

    >>> max_pool(np.array([[0, 0, 5], [0, 2, 0]], np.uint8), 1)
    array([[2, 5]], dtype=uint8)
    """
    for _ in range(level):
        rows = np.maximum(labels[::2], _padded(labels)[1::2, : labels.shape[1]])
        labels = np.maximum(rows[:, ::2], _padded(rows)[: rows.shape[0], 1::2])
    return labels


def _padded(pixels: NDArray[Any]) -> NDArray[Any]:
    """Repeat the last row and column where their number is odd. A view when both are even."""
    y, x = pixels.shape[0] % 2, pixels.shape[1] % 2
    if not (y or x):
        return pixels
    return np.pad(pixels, ((0, y), (0, x), *((0, 0),) * (pixels.ndim - 2)), mode="edge")


def _averageable(pixels: NDArray[Any]) -> NDArray[Any]:
    name = pixels.dtype.name
    wanted = name if name in _CV2_DTYPES else _WIDER.get(name, "float64")
    return pixels.astype(wanted, copy=False)  # in native byte order


def _block_mean(pixels: NDArray[Any]) -> NDArray[Any]:
    even = _padded(pixels)
    size = (even.shape[1] // 2, even.shape[0] // 2)
    mean: NDArray[Any] = cv2.resize(even, size, interpolation=cv2.INTER_AREA)
    return mean


def _halve_nonfinite(pixels: NDArray[Any]) -> NDArray[Any]:
    known = ~np.isnan(pixels)
    share = _block_mean(known.astype(np.float32))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean: NDArray[Any] = _block_mean(np.where(known, pixels, 0)) / share
    return mean.astype(pixels.dtype, copy=False)
