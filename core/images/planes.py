"""The three planes of a stack: XY as it is stored, XZ and YZ cut across it.

A plane is named by the axis it stands on: "z" is XY, "y" is XZ (rows z, columns x), "x" is YZ (rows y, columns z), so
that XZ lies below XY and YZ to its right with shared axes. `PlaneVolume` turns a volume such that the planes of an
axis become its slices; levels, tiles and caches then need not know of planes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from core.errors import NotFoundError
from core.images.geometry import Box
from core.images.volumes import VolumeInfo, VolumeSource

PlaneAxis = Literal["z", "y", "x"]
T = TypeVar("T")

_SOURCE_AXES: dict[PlaneAxis, tuple[int, int, int]] = {"z": (0, 1, 2), "y": (1, 0, 2), "x": (2, 1, 0)}
"""Which source axis is the depth, the rows and the columns. Each is its own inverse."""


def plane_axis(name: str) -> PlaneAxis:
    """`name` if it is an axis. Raises NotFoundError.

    >>> plane_axis("y")
    'y'
    """
    for axis in plane_axes():
        if name == axis:
            return axis
    raise NotFoundError(f"{name!r} is no axis of a stack.", "Ask for z, y or x.")


def plane_axes() -> tuple[PlaneAxis, ...]:
    """The axes that planes can stand on."""
    axes: tuple[PlaneAxis, ...] = get_args(PlaneAxis)
    return axes


def turned(values: tuple[T, T, T], axis: PlaneAxis) -> tuple[T, T, T]:
    """(z, y, x) values as (depth, rows, columns) of the planes of `axis`, and back.

    >>> turned((30, 20, 10), "y"), turned((30, 20, 10), "x")
    ((20, 30, 10), (10, 20, 30))
    """
    first, second, third = _SOURCE_AXES[axis]
    return (values[first], values[second], values[third])


def turned_box(box: Box, axis: PlaneAxis) -> Box:
    """A box of a turned volume in the coordinates of the volume, and back."""
    return Box(start=turned(box.start, axis), stop=turned(box.stop, axis))


def turned_pixels(pixels: NDArray[Any], axis: PlaneAxis) -> NDArray[Any]:
    """(z, y, x[, c]) as (depth, rows, columns[, c]), and back. A view."""
    return np.moveaxis(pixels, _SOURCE_AXES[axis], (0, 1, 2))


def turned_info(info: VolumeInfo, axis: PlaneAxis) -> VolumeInfo:
    """The facts of the turned volume."""
    size = info.voxel_size_um
    return replace(info, shape=turned(info.shape, axis), voxel_size_um=None if size is None else turned(size, axis))


class PlaneVolume:
    """A VolumeSource whose slices are the planes of `axis` of another."""

    def __init__(self, source: VolumeSource, axis: PlaneAxis) -> None:
        self.info = turned_info(source.info, axis)
        self._source, self._axis = source, axis

    def read(self, box: Box) -> NDArray[Any]:
        return np.ascontiguousarray(turned_pixels(self._source.read(turned_box(box, self._axis)), self._axis))


def placed(
    found: NDArray[np.uint8], slices: Sequence[int], there: Iterable[int], axis: PlaneAxis, *, shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """XZ or YZ planes of a part of a stack, put where they belong in planes of the whole stack.

    Parameters
    ----------
    found : (n, slices, X) for "y", (n, Y, slices) for "x".
    slices : z of each row or column. there : those that count; the others are left out.
    shape : rows and columns of a whole plane.

    Returns
    -------
    (n, *shape), a copy; 0 on all other slices.

    >>> placed(np.array([[[7, 8], [9, 9]]], np.uint8), [1, 3], {1}, "y", shape=(4, 2)).tolist()
    [[[0, 0], [7, 8], [0, 0], [0, 0]]]
    """
    known = set(there)
    places = [place for place, z in enumerate(slices) if z in known]
    along = 1 if axis == "y" else 2
    planes = np.zeros((len(found), *shape), np.uint8)
    planes[(slice(None),) * along + ([slices[place] for place in places],)] = np.take(found, places, axis=along)
    return planes
