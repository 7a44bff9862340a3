"""Tiles for slow links: JPEG around the first window, an eighth of the bytes, seen until the exact tile comes."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.images.tiles import Encoding, Manifest
from core.images.volumes import VolumeInfo

QUALITY = 80


def can_preview(info: VolumeInfo) -> bool:
    """JPEG knows grey and RGB."""
    return info.channels == 1 or (info.channels == 3 and info.is_colour)


def preview_range(manifest: Manifest) -> tuple[float, float]:
    """The stored values that 0 and 255 of a preview stand for: twice the first window, so that it can be widened."""
    lo, hi = manifest.window
    margin = (hi - lo) / 2
    ends = [_stored(value, manifest.encoding) for value in (lo - margin, hi + margin)]
    low, high = np.clip(ends, 0, _largest(manifest.encoding))
    return float(low), float(max(high, low + 1))


def preview_tile(stored: NDArray[Any], manifest: Manifest) -> bytes:
    """JPEG of a tile of stored values, (h, w) or (h, w, 3)."""
    low, high = preview_range(manifest)
    grey = np.rint((stored.astype(np.float32) - low) * (255 / (high - low))).clip(0, 255).astype(np.uint8)
    image = grey if grey.ndim == 2 else grey[..., ::-1]  # OpenCV writes BGR
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()


def _stored(value: float, encoding: Encoding) -> float:
    return (value - encoding.lo) / encoding.step


def _largest(encoding: Encoding) -> int:
    return int(np.iinfo(encoding.dtype).max)
