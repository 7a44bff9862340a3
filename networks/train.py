"""Training: a fixed number of steps, an average of the weights, and the best of a few checkpoints where that is known.

Single checkpoints swing by a tenth of mean IoU; the moving average of the weights does not. Held-out strokes choose the
worst checkpoint as often as the best, so only held-out areas choose one; else the last average is taken.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.learning.network_parameters import TrainingParameters
from core.learning.segmenter import Progress, Report
from networks.losses import partial_cross_entropy, partial_dice
from networks.network import Network
from networks.patches import PatchSampler

EMA_DECAY = 0.98
WEIGHT_DECAY = 1e-4
WARM_UP = 0.15  # of the steps, until the learning rate is at its peak
REPORT_EVERY = 5  # steps
CHECKS = 4  # times that the average is scored, in the second half

Score = Callable[[Network], float]


@dataclass
class Best:
    """The average that scored highest so far; a copy, as training goes on changing the other."""

    score: float = -1.0
    model: Network | None = None

    def offer(self, model: Network, score: float) -> None:
        if score > self.score:
            self.score, self.model = score, copy.deepcopy(model)


def train_network(
    model: Network,
    sampler: PatchSampler,
    parameters: TrainingParameters,
    *,
    device: torch.device,
    report: Report,
    score: Score | None,
) -> Network:
    """Train `model` in place and return the averaged network, in evaluation mode.

    score : judges an averaged network on areas kept out of training; the best one is returned. None: the last.
    """
    model = model.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    averaged = copy.deepcopy(model).eval()
    optimiser = torch.optim.AdamW(model.parameters(), lr=parameters.learning_rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, parameters.learning_rate, total_steps=parameters.steps, pct_start=WARM_UP
    )
    best = Best()
    for step in range(1, parameters.steps + 1):
        loss = _step(model, sampler, parameters, optimiser, device)
        schedule.step()
        _average(averaged, model, step)
        if score is not None and _is_check(step, parameters.steps):
            found = score(averaged)
            best.offer(averaged, found)
            report(_progress(step, parameters.steps, {"mean_iou": found, "loss": loss}))
        elif step % REPORT_EVERY == 0 or step == parameters.steps:
            report(_progress(step, parameters.steps, {"loss": loss}))
    return best.model or averaged


def _step(
    model: Network,
    sampler: PatchSampler,
    parameters: TrainingParameters,
    optimiser: torch.optim.Optimizer,
    device: torch.device,
) -> float:
    images, places = sampler.batch(parameters.batch_size)
    batch = torch.from_numpy(images).to(device, memory_format=torch.channels_last)
    targets = torch.from_numpy(places).to(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        votes = model.votes(batch)  # (members, B, classes, H, W)
    loss = torch.stack([_loss(scores.float(), targets, dice=parameters.dice) for scores in votes]).mean()
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return loss.item()


def _loss(scores: Tensor, targets: Tensor, *, dice: bool) -> Tensor:
    loss = partial_cross_entropy(scores, targets)
    return loss + partial_dice(scores, targets) if dice else loss


@torch.no_grad()
def _average(averaged: Network, model: Network, step: int) -> None:
    """Exponential moving average of weights and batch statistics; short at first, so that the start is forgotten."""
    decay = min(EMA_DECAY, step / (step + 10))
    for mean, value in zip(averaged.state_dict().values(), model.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - decay)


def _is_check(step: int, steps: int) -> bool:
    """`CHECKS` times in the second half, the last step included."""
    every = max(1, steps // (2 * CHECKS))
    return step > steps // 2 and (steps - step) % every == 0


def _progress(step: int, steps: int, metrics: dict[str, float]) -> Progress:
    return Progress(step / steps, f"Step {step} of {steps}", metrics, step)
