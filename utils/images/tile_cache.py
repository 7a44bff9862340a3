"""Slices kept in memory, and tiles cut from them: what stands between the browser's many small questions and Tiled.

A slice is read once however many tiles ask for it, reduced to its levels in true values, and kept until the bytes are
needed for others. A tile is encoded when it is cut: that takes under a millisecond. Slices above 64 MiB are never held
whole: their tiles come from levels stored beside them, or from an overview (`core/images/overview.py`).
"""

import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.byte_cache import ByteCache, CacheUse
from core.errors import AppError, NotFoundError, UnavailableError
from core.images.bricks import BrickedVolume, BrickRecipe, wants_bricks
from core.images.derived import DerivedStore, Progress
from core.images.geometry import TILE_PX, Box, level_shapes
from core.images.intensity import describe_intensity, encode
from core.images.overview import (
    OverviewRecipe,
    SliceLevels,
    StoredLevel,
    is_large,
    read_levels,
    read_stored,
    read_stored_levels,
    read_tile,
    stored_level,
)
from core.images.planes import PlaneAxis, PlaneVolume, turned_info
from core.images.positions import read_positions
from core.images.preview import can_preview, preview_tile
from core.images.tiles import Manifest, Tile
from core.images.volumes import VolumeCatalog, VolumeInfo, VolumeSource

REVALIDATE_S = 5.0  # how long a changed source may go unnoticed

JPEG = "image/jpeg"
FINE_LEVEL = 2  # up to here a tile is read and reduced in about 0.1 s; coarser ones wait for the overview
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
    derived : keeps overviews of large slices and the bricks of deep stacks.
    max_bytes : bound of the slice cache.
    revalidate_s : how long a volume's version is believed.
    """

    def __init__(
        self,
        catalog: VolumeCatalog,
        derived: DerivedStore,
        *,
        max_bytes: int = 1 << 30,
        revalidate_s: float = REVALIDATE_S,
    ) -> None:
        self._catalog, self._derived = catalog, derived
        self._revalidate_s = revalidate_s
        self._slices = ByteCache(max_bytes, size=lambda kept: kept.nbytes)
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

    def tile(
        self, volume: str, axis: PlaneAxis, index: int, level: int, tx: int, ty: int, *, preview: bool = False
    ) -> Tile:
        """One tile of a plane, exact or as a JPEG.

        Raises
        ------
        NotFoundError
            If plane, level or tile lie outside. Otherwise as `manifest`.
        """
        known = self._current(volume)
        plane = turned_info(known.source.info, axis)
        _check_plane(plane, index)
        _check_level(plane, level)
        with self._derived.give_way():
            pixels, draft = self._pixels(known.source, axis, _Place(index, level, tx, ty))
        stored = encode(pixels, known.manifest.encoding)
        if preview and can_preview(known.source.info):
            return Tile(preview_tile(stored, known.manifest), draft, JPEG)
        return Tile(stored.tobytes(), draft)

    def progress(self, volume: str) -> list[Progress]:
        return self._derived.progress(volume)

    def cache_use(self) -> CacheUse:
        return self._slices.use()

    def value(self, volume: str, z: int, y: int, x: int) -> Any:
        """The true value of one voxel: bool as 0 or 1, int, float (NaN and Inf too), or a list of these for colours.

        Raises
        ------
        NotFoundError
            If the voxel lies outside. Otherwise as `manifest`.
        """
        source = self._current(volume).source
        _check_plane(source.info, z)
        _, height, width = source.info.shape
        if not (0 <= y < height and 0 <= x < width):
            raise NotFoundError(f"Pixel ({y}, {x}) lies outside; the image is {width} x {height} pixels.")
        kept: SliceLevels | None = self._slices.peek((_plane_key(source.info, "z", z), 0))
        if kept is not None:
            return _plain(kept.levels[0][y, x])
        return _plain(source.read(Box(start=(z, y, x), stop=(z + 1, y + 1, x + 1))).squeeze())

    def region(self, volume: str, axis: PlaneAxis, box: Box) -> NDArray[Any]:
        """True values of a part of one plane, put together from its tiles at full size.

        Raises
        ------
        NotFoundError
            If the box is not wholly inside. Otherwise as `manifest`.
        """
        source = self._current(volume).source
        plane = turned_info(source.info, axis)
        _check_plane(plane, box.start[0])
        _check_inside(plane, box)
        (index, y0, x0), (_, y1, x1) = box.start, box.stop
        with self._derived.give_way():
            rows = [
                [
                    self._part(source, axis, _Place(index, 0, tx, ty), box)
                    for tx in range(x0 // TILE_PX, (x1 - 1) // TILE_PX + 1)
                ]
                for ty in range(y0 // TILE_PX, (y1 - 1) // TILE_PX + 1)
            ]
        return np.concatenate([np.concatenate(row, axis=1) for row in rows])

    def _part(self, source: VolumeSource, axis: PlaneAxis, at: "_Place", box: Box) -> NDArray[Any]:
        """What a tile has of a box."""
        pixels, _ = self._pixels(source, axis, at)
        (_, y0, x0), (_, y1, x1) = box.start, box.stop
        y, x = at.ty * TILE_PX, at.tx * TILE_PX
        return pixels[max(y0 - y, 0) : y1 - y, max(x0 - x, 0) : x1 - x]

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
        manifest = self._manifests.get(source.info, lambda: self._describe(volume, source))
        known = _Known(source, manifest)
        with self._lock:
            self._known[volume], self._asked[volume] = known, time.monotonic()
        return known

    def _describe(self, volume: str, source: VolumeSource) -> Manifest:
        """All positions of one array share intensities, so that contrast stays while one moves through time."""
        base = read_positions(volume).base
        if base == volume:
            return describe_intensity(source)
        return replace(self.manifest(base), info=source.info)

    def _forget(self, volume: str) -> None:
        with self._lock:
            self._known.pop(volume, None)

    def _pixels(self, source: VolumeSource, axis: PlaneAxis, at: "_Place") -> tuple[NDArray[Any], bool]:
        """True values of a tile, and whether they are a draft."""
        planes = source if axis == "z" else PlaneVolume(self._across(source, axis), axis)
        if not is_large(planes.info):
            return self._held(planes, axis, at).tile(at.level, at.tx, at.ty), False
        if axis == "z":
            return self._large(source, at)
        return self._read(planes, axis, at), False

    def _held(self, planes: VolumeSource, axis: PlaneAxis, at: "_Place") -> SliceLevels:
        """The levels of a slice from the wanted one or a finer one on: those held, else read from the best source."""
        key = _plane_key(planes.info, axis, at.index)
        stored = stored_level(planes, at.level)
        coarsest = 0 if stored is None else stored.number
        first = next((finer for finer in range(coarsest) if self._slices.peek((key, finer)) is not None), coarsest)
        kept: SliceLevels = self._slices.get((key, first), lambda: _read_levels(planes, first, at.index))
        return kept

    def _large(self, source: VolumeSource, at: "_Place") -> tuple[NDArray[Any], bool]:
        """A tile of a slice too large to hold: from the source's own levels, the overview, or read and reduced."""
        if at.level == 0:
            return self._read(source, "z", at), False
        stored = stored_level(source, at.level)
        if stored is not None and at.level - stored.number <= FINE_LEVEL:
            return self._stored(source.info, stored, at), False
        recipe = _overview_recipe(source.info, at.index)
        derived = self._derived.find(recipe, source)
        made = derived.has(recipe.steps_under(at.level, at.tx, at.ty))
        if made or at.level > FINE_LEVEL:
            return recipe.tile(derived, at.level, at.tx, at.ty), not made
        return self._read(source, "z", at), False

    def _across(self, source: VolumeSource, axis: PlaneAxis) -> VolumeSource:
        """The volume as it is best read across its slices."""
        if not wants_bricks(source.info, axis):
            return source
        recipe = _brick_recipe(source.info)
        return BrickedVolume(source, recipe, self._derived.find(recipe, source))

    def _read(self, planes: VolumeSource, axis: PlaneAxis, at: "_Place") -> NDArray[Any]:
        key = (_plane_key(planes.info, axis, at.index), at.level, at.tx, at.ty)
        tile: NDArray[Any] = self._slices.get(key, lambda: read_tile(planes, at.index, at.level, at.tx, at.ty))
        return tile

    def _stored(self, info: VolumeInfo, stored: StoredLevel, at: "_Place") -> NDArray[Any]:
        key = (_plane_key(info, "z", at.index), "stored", at.level, at.tx, at.ty)
        tile: NDArray[Any] = self._slices.get(key, lambda: read_stored(info, stored, at.index, at.level, at.tx, at.ty))
        return tile


