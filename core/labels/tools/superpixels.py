"""Superpixel brush: patches of alike pixels, taken by touching them.

SLIC, Achanta et al., IEEE PAMI 34 (2012), doi:10.1109/TPAMI.2012.120, as scikit-image has it. A plane is divided
block by block on a fixed grid, so that patches stay where they are however one moves, and each is computed once.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.labels.tools.regions import answer_of, mask_of
from core.labels.tools.scene import Answer, Ask, Frame, Grey, Mask, Scene

BLOCK_PX = 512  # 0.2 s to divide
MAX_BLOCKS = 9
COMPACTNESS = 0.1  # against greys from 0 to 1: outlines follow edges, patches stay round where there is none
ROUNDS = 5

Patches = NDArray[np.int32]
"""(h, w) the number of each pixel's patch."""

Divide = Callable[[Frame, int], Patches]
"""Patches of a block of the plane, of about so many pixels each; kept by who calls."""


def superpixel(ask: Ask, divide: Divide) -> Answer:
    """All patches that the stroke's points or spans touch. Options: size, pixels of a patch's side."""
    size = round(ask.number("size", 16, lo=4, hi=128))
    blocks = touched_blocks(ask)
    masks = [(block, _touched(divide(block, size), block, ask)) for block in blocks]
    frame = Frame(
        min(b.y0 for b in blocks), min(b.x0 for b in blocks), max(b.y1 for b in blocks), max(b.x1 for b in blocks)
    )
    joined = np.zeros(frame.shape, bool)
    for block, mask in masks:
        joined[frame.window(block)] = mask
    return answer_of(joined, ask.label, Scene(frame, joined, joined.view(np.uint8)))


def divided(grey: Grey, size: int) -> Patches:
    """Divide a block of greys into patches of about `size` x `size` pixels."""
    from skimage.segmentation import slic  # 0.8 s, which the app's start need not take

    frame = Frame(0, 0, *grey.shape)
    contrast = Scene(frame, grey, np.zeros(grey.shape, np.uint8)).contrast
    count = max(1, grey.size // size**2)
    patches = slic(contrast, count, compactness=COMPACTNESS, max_num_iter=ROUNDS, channel_axis=None, start_label=0)
    return np.asarray(patches, np.int32)


def touched_blocks(ask: Ask) -> list[Frame]:
    """The blocks of the grid under the stroke. Raises InvalidInputError for none, and for too many."""
    corners = np.unique(np.concatenate([line_pixels(ask) // BLOCK_PX, _span_blocks(ask)]), axis=0) * BLOCK_PX
    if not len(corners):
        raise InvalidInputError("The stroke lies outside the image.", "Brush over the image.")
    if len(corners) > MAX_BLOCKS:
        raise InvalidInputError("The stroke is too long for the superpixel brush.", "Brush a shorter way, or zoom in.")
    return [Frame(y, x, y + BLOCK_PX, x + BLOCK_PX).cut(ask.plane) for y, x in corners.tolist()]


def line_pixels(ask: Ask) -> NDArray[np.int64]:
    """(N, 2) pixels of the plane under the points and under the lines between them."""
    points = [np.floor(_line(a, b)) for a, b in zip(ask.points, ask.points[1:], strict=False)]
    found = np.concatenate([np.floor(ask.points), *points]).astype(np.int64)
    inside = (found >= 0).all(axis=1) & (found[:, 0] < ask.plane.y1) & (found[:, 1] < ask.plane.x1)
    return found[inside]


def _line(start: NDArray[np.float64], stop: NDArray[np.float64]) -> NDArray[np.float64]:
    steps = int(min(np.abs(stop - start).max(), 1e5)) + 1
    return np.linspace(start, stop, steps + 1)


def _span_blocks(ask: Ask) -> NDArray[np.int64]:
    """(N, 2) row and column of the blocks that the spans cross."""
    rows, first, last = (np.unique((ask.spans - (0, 0, 1)) // BLOCK_PX, axis=0)).T
    crossed = [(row, x) for row, a, b in zip(rows, first, last, strict=True) for x in range(a, b + 1)]
    return np.array(crossed, np.int64).reshape(-1, 2)


def _touched(patches: Patches, block: Frame, ask: Ask) -> Mask:
    pixels = line_pixels(ask) - (block.y0, block.x0)
    inside = (pixels >= 0).all(axis=1) & (pixels < block.shape).all(axis=1)
    under = mask_of(ask.spans, block)
    under[tuple(pixels[inside].T)] = True
    chosen = np.zeros(int(patches.max()) + 1, bool)
    chosen[patches[under]] = True
    mask: Mask = chosen[patches]
    return mask
