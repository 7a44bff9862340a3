"""Any network saved as TorchScript, as an interactive model: the shortest way to bring one of one's own.

The file holds a module with two exported methods: `embed(image)`, (1, 1, h, w) float32 greys from 0 to 1 to a tensor,
and `segment(embedding, points, labels, box)`, which gives logits (h, w) and a score: points (N, 2) of (x, y) in pixels,
labels (N,) 1 or 0, box (4,) x0 y0 x1 y1 or NaN.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.learning.interactive import Embedding, Pointed, Prompts
from networks.interactive.devices import device_of, in_words_of_sam


class ScriptedModel:
    """An `InteractiveModel`. module : the TorchScript module on its device."""

    def __init__(self, module: Any, device: torch.device) -> None:
        self._module = module
        self._device = device

    @torch.inference_mode()
    def embed(self, image: NDArray[np.float32]) -> Embedding:
        """What the module makes of a slice."""
        tensor = torch.from_numpy(image.copy())[None, None].to(self._device)  # (h, w) -> (1, 1, h, w)
        return {"features": self._module.embed(tensor).float().cpu().numpy()}

    @torch.inference_mode()
    def segment(self, embedding: Embedding, prompts: Prompts) -> Pointed:
        """Where the logits are positive."""
        words = in_words_of_sam(prompts)
        points = np.zeros((0, 2), np.float32) if words["point_coords"] is None else words["point_coords"]
        labels = np.zeros(0, np.int32) if words["point_labels"] is None else words["point_labels"]
        box = np.full(4, np.nan, np.float32) if words["box"] is None else words["box"]
        tensors = (torch.from_numpy(np.array(each)).to(self._device) for each in (points, labels, box))
        features = torch.from_numpy(np.asarray(embedding["features"])).to(self._device)
        logits, score = self._module.segment(features, *tensors)
        return Pointed(logits.cpu().numpy() > 0, float(score))


def open_model(parameters: Mapping[str, Any]) -> ScriptedModel:
    """As docs/interactive.md asks of a plugin."""
    device = device_of(parameters["device"])
    module = torch.jit.load(parameters["checkpoint_path"], map_location=device)  # type: ignore[no-untyped-call]
    return ScriptedModel(module.eval(), device)
