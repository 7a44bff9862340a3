"""The object under a click or in a box, found by greys and edges alone: the interactive model that needs no weights.

One click takes the connected area around it at the tolerance just before it would leak, where its rim lies on edges
(after the maximally stable extremal regions of Matas et al., BMVC 2002). More clicks, and boxes, are seeds of random
walks (Grady, IEEE PAMI 28, 2006, doi:10.1109/TPAMI.2006.233), which end at edges and always honour every click.
"""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.labels.tools.grow import sharpened, walked
from core.labels.tools.livewire import gradient
from core.labels.tools.scene import TINY, Frame, Mask
from core.learning.interactive import BoxPrompt, Embedding, Pointed, Prompts

TOLERANCES = np.geomspace(0.02, 0.6, 24)  # of greys from 0 to 1
SEARCH_PX = 512  # a side: tolerances are tried on at most as many pixels
LEAST_PX = 12
MOST = 0.6  # of the image: more is what lies behind the objects
NOISE_SIGMA = 1.2
TOUCH_PX = 2  # radius of what a click is sure of
CORE = 0.5  # of a box's size: the ellipse in its middle that is surely the object
SURROUND = 0.3  # of the size of what is pointed at: where random walks come from outside
BOX_SURROUND = 0.08
BLURRED_PX = 2
HOLE = 0.03  # of the object: smaller holes are noise

Grey = NDArray[np.float32]
Window = tuple[slice, slice]


class EdgesAndGreys:
    """An `InteractiveModel`."""

    def embed(self, image: Grey) -> Embedding:
        """The image and what is left of it without noise."""
        return {"image": image, "calm": cv2.GaussianBlur(image, (0, 0), NOISE_SIGMA)}

    def segment(self, embedding: Embedding, prompts: Prompts) -> Pointed:
        """The object pointed at; empty when nothing was told apart."""
        image, calm = (np.asarray(embedding[name], np.float32) for name in ("image", "calm"))
        wanted = _touched(prompts, image.shape, positive=True)
        unwanted = _touched(prompts, image.shape, positive=False) & ~wanted
        if prompts.box is not None:
            return Pointed(_boxed(image, prompts.box, wanted, unwanted), 0.5)
        found, score = _around_clicks(calm, prompts, unwanted)
        if len(prompts.points) > 1 and wanted.any():
            found = _walked_between(image, found, wanted, unwanted)
        elif found.any():
            found = _at_edges(image, found)
        return Pointed(_whole(found, wanted, unwanted), score)


def open_model(parameters: Mapping[str, Any]) -> EdgesAndGreys:  # noqa: ARG001 - as every plugin has it
    """As docs/interactive.md asks of a plugin."""
    return EdgesAndGreys()


def _touched(prompts: Prompts, shape: tuple[int, ...], *, positive: bool) -> Mask:
    """(h, w) True within TOUCH_PX of the clicks of one kind."""
    touched = np.zeros(shape, np.uint8)
    for y, x in np.floor(prompts.points[prompts.positive == positive]).astype(int).tolist():
        cv2.circle(touched, (x, y), TOUCH_PX, 1, -1)
    return touched > 0


def _around_clicks(calm: Grey, prompts: Prompts, unwanted: Mask) -> tuple[Mask, float]:
    """The areas around all positive clicks, and how clearly the least of them stands out."""
    found, score = np.zeros(calm.shape, bool), 1.0
    for y, x in np.floor(prompts.points[prompts.positive]).astype(int).tolist():
        if 0 <= y < calm.shape[0] and 0 <= x < calm.shape[1]:
            tolerance, clarity = _best_tolerance(calm, (y, x), unwanted)
            found |= _flooded(calm, (y, x), tolerance)
            score = min(score, clarity)
    return found, score if found.any() else 0.0


