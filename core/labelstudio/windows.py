"""A large picture in overlapping windows, as LSL cuts it, and the predictions of the windows as one without seams.

Source of the windows and of the merge of objects: sony/SIoT-LSLtool (docs/label-studio.md says where ours differs). It
joins masks of classes by a union; here they are blended, so that no window's border shows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.learning.segmenter import Around, Prediction, Segmenter

SIZE_PX = (1024, 1024)  # width, height
OVERLAP_PX = 150
LEAST_SCORE = 0.3
LEAST_AREA_PX = 100  # of an object
FIRST_IOU, LAST_IOU = 0.8, 0.5  # of objects that are one
INSIDE = 0.8  # share of an object that lies in another one when it is but its cut piece
SCORE_SLACK = 0.2  # by which the whole object may be less certain than the piece
MORE_WHOLE = 0.1
Mask = NDArray[np.bool_]
Window = tuple[slice, slice]
"""(rows, columns)"""
Predict = Callable[[Window], Prediction]
Merge = Literal["semantic", "instances"]


@dataclass(frozen=True)
class Windows:
    """How a picture is cut. size : (width, height) px. overlap : px, of neighbours."""

    size: tuple[int, int] = SIZE_PX
    overlap: int = OVERLAP_PX
    merge: Merge = "semantic"

    def __post_init__(self) -> None:
        if min(self.size) <= 0 or not 0 <= self.overlap < min(self.size):
            raise InvalidInputError(
                f"Windows of {self.size[0]} x {self.size[1]} cannot overlap by {self.overlap} pixels.",
                "The overlap is at least 0 and less than the smaller side.",
            )

    def cut(self, shape: tuple[int, int]) -> list[Window]:
        """(rows, columns) of each window in a picture of (Y, X) pixels, row by row.

        >>> [(r.start, c.start) for r, c in Windows().cut((2160, 2560))][:4]
        [(0, 0), (0, 874), (0, 1536), (874, 0)]
        """
        width, height = self.size
        return [
            (slice(y, min(y + height, shape[0])), slice(x, min(x + width, shape[1])))
            for y in starts(shape[0], height, self.overlap)
            for x in starts(shape[1], width, self.overlap)
        ]


def starts(length: int, size: int, overlap: int) -> list[int]:
    """Where windows begin; the last one ends with the picture. One that is not larger than a window has one.

    >>> starts(2560, 1024, 150), starts(500, 1024, 150), starts(1024, 1024, 150)
    ([0, 874, 1536], [0], [0])
    """
    if length <= size:
        return [0]
    return [*range(0, length - size, size - overlap), length - size]


def predict_in_windows(
    predict: Predict, shape: tuple[int, int], class_ids: Sequence[int], windows: Windows, *, least_score: float = 0.0
) -> Prediction:
    """Segment a picture window by window.

    Parameters
    ----------
    predict : segments one window.
    shape : (Y, X) of the picture.
    class_ids : all that `predict` tells apart.
    least_score : objects that are less certain stay out, where objects are merged.
    """
    cut = windows.cut(shape)
    parts = ((where, predict(where)) for where in cut)
    if windows.merge == "instances":
        return _painted(merged_objects(list(_objects(parts)), cut, least_score=least_score), shape)
    return blended(parts, shape, class_ids, overlap=windows.overlap)


def segment(
    segmenter: Segmenter, image: NDArray[Any], around: Around = (), windows: Windows | None = None
) -> Prediction:
    """Segment a picture with its neighbours, in windows if they are wished."""
    if windows is None:
        return segmenter.predict(image, around)

    def predict(where: Window) -> Prediction:
        return segmenter.predict(np.ascontiguousarray(image[where]), [np.ascontiguousarray(a[where]) for a in around])

    return predict_in_windows(predict, (image.shape[0], image.shape[1]), segmenter.class_ids, windows)


def blended(
    parts: Iterator[tuple[Window, Prediction]], shape: tuple[int, int], class_ids: Sequence[int],
    *, overlap: int,
) -> Prediction:  # fmt: skip
    """Each class's chance, averaged over the windows with weights that fall to nothing at a window's border."""
    chances = np.zeros((len(class_ids), *shape), np.float32)
    total = np.zeros(shape, np.float32)
    for where, found in parts:
        weight = _weight(found.labels.shape, overlap)
        certain = found.confidence.astype(np.float32) / 255
        rest = (1 - certain) / max(1, len(class_ids) - 1)
        for place, class_id in enumerate(class_ids):
            chances[(place, *where)] += weight * np.where(found.labels == class_id, certain, rest)
        total[where] += weight
    best = chances.argmax(axis=0)
    confidence = np.rint(255 * chances.max(axis=0) / total)
    return Prediction(np.array(class_ids, np.uint8)[best], confidence.astype(np.uint8))


def _weight(shape: tuple[int, ...], overlap: int) -> NDArray[np.float32]:
    """(Y, X) weights, 1 from the overlap on inwards."""
    rows, columns = (_ramp(length, overlap) for length in shape[:2])
    return np.multiply.outer(rows, columns)


def _ramp(length: int, overlap: int) -> NDArray[np.float32]:
    inward = np.minimum(np.arange(length), np.arange(length)[::-1]) + 0.5
    return np.minimum(1.0, inward / max(overlap, 1)).astype(np.float32)


@dataclass(frozen=True)
class Object:
    """An object of a window. mask : of the pixels around it, whose upper left one is `corner` (y, x) of the picture."""

    label: int
    score: float
    corner: tuple[int, int]
    mask: Mask

    @property
    def area(self) -> int:
        return int(self.mask.sum())

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(y0, x0, y1, x1)"""
        (y, x), (height, width) = self.corner, self.mask.shape
        return y, x, y + height, x + width


