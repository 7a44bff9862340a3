"""A network as a `Segmenter`: from labelled slices to a network, and from a slice to class ids."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.learning.labelled import labelled_classes
from core.learning.metrics import Evaluation
from core.learning.network_parameters import check_names
from core.learning.normalisation import Normalisation
from core.learning.segmenter import Around, LabelledSlice, Prediction, Progress, Report, Segmenter, TrainingReport
from core.learning.training_parameters import TrainingParameters
from networks import checkpoints
from networks.architectures import find_architecture
from networks.data import Data, stacked
from networks.devices import choose_device
from networks.interruptions import Keeper
from networks.losses import Loss, balanced_weights, choose_loss
from networks.network import ArchitectureParameters
from networks.patches import PatchSampler
from networks.predict import decide
from networks.train import Trained, train_network, variations_of
from networks.warm_start import carry_over, check_start, read_start

TRAINED = 0.95  # of the progress bar


@dataclass(frozen=True)
class NetworkSegmenter:
    """A trained network. flips : whether it predicts each slice in its four mirrorings, and takes the mean.

    entropy : whether predictions keep it and the margin.
    """

    checkpoint: checkpoints.Checkpoint
    flips: bool = False
    entropy: bool = False

    @property
    def class_ids(self) -> tuple[int, ...]:
        return self.checkpoint.class_ids

    @property
    def context(self) -> int:
        return self.checkpoint.architecture.context

    def predict(self, image: NDArray[Any], around: Around = ()) -> Prediction:
        known = self.checkpoint
        stack = stacked(image, around, known.normalisation, context=self.context)
        found = decide(known.model, stack, flips=self.flips, entropy=self.entropy)
        labels = np.asarray(known.class_ids, np.uint8)[found.best]
        return Prediction(labels, found.confidence, found.entropy, found.margin)

    def save(self, folder: Path) -> None:
        checkpoints.save(self.checkpoint, folder)


def load_segmenter(folder: Path, *, device: str) -> NetworkSegmenter:
    """Read what `NetworkSegmenter.save` wrote."""
    loaded = checkpoints.load(folder)
    loaded.model.to(choose_device(device), memory_format=torch.channels_last)  # type: ignore[call-overload]
    return NetworkSegmenter(loaded)


def context_of(algorithm: str, parameters: Mapping[str, Any], start: Path | None = None) -> int:
    """How many neighbouring slices on either side the network would look at, when it goes on with `start`."""
    if start is not None:
        return read_start(start).architecture.context
    return find_architecture(algorithm).parameters.chosen_from(parameters).context


def train_segmenter(
    algorithm: str,
    slices: Sequence[LabelledSlice],
    parameters: Mapping[str, Any],
    *,
    seed: int,
    device: str,
    report: Report,
    start: Path | None = None,
    keep_in: Path | None = None,
) -> tuple[Segmenter, TrainingReport]:
    """Learn from the labelled pixels, some regions kept out for the scores.

    algorithm : a name of the catalogue. parameters : of the network and of its training, in one mapping.
    start : folder of a saved model, or of a pretrained encoder, to go on with; its shape and normalisation are kept.
    keep_in : file in which training is kept, and from which the same training goes on when it was interrupted.

    Raises
    ------
    NotEnoughLabelsError
        If fewer than two classes are labelled.
    ParameterError
        If there is no such parameter, or the network cannot be built with the values.
    InvalidInputError
        If a GPU is asked for and there is none, the slices differ in channels or lack neighbours, the model to start
        from does not fit, or memory does not suffice for one patch.
    """
    shape = find_architecture(algorithm).parameters
    check_names(parameters, shape, TrainingParameters, owner=algorithm)
    given = TrainingParameters.chosen_from(parameters)
    chosen = given.suited([each.labels for each in slices])
    where = choose_device(device)
    torch.manual_seed(seed)
    begun = time.monotonic()
    report(Progress(0.0, f"Preparing {len(slices)} slices"))
    sketch = _sketch(algorithm, slices, shape.chosen_from(parameters), chosen, seed=seed, start=start)
    task = _Task(sketch, _data(slices, sketch, chosen, seed=seed), chosen, where, seed)
    prepared = time.monotonic()
    trained = task.train(report, keep_in)
    report(Progress(TRAINED, "Scoring on held-out regions"))
    evaluation = task.data.evaluate(trained.model)
    seconds = {"features": prepared - begun, "training": time.monotonic() - prepared}
    told = TrainingReport(evaluation.scores, seconds, " ".join(_notes(task, given, trained, evaluation)), evaluation)
    return NetworkSegmenter(replace(sketch, model=trained.model)), told


@dataclass(frozen=True)
class _Task:
    """What is to be learned, and on what. sketch : the network before training."""

    sketch: checkpoints.Checkpoint
    data: Data
    chosen: TrainingParameters
    device: torch.device
    seed: int

    def train(self, report: Report, keep_in: Path | None) -> Trained:
        return train_network(
            self.sketch.model,
            self._sampler(),
            self.chosen,
            loss=self._loss(),
            device=self.device,
            seed=self.seed,
            report=lambda told: report(replace(told, fraction=TRAINED * told.fraction)),
            judge=self.data.judge,
            keeper=Keeper(keep_in, self._purpose()),
        )

    def _sampler(self) -> PatchSampler:
        side = self.chosen.patch_px
        border = variations_of(self.chosen).border_px(side)
        return PatchSampler(self.data.training, patch_px=side, border_px=border, seed=self.seed)

    def _loss(self) -> Loss:
        chosen = self.chosen
        weights = balanced_weights(self.data.pixels()).to(self.device) if chosen.class_weights else None
        return choose_loss(chosen.loss, smoothing=chosen.label_smoothing, gamma=chosen.focal_gamma, weights=weights)

    def _purpose(self) -> str:
        """Differs for any other network, parameters or labels, and for other code."""
        known = checkpoints.facts(self.sketch)
        return json.dumps([known, self.data.pixels(), self.seed, self.device.type])


def _sketch(
    algorithm: str,
    slices: Sequence[LabelledSlice],
    architecture: ArchitectureParameters,
    chosen: TrainingParameters,
    *,
    seed: int,
    start: Path | None,
) -> checkpoints.Checkpoint:
    """The network before training."""
    class_ids = labelled_classes(slices)
    normalisation = Normalisation.of_labelled(
        [each.image for each in slices], [each.labels for each in slices], seed=seed
    )
    channels = len(normalisation.lo)
    earlier = read_start(start) if start is not None else None
    if earlier is not None:
        check_start(earlier, algorithm, channels=channels)
        architecture, normalisation, seed = earlier.architecture, earlier.normalisation, earlier.seed
    network = find_architecture(algorithm).build(channels, len(class_ids), architecture, seed=seed)
    if earlier is not None:
        carry_over(network, class_ids, earlier)
    return checkpoints.Checkpoint(
        algorithm, network, channels, class_ids, architecture, normalisation, chosen.to_json(), seed
    )


def _data(
    slices: Sequence[LabelledSlice], sketch: checkpoints.Checkpoint, chosen: TrainingParameters, *, seed: int
) -> Data:
    return Data.of(
        slices,
        sketch.class_ids,
        sketch.normalisation,
        context=sketch.architecture.context,
        held_out=chosen.held_out_pct / 100,
        seed=seed,
    )


def _notes(task: _Task, given: TrainingParameters, trained: Trained, evaluation: Evaluation) -> Iterator[str]:
    chosen = task.chosen
    if chosen.steps != given.steps:
        yield f"Small boxes are labelled, so it learned from patches of {chosen.patch_px} px, in {chosen.steps} steps."
    yield from trained.notes
    if not evaluation.scores:
        yield "Too few labels to keep some out of training, so there is no score."
