"""Slices that Tiled reduces before it sends them: a window shows a slice of 2560 x 2560 at a quarter of its size.

Both ends of one media type: `application/x-area-mean;level=2;rows=1` asks for an array whose axes 1 and 2, rows and
columns, are halved twice. `utils/served/tiled_folder.yml` gives `write_area_mean` to our Tiled server; any other
server may be configured likewise. `ReducedVolume` is what the app reads there.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.images.geometry import Box, level_shapes
from core.images.layout import Layout
from core.images.overview import is_large, reduced
from core.images.pyramid import halve
from core.images.volumes import VolumeInfo, VolumeSource
from utils.images.tiled_reader import TiledReader, typed

AREA_MEAN = "application/x-area-mean"
COARSEST = 2  # a level beyond would spare less than a request costs
PIXEL_AXES = ("y", "x", "c")  # must lie together, in this order, and last


def write_area_mean(media_type: str, array: NDArray[Any], _: Mapping[str, Any]) -> bytes:
    """The array with rows and columns halved `level` times, in native byte order: a serializer of Tiled's.

    media_type : with the parameters `level` and `rows`, the axis of the rows; that of the columns follows it.
    """
    options = dict(option.split("=") for option in media_type.split(";")[1:])
    level, rows = int(options["level"]), int(options["rows"])
    slices = np.asarray(array, array.dtype.newbyteorder("=")).reshape(-1, *array.shape[rows:])
    return b"".join(reduced(pixels, level).tobytes() for pixels in slices)


def reduced_levels(reader: TiledReader, path: str, layout: Layout, info: VolumeInfo) -> dict[int, VolumeSource]:
    """The levels of a volume that the server makes; none where it cannot, or for slices too large to be read whole.

    Raises
    ------
    UnavailableError
    """
    rows = _rows_axis(layout)
    if is_large(info) or rows is None or AREA_MEAN not in reader.array_formats:
        return {}
    levels = range(1, min(COARSEST, len(level_shapes(info.shape[1:])) - 1) + 1)
    media_types = {level: f"{AREA_MEAN};level={level};rows={rows}" for level in levels}
    return {level: ReducedVolume(reader, path, layout, info, level, asked) for level, asked in media_types.items()}


def _rows_axis(layout: Layout) -> int | None:
    """Which axis of an answer the rows are; None unless columns, and channels, follow it and nothing else does."""
    stored = layout.selected_axes
    wanted = [axis for axis in PIXEL_AXES if axis in stored]
    return stored.index("y") if stored[-len(wanted) :] == wanted else None


class ReducedVolume:
    """A VolumeSource of one level of an array; reads whole slices. media_type : what Tiled is asked for."""

    def __init__(
        self, reader: TiledReader, path: str, layout: Layout, full: VolumeInfo, level: int, media_type: str
    ) -> None:
        dtype = halve(np.zeros((2, 2), full.dtype)).dtype
        self.info = replace(full, shape=(full.shape[0], *level_shapes(full.shape[1:])[level]), dtype=dtype)
        self._reader, self._path, self._layout, self._media_type = reader, path, layout, media_type
        self._full_yx = full.shape[1:]

    def read(self, box: Box) -> NDArray[Any]:
        """Read the voxels of `box`. Raises as `TiledVolume.read`."""
        (first, y0, x0), (stop, y1, x1) = box.start, box.stop
        asked, answered = (Box((first, 0, 0), (stop, *yx)) for yx in (self._full_yx, self.info.shape[1:]))
        data = self._reader.read(self._path, self._layout.selection_text(asked), self._media_type)
        count = int(np.prod(answered.shape)) * self._layout.channels
        pixels = typed(data, self.info.dtype, count, self.info.path)
        return self._layout.arrange(pixels, answered)[:, y0:y1, x0:x1]