def _read_levels(planes: VolumeSource, first: int, index: int) -> SliceLevels:
    stored = stored_level(planes, first)
    return read_levels(planes, index) if stored is None else read_stored_levels(planes.info, stored, index)


@dataclass(frozen=True)
class _Place:
    """Which tile of which plane."""

    index: int
    level: int
    tx: int
    ty: int


@lru_cache(maxsize=256)
def _overview_recipe(info: VolumeInfo, z: int) -> OverviewRecipe:
    return OverviewRecipe(info, z)


@lru_cache(maxsize=256)
def _brick_recipe(info: VolumeInfo) -> BrickRecipe:
    return BrickRecipe(info)


def _plane_key(info: VolumeInfo, axis: PlaneAxis, index: int) -> Hashable:
    return (info.path, info.version, axis, index)


def _check_plane(info: VolumeInfo, index: int) -> None:
    if not 0 <= index < info.shape[0]:
        raise NotFoundError(f"Slice {index} does not exist; {info.path} has 0 to {info.shape[0] - 1}.")


def _check_inside(info: VolumeInfo, box: Box) -> None:
    (_, y0, x0), (_, y1, x1) = box.start, box.stop
    if not (0 <= y0 < y1 <= info.shape[1] and 0 <= x0 < x1 <= info.shape[2]):
        raise NotFoundError(
            f"Rows {y0} to {y1} and columns {x0} to {x1} lie outside; {info.path} is {info.shape[2]} x {info.shape[1]}."
        )


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
