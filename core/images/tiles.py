"""Tiles as bytes: what a manifest promises the browser, and how true values become 8 or 16 bits and back."""

from dataclasses import dataclass
from typing import Literal

from core.images.volumes import VolumeInfo


@dataclass(frozen=True)
class Encoding:
    """How stored tile values stand for true ones: ``value = lo + stored * step``.

    exact : every true value comes back exactly (integers up to 16 bits, bool).
    nan_code : the stored value that means "not a number", or None. Values beyond the range are clipped.
    """

    dtype: Literal["uint8", "uint16"]
    lo: float
    step: float
    exact: bool
    nan_code: int | None = None


@dataclass(frozen=True)
class Manifest:
    """What the browser must know before it asks for tiles.

    window : (lo, hi) true values of the 1st and 99th percentile.
    channel_windows : the same of each channel where they are not colours; else empty.
    histogram : counts of 256 equal bins between `histogram_range`, from a sample of slices.
    """

    info: VolumeInfo
    encoding: Encoding
    window: tuple[float, float]
    histogram: tuple[int, ...]
    histogram_range: tuple[float, float]
    channel_windows: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Tile:
    """Encoded little-endian pixels of one tile, row-major, channels interleaved, cropped at the edge; or a JPEG of it.

    draft : a first impression; ask again once the overview has been made.
    """

    pixels: bytes
    draft: bool = False
    mimetype: str = "application/octet-stream"
