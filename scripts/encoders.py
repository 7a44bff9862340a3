"""Encoders that say what an image looks like: of a pretraining, or of a trained network, read from a folder."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.learning.curation.encoders import PLAIN, Examples, Pixels, TunedEncoder, Tuning, View, Window, fitted
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


def embedded(
    encoder: "Encoder", images: Sequence[Pixels], windows: Sequence[Window | None], view: View = PLAIN
) -> NDArray[np.float32]:
    """(n, d), each of length 1; images and windows as `core.learning.curation.encoders.Encoders` has them."""
    pairs = zip(images, windows, strict=True)
    return np.stack([_windowed(encoder, window).embed(_fitted(encoder, image), (), view) for image, window in pairs])


def tuned(
    encoder: "Encoder", examples: Examples, tuning: Tuning, view: View, told: Callable[[int], None]
) -> TunedEncoder:
    """A copy that labels have changed; told : called after every epoch. Raises NotEnoughLabelsError."""
    from networks.heads import HeadTraining, Lesson, fine_tune

    training = HeadTraining(
        hidden=0,
        rate=tuning.rate,
        encoder_rate=tuning.encoder_rate,
        frozen_epochs=tuning.frozen,
        scheduler=tuning.schedule,
        decay_epochs=(6 * tuning.epochs // 10, 8 * tuning.epochs // 10),
        momentum=tuning.momentum,
        weight_decay=tuning.decay,
        epochs=tuning.epochs,
        batch_size=tuning.batch,
        seed=tuning.seed,
    )
    lesson = Lesson(_squares(encoder, examples), examples.tags, examples.held_out)
    model = fine_tune(encoder.network, lesson, training, lambda epoch, _: told(epoch), view=view)
    made = replace(encoder, network=model.network, method="tuned")
    weights = {name: value.cpu().numpy() for name, value in made.weights.items()}
    return TunedEncoder(uuid4().hex, made.facts(), weights)


def held(given: TunedEncoder, *, device: str) -> "Encoder":
    """What `tuned` gave, to be asked."""
    import torch

    from networks.pretraining.encoder import encoder_of

    weights = {name: torch.from_numpy(np.array(value)) for name, value in given.weights.items()}
    return encoder_of(given.facts, weights, device=device)


def _squares(encoder: "Encoder", examples: Examples) -> NDArray[np.float32]:
    """(n, channels, Y, X) as the network sees them, all of the middle one of their sizes, on its grid."""
    stride = encoder.network.stride
    sizes = np.median([image.shape[:2] for image in examples.images], axis=0)
    height, width = (max(round(side / stride), 1) * stride for side in sizes.tolist())
    found = []
    for image, window in zip(examples.images, examples.windows, strict=True):
        planes = _windowed(encoder, window).normalisation.apply(_fitted(encoder, image))
        found.append(np.stack([cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA) for plane in planes]))
    return np.stack(found)


def _fitted(encoder: "Encoder", image: Pixels) -> Pixels:
    return fitted(image, len(encoder.normalisation.lo))


def _windowed(encoder: "Encoder", window: Window | None) -> "Encoder":
    """The same, to which another window is black to white."""
    if window is None:
        return encoder
    lo, hi = ((end,) * len(encoder.normalisation.lo) for end in window)
    return replace(encoder, normalisation=Normalisation(lo, hi))
