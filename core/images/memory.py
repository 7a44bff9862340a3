"""A volume held in memory: what scripts use for image files, and tests for arrays of every kind."""

import hashlib
from typing import Any

from numpy.typing import NDArray

from core.images.geometry import Box
from core.images.layout import Layout, chosen_axes, describe_layout, unnamed_channels
from core.images.positions import read_positions
from core.images.volumes import VolumeInfo


class ArrayVolume:
    """A VolumeSource over a numpy array of any shape `core.images.layout` understands.

    path : may end in a position and an order of axes, e.g. "movie@axes=tzyx,t=3".
    axes : names of the axes, as `describe_layout` takes them.
    version : a hash of all values unless given.

    Raises
    ------
    UnsupportedImageError
        If the array cannot be shown.
    """

    def __init__(
        self,
        array: NDArray[Any],
        path: str = "array",
        *,
        version: str = "",
        voxel_size_um: tuple[float, float, float] | None = None,
        axes: str = "",
    ) -> None:
        self._array = array
        chosen = read_positions(path)
        names = chosen_axes(chosen.axes, array.shape) if chosen.axes else axes
        self._layout: Layout = describe_layout(array.shape, array.dtype, names, chosen.positions)
        self.info = VolumeInfo(
            path=path,
            uri="",
            shape=self._layout.shape,
            channels=self._layout.channels,
            dtype=array.dtype.newbyteorder("="),
            version=version or hashlib.blake2b(array.tobytes(), digest_size=8).hexdigest(),
            voxel_size_um=voxel_size_um,
            is_colour=self._layout.is_colour,
            extra_axes=self._layout.extra,
            channel_names=unnamed_channels(self._layout),
            axes=self._layout.axes,
        )

    def read(self, box: Box) -> NDArray[Any]:
        """Copy the voxels of `box` out: (z, y, x) or (z, y, x, c)."""
        block = self._array[self._layout.selection(box)]
        return self._layout.arrange(block, box).astype(self.info.dtype)
