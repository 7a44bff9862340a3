"""Areas around a point: fill and magic wand.

Pixels are compared with the one under the pointer in their own type, then the connected area is taken by OpenCV's
scanline flood fill (https://docs.opencv.org, floodFill with a fixed range).
"""

import math

import cv2
import numpy as np

from core.errors import InvalidInputError
from core.labels.tools.regions import answer_of
from core.labels.tools.scene import Answer, Ask, Grey, Mask, Scene

NEARBY = 4  # pixels share an edge
EDGE_NOTE = "The area reaches the edge of the view. Zoom out to take all of it."


def fill(scene: Scene, ask: Ask) -> Answer:
    """The connected area of the label under the point; where a tolerance is given, of about its grey too.

    Options: tolerance, in true grey values, or null.
    """
    row, column = _seed(scene, ask)
    alike = scene.labels == scene.labels[row, column]
    if ask.options.get("tolerance") is not None:
        alike &= about_equal(scene.grey, (row, column), _tolerance(ask))
    return _answer(connected(alike, (row, column)), scene, ask)


def wand(scene: Scene, ask: Ask) -> Answer:
    """The connected area whose grey differs from that under the point by at most the tolerance, in true values."""
    seed = _seed(scene, ask)
    return _answer(connected(about_equal(scene.grey, seed, _tolerance(ask)), seed), scene, ask)


def about_equal(grey: Grey, seed: tuple[int, int], tolerance: float) -> Mask:
    """(h, w) where the grey is within `tolerance` of the seed's. NaN is like NaN and nothing else."""
    value = grey[seed]
    if value != value:
        return np.isnan(grey)
    if grey.dtype.kind in "iu":
        return _within(grey, int(value), tolerance)
    real: Grey = grey.astype(np.float32 if grey.dtype.itemsize <= 4 else np.float64)
    with np.errstate(invalid="ignore"):  # Inf - Inf
        alike: Mask = np.abs(real - real[seed]) <= tolerance
    return alike


def _within(grey: Grey, value: int, tolerance: float) -> Mask:
    """Compared in their own type, which takes a third of the time of floats."""
    limits, reach = np.iinfo(grey.dtype), math.floor(min(tolerance, 2.0**64))
    lowest, highest = max(limits.min, value - reach), min(limits.max, value + reach)
    within: Mask = (grey >= grey.dtype.type(lowest)) & (grey <= grey.dtype.type(highest))
    return within


def connected(alike: Mask, seed: tuple[int, int]) -> Mask:
    """(h, w) the part of `alike` that can be reached from `seed` over edges; at least the seed's own pixel."""
    reached = np.zeros((alike.shape[0] + 2, alike.shape[1] + 2), np.uint8)
    how = NEARBY | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (255 << 8)
    cv2.floodFill(alike.astype(np.uint8), reached, (seed[1], seed[0]), 0, 0, 0, how)
    found: Mask = reached[1:-1, 1:-1] == 255  # the frame OpenCV draws around its mask is 1
    return found


def touches_view(mask: Mask, scene: Scene, ask: Ask) -> bool:
    """Whether a mask reaches an edge of the scene beyond which the plane goes on."""
    frame, plane = scene.frame, ask.plane
    sides = (
        (frame.y0 > plane.y0, mask[0]), (frame.y1 < plane.y1, mask[-1]),
        (frame.x0 > plane.x0, mask[:, 0]), (frame.x1 < plane.x1, mask[:, -1]),
    )  # fmt: skip
    return any(open_side and bool(line.any()) for open_side, line in sides)


def _answer(mask: Mask, scene: Scene, ask: Ask) -> Answer:
    return answer_of(mask, ask.label, scene, EDGE_NOTE if touches_view(mask, scene, ask) else "")


def _seed(scene: Scene, ask: Ask) -> tuple[int, int]:
    if not len(ask.points):
        raise InvalidInputError("The tool was given no point.", "Click into the image.")
    return scene.pixel(ask.points[0])


def _tolerance(ask: Ask) -> float:
    return ask.number("tolerance", 0.0, lo=0, hi=float(np.finfo(np.float64).max))