def _best_tolerance(calm: Grey, pixel: tuple[int, int], unwanted: Mask) -> tuple[float, float]:
    """(tolerance, how clear 0 to 1): where the rim lies on edges and more tolerance would leak."""
    step = -(-max(calm.shape) // SEARCH_PX)
    small, spoilt_at = np.ascontiguousarray(calm[::step, ::step]), unwanted[::step, ::step]
    start = (min(pixel[0] // step, small.shape[0] - 1), min(pixel[1] // step, small.shape[1] - 1))
    areas = [_flooded(small, start, float(tolerance)) for tolerance in TOLERANCES]
    sizes = np.array([np.count_nonzero(area) for area in areas], float)
    edges = gradient(small)
    rims = np.array([_mean_on_rim(area, edges) for area in areas])
    leaps = np.log1p(np.append(sizes[1:], sizes[-1]) / sizes)
    scores = (rims / max(rims.max(), TINY)) ** 2 * leaps
    scores[(sizes * step**2 < LEAST_PX) | (sizes > MOST * small.size)] = -1
    scores[[bool((area & spoilt_at).any()) for area in areas]] -= 1  # lower tolerances first
    best = int(np.argmax(scores))
    return float(TOLERANCES[best]), float(np.clip(rims[best], 0, 1))


def _mean_on_rim(area: Mask, edges: Grey) -> float:
    """Mean strength of the edges along the outline of an area."""
    filled = area.astype(np.uint8)
    rim = cv2.dilate(filled, np.ones((3, 3), np.uint8)) > filled
    return float(edges[rim].mean()) if rim.any() else 0.0


def _at_edges(image: Grey, found: Mask) -> Mask:
    """With the outline moved to the edges of the image, which the smoothing has blurred."""
    window = _window(found, 0, image.shape)
    moved = np.zeros(found.shape, bool)
    sides = np.where(found[window], 2, 1).astype(np.uint8)
    moved[window] = sharpened(sides, image[window], np.ones(sides.shape, bool), band=BLURRED_PX) == 2
    return moved


def _flooded(calm: Grey, pixel: tuple[int, int], tolerance: float) -> Mask:
    """What hangs together with a pixel and differs from it by `tolerance` at most."""
    y, x = pixel
    mask = np.zeros((calm.shape[0] + 2, calm.shape[1] + 2), np.uint8)
    flags = 4 | (255 << 8) | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY
    cv2.floodFill(calm, mask, (x, y), 0, tolerance, tolerance, flags)
    return np.asarray(mask[1:-1, 1:-1] == 255, bool)


def _boxed(image: Grey, box: BoxPrompt, wanted: Mask, unwanted: Mask) -> Mask:
    """What random walks from the middle of a box reach before those from around it."""
    whole = Frame(0, 0, *image.shape)
    y0, x0, y1, x1 = (round(edge) for edge in box)
    inner = Frame(y0, x0, max(y0 + 1, y1), max(x0 + 1, x1)).cut(whole)
    inside, core = np.zeros(image.shape, bool), np.zeros(image.shape, np.uint8)
    if min(inner.shape) < 1:
        return inside
    inside[whole.window(inner)] = True
    axes = (max(1, round((x1 - x0) / 2 * CORE)), max(1, round((y1 - y0) / 2 * CORE)))
    cv2.ellipse(core, ((x0 + x1) // 2, (y0 + y1) // 2), axes, 0, 0, 360, 1, -1)
    wanted = wanted | ((core > 0) & inside & ~_near(unwanted, min(inner.shape) // 4))
    window = _window(inside | wanted, BOX_SURROUND, image.shape)
    return _whole(_walk(image, window, wanted, ~inside & ~wanted | unwanted), wanted, unwanted)


def _near(mask: Mask, distance: int) -> Mask:
    """A mask grown by some pixels: what a person denies, and a little around it."""
    size = 2 * max(1, distance) + 1
    return cv2.dilate(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))) > 0


def _walked_between(image: Grey, found: Mask, wanted: Mask, unwanted: Mask) -> Mask:
    """What random walks from the clicks reach; those from around it all are against it."""
    window = _window(found | wanted | unwanted, SURROUND, image.shape)
    around = np.zeros(image.shape, bool)
    around[window] = True
    around[window][2:-2, 2:-2] = False
    return _walk(image, window, wanted, unwanted | (around & ~wanted))


def _walk(image: Grey, window: Window, wanted: Mask, unwanted: Mask) -> Mask:
    seeds = np.where(wanted[window], 1, np.where(unwanted[window], 2, 0)).astype(np.uint8)
    reached = np.zeros(image.shape, bool)
    reached[window] = walked(image[window], np.ones(seeds.shape, bool), seeds) == 1
    return reached


def _window(mask: Mask, surround: float, shape: tuple[int, ...]) -> Window:
    """The part of the image around a mask, with some more at each side."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    frame = Frame(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    whole = Frame(0, 0, *shape)
    return whole.window(frame.grown(max(6, round(surround * max(frame.shape))), whole))


def _whole(found: Mask, wanted: Mask, unwanted: Mask) -> Mask:
    """The pieces that were clicked, else the largest, without small holes."""
    count, pieces, facts, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8), connectivity=4)
    if count < 2:
        return found
    clicked = np.unique(pieces[wanted & found])
    kept = np.isin(pieces, clicked if clicked.size else [1 + int(np.argmax(facts[1:, cv2.CC_STAT_AREA]))])
    return _filled(kept, unwanted)


def _filled(mask: Mask, unwanted: Mask) -> Mask:
    """With its small holes, unless somebody clicked into them."""
    _, pieces, facts, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=8)
    border = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    small = facts[:, cv2.CC_STAT_AREA] <= max(LEAST_PX, HOLE * mask.sum())
    small[0] = False  # the mask itself
    small[border] = False
    small[np.unique(pieces[unwanted])] = False
    return np.asarray(mask | small[pieces], bool)
