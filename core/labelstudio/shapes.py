"""What a region of an annotation covers: brush, polygon, rectangle, ellipse and key point as pixels.

Coordinates are per cent of the picture, x of its width and y of its height. A rectangle turns clockwise about its upper
left corner, an ellipse about its middle; both turn in pixels, so a picture that is not square distorts nothing.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError
from core.labels.exchange.polygons import Ring, fill
from core.labelstudio import brush

Mask = NDArray[np.bool_]
Shape = tuple[int, int]
Value = Mapping[str, Any]
LABELS = "labels"
LEAST_RADIUS_PX = 0.71  # of a key point: the pixel under it, wherever in it the point lies
ELLIPSE_CORNERS = 180  # a polygon of them differs from an ellipse of 1000 pixels by less than a third of a pixel
KINDS = ("brush", "polygon", "rectangle", "ellipse", "keypoint")


def kind_of(region: Mapping[str, Any]) -> str:
    """The shape of a region, whether its label comes with it ("brushlabels") or beside it ("brush").

    >>> kind_of({"type": "rectanglelabels"}), kind_of({"type": "brush"})
    ('rectangle', 'brush')
    """
    return str(region.get("type", "")).removesuffix(LABELS)


def mask_of(region: Mapping[str, Any], shape: Shape) -> Mask:
    """The pixels of a region.

    Parameters
    ----------
    region : of the `result` of an annotation or a prediction.
    shape : (Y, X) of the picture it lies on.

    Returns
    -------
    (Y, X) bool. Pixels whose centres lie inside; parts outside the picture are dropped.

    Raises
    ------
    LabelFileError
        If it is of another kind, on a picture of another size, turned with its picture, or damaged.
    """
    drawn = _DRAWN.get(kind_of(region))
    if drawn is None:
        raise LabelFileError(f"A region is a {str(region.get('type'))[:40]!r}.", f"Use {', '.join(KINDS)}.")
    _check_picture(region, shape)
    try:
        return drawn(region["value"], shape)
    except (KeyError, TypeError, ValueError) as error:
        raise LabelFileError(f"A {kind_of(region)} is damaged: {error!r}.", "Draw it again.") from error


def _check_picture(region: Mapping[str, Any], shape: Shape) -> None:
    size = (region.get("original_height", shape[0]), region.get("original_width", shape[1]))
    if size != shape:
        raise LabelFileError(f"A region is for a picture of {size[1]} x {size[0]}, this is {shape[1]} x {shape[0]}.")
    if region.get("image_rotation", 0) not in (0, None):
        raise LabelFileError("A region was drawn on a picture that was turned.", "Turn it back, and draw it again.")


def _brush(value: Value, shape: Shape) -> Mask:
    return brush.decode(value["rle"], shape)


def _polygon(value: Value, shape: Shape) -> Mask:
    """Of one ring, or of several: what lies in a hole does not belong to it."""
    points = value["points"]
    rings = points if _is_nested(points) else [points]
    return fill([_pixels(ring, shape) for ring in rings], shape)


def _is_nested(points: Sequence[Any]) -> bool:
    return bool(points) and isinstance(points[0][0], Sequence)


def _rectangle(value: Value, shape: Shape) -> Mask:
    x, y, width, height = _pixels_of(value, ("x", "y", "width", "height"), shape)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    return fill([_turned(corners, value) + (x, y)], shape)


def _ellipse(value: Value, shape: Shape) -> Mask:
    x, y, across, down = _pixels_of(value, ("x", "y", "radiusX", "radiusY"), shape)
    angles = np.linspace(0, 2 * np.pi, ELLIPSE_CORNERS, endpoint=False)
    ring = np.stack([across * np.cos(angles), down * np.sin(angles)], axis=1)
    return fill([_turned(ring, value) + (x, y)], shape)


def _keypoint(value: Value, shape: Shape) -> Mask:
    """A disc; `width` is its diameter in per cent of the picture's width."""
    x, y = _pixels_of(value, ("x", "y"), shape)
    radius = max(LEAST_RADIUS_PX, float(value.get("width", 0)) / 200 * shape[1])
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    found: Mask = (rows + 0.5 - y) ** 2 + (columns + 0.5 - x) ** 2 <= radius**2
    return found


def _pixels_of(value: Value, names: Sequence[str], shape: Shape) -> list[float]:
    """Numbers in pixels: of the names, every second one is across."""
    found = [float(value[name]) * shape[1 - place % 2] / 100 for place, name in enumerate(names)]
    if not all(map(math.isfinite, found)):
        raise ValueError("a coordinate is no number")
    return found


def _pixels(ring: Sequence[Any], shape: Shape) -> Ring:
    """(N, 2) corners (x, y) in pixels; what is meant as a whole number is one."""
    corners = np.asarray(ring, float).reshape(-1, 2) * (shape[1] / 100, shape[0] / 100)
    if not np.isfinite(corners).all():
        raise ValueError("a corner is no number")
    whole = np.rint(corners)
    return np.where(np.abs(corners - whole) < 1e-6, whole, corners)


def _turned(corners: NDArray[np.float64], value: Value) -> Ring:
    """Clockwise on the screen about the origin."""
    angle = math.radians(float(value.get("rotation") or 0))
    cos, sin = math.cos(angle), math.sin(angle)
    turned: Ring = corners @ np.array([[cos, sin], [-sin, cos]])
    return turned


_DRAWN: dict[str, Callable[[Value, Shape], Mask]] = {
    "brush": _brush,
    "polygon": _polygon,
    "rectangle": _rectangle,
    "ellipse": _ellipse,
    "keypoint": _keypoint,
}
