"""Segment Anything (Kirillov et al., ICCV 2023, doi:10.1109/ICCV51070.2023.00371) as an interactive model.

Needs the package `segment_anything` and a checkpoint of its authors, or one in its format such as those of micro-sam.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.learning.interactive import Embedding, Pointed, Prompts
from networks.interactive.devices import as_photograph, device_of, in_words_of_sam, is_vague


class SegmentAnything:
    """An `InteractiveModel`. predictor : of the package."""

    def __init__(self, predictor: Any) -> None:
        self._predictor = predictor

    def embed(self, image: NDArray[np.float32]) -> Embedding:
        """What the image encoder makes of a slice: (1, 256, 64, 64), and the two sizes its masks are scaled by."""
        self._predictor.set_image(as_photograph(image))
        return {
            "features": self._predictor.features.float().cpu().numpy(),
            "original_size": np.array(self._predictor.original_size),
            "input_size": np.array(self._predictor.input_size),
        }

    def segment(self, embedding: Embedding, prompts: Prompts) -> Pointed:
        """The mask the model is surest of."""
        predictor = self._predictor
        predictor.features = torch.from_numpy(np.asarray(embedding["features"])).to(predictor.model.device)
        predictor.original_size = tuple(embedding["original_size"].tolist())
        predictor.input_size = tuple(embedding["input_size"].tolist())
        predictor.is_image_set = True
        masks, scores, _ = predictor.predict(**in_words_of_sam(prompts), multimask_output=is_vague(prompts))
        best = int(np.argmax(scores))
        return Pointed(np.asarray(masks[best], bool), float(scores[best]))


def open_model(parameters: Mapping[str, Any]) -> SegmentAnything:
    """As docs/interactive.md asks of a plugin. Only tensors are read from the checkpoint, never code."""
    from segment_anything import SamPredictor, sam_model_registry

    model = sam_model_registry[parameters["model_type"]]()
    model.load_state_dict(torch.load(parameters["checkpoint_path"], map_location="cpu", weights_only=True))
    return SegmentAnything(SamPredictor(model.eval().to(device_of(parameters["device"]))))
