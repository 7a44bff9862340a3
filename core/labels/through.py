"""Labels carried through the stack: between two painted slices by their shapes, and onwards along the image.

Between slices each class's signed distance is blended (Raya & Udupa, IEEE TMI 9 (1990), doi:10.1109/42.52980). Onwards,
labels move with the dense optical flow of the image (DIS: Kroeger et al., ECCV 2016, doi:10.1007/978-3-319-46493-0_29).
Pure functions on whole slices; `callbacks/http/proposing.py` reads them. `following.py` joins both ideas.
"""

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from core.labels.tools.scene import Frame, Grey, Scene

Labels = NDArray[np.uint8]
"""(Y, X) class ids, 0 = unlabelled."""

STRAY_PX = 2.0  # between where a pixel went and where the way back ends
MAX_STRAYED = 0.5  # of the labelled pixels; beyond it the slices have too little in common


def interpolate(first: Labels, last: Labels, count: int) -> Iterator[Labels]:
    """The `count` slices between two painted ones, the one after `first` first.

    A class that only one of the two has is left out: nobody knows where it ends.
    """
    ids = np.intersect1d(first[first > 0], last[last > 0]).tolist()
    ends = [(distance(first == label), distance(last == label)) for label in ids]
    for n in range(1, count + 1):
        yield _blend(ids, ends, n / (count + 1), first.shape)


def propagate(labels: Labels, images: Iterable[Grey]) -> Iterator[Labels]:
    """The labels on each image after the first, whose labels are given; ends early where the images drift apart."""
    frames, flows = (eight_bits(image) for image in images), _Flows()
    before = next(frames)
    for after in frames:
        flow = flows.find(after, before)  # from each pixel of the next slice to where it was
        if strayed(flow, flows.find(before, after), labels) > MAX_STRAYED:
            return
        labels = _warped(labels, flow)
        before = after
        yield labels


def carry(labels: Labels, images: Iterable[Labels]) -> Iterator[Labels]:
    """The labels on each image after the first, whose labels are given, whatever the images have in common.

    Every answer is the given labels moved once: flows add up, so that nothing wears off on the way.

    images : (Y, X) uint8, as `eight_bits` makes them.
    """
    frames, flows = iter(images), _Flows()
    before, whole = next(frames), None
    for after in frames:
        step = flows.find(after, before)
        whole = step if whole is None else step + _remapped(whole, step)
        before = after
        yield _warped(labels, whole)


def strayed(back: NDArray[np.float32], forth: NDArray[np.float32], labels: Labels) -> float:
    """Which part of the labelled pixels does not come home, there and back; 1 where nothing is labelled.

    back, forth : (Y, X, 2) flows in pixels, x first.
    """
    labelled = labels > 0
    if not labelled.any():
        return 1.0
    away = np.linalg.norm(forth + _remapped(back, forth), axis=-1)
    return float((away[labelled] > STRAY_PX).mean())


def neighbours(annotated: Sequence[int], z: int) -> tuple[int, int] | None:
    """The painted slices before and after `z`; None unless there are both.

    >>> neighbours([2, 5, 9], 6), neighbours([2, 5, 9], 9)
    ((5, 9), None)
    """
    before, after = [a for a in annotated if a < z], [a for a in annotated if a > z]
    if z in annotated:
        before = [z]
    return (before[-1], after[0]) if before and after else None


def distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(Y, X) distance to the class's outline in pixels, positive inside."""
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(inside - outside, np.float32)


def _blend(
    ids: list[int], ends: list[tuple[NDArray[np.float32], NDArray[np.float32]]], share: float, shape: tuple[int, ...]
) -> Labels:
    """The class that lies deepest in each pixel, `share` of the way to the last slice."""
    blended, deepest = np.zeros(shape, np.uint8), np.zeros(shape, np.float32)
    for label, (first, last) in zip(ids, ends, strict=True):
        depth = (1 - share) * first + share * last
        deeper = depth > deepest
        blended[deeper], deepest[deeper] = label, depth[deeper]
    return blended


def eight_bits(grey: Grey) -> Labels:
    """(Y, X) uint8 of a slice, from its 1st percentile to its 99th: what flows are found in."""
    scene = Scene(Frame(0, 0, *grey.shape), grey, np.zeros(grey.shape, np.uint8))
    return np.rint(scene.contrast * 255).astype(np.uint8)


class _Flows:
    """Finds flows between images of one size, one at a time: its memory serves for all of them."""

    def __init__(self) -> None:
        self._solver = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # quicker ones lost quality

    def find(self, start: Labels, end: Labels) -> NDArray[np.float32]:
        """(Y, X, 2) from each pixel of one image to where it is on the other: x, y."""
        still = np.zeros((*start.shape, 2), np.float32)  # without a first guess what is left in its memory would count
        return np.asarray(self._solver.calc(start, end, still), np.float32)


def _warped(labels: Labels, flow: NDArray[np.float32]) -> Labels:
    moved = cv2.remap(labels, *_places(flow), cv2.INTER_NEAREST, borderValue=0)
    return np.asarray(moved, np.uint8)


def _remapped(flow: NDArray[np.float32], by: NDArray[np.float32]) -> NDArray[np.float32]:
    """The flow at the places that another one leads to."""
    found = cv2.remap(flow, *_places(by), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32)


def _places(flow: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """x and y of where a flow leads from each pixel."""
    height, width = flow.shape[:2]
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    return flow[..., 0] + x, flow[..., 1] + y[:, None]
