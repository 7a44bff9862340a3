"""The training of an encoder without labels: SimCLR and SimSiam, for a fixed number of steps.

It goes on where it was interrupted, as the training of a network does (`networks/interruptions.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.learning.pretraining_parameters import PretrainingParameters
from core.learning.segmenter import Progress, Report
from networks.interruptions import Keeper, State, chances, set_chances
from networks.network import Network
from networks.optimisers import choose_optimiser, share_of_rate
from networks.pretraining.embedding import pooled
from networks.pretraining.losses import simclr_loss, simsiam_loss, spread
from networks.pretraining.views import Views

METHODS = ("SimCLR", "SimSiam")
PROJECTED = 128  # numbers that the loss compares; they are thrown away with the layers that make them
HIDDEN = 64  # of SimSiam's predictor, narrower than what it predicts
REPORT_EVERY = 5  # steps
EPOCHS = 8  # parts of a pretraining, each of which is kept when it is done
CLIP = 1.0  # the longest gradient
COLLAPSED = 0.1  # a spread below it: the outputs are all but one and the same


class Siamese(nn.Module):
    """A network's encoder with the layers that pretraining adds to it.

    project : what is found -> what is compared. predict : of one view -> the other, SimSiam's.
    """

    def __init__(self, network: Network, *, method: str) -> None:
        super().__init__()
        self.network = network
        found = _width(network)
        self.project = nn.Sequential(*_layer(found, PROJECTED), nn.Linear(PROJECTED, PROJECTED))
        simsiam = method == "SimSiam"
        if simsiam:
            self.project.append(nn.BatchNorm1d(PROJECTED, affine=False))
        self.predict = nn.Sequential(*_layer(PROJECTED, HIDDEN), nn.Linear(HIDDEN, PROJECTED)) if simsiam else None

    def forward(self, views: Tensor) -> Tensor:
        outputs: Tensor = self.project(pooled(self.network, views))
        return outputs  # (B, PROJECTED)

    def learning(self) -> Iterator[nn.Parameter]:
        """Weights that training changes: no decoder, no head."""
        yield from self.project.parameters()
        yield from self.predict.parameters() if self.predict is not None else ()
        for part in self.network.encoder:
            yield from self.network.get_submodule(part).parameters()


def learn_views(
    network: Network,
    views: Views,
    parameters: PretrainingParameters,
    *,
    method: str,
    device: torch.device,
    report: Report,
    keeper: Keeper | None = None,
) -> tuple[str, ...]:
    """Train the encoder of `network` in place; returns sentences about what happened.

    Parameters
    ----------
    method : one of `METHODS`.
    keeper : where training is kept after each of `EPOCHS` parts; it goes on from there.
    """
    model = Siamese(network, method=method).to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    optimiser = choose_optimiser(
        parameters.optimiser, model.learning(), rate=parameters.learning_rate, weight_decay=parameters.weight_decay
    )
    course = Course(model, optimiser, views, parameters, device, keeper or Keeper())
    course.go_on(report)
    course.run(report)
    network.eval()
    return (*course.keeper.notes, *_notes(course.apart))


@dataclass
class Course:
    """A pretraining on its way. step : the last one that is done. apart : the spread of its batch."""

    model: Siamese
    optimiser: torch.optim.Optimizer
    views: Views
    parameters: PretrainingParameters
    device: torch.device
    keeper: Keeper
    step: int = 0
    apart: float = 1.0

    def go_on(self, report: Report) -> None:
        """Take up what was kept, if something was."""
        state = self.keeper.load()
        if state is None:
            return
        self.step, self.apart = state["step"], state["apart"]
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.views.restore(state["views"])
        set_chances(state["chances"], self.device)
        report(Progress(self.step / self._steps, f"Going on after step {self.step} of {self._steps}"))

    def run(self, report: Report) -> None:
        """All steps that are left."""
        while self.step < self._steps:
            loss = self._advance()
            if self.step % max(1, self._steps // EPOCHS) == 0 or self.keeper.due():
                self.keeper.keep(self._state())
            if self.step % REPORT_EVERY == 0 or self.step == self._steps:
                told = {"loss": loss, "spread": self.apart}
                report(Progress(self.step / self._steps, f"Step {self.step} of {self._steps}", told, self.step))

    def _advance(self) -> float:
        """One step; returns its loss."""
        self.step += 1
        rate = self.parameters.learning_rate * share_of_rate(self.parameters.schedule, self.step / self._steps)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        loss, self.apart = _step(self.model, self.optimiser, self.views, self.parameters)
        return loss

    def _state(self) -> State:
        parts = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}
        own = {"step": self.step, "apart": self.apart, "views": self.views.state()}
        return {**parts, **own, "chances": chances(self.device)}

    @property
    def _steps(self) -> int:
        return self.parameters.steps


def _step(
    model: Siamese, optimiser: torch.optim.Optimizer, views: Views, parameters: PretrainingParameters
) -> tuple[float, float]:
    """Loss and spread of a batch."""
    pair = views.batch(parameters.batch_size)
    half = parameters.mixed_precision and pair[0].device.type == "cuda"
    with torch.autocast(pair[0].device.type, torch.bfloat16, enabled=half):
        first, second = (model(view).float() for view in pair)
        loss = _loss(model, first, second, temperature=parameters.temperature)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    length = nn.utils.clip_grad_norm_(list(model.learning()), CLIP)
    if bool(torch.isfinite(length)):  # else the step would spoil the weights
        optimiser.step()
    return loss.item(), spread(first)


def _loss(model: Siamese, first: Tensor, second: Tensor, *, temperature: float) -> Tensor:
    if model.predict is None:
        return simclr_loss(first, second, temperature=temperature)
    return simsiam_loss((model.predict(first).float(), model.predict(second).float()), (first, second))


def _notes(apart: float) -> tuple[str, ...]:
    if apart >= COLLAPSED:
        return ()
    return (
        f"The outputs have collapsed (spread {apart:.2f}): all places look the same to this encoder. "
        "Use SimCLR, or a smaller learning rate.",
    )


def _layer(width_in: int, width_out: int) -> tuple[nn.Module, ...]:
    return nn.Linear(width_in, width_out, bias=False), nn.BatchNorm1d(width_out), nn.ReLU(inplace=True)


@torch.no_grad()
def _width(network: Network) -> int:
    """How many numbers `pooled` gives; asked in evaluation mode, so that no statistic changes."""
    was = network.training
    network.eval()
    channels = next(network.parameters()).shape[1]
    found = pooled(network, torch.zeros(1, channels, network.stride, network.stride)).shape[1]
    network.train(was)
    return int(found)