def merged_objects(found: Sequence[Object], cut: Sequence[Window], *, least_score: float = LEAST_SCORE) -> list[Object]:
    """Objects of all windows, each once: doubles go, and pieces that a window's border has cut."""
    certain = [each for each in found if each.score >= least_score and each.area >= LEAST_AREA_PX]
    once = _without_doubles(certain, FIRST_IOU)
    whole = [each for each in once if not any(_is_piece(each, other) for other in once if other is not each)]
    return _without_doubles(whole if len(cut) > 1 else once, LAST_IOU)


def _without_doubles(found: Sequence[Object], iou: float) -> list[Object]:
    """Non-maximum suppression, whatever the class."""
    kept: list[Object] = []
    for each in sorted(found, key=lambda each: -each.score):
        if not any(_iou(each, other) > iou for other in kept):
            kept.append(each)
    return kept


def _is_piece(each: Object, other: Object) -> bool:
    """Whether an object is but a cut piece of another: it lies in it, and the other is more of a whole."""
    common = _common(each, other)
    if not common:
        return False
    mine, theirs = common / each.area, common / other.area
    return mine >= INSIDE and other.score - each.score > -SCORE_SLACK and mine - theirs > MORE_WHOLE


def _iou(each: Object, other: Object) -> float:
    common = _common(each, other)
    return common / (each.area + other.area - common) if common else 0.0


def _common(each: Object, other: Object) -> int:
    """Pixels of both."""
    (y0, x0, y1, x1), (v0, u0, v1, u1) = each.box, other.box
    top, left, bottom, right = max(y0, v0), max(x0, u0), min(y1, v1), min(x1, u1)
    if top >= bottom or left >= right:
        return 0
    mine = each.mask[top - y0 : bottom - y0, left - x0 : right - x0]
    theirs = other.mask[top - v0 : bottom - v0, left - u0 : right - u0]
    return int((mine & theirs).sum())


def _objects(parts: Iterator[tuple[Window, Prediction]]) -> Iterator[Object]:
    """The connected regions of each window."""
    from scipy import ndimage  # late: the page starts without it

    for (rows, columns), found in parts:
        for label in np.unique(found.labels[found.labels > 0]).tolist():
            regions, _ = ndimage.label(found.labels == label)
            for number, (down, across) in enumerate(ndimage.find_objects(regions), start=1):
                mask = regions[down, across] == number
                score = float(found.confidence[down, across][mask].mean()) / 255
                yield Object(label, score, (rows.start + down.start, columns.start + across.start), mask)


def _painted(found: Sequence[Object], shape: tuple[int, int]) -> Prediction:
    """The least certain first, so that the others lie over it; what is no object is unlabelled."""
    whole = Prediction(np.zeros(shape, np.uint8), np.zeros(shape, np.uint8))
    for each in sorted(found, key=lambda each: each.score):
        y0, x0, y1, x1 = each.box
        whole.labels[y0:y1, x0:x1][each.mask] = each.label
        whole.confidence[y0:y1, x0:x1][each.mask] = round(255 * each.score)
    return whole
