"""Classifiers over embeddings, in torch: a few layers on an encoder that stays as it is, or is tuned with them.

The loss counts known tags alone, so items may have some of their classes unsaid. The weights kept are those of the
epoch with the lowest loss on what was held out, or the last ones where nothing is.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import InvalidInputError, NotEnoughLabelsError
from core.learning.curation.encoders import PLAIN, View
from networks.network import Network
from networks.pretraining.embedding import pooled

SHAPES = ("SSLEvaluator", "SSLEvaluatorOneLayer")
SCHEDULERS = ("cosine", "step")
Points = NDArray[np.float32]
Tags = NDArray[np.int8]


@dataclass(frozen=True)
class HeadTraining:
    """shape : one of `SHAPES`. hidden : numbers in its first layer; 0 is a single layer. rate : of learning.

    scheduler : cosine falls to `final_rate`; step multiplies by `gamma` at each of `decay_epochs`.
    frozen_epochs : at the beginning, in which an encoder that is tuned stays as it is.
    """

    shape: str = "SSLEvaluator"
    hidden: int = 64
    dropout: float = 0.1
    rate: float = 0.1
    final_rate: float = 1e-6
    scheduler: str = "cosine"
    gamma: float = 0.1
    decay_epochs: tuple[int, ...] = (60, 80)
    momentum: float = 0.9
    weight_decay: float = 1e-6
    epochs: int = 50
    batch_size: int = 32
    encoder_rate: float = 0.01
    frozen_epochs: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Lesson:
    """inputs : (n, d) embeddings or (n, C, Y, X) images. tags : (n, classes) int8, -1 for none. held_out : (n,)."""

    inputs: Points
    tags: Tags
    held_out: NDArray[np.bool_]


class Head(nn.Module):
    """(B, d) embeddings, standardised as those it learned from -> (B, classes) scores before the sigmoid."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, width: int, classes: int, training: HeadTraining) -> None:
        super().__init__()
        if training.shape not in SHAPES:
            raise InvalidInputError(f"There is no classifier {training.shape!r}.", f"Use {' or '.join(SHAPES)}.")
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))
        self.layers = nn.Sequential(*_layers(width, classes, training))

    def forward(self, points: Tensor) -> Tensor:
        scores: Tensor = self.layers((points - self.mean) / self.deviation)
        return scores

    def fit_scale(self, points: Tensor) -> None:
        """So that every number of an embedding counts alike."""
        deviation, mean = torch.std_mean(points, dim=0, correction=0)
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(deviation > 0, deviation, torch.ones_like(deviation)))


class Tuned(nn.Module):
    """An encoder with a head: (B, C, Y, X) normalised images -> (B, classes) scores."""

    def __init__(self, network: Network, head: Head, view: View = PLAIN) -> None:
        super().__init__()
        self.network, self.head, self.view = network, head, view

    def embed(self, images: Tensor) -> Tensor:
        return nn.functional.normalize(pooled(self.network, images, self.view), dim=1)

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.head(self.embed(images))
        return scores

    def freeze(self, frozen: bool) -> None:
        """Whether the encoder stays as it is, its running means too."""
        self.network.train(not frozen)
        for weights in self.encoder_weights():
            weights.requires_grad_(not frozen)

    def encoder_weights(self) -> Iterator[nn.Parameter]:
        for part in self.network.encoder:
            yield from self.network.get_submodule(part).parameters()


def masked_loss(scores: Tensor, tags: Tensor) -> Tensor:
    """Binary cross-entropy over the known tags, of which there is at least one; a tag below 0 pulls nothing."""
    known = tags >= 0
    return nn.functional.binary_cross_entropy_with_logits(scores[known], tags[known].float())


def train_head(lesson: Lesson, training: HeadTraining, told: Callable[[int, float], None] | None = None) -> Head:
    """A head over embeddings, the encoder left as it is. told : called with every epoch and its loss.

    Raises NotEnoughLabelsError, InvalidInputError.
    """
    torch.manual_seed(training.seed)
    head = Head(lesson.inputs.shape[1], lesson.tags.shape[1], training)
    head.fit_scale(torch.from_numpy(lesson.inputs))
    _learn(head, [{"params": list(head.parameters()), "lr": training.rate}], lesson, training, told)
    return head


def fine_tune(
    network: Network,
    lesson: Lesson,
    training: HeadTraining,
    told: Callable[[int, float], None] | None = None,
    *,
    view: View = PLAIN,
) -> Tuned:
    """Encoder and head together, each with its own rate of learning; the network given is left as it was.

    Raises NotEnoughLabelsError, InvalidInputError.
    """
    torch.manual_seed(training.seed)
    ours = copy.deepcopy(network)
    with torch.inference_mode():
        points = torch.cat(
            [_unit(ours, part, view) for part in _batches(torch.from_numpy(lesson.inputs), training.batch_size)]
        )
    head = Head(points.shape[1], lesson.tags.shape[1], training).to(points.device)
    head.fit_scale(points.clone())
    model = Tuned(ours, head, view)
    groups = [
        {"params": list(head.parameters()), "lr": training.rate},
        {"params": list(model.encoder_weights()), "lr": training.encoder_rate},
    ]
    _learn(model, groups, lesson, training, told)
    return model


