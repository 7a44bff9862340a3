"""The U-Net as a `Segmenter`: from labelled slices to a network, and from a slice to class ids."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.learning.holdout import hold_out, is_dense
from core.learning.labelled import labelled_classes
from core.learning.metrics import Scores
from core.learning.normalisation import Normalisation
from core.learning.segmenter import LabelledSlice, Prediction, Progress, Report, Segmenter, TrainingReport
from core.learning.unet_parameters import UNetParameters
from networks import checkpoints
from networks.losses import UNLABELLED
from networks.patches import PatchSampler, TrainingSlice
from networks.predict import predict_probabilities
from networks.train import train_network
from networks.unet import UNet

HELD_OUT = 0.15
TRAINED = 0.95  # of the progress bar


@dataclass(frozen=True)
class UNetSegmenter:
    """A trained network."""

    checkpoint: checkpoints.Checkpoint

    @property
    def class_ids(self) -> tuple[int, ...]:
        return self.checkpoint.class_ids

    def predict(self, image: NDArray[Any]) -> Prediction:
        known = self.checkpoint
        normalised = known.normalisation.apply(image)
        chance = predict_probabilities(known.model, normalised, depth=known.parameters.depth)
        labels = np.asarray(known.class_ids, np.uint8)[chance.argmax(axis=0)]
        return Prediction(labels, np.rint(255 * chance.max(axis=0)).astype(np.uint8))

    def save(self, folder: Path) -> None:
        checkpoints.save(self.checkpoint, folder)


def load_unet(folder: Path, *, device: str) -> UNetSegmenter:
    """Read what `UNetSegmenter.save` wrote."""
    loaded = checkpoints.load(folder)
    loaded.model.to(choose_device(device), memory_format=torch.channels_last)  # type: ignore[call-overload]
    return UNetSegmenter(loaded)


def train_unet(
    slices: Sequence[LabelledSlice],
    parameters: Mapping[str, Any],
    *,
    seed: int,
    device: str,
    report: Report,
) -> tuple[Segmenter, TrainingReport]:
    """Learn from the labelled pixels, some regions kept out for the scores.

    Raises
    ------
    NotEnoughLabelsError
        If fewer than two classes are labelled.
    InvalidInputError
        If a GPU is asked for and there is none, or the slices differ in channels.
    """
    chosen = UNetParameters.from_mapping(parameters)
    class_ids = labelled_classes(slices)
    where = choose_device(device)
    torch.manual_seed(seed)
    started = time.monotonic()
    report(Progress(0.0, f"Preparing {len(slices)} slices"))
    normalisation = Normalisation.of([each.image for each in slices], seed=seed)
    data = Data.of(slices, class_ids, normalisation, seed=seed)
    prepared = time.monotonic()
    network = checkpoints.build(data.channels, len(class_ids), chosen)
    sampler = PatchSampler(data.training, patch_px=chosen.patch_px, augment=chosen.augment, seed=seed)
    trained = train_network(
        network,
        sampler,
        chosen,
        device=where,
        report=lambda told: report(Progress(TRAINED * told.fraction, told.message, told.metrics, told.step)),
        score=(lambda model: data.score(model, class_ids, chosen).get("mean_iou", 0.0)) if data.dense else None,
    )
    report(Progress(TRAINED, "Scoring on held-out regions"))
    scores = data.score(trained, class_ids, chosen)
    checkpoint = checkpoints.Checkpoint(trained, data.channels, class_ids, chosen, normalisation)
    note = "" if scores else "Too few labels to keep some out of training, so there is no score."
    seconds = {"features": prepared - started, "training": time.monotonic() - prepared}
    return UNetSegmenter(checkpoint), TrainingReport(scores, seconds, note)


@dataclass(frozen=True)
class Data:
    """training : without the regions kept out. held_out : (Y, X) uint8 class ids of each slice, 0 elsewhere.

    dense : areas are labelled, not strokes, so held-out scores can choose a checkpoint.
    """

    training: Sequence[TrainingSlice]
    held_out: Sequence[NDArray[np.uint8]]
    dense: bool

    @classmethod
    def of(
        cls, slices: Sequence[LabelledSlice], class_ids: Sequence[int], normalisation: Normalisation, *, seed: int
    ) -> "Data":
        """Split and normalise."""
        splits = [hold_out(each.labels, fraction=HELD_OUT, seed=seed + at) for at, each in enumerate(slices)]
        training = [
            TrainingSlice(normalisation.apply(each.image), _places(kept, class_ids))
            for each, (kept, _) in zip(slices, splits, strict=True)
        ]
        dense = all(is_dense(each.labels) for each in slices)
        held = [held for _, held in splits]
        return cls(training, held, dense=dense and any(labels.any() for labels in held))

    @property
    def channels(self) -> int:
        return int(self.training[0].image.shape[0])

    def score(self, model: UNet, class_ids: Sequence[int], parameters: UNetParameters) -> dict[str, float]:
        """Scores on what was kept out; empty when nothing was."""
        scores = Scores(class_ids)
        for each, held in zip(self.training, self.held_out, strict=True):
            if held.any():
                chance = predict_probabilities(model, each.image, depth=parameters.depth)
                scores.add(held, np.asarray(class_ids, np.uint8)[chance.argmax(axis=0)])
        return scores.report()


def choose_device(name: str) -> torch.device:
    """ "auto" takes a GPU if there is one. Raises InvalidInputError for "cuda" without one."""
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise InvalidInputError("There is no GPU that torch can use.", "Use the device cpu, or auto.")
    return torch.device("cuda" if there and name != "cpu" else "cpu")


def _places(labels: NDArray[np.uint8], class_ids: Sequence[int]) -> NDArray[np.int64]:
    table = np.full(256, UNLABELLED, np.int64)
    table[list(class_ids)] = np.arange(len(class_ids))
    return table[labels]
