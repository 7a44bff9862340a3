"""Slices as the 8-bit pictures that Label Studio can show, and its pictures as slices."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError

Window = tuple[float, float]
FAST = 1  # level of compression; 3 halves the speed for a twentieth less


def as_png(pixels: NDArray[Any], window: Window) -> bytes:
    """A slice, or a part of one, as the viewer shows it.

    Parameters
    ----------
    pixels : (Y, X) or (Y, X, C) of any numbers. Of three or more channels the first three are red, green and blue; of
        two, the first is shown.
    window : true values that become black and white. NaN is black.
    """
    low, high = window
    scale = 255.0 / (high - low) if high > low else 0.0
    grey = np.nan_to_num((pixels.astype(np.float32) - low) * scale, nan=0.0)
    shown = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    if shown.ndim == 3:
        shown = shown[..., 2::-1] if shown.shape[2] >= 3 else shown[..., 0]
    _, encoded = cv2.imencode(".png", np.ascontiguousarray(shown), [cv2.IMWRITE_PNG_COMPRESSION, FAST])
    found: bytes = encoded.tobytes()
    return found


def from_picture(content: bytes) -> NDArray[np.uint8]:
    """(Y, X) greys or (Y, X, 3) red, green and blue. Raises InvalidInputError when it is no picture.

    A colour picture whose channels are equal is grey: so we sent it.
    """
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) if content else None
    if found is None:
        raise InvalidInputError("A picture of Label Studio cannot be read.", "It takes PNG, JPEG, BMP and WebP.")
    pixels = found.astype(np.uint8) if found.dtype == np.uint8 else (found // 256).astype(np.uint8)
    if pixels.ndim == 3:
        pixels = pixels[..., 2::-1]
        if (pixels[..., :1] == pixels).all():
            pixels = pixels[..., 0]
    return np.ascontiguousarray(pixels)
