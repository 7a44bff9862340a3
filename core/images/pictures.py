"""A slice, or a part of it, as a small picture of 8 bits in the volume's first window: for thumbnails and cards.

Pictures are for eyes. What is measured or learned from is read from the tiles, which keep true values.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError, NotFoundError
from core.images.geometry import TILE_PX, level_shapes, tile_bounds
from core.images.intensity import decode
from core.images.planes import PlaneAxis
from core.images.tiles import Encoding, Manifest, Tile

QUALITY = 90
CLIP, PARTS = 3.0, 8  # of the evened contrast: how far it goes, and parts along a side
MIN_PX, MAX_PX = 16, 2048  # of the longer side
CHANNEL_COLORS = ("#00ffff", "#ff00ff", "#ffff00", "#00ff00", "#ff4040", "#6080ff", "#ffffff", "#ff9000")  # as lut.ts

Bounds = tuple[int, int, int, int]
"""(y0, x0, y1, x1) in pixels of the slice, half-open."""


class Tiles(Protocol):
    """What pictures are made of; `core.services.TileServer` is one."""

    def manifest(self, volume: str) -> Manifest: ...

    def tile(self, volume: str, axis: PlaneAxis, index: int, level: int, tx: int, ty: int) -> Tile: ...


@dataclass(frozen=True)
class Picture:
    """A JPEG. draft : a first impression; ask again later."""

    data: bytes
    draft: bool


def picture(tiles: Tiles, volume: str, z: int, bounds: Bounds | None, *, px: int, even: bool = False) -> Picture:
    """What `look` sees, as a JPEG. even : with its contrast evened out. Raises as `look`."""
    shown, draft = look(tiles, volume, z, bounds, px=px)
    shown = evened(shown) if even else shown
    written = shown if shown.ndim == 2 else shown[..., ::-1]  # OpenCV writes BGR
    _, data = cv2.imencode(".jpg", written, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return Picture(data.tobytes(), draft)


def look(tiles: Tiles, volume: str, z: int, bounds: Bounds | None, *, px: int) -> tuple[NDArray[np.uint8], bool]:
    """What a slice shows, all of it or within bounds, at most `px` pixels on its longer side; small images stay small.

    Returns
    -------
    (h, w) greys or (h, w, 3) colours, and whether they are a draft.

    Raises
    ------
    NotFoundError
        If slice or bounds lie outside. Otherwise as `Tiles`.
    InvalidInputError
        If `px` is out of range.
    """
    if not MIN_PX <= px <= MAX_PX:
        raise InvalidInputError(f"A picture of {px} pixels is not possible.", f"Ask for {MIN_PX} to {MAX_PX}.")
    manifest = tiles.manifest(volume)
    part = _inside(bounds, manifest)
    level = _level(part, manifest, px)
    stored, draft = _stored(tiles, manifest, z, level, part)
    return _shrunk(eight_bits(stored, manifest), px), draft


def evened(shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w) greys or (h, w, 3) colours with the contrast of each part brought out; colours keep their hue.

    Contrast-limited adaptive histogram equalisation (Zuiderveld 1994, "Graphics Gems IV").
    """
    maker = cv2.createCLAHE(clipLimit=CLIP, tileGridSize=(PARTS, PARTS))
    if shown.ndim == 2:
        return np.asarray(maker.apply(shown), np.uint8)
    lab = cv2.cvtColor(shown, cv2.COLOR_RGB2LAB)
    lab[..., 0] = maker.apply(np.ascontiguousarray(lab[..., 0]))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


def true_values(tiles: Tiles, volume: str, z: int, bounds: Bounds | None, *, px: int) -> NDArray[Any]:
    """What is stored of a slice or a part of it, at the coarsest level that has `px` pixels on its longer side.

    Returns (h, w) or (h, w, c) true values. Raises NotFoundError if slice or bounds lie outside; otherwise as `Tiles`.
    """
    manifest = tiles.manifest(volume)
    part = _inside(bounds, manifest)
    stored, _ = _stored(tiles, manifest, z, _level(part, manifest, px), part)
    return decode(stored, manifest.encoding)


