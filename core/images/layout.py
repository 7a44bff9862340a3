"""What an array is: which axes are z, y, x and channels, which are more than a volume has, or why it cannot be shown.

Nothing is read here; the decision needs only shape, dtype and what is known of the axes' names. A volume has three axes
and channels; any further axis stays at one position, which is part of the volume's path (`core/images/positions.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import NotFoundError, UnsupportedImageError
from core.images.geometry import Box

ONE = "1"  # the role of an axis that is left out
VOLUME_AXES = ("z", "y", "x", "c")
COLOUR_CHANNELS = (3, 4)
MAX_CHANNELS = 8  # shown together; more of them are gone through one by one
LEAST_COLOUR_SIDE = 5  # (4, 4, 3) is as likely a tiny stack as a tiny colour image
DEFAULT_NAMES = {2: ("t", "z"), 3: ("t", "c", "z")}  # of the axes before y and x that are longer than 1
SAMPLES = "s"  # what TIFF calls the colours of a pixel


@dataclass(frozen=True)
class ExtraAxis:
    """An axis a volume does not have. `position` is where the volume lies on it."""

    name: str
    size: int
    position: int


@dataclass(frozen=True)
class Layout:
    """How a source array is read as a volume.

    axes : the role of each axis of the source array, in its order: "z", "y", "x", "c", an extra axis' name, or "1" for
        a singleton that is left out.
    shape : (Z, Y, X). channels : 1 grey, 3 or 4 colour, else as many as there are. is_colour : they are RGB or RGBA.
    """

    axes: tuple[str, ...]
    shape: tuple[int, int, int]
    channels: int
    is_colour: bool = False
    extra: tuple[ExtraAxis, ...] = ()

    @property
    def selected_axes(self) -> list[str]:
        """The roles of the axes that a selection keeps, in the order of the source array."""
        fixed = {ONE, *(axis.name for axis in self.extra)}
        return [axis for axis in self.axes if axis not in fixed]

    def selection(self, box: Box) -> tuple[int | slice, ...]:
        """Index expression for the source array that selects `box` with all its channels."""
        parts: dict[str, int | slice] = dict(zip("zyx", box.slices, strict=True))
        parts |= {"c": slice(0, self.channels), ONE: 0}
        parts |= {axis.name: axis.position for axis in self.extra}
        return tuple(parts[axis] for axis in self.axes)

    def selection_text(self, box: Box) -> str:
        """`selection` as Tiled has it in a URL, e.g. "3:4,0:10,0:10"."""
        return ",".join(_written(part) for part in self.selection(box))

    def arrange(self, block: NDArray[Any], box: Box) -> NDArray[Any]:
        """The selected `block`, of any shape, as (z, y, x) or (z, y, x, c)."""
        sizes = dict(zip("zyx", box.shape, strict=True)) | {"c": self.channels}
        stored = self.selected_axes
        wanted = [axis for axis in VOLUME_AXES if axis in stored]
        turned = block.reshape([sizes[axis] for axis in stored]).transpose([stored.index(axis) for axis in wanted])
        return turned.reshape(box.shape if self.channels == 1 else (*box.shape, self.channels))


def _written(part: int | slice) -> str:
    return str(part) if isinstance(part, int) else f"{part.start}:{part.stop}"


def describe_layout(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    names: Sequence[str] | None = None,
    positions: Mapping[str, int] | None = None,
) -> Layout:
    """Decide how an array of `shape` and `dtype` is shown.

    Without names, (Y, X) is one slice; (Z, Y, X) a stack; (Y, X, 3 or 4) of 8 or 16-bit unsigned integers one colour
    slice; (Z, Y, X, 3 or 4) a colour stack; (T, Z, Y, X) a time series; (T, C, Z, Y, X) one of up to eight channels.
    Further axes of length one are left out.

    Parameters
    ----------
    names : of the axes, e.g. "t", "c", "z", "y", "x"; ignored unless there is one for each and y and x are among them.
    positions : on the extra axes; 0 where none is given.

    Raises
    ------
    UnsupportedImageError
        If the array is none of these, is empty, or does not hold real numbers.
    NotFoundError
        If a position lies outside, or names an axis that is not there.

    >>> describe_layout((30, 512, 512), np.dtype("u1")).shape
    (30, 512, 512)
    >>> describe_layout((512, 512, 3), np.dtype("u1"))
    Layout(axes=('y', 'x', 'c'), shape=(1, 512, 512), channels=3, is_colour=True, extra=())
    >>> describe_layout((9, 30, 512, 512), np.dtype("u1"), positions={"t": 4}).extra
    (ExtraAxis(name='t', size=9, position=4),)
    """
    _check_dtype(dtype)
    _check_size(shape)
    colour = _has_colour(shape, dtype)
    axes = _named_roles(shape, names) or _usual_roles(shape, colour=colour)
    sizes = dict(zip(axes, shape, strict=True))
    return Layout(
        axes=axes,
        shape=(sizes.get("z", 1), sizes["y"], sizes["x"]),
        channels=sizes.get("c", 1) if _is_interleaved(sizes) else 1,
        is_colour=colour and axes[-1] == "c",
        extra=_extra_axes(sizes, positions or {}),
    )


def chosen_axes(axes: str, shape: tuple[int, ...]) -> list[str]:
    """The letters that a path gives the axes of an array.

    Raises
    ------
    NotFoundError
        If they do not suit the array: metadata that make no sense are passed over, a person is told.
    """
    if _named_roles(shape, axes) is None:
        raise NotFoundError(
            f"The axes {axes!r} do not suit an array of shape {shape}.",
            "Give each axis a letter of its own, y and x among them, or choose the dataset from the list again.",
        )
    return list(axes)


def unnamed_channels(layout: Layout) -> tuple[str, ...]:
    """Room for a name for each channel that is not a colour."""
    return ("",) * layout.channels if layout.channels > 1 and not layout.is_colour else ()


def _is_interleaved(sizes: Mapping[str, int]) -> bool:
    return sizes.get("c", 1) <= MAX_CHANNELS


def _extra_axes(sizes: Mapping[str, int], positions: Mapping[str, int]) -> tuple[ExtraAxis, ...]:
    known = {"z", "y", "x", ONE} | ({"c"} if _is_interleaved(sizes) else set())
    extra = tuple(ExtraAxis(name, size, positions.get(name, 0)) for name, size in sizes.items() if name not in known)
    for name, position in positions.items():
        axis = next((axis for axis in extra if axis.name == name), None)
        if axis is None:
            raise NotFoundError(f"The image has no further axis {name!r}.", "Choose the dataset from the list again.")
        if position >= axis.size:
            raise NotFoundError(f"Position {position} of axis {name} does not exist; it has 0 to {axis.size - 1}.")
    return extra


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


def _has_colour(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    if len(shape) < 3 or shape[-1] not in COLOUR_CHANNELS:
        return False
    if len(shape) > 3:
        return True
    return dtype.kind == "u" and dtype.itemsize <= 2 and min(shape[:2]) >= LEAST_COLOUR_SIDE


def _named_roles(shape: tuple[int, ...], names: Sequence[str] | None) -> tuple[str, ...] | None:
    """The roles that the names of the axes say; None when they do not say enough."""
    roles = ["c" if name == SAMPLES else name for name in names or ()]
    if len(roles) != len(shape) or len(set(roles)) != len(roles) or not {"y", "x"} <= set(roles):
        return None
    roles = [ONE if size == 1 and name not in ("y", "x") else name for name, size in zip(roles, shape, strict=True)]
    return _with_depth(roles)


def _with_depth(roles: list[str]) -> tuple[str, ...]:
    """Without a z, the last further axis is what one scrolls through."""
    others = [place for place, role in enumerate(roles) if role not in ("y", "x", "c", ONE)]
    if "z" not in roles and others:
        roles[others[-1]] = "z"
    return tuple(roles)


def _usual_roles(shape: tuple[int, ...], *, colour: bool) -> tuple[str, ...]:
    last: tuple[str, ...] = ("c",) if colour else ()
    if len(shape) > 2 and shape[-1] == 1:
        last = (ONE,)
    leading = shape[: len(shape) - len(last) - 2]
    return (*_leading_roles(leading, shape), "y", "x", *last)


def _leading_roles(leading: tuple[int, ...], shape: tuple[int, ...]) -> list[str]:
    """Roles of the axes before y and x."""
    long = [place for place, size in enumerate(leading) if size > 1]
    roles = [ONE] * len(leading)
    if len(long) < 2:
        return _with_one_depth(roles, long)
    names = DEFAULT_NAMES.get(len(long))
    if names is None or (len(long) == 3 and shape[-1] in COLOUR_CHANNELS and len(shape) - len(leading) == 3):
        raise UnsupportedImageError(
            f"An array of shape {shape} has {len(long) + 2} axes longer than 1; nobody can tell which is which.",
            "Name its axes in the metadata, for example axes = 'tczyx'.",
        )
    for place, name in zip(long, names, strict=True):
        roles[place] = name
    return roles


def _with_one_depth(roles: list[str], long: list[int]) -> list[str]:
    if roles:
        roles[long[0] if long else -1] = "z"
    return roles
