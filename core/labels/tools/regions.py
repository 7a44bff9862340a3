"""Between spans of a plane and masks of a part of it."""

from dataclasses import replace

import numpy as np

from core.errors import InvalidInputError
from core.labels.spans import Spans, clip
from core.labels.tools.scene import Answer, Ask, Frame, Mask, Part, Scene

MAX_ANSWER_SPANS = 400_000  # 8 MB of JSON; beyond it the page would stutter


def spans_of(mask: Mask, frame: Frame) -> Spans:
    """The pixels of a mask of `frame` as spans of the plane, row by row.

    >>> spans_of(np.array([[False, True, True], [True, False, True]]), Frame(5, 10, 7, 13)).tolist()
    [[5, 11, 13], [6, 10, 11], [6, 12, 13]]
    """
    height, step = mask.shape[0], mask.shape[1] + 1  # a False before each row, and one after the last
    flat = np.zeros(height * step + 1, bool)
    flat[:-1].reshape(height, step)[:, 1:] = mask
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    rows, starts = np.divmod(edges[::2], step)
    stops = edges[1::2] - rows * step
    return np.stack([rows + frame.y0, starts + frame.x0, stops + frame.x0], axis=1).astype(np.int32)


def mask_of(spans: Spans, frame: Frame) -> Mask:
    """(h, w) bool, True where `spans` of the plane cover the frame; what lies outside is dropped.

    >>> mask_of(np.array([[5, 11, 99]], np.int32), Frame(5, 10, 6, 13)).tolist()
    [[False, True, True]]
    """
    local = clip(spans - np.array([frame.y0, frame.x0, frame.x0], np.int32), frame.shape)
    edges = np.zeros((frame.shape[0], frame.shape[1] + 1), np.int32)
    np.add.at(edges, (local[:, 0], local[:, 1]), 1)
    np.subtract.at(edges, (local[:, 0], local[:, 2]), 1)
    filled: Mask = edges[:, :-1].cumsum(axis=1, dtype=np.int32) > 0
    return filled


def bounds_of(spans: Spans) -> Frame:
    """The smallest frame around spans; there must be one."""
    (y0, x0), (y1, x1) = spans[:, :2].min(axis=0), spans[:, [0, 2]].max(axis=0)
    return Frame(int(y0), int(x0), int(y1) + 1, int(x1))


def region_of(ask: Ask, scene: Scene) -> Mask:
    """The region asked about as a mask of the scene; the view where none is drawn."""
    if len(ask.spans):
        return mask_of(ask.spans, scene.frame)
    region = np.zeros(scene.frame.shape, bool)
    region[scene.frame.window(ask.view.cut(scene.frame))] = True
    return region


def answer_of(mask: Mask, label: int, scene: Scene, note: str = "") -> Answer:
    """An answer of one class. Raises InvalidInputError when it has more pieces than a page can draw at once."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return Answer(note=note)
    top, stop = int(rows[0]), int(rows[-1]) + 1
    frame = replace(scene.frame, y0=scene.frame.y0 + top, y1=scene.frame.y0 + stop)
    spans = spans_of(mask[top:stop], frame)
    check_count(len(spans))
    return Answer((Part(label, spans),), note=note)


def answer_of_labels(
    found: np.typing.NDArray[np.uint8], ids: tuple[int, ...], scene: Scene, note: str = "",
    names: dict[int, int] | None = None,
) -> Answer:  # fmt: skip
    """An answer of several classes: a part for each of `ids` that `found` (h, w) holds.

    Raises InvalidInputError when it has more pieces than a page can draw at once.
    """
    spans = {value: spans_of(found == value, scene.frame) for value in ids}
    check_count(sum(len(part) for part in spans.values()))
    names = names or {}
    return Answer(tuple(Part(names.get(v, v), part) for v, part in spans.items() if len(part)), note=note)


def check_count(count: int) -> None:
    """Raise InvalidInputError if an answer has too many spans."""
    if count > MAX_ANSWER_SPANS:
        raise InvalidInputError(f"The answer has {count:,} pieces.", "Zoom in, or draw a smaller region.")