def eight_bits(stored: NDArray[Any], manifest: Manifest) -> NDArray[np.uint8]:
    """Stored values, (h, w) or (h, w, c), as greys (h, w) or colours (h, w, 3), black to white by the window."""
    if manifest.info.channels == 1 or manifest.info.is_colour:
        values = stored[..., :3] if stored.ndim == 3 else stored
        return _greys(values, manifest.encoding, manifest.window)
    light = np.zeros((*stored.shape[:2], 3), np.float32)
    colors = manifest.info.channel_colors or CHANNEL_COLORS
    for channel, window in enumerate(manifest.channel_windows):
        color = np.array(list(bytes.fromhex(colors[channel][1:])), np.float32) / 255
        light += _greys(stored[..., channel], manifest.encoding, window)[..., np.newaxis] * color
    return light.clip(0, 255).astype(np.uint8)


def _greys(stored: NDArray[Any], encoding: Encoding, window: tuple[float, float]) -> NDArray[np.uint8]:
    """By a table of every stored value; what is no number is black."""
    lo, hi = window
    codes = np.arange(np.iinfo(encoding.dtype).max + 1, dtype=encoding.dtype)
    shares = (np.nan_to_num(decode(codes, encoding), nan=lo) - lo) / (hi - lo)
    table: NDArray[np.uint8] = np.rint(shares.clip(0, 1) * 255).astype(np.uint8)
    return np.asarray(table[stored], np.uint8)


def _inside(bounds: Bounds | None, manifest: Manifest) -> Bounds:
    _, height, width = manifest.info.shape
    y0, x0, y1, x1 = bounds or (0, 0, height, width)
    if not (0 <= y0 < y1 <= height and 0 <= x0 < x1 <= width):
        raise NotFoundError(f"Rows {y0} to {y1} and columns {x0} to {x1} lie outside {manifest.info.path}.")
    return y0, x0, y1, x1


def _level(part: Bounds, manifest: Manifest, px: int) -> int:
    """The coarsest level that still has as many pixels as are wanted."""
    y0, x0, y1, x1 = part
    longest, level = max(y1 - y0, x1 - x0), 0
    last = len(level_shapes(manifest.info.shape[1:])) - 1
    while level < last and longest >> (level + 1) >= px:
        level += 1
    return level


def _stored(tiles: Tiles, manifest: Manifest, z: int, level: int, part: Bounds) -> tuple[NDArray[Any], bool]:
    """Stored values of a part at a level, put together from tiles, and whether any is a draft."""
    shape = level_shapes(manifest.info.shape[1:])[level]
    step = 1 << level
    y0, x0 = part[0] // step, part[1] // step
    y1, x1 = min(-(-part[2] // step), shape[0]), min(-(-part[3] // step), shape[1])
    channels = manifest.info.channels
    out = np.zeros((y1 - y0, x1 - x0, channels), np.dtype(manifest.encoding.dtype))
    draft = False
    for ty in range(y0 // TILE_PX, (y1 - 1) // TILE_PX + 1):
        for tx in range(x0 // TILE_PX, (x1 - 1) // TILE_PX + 1):
            tile = tiles.tile(manifest.info.path, "z", z, level, tx, ty)
            draft |= tile.draft
            _place(out, tile, tile_bounds(shape, tx, ty), (y0, x0))
    return (out[..., 0] if channels == 1 else out), draft


def _place(out: NDArray[Any], tile: Tile, bounds: tuple[slice, slice], origin: tuple[int, int]) -> None:
    """Put what a tile has of a part into it. out : (h, w, c), its first pixel at `origin` of the level."""
    rows, columns = bounds
    size = rows.stop - rows.start, columns.stop - columns.start
    pixels = np.frombuffer(tile.pixels, out.dtype.newbyteorder("<")).reshape(*size, out.shape[2])
    top, left = max(rows.start, origin[0]), max(columns.start, origin[1])
    bottom, right = min(rows.stop, origin[0] + out.shape[0]), min(columns.stop, origin[1] + out.shape[1])
    out[top - origin[0] : bottom - origin[0], left - origin[1] : right - origin[1]] = pixels[
        top - rows.start : bottom - rows.start, left - columns.start : right - columns.start
    ]


def _shrunk(image: NDArray[np.uint8], px: int) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    share = px / max(height, width)
    if share >= 1:
        return image
    size = max(1, round(width * share)), max(1, round(height * share))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
