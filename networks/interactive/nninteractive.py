"""nnInteractive (Isensee et al., 2025, arXiv:2503.08373) on single slices, as an interactive model.

Needs the package `nnInteractive` and the folder of a trained model; its authors' weights may not be used commercially.
The network looks at the prompts together with the image, so there is nothing to know of an image before.
"""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.learning.interactive import Embedding, Pointed, Prompts
from networks.interactive.devices import device_of


class NnInteractive:
    """An `InteractiveModel`. session : an nnInteractiveInferenceSession with its weights."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._seen: NDArray[np.float32] | None = None

    def embed(self, image: NDArray[np.float32]) -> Embedding:
        """The slice itself."""
        return {"image": image}

    def segment(self, embedding: Embedding, prompts: Prompts) -> Pointed:
        """The object after all prompts, those that refine last."""
        self._look_at(np.asarray(embedding["image"], np.float32))
        session = self._session
        session.reset_interactions()
        if prompts.box is not None:
            y0, x0, y1, x1 = (round(edge) for edge in prompts.box)
            session.add_bbox_interaction([[0, 1], [y0, y1], [x0, x1]], include_interaction=True)
        for (y, x), positive in zip(np.floor(prompts.points).astype(int).tolist(), prompts.positive, strict=True):
            session.add_point_interaction((0, y, x), include_interaction=bool(positive))
        return Pointed(session.target_buffer[0].cpu().numpy() > 0, 1.0)

    def _look_at(self, image: NDArray[np.float32]) -> None:
        """Hand over a slice as a volume of one, unless it is the one the session has."""
        if self._seen is image:
            return
        self._session.set_image(image[None, None])  # (h, w) -> (1, 1, h, w): channel, then the three axes
        self._session.set_target_buffer(torch.zeros((1, *image.shape), dtype=torch.uint8))
        self._seen = image


def open_model(parameters: Mapping[str, Any]) -> NnInteractive:
    """As docs/interactive.md asks of a plugin."""
    from nnInteractive.inference.inference_session import nnInteractiveInferenceSession

    session = nnInteractiveInferenceSession(
        device=device_of(parameters["device"]),
        use_torch_compile=False,
        verbose=False,
        torch_n_threads=os.cpu_count() or 1,
        do_autozoom=True,
    )
    session.initialize_from_trained_model_folder(parameters["checkpoint_path"])
    return NnInteractive(session)
