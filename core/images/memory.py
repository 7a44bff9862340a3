"""A volume held in memory: what scripts use for image files, and tests for arrays of every kind."""

import hashlib
from typing import Any

from numpy.typing import NDArray

from core.images.geometry import Box
from core.images.layout import Layout, describe_layout
from core.images.volumes import VolumeInfo


class ArrayVolume:
    """A VolumeSource over a numpy array of any shape `core.images.layout` understands.

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
    ) -> None:
        self._array = array
        self._layout: Layout = describe_layout(array.shape, array.dtype)
        self.info = VolumeInfo(
            path=path,
            uri="",
            shape=self._layout.shape,
            channels=self._layout.channels,
            dtype=array.dtype.newbyteorder("="),
            version=version or hashlib.blake2b(array.tobytes(), digest_size=8).hexdigest(),
            voxel_size_um=voxel_size_um,
        )

    def read(self, box: Box) -> NDArray[Any]:
        """Copy the voxels of `box` out: (z, y, x) or (z, y, x, c)."""
        block = self._array[self._layout.selection(box)]
        return self._layout.arrange(block, box).astype(self.info.dtype)
