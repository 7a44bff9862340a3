"""Where an interactive model runs, and how greys become what models trained on photographs expect."""

import numpy as np
import torch
from numpy.typing import NDArray

from core.learning.interactive import Prompts


def device_of(wish: str) -> torch.device:
    """The device of a parameter "auto", "cpu" or "cuda"."""
    if wish == "auto":
        wish = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wish)


def as_photograph(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 of (h, w) greys from 0 to 1."""
    grey = np.rint(image * 255).clip(0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def in_words_of_sam(prompts: Prompts) -> dict[str, NDArray[np.float32] | NDArray[np.int32] | None]:
    """Prompts as both SAMs take them: x before y, labels 1 and 0; None for what is not there."""
    box = None
    if prompts.box is not None:
        y0, x0, y1, x1 = prompts.box
        box = np.array([x0, y0, x1, y1], np.float32)
    if not len(prompts.points):
        return {"point_coords": None, "point_labels": None, "box": box}
    return {
        "point_coords": prompts.points[:, ::-1].astype(np.float32),
        "point_labels": prompts.positive.astype(np.int32),
        "box": box,
    }


def is_vague(prompts: Prompts) -> bool:
    """A single click may mean a part or the whole; models then offer several masks."""
    return prompts.box is None and len(prompts.points) == 1