@torch.inference_mode()
def chances(model: nn.Module, inputs: Points, *, batch_size: int = 128) -> Points:
    """(n, classes) float32 in 0..1."""
    model.eval()
    parts = [torch.sigmoid(model(_beside(model, part))) for part in _batches(torch.from_numpy(inputs), batch_size)]
    return np.asarray(torch.cat(parts).cpu().numpy(), np.float32)


def _unit(network: Network, images: Tensor, view: View) -> Tensor:
    return nn.functional.normalize(pooled(network, _beside(network, images), view), dim=1)


def _beside(model: nn.Module, values: Tensor) -> Tensor:
    """On the device where the model is."""
    return values.to(next(model.parameters()).device)


def _learn(
    model: nn.Module,
    groups: list[dict[str, object]],
    lesson: Lesson,
    training: HeadTraining,
    told: Callable[[int, float], None] | None,
) -> None:
    """In place; the best epoch is restored at the end."""
    teach, judge = _parts(lesson)
    optimiser = torch.optim.SGD(groups, momentum=training.momentum, weight_decay=training.weight_decay)
    scheduler = _scheduler(optimiser, training)
    shuffle, best, kept = torch.Generator().manual_seed(training.seed), float("inf"), None
    for epoch in range(training.epochs):
        model.train()
        if isinstance(model, Tuned):
            model.freeze(epoch < training.frozen_epochs)
        _epoch(model, optimiser, teach, training.batch_size, shuffle)
        scheduler.step()
        loss = _judged(model.eval(), judge, training.batch_size)
        if loss < best:
            best, kept = loss, {name: value.clone() for name, value in model.state_dict().items()}
        if told:
            told(epoch + 1, loss)
    if kept and lesson.held_out.any():
        model.load_state_dict(kept)
    model.eval()


def _parts(lesson: Lesson) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """What teaches and what judges; the same where nothing is held out."""
    known = (lesson.tags >= 0).any(axis=1)
    teach, judge = known & ~lesson.held_out, known & lesson.held_out
    if not teach.any():
        raise NotEnoughLabelsError("No item may teach: none has a tag, or all are held out.", "Label some more.")
    return _tensors(lesson, teach), _tensors(lesson, judge if judge.any() else teach)


def _tensors(lesson: Lesson, rows: NDArray[np.bool_]) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(lesson.inputs[rows]), torch.from_numpy(lesson.tags[rows])


def _epoch(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    teach: tuple[Tensor, Tensor],
    batch_size: int,
    shuffle: torch.Generator,
) -> None:
    inputs, tags = teach
    for rows in _batches(torch.randperm(len(inputs), generator=shuffle), batch_size):
        optimiser.zero_grad(set_to_none=True)
        if not (tags[rows] >= 0).any():
            continue
        masked_loss(model(_beside(model, inputs[rows])), _beside(model, tags[rows])).backward()  # type: ignore[no-untyped-call]
        optimiser.step()


@torch.inference_mode()
def _judged(model: nn.Module, judge: tuple[Tensor, Tensor], batch_size: int) -> float:
    scores = torch.cat([model(_beside(model, part)) for part in _batches(judge[0], batch_size)])
    return float(masked_loss(scores, _beside(model, judge[1])))


def _scheduler(optimiser: torch.optim.Optimizer, training: HeadTraining) -> torch.optim.lr_scheduler.LRScheduler:
    if training.scheduler == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, training.epochs, training.final_rate)
    if training.scheduler == "step":
        return torch.optim.lr_scheduler.MultiStepLR(optimiser, list(training.decay_epochs), training.gamma)
    raise InvalidInputError(f"There is no scheduler {training.scheduler!r}.", f"Use {' or '.join(SCHEDULERS)}.")


def _batches(values: Tensor, size: int) -> list[Tensor]:
    return [values[start : start + size] for start in range(0, len(values), size)]


def _layers(width: int, classes: int, training: HeadTraining) -> Iterator[nn.Module]:
    if training.hidden == 0:
        yield nn.Linear(width, classes)
        return
    many = training.shape == "SSLEvaluator"
    widths = [training.hidden // 2**step for step in range(3 if many else 1)]
    for before, after in zip([width, *widths], widths, strict=False):
        yield from ([nn.Dropout(training.dropout)] if many or before == width else [])
        yield from (nn.Linear(before, max(after, 1)), nn.ReLU())
    yield nn.Linear(max(widths[-1], 1), classes)
