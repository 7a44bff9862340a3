"""Slices that Tiled reduces before it sends them: a window shows a slice of 2560 x 2560 at a quarter of its size.

Both ends of one media type: `application/x-area-mean;level=2;rows=1` asks for an array whose axes 1 and 2, rows and
columns, are halved twice. `utils/tiled_folder.yml` gives `write_area_mean` to our Tiled server; any other server may be
configured likewise. `ReducedVolume` is what the app reads there.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UnavailableError
from core.images.geometry import Box, level_shapes, whole_slice
from core.images.layout import Layout
from core.images.overview import is_large, reduced
from core.images.pyramid import halve
from core.images.volumes import VolumeInfo, VolumeSource
from utils.tiled_reader import TiledReader

AREA_MEAN = "application/x-area-mean"
LEVELS = (1, 2)  # a level beyond would spare less than a request costs
PIXEL_AXES = ("y", "x", "c")  # must lie together, in this order, and last


def write_area_mean(media_type: str, array: NDArray[Any], _: Mapping[str, Any]) -> bytes:
    """The array with rows and columns halved `level` times, in native byte order: a serializer of Tiled's.

    media_type : with the parameters `level` and `rows`, the axis of the rows; that of the columns follows it.
    """
    options = dict(option.split("=") for option in media_type.split(";")[1:])
    level, rows = int(options["level"]), int(options["rows"])
    slices = np.asarray(array).reshape(-1, *array.shape[rows:])
    return np.stack([reduced(pixels, level) for pixels in slices]).tobytes()


def reduced_levels(reader: TiledReader, path: str, layout: Layout, info: VolumeInfo) -> dict[int, VolumeSource]:
    """The levels of a volume that the server makes; none where it cannot, or for slices too large to be read whole.

    Raises
    ------
    UnavailableError
    """
    if is_large(info) or _pixel_axes(layout) is None or AREA_MEAN not in reader.array_formats:
        return {}
    offered = LEVELS[: len(level_shapes(info.shape[1:])) - 1]
    return {level: ReducedVolume(reader, path, layout, info, level) for level in offered}


def _pixel_axes(layout: Layout) -> int | None:
    """Where rows, columns and channels begin among the axes of an answer; None unless they come last."""
    stored = layout.selected_axes
    wanted = [axis for axis in PIXEL_AXES if axis in stored]
    return stored.index("y") if stored[-len(wanted) :] == wanted else None


class ReducedVolume:
    """A VolumeSource of one level of an array; reads whole slices."""

    def __init__(self, reader: TiledReader, path: str, layout: Layout, full: VolumeInfo, level: int) -> None:
        dtype = halve(np.zeros((2, 2), full.dtype)).dtype
        self.info = replace(full, shape=(full.shape[0], *level_shapes(full.shape[1:])[level]), dtype=dtype)
        self._reader, self._path, self._layout = reader, path, layout
        self._full, self._level = full, level

    def read(self, box: Box) -> NDArray[Any]:
        """Read the voxels of `box`. Raises as `TiledVolume.read`."""
        (first, y0, x0), (stop, y1, x1) = box.start, box.stop
        return np.concatenate([self._slice(z) for z in range(first, stop)])[:, y0:y1, x0:x1]

    def _slice(self, z: int) -> NDArray[Any]:
        """(1, Y, X) or (1, Y, X, C)."""
        media_type = f"{AREA_MEAN};level={self._level};rows={_pixel_axes(self._layout)}"
        selection = self._layout.selection_text(whole_slice(z, self._full.shape))
        pixels = self._reader.read(self._path, selection, media_type).view(self.info.dtype)
        here = whole_slice(z, self.info.shape)
        if pixels.size != np.prod(here.shape) * self._layout.channels:
            raise UnavailableError(
                f"Tiled sent another size of {self.info.path} than it has; the data may have changed.",
                "Refresh the dataset list.",
            )
        return self._layout.arrange(pixels, here)
