"""What an array is: which of its axes are z, y, x and colour, or why it cannot be shown.

Nothing is read here; the decision needs only shape and dtype. `utils/tiled_volumes.py` asks it for every array it
meets.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import UnsupportedImageError
from core.images.geometry import Box

Axis = Literal["z", "y", "x", "c", "1"]
"""An axis of the source array; "1" is a singleton that is left out."""

COLOUR_CHANNELS = (3, 4)
LEAST_COLOUR_SIDE = 5  # (4, 4, 3) is as likely a tiny stack as a tiny colour image
SPATIAL: tuple[Axis, ...] = ("z", "y", "x")


@dataclass(frozen=True)
class Layout:
    """How a source array is read as a volume.

    axes : the role of each axis of the source array, in its order.
    shape : (Z, Y, X). channels : 1, 3 or 4.
    """

    axes: tuple[Axis, ...]
    shape: tuple[int, int, int]
    channels: int

    def selection(self, box: Box) -> tuple[int | slice, ...]:
        """Index expression for the source array that selects `box` with all its channels."""
        parts: dict[Axis, int | slice] = dict(zip(SPATIAL, box.slices, strict=True))
        parts |= {"c": slice(0, self.channels), "1": 0}
        return tuple(parts[axis] for axis in self.axes)

    def arrange(self, block: NDArray[Any], box: Box) -> NDArray[Any]:
        """The selected `block` as (z, y, x) or (z, y, x, c). A view."""
        return block.reshape(box.shape if self.channels == 1 else (*box.shape, self.channels))


def describe_layout(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Layout:
    """Decide how an array of `shape` and `dtype` is shown.

    (Y, X) is one slice; (Z, Y, X) a stack; (Y, X, 3 or 4) of 8 or 16-bit unsigned integers one colour slice;
    (Z, Y, X, 3 or 4) a colour stack. Other axes of length one are left out.

    Raises
    ------
    UnsupportedImageError
        If the array is none of these, is empty, or does not hold real numbers.

    >>> describe_layout((30, 512, 512), np.dtype("u1")).shape
    (30, 512, 512)
    >>> describe_layout((512, 512, 3), np.dtype("u1"))
    Layout(axes=('y', 'x', 'c'), shape=(1, 512, 512), channels=3)
    """
    _check_dtype(dtype)
    _check_size(shape)
    axes = _roles(shape, dtype)
    sizes = dict(zip(axes, shape, strict=True))
    spatial = (sizes.get("z", 1), sizes["y"], sizes["x"])
    return Layout(axes=axes, shape=spatial, channels=sizes.get("c", 1))


def _check_dtype(dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "buif" or dtype.itemsize > 8:
        raise UnsupportedImageError(
            f"Values of type {dtype} cannot be shown as an image.",
            "Store real numbers: bool, integers up to 64 bits, or float16, float32 or float64.",
        )


def _check_size(shape: tuple[int, ...]) -> None:
    if len(shape) < 2:
        raise UnsupportedImageError(
            f"An array of shape {shape} is not an image: it has fewer than two axes.",
            "Serve arrays with at least (Y, X).",
        )
    if 0 in shape:
        raise UnsupportedImageError(f"The array of shape {shape} is empty.", "Write at least one pixel, then refresh.")


def _roles(shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[Axis, ...]:
    colour: tuple[Axis, ...] = ("c",) if _has_colour(shape, dtype) else ()
    if len(shape) > 2 and shape[-1] == 1:
        colour = ("1",)
    rest = shape[: len(shape) - len(colour)]
    return (*_spatial_roles(rest, shape), *colour)


def _has_colour(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    if len(shape) < 3 or shape[-1] not in COLOUR_CHANNELS:
        return False
    if len(shape) > 3:
        return len([size for size in shape[:-1] if size > 1]) <= 3
    return dtype.kind == "u" and dtype.itemsize <= 2 and min(shape[:2]) >= LEAST_COLOUR_SIDE


def _spatial_roles(rest: tuple[int, ...], shape: tuple[int, ...]) -> tuple[Axis, ...]:
    """Roles of the axes before the colour axis: the last two are y and x, z is the one other that is longer than 1."""
    leading = rest[:-2]
    long = [place for place, size in enumerate(leading) if size > 1]
    if len(long) > 1:
        raise UnsupportedImageError(
            f"An array of shape {shape} has {len(long) + 2} axes longer than 1; an image stack has three.",
            "Serve one (Z, Y, X) array per time point or channel.",
        )
    z = long[0] if long else len(leading) - 1
    roles: list[Axis] = ["z" if place == z else "1" for place in range(len(leading))]
    return (*roles, "y", "x")
