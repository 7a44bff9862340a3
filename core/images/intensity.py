"""From true values to tile values: how many bits, which range, what window to show first.

Images of 8 and 16 bits travel exactly. Everything wider is quantised to 16 bits between two values found from a sample,
since the exact range of a large stack costs reading all of it. The browser shows such values with "~" and asks for the
true one.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UnsupportedImageError
from core.images.geometry import Box
from core.images.tiles import Encoding, Manifest
from core.images.volumes import VolumeInfo, VolumeSource

BINS = 256
WINDOW_PERCENT = (1.0, 99.0)
SAMPLE_SLICES = 3  # each costs one read before the first picture shows
SAMPLE_PIXELS = 4_000_000  # of one slice; more does not move a percentile
SAMPLE_PATCHES = 4  # each way, when a slice is larger than that: a patch touches few chunks, a row many
STATISTICS_PIXELS = 1_000_000  # of one slice; sorting more takes longer than reading
OUTLIER_SPANS = 64  # a range this many windows wide would leave the window 1000 of 65535 steps
KEPT_SPANS = 16  # what is kept on either side of the window then
CODES = 65535
LARGEST = np.finfo(np.float64).max / 8  # so that hi - lo and lo - step stay finite
SMALLEST = float(np.finfo(np.float64).tiny)

_EXACT = {  # dtype -> (stored dtype, offset)
    "bool": ("uint8", 0),
    "uint8": ("uint8", 0),
    "int8": ("uint8", -128),
    "uint16": ("uint16", 0),
    "int16": ("uint16", -32768),
}


@dataclass(frozen=True)
class Statistics:
    """What a sample of voxels says. All numbers are finite and lo < hi in both pairs.

    window : 1st and 99th percentile. limits : the range worth keeping.
    histogram : 256 counts between `limits`.
    """

    window: tuple[float, float]
    limits: tuple[float, float]
    histogram: tuple[int, ...]


def describe_intensity(source: VolumeSource) -> Manifest:
    """Sample a volume and decide its encoding, window and histogram. Reads up to three slices.

    Raises
    ------
    UnsupportedImageError
        If no part of the sample can be read; one broken slice does not close the others.
    NotFoundError, UnavailableError
    """
    info = source.info
    sample = _read_sample(source)
    statistics = measure(sample, channels=info.channels if info.is_colour else 1)
    return Manifest(
        info=info,
        encoding=choose_encoding(info.dtype, statistics.limits),
        window=_first_window(info, statistics.window),
        histogram=statistics.histogram,
        histogram_range=statistics.limits,
        channel_windows=_channel_windows(sample, info),
    )


def _channel_windows(sample: list[NDArray[Any]], info: VolumeInfo) -> tuple[tuple[float, float], ...]:
    """The first window of each channel: fluorescence of one is often far brighter than that of another."""
    count = len(info.channel_names)
    return tuple(measure([block[..., channel] for block in sample]).window for channel in range(count))


def _read_sample(source: VolumeSource) -> list[NDArray[Any]]:
    sample, failure = [], UnsupportedImageError(f"{source.info.path} holds no pixels.")
    for box in sample_boxes(source.info):
        try:
            sample.append(source.read(box))
        except UnsupportedImageError as error:
            failure = error
    if not sample:
        raise failure
    return sample


def sample_boxes(info: VolumeInfo) -> list[Box]:
    """Boxes that stand for the volume: a few slices off both ends, or patches of them where a slice is large."""
    depth = info.shape[0]
    count = min(SAMPLE_SLICES, depth)
    places = [(2 * i + 1) * depth // (2 * count) for i in range(count)]
    return [
        Box(start=(z, rows.start, columns.start), stop=(z + 1, rows.stop, columns.stop))
        for z in places
        for rows, columns in _sample_patches(info.shape)
    ]


def _sample_patches(shape: tuple[int, int, int]) -> list[tuple[slice, slice]]:
    _, height, width = shape
    if height * width <= SAMPLE_PIXELS * 2:
        return [(slice(0, height), slice(0, width))]
    side = math.isqrt(SAMPLE_PIXELS) // SAMPLE_PATCHES
    return [(rows, columns) for rows in _places(height, side) for columns in _places(width, side)]


def _places(length: int, side: int) -> list[slice]:
    """Ranges of `side` pixels, evenly along `length`; the whole of a shorter one."""
    if length <= side * SAMPLE_PATCHES:
        return [slice(0, length)]
    middles = [(2 * i + 1) * length // (2 * SAMPLE_PATCHES) for i in range(SAMPLE_PATCHES)]
    return [slice(middle - side // 2, middle - side // 2 + side) for middle in middles]


def measure(sample: list[NDArray[Any]], *, channels: int = 1) -> Statistics:
    """Window, limits and histogram of blocks of voxels; NaN and Inf are left out, and so is an alpha channel.

    The limits are the least and greatest finite values, unless these are so far out that the window would be crushed
    into few of the 65535 steps: then they are the window and 16 times its width on either side. Integers get at least
    one value a bin, 8-bit ones all of 0 to 255.
    """
    values = np.concatenate([_finite(block, channels) for block in sample])
    if values.size == 0:
        return Statistics(window=(0.0, 1.0), limits=(0.0, 1.0), histogram=(0,) * BINS)
    low, high = (float(v) for v in np.percentile(values, WINDOW_PERCENT))
    limits = _limits(_extremes(sample), (low, high), sample[0].dtype)
    counts, _ = np.histogram(values, bins=BINS, range=limits)
    return Statistics(window=_open(low, high, limits), limits=limits, histogram=tuple(int(n) for n in counts))


def _extremes(sample: list[NDArray[Any]]) -> tuple[float, float]:
    """The least and the greatest finite value of all voxels."""
    finite = [block if block.dtype.kind != "f" else block[np.isfinite(block)] for block in sample]
    pairs = [(float(block.min()), float(block.max())) for block in finite if block.size]
    lo, hi = np.clip([min(lo for lo, _ in pairs), max(hi for _, hi in pairs)], -LARGEST, LARGEST)
    return float(lo), float(hi)


def _finite(block: NDArray[Any], channels: int) -> NDArray[np.float64]:
    """A regular subset of the finite values of a block, flat, as float64 small enough to subtract."""
    colours = block[..., :3] if channels == 4 else block
    pixels = colours.reshape(-1, 3) if channels > 1 else colours.reshape(-1, 1)
    step = max(1, pixels.shape[0] // STATISTICS_PIXELS) | 1  # odd, so that it does not follow the columns
    values = pixels[::step].astype(np.float64).ravel()
    return np.clip(values[np.isfinite(values)], -LARGEST, LARGEST)


def _limits(extremes: tuple[float, float], window: tuple[float, float], dtype: np.dtype[Any]) -> tuple[float, float]:
    if dtype.name in ("bool", "uint8"):
        return 0.0, 255.0
    lo, hi = extremes
    span = window[1] - window[0]
    if span > 0 and (hi - lo) / OUTLIER_SPANS > span:
        lo, hi = max(lo, window[0] - KEPT_SPANS * span), min(hi, window[1] + KEPT_SPANS * span)
    if dtype.kind in "iu" and hi - lo < BINS - 1:
        hi = lo + BINS - 1
    return (lo, hi) if _apart(lo, hi) else (lo, lo + _unit(lo))


def _open(low: float, high: float, limits: tuple[float, float]) -> tuple[float, float]:
    """The window, never closed: black and white must differ."""
    if _apart(low, high):
        return low, high
    return (low, min(limits[1], low + _unit(low))) if _apart(low, limits[1]) else limits


def _apart(lo: float, hi: float) -> bool:
    """Whether 65535 steps between two values are numbers of their own."""
    return hi - lo > max(abs(lo), abs(hi)) * 1e-11 and (hi - lo) / CODES >= SMALLEST


def _unit(value: float) -> float:
    """A width that is neither lost beside `value` nor far greater."""
    return abs(value) if abs(value) >= SMALLEST * CODES else 1.0


def _first_window(info: VolumeInfo, window: tuple[float, float]) -> tuple[float, float]:
    """Bool is 0 to 1, and 8-bit colours are shown as they are: stretching them changes their hue."""
    if info.dtype.kind == "b":
        return 0.0, 1.0
    if info.is_colour and info.dtype.name == "uint8":
        return 0.0, 255.0
    return window


def choose_encoding(dtype: np.dtype[Any], limits: tuple[float, float]) -> Encoding:
    """How values of `dtype` are stored in tiles.

    Up to 16 bits: exactly. Wider integers: 0 to 65535 between the limits, in steps of at least 1. Floating: 1 to 65535
    between the limits, 0 for NaN.

    >>> choose_encoding(np.dtype("int16"), (-5, 5))
    Encoding(dtype='uint16', lo=-32768.0, step=1.0, exact=True, nan_code=None)
    """
    if dtype.name in _EXACT:
        stored, offset = _EXACT[dtype.name]
        return Encoding(dtype="uint8" if stored == "uint8" else "uint16", lo=float(offset), step=1.0, exact=True)
    lo, hi = limits
    if dtype.kind in "iu":
        return _integer_encoding(dtype, lo, hi)
    step = (hi - lo) / (CODES - 1)
    return Encoding(dtype="uint16", lo=lo - step, step=step, exact=False, nan_code=0)


def _integer_encoding(dtype: np.dtype[Any], lo: float, hi: float) -> Encoding:
    """Spread spare codes around the sampled range, so that values the sample missed still fit."""
    step = max(1.0, (hi - lo) / CODES)
    spare = max(0.0, CODES - (hi - lo) / step)
    lo = max(float(np.iinfo(dtype).min), np.floor(lo - spare / 2))
    return Encoding(dtype="uint16", lo=float(lo), step=step, exact=False)


def encode(values: NDArray[Any], encoding: Encoding) -> NDArray[Any]:
    """True values as tile values, little-endian, of the same shape. Beyond the range they are clipped; Inf is too."""
    stored = np.dtype(encoding.dtype).newbyteorder("<")
    if encoding.exact and encoding.lo == 0 and values.dtype.kind in "bu":
        return values.astype(stored, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        codes = np.rint((values.astype(np.float64) - encoding.lo) / encoding.step)
    first = 0 if encoding.nan_code is None else 1
    np.clip(codes, first, np.iinfo(encoding.dtype).max, out=codes)
    if encoding.nan_code is not None:
        codes[np.isnan(codes)] = encoding.nan_code
    return codes.astype(stored)


def decode(stored: NDArray[Any], encoding: Encoding) -> NDArray[np.float64]:
    """Tile values as true values; `nan_code` becomes NaN.

    >>> decode(np.array([0, 255], np.uint8), Encoding("uint8", lo=-128, step=1, exact=True))
    array([-128.,  127.])
    """
    values = encoding.lo + stored.astype(np.float64) * encoding.step
    if encoding.nan_code is not None:
        values[stored == encoding.nan_code] = np.nan
    return values
