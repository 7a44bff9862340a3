"""A network as a `Segmenter`: from labelled slices to a network, and from a slice to class ids."""

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
from core.learning.network_parameters import TrainingParameters, check_names
from core.learning.normalisation import Normalisation
from core.learning.segmenter import Around, LabelledSlice, Prediction, Progress, Report, Segmenter, TrainingReport
from networks import checkpoints
from networks.architectures import find_architecture
from networks.losses import UNLABELLED
from networks.network import Network
from networks.patches import PatchSampler, TrainingSlice
from networks.predict import forecast
from networks.train import train_network

HELD_OUT = 0.15
TRAINED = 0.95  # of the progress bar


@dataclass(frozen=True)
class NetworkSegmenter:
    """A trained network."""

    checkpoint: checkpoints.Checkpoint

    @property
    def class_ids(self) -> tuple[int, ...]:
        return self.checkpoint.class_ids

    @property
    def context(self) -> int:
        return self.checkpoint.architecture.context

    def predict(self, image: NDArray[Any], around: Around = ()) -> Prediction:
        known = self.checkpoint
        stack = stacked(image, around, known.normalisation, context=self.context)
        found = forecast(known.model, stack)
        return Prediction(np.asarray(known.class_ids, np.uint8)[found.best], found.confidence)

    def save(self, folder: Path) -> None:
        checkpoints.save(self.checkpoint, folder)


def load_segmenter(folder: Path, *, device: str) -> NetworkSegmenter:
    """Read what `NetworkSegmenter.save` wrote."""
    loaded = checkpoints.load(folder)
    loaded.model.to(choose_device(device), memory_format=torch.channels_last)  # type: ignore[call-overload]
    return NetworkSegmenter(loaded)


def context_of(algorithm: str, parameters: Mapping[str, Any]) -> int:
    """How many neighbouring slices on either side the network would look at."""
    return find_architecture(algorithm).parameters.chosen_from(parameters).context


def train_segmenter(
    algorithm: str,
    slices: Sequence[LabelledSlice],
    parameters: Mapping[str, Any],
    *,
    seed: int,
    device: str,
    report: Report,
) -> tuple[Segmenter, TrainingReport]:
    """Learn from the labelled pixels, some regions kept out for the scores.

    algorithm : a name of the catalogue. parameters : of the network and of its training, in one mapping.

    Raises
    ------
    NotEnoughLabelsError
        If fewer than two classes are labelled.
    ParameterError
        If there is no such parameter, or the network cannot be built with the values.
    InvalidInputError
        If a GPU is asked for and there is none, or the slices differ in channels or lack neighbours.
    """
    found = find_architecture(algorithm)
    check_names(parameters, found.parameters, TrainingParameters, owner=algorithm)
    architecture, chosen = found.parameters.chosen_from(parameters), TrainingParameters.chosen_from(parameters)
    class_ids = labelled_classes(slices)
    where = choose_device(device)
    torch.manual_seed(seed)
    started = time.monotonic()
    report(Progress(0.0, f"Preparing {len(slices)} slices"))
    normalisation = Normalisation.of([each.image for each in slices], seed=seed)
    channels = len(normalisation.lo)
    data = Data.of(slices, class_ids, normalisation, context=architecture.context, seed=seed)
    prepared = time.monotonic()
    network = found.build(channels, len(class_ids), architecture, seed=seed)
    sampler = PatchSampler(data.training, patch_px=chosen.patch_px, augment=chosen.augment, seed=seed)
    trained = train_network(
        network,
        sampler,
        chosen,
        device=where,
        report=lambda told: report(Progress(TRAINED * told.fraction, told.message, told.metrics, told.step)),
        score=(lambda model: data.score(model, class_ids).get("mean_iou", 0.0)) if data.dense else None,
    )
    report(Progress(TRAINED, "Scoring on held-out regions"))
    scores = data.score(trained, class_ids)
    checkpoint = checkpoints.Checkpoint(
        algorithm, trained, channels, class_ids, architecture, normalisation, chosen.to_json(), seed
    )
    note = "" if scores else "Too few labels to keep some out of training, so there is no score."
    seconds = {"features": prepared - started, "training": time.monotonic() - prepared}
    return NetworkSegmenter(checkpoint), TrainingReport(scores, seconds, note)


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
        cls,
        slices: Sequence[LabelledSlice],
        class_ids: Sequence[int],
        normalisation: Normalisation,
        *,
        context: int,
        seed: int,
    ) -> "Data":
        """Split and normalise."""
        splits = [hold_out(each.labels, fraction=HELD_OUT, seed=seed + at) for at, each in enumerate(slices)]
        training = [
            TrainingSlice(stacked(each.image, each.around, normalisation, context=context), _places(kept, class_ids))
            for each, (kept, _) in zip(slices, splits, strict=True)
        ]
        dense = all(is_dense(each.labels) for each in slices)
        held = [held for _, held in splits]
        return cls(training, held, dense=dense and any(labels.any() for labels in held))

    def score(self, model: Network, class_ids: Sequence[int]) -> dict[str, float]:
        """Scores on what was kept out; empty when nothing was."""
        scores = Scores(class_ids)
        for each, held in zip(self.training, self.held_out, strict=True):
            if held.any():
                scores.add(held, np.asarray(class_ids, np.uint8)[forecast(model, each.image).best])
        return scores.report()


def stacked(image: NDArray[Any], around: Around, normalisation: Normalisation, *, context: int) -> NDArray[np.float32]:
    """The slice in the middle of its neighbours, as a network sees it: ((2 context + 1) x channels, Y, X), normalised.

    Raises
    ------
    InvalidInputError
        If there are not as many neighbours, or one has another shape.
    """
    if len(around) != 2 * context:
        raise InvalidInputError(
            f"The model looks at {2 * context} neighbouring slices, {len(around)} were given.",
            "Give each slice with those below and above it.",
        )
    if any(each.shape != image.shape for each in around):
        raise InvalidInputError("Neighbouring slices differ in shape.", "All slices of a volume must have one shape.")
    ordered = [*around[:context], image, *around[context:]]
    return np.concatenate([normalisation.apply(each) for each in ordered])


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
