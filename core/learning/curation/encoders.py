"""Which trained models can say what an image looks like, what they are given to see, and how labels tune one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError, require
from core.learning.models import TrainedModel

WITH_ENCODER = ("U-Net", "ConvNeXt U-Net")
SIDE_PX = 256  # of the longer side of what is looked at; on two cores some 20 images a second
POOLINGS = ("mean", "max", "mean and max", "grid")
GRID = 4  # cells on a side of what the pooling "grid" keeps of each channel, the mean of each
LEVELS = ("all", "deeper half", "deepest")
SCHEDULES = ("cosine", "step")
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


@dataclass(frozen=True)
class View:
    """How what an encoder finds becomes one list of numbers. pooling : of `POOLINGS`, over the image; the numbers of a
    grid are a flattened (channels, GRID, GRID).

    levels : of `LEVELS`; fine levels know texture, deep ones what is in the image. Raises InvalidInputError.
    """

    pooling: str = "mean"
    levels: str = "all"

    def __post_init__(self) -> None:
        require(self.pooling in POOLINGS, f"{self.pooling!r} is no way to pool.", f"Use {', '.join(POOLINGS)}.")
        require(self.levels in LEVELS, f"{self.levels!r} are no levels.", f"Use {', '.join(LEVELS)}.")


PLAIN = View()


@dataclass(frozen=True)
class Tuning:
    """How labels tune an encoder. frozen : epochs at the beginning in which a linear head alone learns.

    rate, encoder_rate : of learning, of the head and of the encoder. schedule : of `SCHEDULES`. decay : of weights.
    Raises InvalidInputError.
    """

    epochs: int = 10
    frozen: int = 2
    rate: float = 0.1
    encoder_rate: float = 0.01
    schedule: str = "cosine"
    momentum: float = 0.9
    decay: float = 1e-4
    batch: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        require(1 <= self.epochs <= 200, f"{self.epochs} epochs are not possible.", "Use 1 to 200.")
        fits = 0 <= self.frozen < self.epochs
        require(fits, f"{self.frozen} frozen epochs of {self.epochs} tune nothing.", "Leave at least one.")
        for rate in (self.rate, self.encoder_rate):
            require(1e-6 <= rate <= 1, f"A rate of {rate} is not possible.", "Use 0.000001 to 1.")
        require(self.schedule in SCHEDULES, f"{self.schedule!r} is no schedule.", f"Use {' or '.join(SCHEDULES)}.")
        require(0 <= self.momentum < 1, f"A momentum of {self.momentum} is not possible.", "Use 0 to 0.99.")
        require(0 <= self.decay <= 1, f"A decay of {self.decay} is not possible.", "Use 0 to 1.")
        require(2 <= self.batch <= 512, f"A batch of {self.batch} is not possible.", "Use 2 to 512.")


@dataclass(frozen=True)
class Examples:
    """What an encoder is tuned with. images, windows : as `Encoders.embed` has them.

    tags : (n, classes) int8, -1 where nobody has said. held_out : (n,) bool, what judges and does not teach.
    """

    images: Sequence[Pixels]
    windows: "Sequence[Window | None]"
    tags: NDArray[np.int8]
    held_out: NDArray[np.bool_]


@dataclass(frozen=True)
class TunedEncoder:
    """An encoder that labels have changed. id : of its own. facts : all but its weights, as JSON. weights : by name."""

    id: str
    facts: Mapping[str, Any]
    weights: Mapping[str, NDArray[Any]]


class Encoders(Protocol):
    """Encoders of trained models. Methods raise NotFoundError and UnavailableError.

    tuned : in place of the model's own encoder.
    """

    def offers(self) -> list[Offer]:
        """All there are, newest first."""
        ...

    def embed(
        self,
        model_id: str,
        images: Sequence[Pixels],
        windows: Sequence[Window | None],
        view: View = PLAIN,
        tuned: TunedEncoder | None = None,
    ) -> NDArray[np.float32]:
        """(n, d), each of length 1.

        images : (Y, X) or (Y, X, C), true values. windows : what is black and what is white in each; None: as in the
        images that the model learned from. Raises InvalidInputError where the channels do not fit.
        """
        ...

    def tune(
        self,
        model_id: str,
        examples: Examples,
        tuning: Tuning,
        view: View,
        *,
        tuned: TunedEncoder | None,
        told: Callable[[int], None],
    ) -> TunedEncoder:
        """A copy that tells the tags apart better; told : called with the number of each epoch that is done.

        Raises NotEnoughLabelsError, InvalidInputError.
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
