"""Which samples of a block's features a piece of the live prediction is made from, and what lies between rough ones.

Pure arithmetic; `live.py` keeps the features.
"""

import numpy as np
from numpy.typing import NDArray

from core.labels.tools.scene import Frame
from core.learning.live_view import Image, Piece, Place, block_frame, kept_frame


def first_sample(place: Place, plane: Frame, step: int) -> tuple[int, int]:
    """The first sample of a block with its margin: samples lie on the pixels that the screen's level shows."""
    block, kept = block_frame(place, plane), kept_frame(place, plane)
    return (block.y0 - kept.y0) % step, (block.x0 - kept.x0) % step


def windows(
    image: Image, piece: Piece, step: int, ratio: int, sigma: float
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Which samples of a block to predict for a piece, with what smoothing sees around it; and the piece within."""
    kept, first = kept_frame(piece.place, image.plane), first_sample(piece.place, image.plane, step)
    reach = -(-int(np.ceil(4 * sigma)) // step)
    sides = [
        _side(piece.frame.y0 - kept.y0 - first[0], piece.frame.y1 - kept.y0 - first[0], step, ratio, reach),
        _side(piece.frame.x0 - kept.x0 - first[1], piece.frame.x1 - kept.x0 - first[1], step, ratio, reach),
    ]
    return (sides[0][0], sides[1][0]), (sides[0][1], sides[1][1])


def _side(start: int, stop: int, step: int, ratio: int, reach: int) -> tuple[slice, slice]:
    """Along one axis, start and stop in pixels from the first sample. The window keeps to the piece's rough samples."""
    low, high = start // step, -(-stop // step)
    before = min(low, reach) // ratio * ratio
    return slice(low - before, high + reach, ratio), slice(before, before + high - low)


def finer(chances: NDArray[np.float32], ratio: int) -> NDArray[np.float32]:
    """Between the samples, linearly."""
    if ratio == 1:
        return chances
    return _between(_between(chances, 0), 1)


def _between(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Twice as many along an axis: each value, then the mean with the next; the last one twice."""
    following = np.concatenate([np.take(values, range(1, values.shape[axis]), axis), np.take(values, [-1], axis)], axis)
    pairs = np.stack([values, (values + following) / 2], axis + 1)
    shape = list(values.shape)
    shape[axis] *= 2
    return pairs.reshape(shape)
