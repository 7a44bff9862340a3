"""Slices kept in memory, and tiles cut from them: what stands between the browser's many small questions and Tiled.

A slice is read once however many tiles ask for it, reduced to its levels in true values, and kept until the bytes are
needed for others. A tile is encoded when it is cut: that takes under a millisecond. Of a slice that would fill the
cache only the coarse levels are kept (`core/images/overview.py`).
"""

import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.byte_cache import ByteCache
from core.errors import AppError, NotFoundError, UnavailableError
from core.images.geometry import Box, level_shapes
from core.images.intensity import describe_intensity, encode
from core.images.overview import SliceLevels, read_levels, read_tile
from core.images.tiles import Manifest
from core.images.volumes import VolumeCatalog, VolumeInfo, VolumeSource

REVALIDATE_S = 5.0  # how long a changed source may go unnoticed

KEPT_MANIFESTS = 1000


@dataclass(frozen=True)
class _Known:
    """A volume as it was when last asked for."""

    source: VolumeSource
    manifest: Manifest


class CachedTileServer:
    """The TileServer of the app.

    Parameters
    ----------
    catalog : where volumes are opened.
    max_bytes : bound of the slice cache.
    revalidate_s : how long a volume's version is believed.
    """

    def __init__(self, catalog: VolumeCatalog, *, max_bytes: int = 1 << 30, revalidate_s: float = REVALIDATE_S) -> None:
        self._catalog = catalog
        self._revalidate_s = revalidate_s
        self._slices = ByteCache(max_bytes, size=lambda kept: kept.nbytes)
        self._max_slice_bytes = max_bytes // 3  # a slice and its neighbours on either side
        self._manifests = ByteCache(KEPT_MANIFESTS, size=lambda _: 1)
        self._opening = ByteCache(0, size=lambda _: 1)  # keeps nothing, but opens once for all who wait
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._asked: dict[str, float] = {}

    def manifest(self, volume: str) -> Manifest:
        """What the browser must know of `volume`; samples a few slices the first time.

        Raises
        ------
        NotFoundError, UnsupportedImageError, UnavailableError
        """
        return self._current(volume).manifest

    def tile(self, volume: str, z: int, level: int, tx: int, ty: int) -> bytes:
        """Encoded little-endian pixels of one tile, row-major, channels interleaved, cropped at the edge.

        Raises
        ------
        NotFoundError
            If slice, level or tile lie outside. Otherwise as `manifest`.
        """
        known = self._current(volume)
        _check_slice(known.source.info, z)
        _check_level(known.source.info, level)
        return encode(self._pixels(known.source, z, level, tx, ty), known.manifest.encoding).tobytes()

    def value(self, volume: str, z: int, y: int, x: int) -> Any:
        """The true value of one voxel: bool as 0 or 1, int, float (NaN and Inf too), or a list of these for colours.

        Raises
        ------
        NotFoundError
            If the voxel lies outside. Otherwise as `manifest`.
        """
        source = self._current(volume).source
        _check_slice(source.info, z)
        _, height, width = source.info.shape
        if not (0 <= y < height and 0 <= x < width):
            raise NotFoundError(f"Pixel ({y}, {x}) lies outside; the image is {width} x {height} pixels.")
        kept: SliceLevels | None = self._slices.peek(_slice_key(source.info, z))
        if kept is not None and kept.first == 0:
            return _plain(kept.levels[0][y, x])
        return _plain(source.read(Box(start=(z, y, x), stop=(z + 1, y + 1, x + 1))).squeeze())

    def _current(self, volume: str) -> _Known:
        """The volume as it is now; one caller asks the server when the last answer is old, the others go on."""
        with self._lock:
            known = self._known.get(volume)
            now = time.monotonic()
            fresh = known is not None and now - self._asked.get(volume, 0.0) < self._revalidate_s
            if known is not None and not fresh:
                self._asked[volume] = now
        if known is not None and fresh:
            return known
        return self._ask(volume, known)

    def _ask(self, volume: str, known: _Known | None) -> _Known:
        try:
            source = self._opening.get(volume, lambda: self._catalog.open(volume))
        except UnavailableError:
            if known is None:
                raise
            return known  # what is in memory can still be looked at
        except AppError:
            self._forget(volume)
            raise
        if known is not None and known.source.info == source.info:
            return known
        return self._remember(volume, source)

    def _remember(self, volume: str, source: VolumeSource) -> _Known:
        manifest = self._manifests.get(source.info, lambda: describe_intensity(source))
        known = _Known(source, manifest)
        with self._lock:
            self._known[volume], self._asked[volume] = known, time.monotonic()
        return known

    def _forget(self, volume: str) -> None:
        with self._lock:
            self._known.pop(volume, None)

    def _pixels(self, source: VolumeSource, z: int, level: int, tx: int, ty: int) -> NDArray[Any]:
        key = _slice_key(source.info, z)
        kept = self._slices.get(key, lambda: read_levels(source, z, max_bytes=self._max_slice_bytes))
        if level >= kept.first:
            pixels: NDArray[Any] = kept.tile(level, tx, ty)
            return pixels
        return self._slices.get((key, level, tx, ty), lambda: read_tile(source, z, level, tx, ty))


def _slice_key(info: VolumeInfo, z: int) -> Hashable:
    return (info.path, info.version, z)


def _check_slice(info: VolumeInfo, z: int) -> None:
    if not 0 <= z < info.shape[0]:
        raise NotFoundError(f"Slice {z} does not exist; {info.path} has 0 to {info.shape[0] - 1}.")


def _check_level(info: VolumeInfo, level: int) -> None:
    count = len(level_shapes(info.shape[1:]))
    if not 0 <= level < count:
        raise NotFoundError(f"Level {level} does not exist; {info.path} has 0 to {count - 1}.")


def _plain(pixel: Any) -> Any:
    """A numpy pixel as Python numbers; a float32 of .0132 becomes 0.0132, not 0.013199999928474426."""
    if np.ndim(pixel):
        return [_plain(channel) for channel in pixel]
    scalar = np.asarray(pixel)[()]
    return float(str(scalar)) if scalar.dtype.kind == "f" else int(scalar)
