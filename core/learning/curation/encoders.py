"""Which trained models can say what an image looks like, and what they are given to see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.learning.models import TrainedModel

WITH_ENCODER = ("U-Net", "ConvNeXt U-Net")
SIDE_PX = 256  # of the longer side of what is looked at; on two cores some 20 images a second
Pixels = NDArray[Any]
Window = tuple[float, float]


@dataclass(frozen=True)
class Offer:
    """id : of the model. volume : it learned from. reason : why it cannot be chosen, in a sentence; empty if it can."""

    id: str
    name: str
    algorithm: str
    volume: str
    reason: str = ""


class Encoders(Protocol):
    """Encoders of trained models. Methods raise NotFoundError and UnavailableError."""

    def offers(self) -> list[Offer]:
        """All there are, newest first."""
        ...

    def embed(self, model_id: str, images: Sequence[Pixels], windows: Sequence[Window | None]) -> NDArray[np.float32]:
        """(n, d), each of length 1.

        images : (Y, X) or (Y, X, C), true values. windows : what is black and what is white in each; None: as in the
        images that the model learned from. Raises InvalidInputError where the channels do not fit.
        """
        ...


def offers_of(models: Iterable[TrainedModel]) -> list[Offer]:
    """Those of the models that have an encoder, but for archived ones."""
    return [
        Offer(model.id, model.name, model.algorithm, model.volume, _reason(model))
        for model in models
        if model.starts in WITH_ENCODER and not model.archived
    ]


def _reason(model: TrainedModel) -> str:
    depth = int(model.parameters.get("context", 0) or 0)
    return "It looks at neighbouring slices, which an item does not have." if depth else ""


def seen(image: Pixels, *, px: int = SIDE_PX) -> Pixels:
    """At most `px` pixels on the longer side, by area means; small images stay as they are."""
    height, width = image.shape[:2]
    share = px / max(height, width)
    if share >= 1:
        return image
    size = max(1, round(width * share)), max(1, round(height * share))
    return np.asarray(cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA))


def fitted(image: Pixels, channels: int) -> Pixels:
    """(Y, X) for one channel, (Y, X, 3) for three: greys become colours that are grey, colours their mean.

    Raises InvalidInputError where that is not possible.
    """
    has = 1 if image.ndim == 2 else image.shape[2]
    if has == channels:
        return image
    if has == 1 and channels == 3:
        return np.stack([image.reshape(image.shape[:2])] * 3, axis=-1)
    if has in (3, 4) and channels == 1:
        return np.asarray(image[..., :3].mean(axis=-1), np.float32)
    told = f"The images have {has} channels, the model was trained on {channels}."
    raise InvalidInputError(told, "Choose a model that was trained on such images.")


def window_for(offer: Offer, volume: str, own: Window) -> Window | None:
    """None for the volume the model learned from; else its own, since the values of another may mean something else."""
    return None if volume == offer.volume else own
