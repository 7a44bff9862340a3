"""Tiles as bytes: what a manifest promises the browser, and how true values become 8 or 16 bits and back."""

from dataclasses import dataclass
from typing import Literal

from core.errors import InvalidInputError
from core.images.volumes import VolumeInfo

MAX_PLACES = 32  # in one answer: 16 MiB of uint16 grey


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


def read_places(text: str) -> list[tuple[int, int, int]]:
    """(level, tx, ty) of each tile that a request names. Raises InvalidInputError.

    >>> read_places("3.0.0,1.2.0")
    [(3, 0, 0), (1, 2, 0)]
    """
    places = text.split(",")
    if len(places) > MAX_PLACES:
        raise InvalidInputError(f"{len(places)} tiles are asked for at once.", f"Ask for at most {MAX_PLACES}.")
    return [_read_place(place) for place in places]


def _read_place(place: str) -> tuple[int, int, int]:
    numbers = place.split(".")
    if len(numbers) != 3 or not all(number.isascii() and number.isdigit() for number in numbers):
        raise InvalidInputError(f"{place!r} names no tile.", "Write level.tx.ty, as in 1.0.2.")
    level, tx, ty = map(int, numbers)
    return level, tx, ty
