"""Segment Anything 2 (Ravi et al., 2024, arXiv:2408.00714) on single slices, as an interactive model.

Needs the package `sam2` and a checkpoint of its authors; `model_type` is the configuration that belongs to it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.learning.interactive import Embedding, Pointed, Prompts
from networks.interactive.devices import as_photograph, device_of, in_words_of_sam, is_vague

FINE = "fine_"  # keys of the finer feature maps, in their order


class SegmentAnything2:
    """An `InteractiveModel`. predictor : a SAM2ImagePredictor."""

    def __init__(self, predictor: Any) -> None:
        self._predictor = predictor

    def embed(self, image: NDArray[np.float32]) -> Embedding:
        """The feature maps of a slice, coarse and fine, and its size."""
        self._predictor.set_image(as_photograph(image))
        features = self._predictor._features
        fine = {f"{FINE}{i}": _stored(each) for i, each in enumerate(features["high_res_feats"])}
        return {"coarse": _stored(features["image_embed"]), **fine, "shape": np.array(image.shape)}

    def segment(self, embedding: Embedding, prompts: Prompts) -> Pointed:
        """The mask the model is surest of."""
        predictor = self._predictor
        fine = sorted(name for name in embedding if name.startswith(FINE))
        predictor._features = {
            "image_embed": self._loaded(embedding["coarse"]),
            "high_res_feats": [self._loaded(embedding[name]) for name in fine],
        }
        predictor._orig_hw = [tuple(embedding["shape"].tolist())]
        predictor._is_image_set = True
        masks, scores, _ = predictor.predict(**in_words_of_sam(prompts), multimask_output=is_vague(prompts))
        best = int(np.argmax(scores))
        return Pointed(np.asarray(masks[best] > 0), float(scores[best]))

    def _loaded(self, array: NDArray[Any]) -> torch.Tensor:
        return torch.from_numpy(np.asarray(array)).to(self._predictor.device)


def _stored(tensor: torch.Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.float().cpu().numpy()
    return array


def open_model(parameters: Mapping[str, Any]) -> SegmentAnything2:
    """As docs/interactive.md asks of a plugin."""
    from sam2.build_sam import build_sam2
    from sam2.sam2_image_predictor import SAM2ImagePredictor

    device = str(device_of(parameters["device"]))
    return SegmentAnything2(
        SAM2ImagePredictor(build_sam2(parameters["model_type"], parameters["checkpoint_path"], device=device))
    )
