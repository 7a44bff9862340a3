"""GrabCut: the object inside a region, told from what surrounds it by colours and edges.

Rother, Kolmogorov & Blake, SIGGRAPH 2004, doi:10.1145/1015706.1015720, as OpenCV has it. At most 288 pixels a side are
solved; above, the outline is carried to full size along the image's edges (`grow.sharpened`).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.labels.tools.grow import sharpened, shrunk
from core.labels.tools.regions import answer_of, bounds_of, region_of
from core.labels.tools.scene import Answer, Ask, Frame, Mask, Scene

CUT_PX = 288  # a side, 0.3 s
ROUNDS = 2
SURROUND = 0.15  # of the region's size: how much around it teaches what background looks like
INSIDE, OUTSIDE = 2, 1  # labels while edges are sharpened; 0 means nothing there


def grabcut(scene: Scene, ask: Ask) -> Answer:
    """The object in the region drawn around it.

    Labels that stand there help: the asked class belongs to the object, other classes do not.
    """
    region = region_of(ask, scene)
    trimap = np.where(region, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    trimap[region & (scene.labels == ask.label)] = cv2.GC_FGD
    trimap[(scene.labels > 0) & (scene.labels != ask.label)] = cv2.GC_BGD
    found = _cut(scene.contrast, trimap) & region
    return answer_of(found, ask.label, scene, "" if found.any() else "Nothing in the region differs from around it.")


def frame(ask: Ask) -> Frame:
    """The region and what surrounds it. Raises InvalidInputError without a region."""
    if not len(ask.spans):
        raise InvalidInputError("No region is drawn.", "Draw a box around the object.")
    bounds = bounds_of(ask.spans)
    return bounds.grown(max(4, round(SURROUND * max(bounds.shape))), ask.plane)


def _cut(contrast: NDArray[np.float32], trimap: NDArray[np.uint8]) -> Mask:
    step = -(-max(trimap.shape) // CUT_PX)
    image = contrast if step == 1 else shrunk(contrast, step)
    small = cv2.resize(trimap, image.shape[::-1], interpolation=cv2.INTER_NEAREST)
    inside = _solve(np.rint(image * 255).astype(np.uint8), np.asarray(small, np.uint8))
    if step == 1:
        return inside
    labels = cv2.resize(
        np.where(inside, INSIDE, OUTSIDE).astype(np.uint8), trimap.shape[::-1], interpolation=cv2.INTER_NEAREST
    )
    whole = np.ones(trimap.shape, bool)
    found: Mask = sharpened(np.asarray(labels, np.uint8), contrast, whole, band=2 * step) == INSIDE
    return found


def _solve(grey: NDArray[np.uint8], trimap: NDArray[np.uint8]) -> Mask:
    """(h, w) where the object is. OpenCV wants a pixel of each side."""
    if not _has_both(trimap):
        return np.zeros(trimap.shape, bool)
    cv2.setRNGSeed(0)  # its clusters start at random; the same box gives the same object
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), trimap, (0, 0, 1, 1), *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD))


def _has_both(trimap: NDArray[np.uint8]) -> bool:
    inside = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD))
    return bool(inside.any() and not inside.all())
