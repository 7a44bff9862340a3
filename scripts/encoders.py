"""Encoders that say what an image looks like: of a pretraining, or of a trained network, read from a folder."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.learning.curation.encoders import Pixels, Window, fitted
from core.learning.normalisation import Normalisation
from scripts.algorithms import MODEL_FILE

if TYPE_CHECKING:  # torch comes with it
    from networks.pretraining.encoder import Encoder


def open_encoder(folder: Path, *, device: str) -> "Encoder":
    """A pretrained encoder, or that of a trained network. Raises InvalidInputError."""
    from networks.pretraining.encoder import Encoder, load_encoder
    from networks.segmenter import load_segmenter

    try:
        facts = json.loads((folder / MODEL_FILE).read_text())
        if "network" in facts:
            return load_encoder(folder, device=device)
        known = load_segmenter(folder, device=device).checkpoint
    except (OSError, ValueError, KeyError) as error:
        told = f"{folder} holds no encoder and no network."
        raise InvalidInputError(
            told, "python -m scripts.pretrain makes one; .ckpt files of others are not read."
        ) from error
    if not known.model.encoder:
        raise InvalidInputError(f"{known.algorithm} has no encoder.", "Choose U-Net or ConvNeXt U-Net.")
    return Encoder(
        "trained", known.algorithm, known.model, known.channels, known.architecture, known.normalisation, known.training
    )


def embedded(encoder: "Encoder", images: Sequence[Pixels], windows: Sequence[Window | None]) -> NDArray[np.float32]:
    """(n, d), each of length 1; images and windows as `core.learning.curation.encoders.Encoders` has them."""
    return np.stack([_embedded(encoder, *each) for each in zip(images, windows, strict=True)])


def _embedded(encoder: "Encoder", image: Pixels, window: Window | None) -> NDArray[np.float32]:
    channels = len(encoder.normalisation.lo)
    if window is not None:
        lo, hi = ((end,) * channels for end in window)
        encoder = replace(encoder, normalisation=Normalisation(lo, hi))
    return encoder.embed(fitted(image, channels))
