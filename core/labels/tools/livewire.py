"""Live-wire: the path between two points that keeps to edges of the image.

Mortensen & Barrett, Intelligent scissors for image composition, SIGGRAPH 1995, doi:10.1145/218380.218442: the cheapest
path where strong gradients are cheap. Ours takes the gradient alone (Scharr) and scikit-image's Dijkstra.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.labels.tools.scene import TINY, Answer, Ask, Frame, Scene

MAX_REACH = 512  # pixels between two points; Dijkstra takes 0.3 s there
MARGIN = 32  # pixels around the two points the path may use, and an eighth of their distance more
WEAK_COST = 0.02  # of the strongest edge against 1 of no edge: a detour of 50 pixels is worth it


def livewire(scene: Scene, ask: Ask) -> Answer:
    """The path along edges from points[0] to points[1], pixel centres of every pixel crossed."""
    from skimage.graph import route_through_array  # 0.8 s, which the app's start need not take

    ends = [scene.pixel(point) for point in ask.points[:2]]
    path, _ = route_through_array(_cost(scene.contrast), ends[0], ends[1], fully_connected=True, geometric=True)  # type: ignore[no-untyped-call]
    corner = np.array([scene.frame.y0, scene.frame.x0])
    return Answer(points=np.asarray(path, float) + corner + 0.5)


def frame(ask: Ask) -> Frame:
    """The part of the plane between the two points. Raises InvalidInputError if they are too far apart."""
    if len(ask.points) < 2:
        raise InvalidInputError("The live-wire needs two points.", "Click where the line starts.")
    (y0, x0), (y1, x1) = np.floor(ask.points[:2].min(axis=0)), np.floor(ask.points[:2].max(axis=0))
    reach = int(max(y1 - y0, x1 - x0))
    if reach > MAX_REACH:
        raise InvalidInputError(
            f"The points are {reach} pixels apart; the live-wire reaches {MAX_REACH}.", "Click a point between them."
        )
    return Frame(int(y0), int(x0), int(y1) + 1, int(x1) + 1).grown(MARGIN + reach // 8, ask.plane)


def gradient(contrast: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w) strength of edges after a light smoothing, 0 to 1."""
    smooth = cv2.GaussianBlur(contrast, (0, 0), 1.0)
    strength = np.hypot(cv2.Scharr(smooth, cv2.CV_32F, 0, 1), cv2.Scharr(smooth, cv2.CV_32F, 1, 0))
    return np.asarray(strength / max(float(strength.max()), TINY), np.float32)


def _cost(contrast: NDArray[np.float32]) -> NDArray[np.float32]:
    return WEAK_COST + (1 - WEAK_COST) * (1 - gradient(contrast))
