"""The training of an encoder without labels: SimCLR and SimSiam, for a fixed number of steps."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from core.learning.pretraining_parameters import PretrainingParameters
from core.learning.segmenter import Progress, Report
from networks.network import Network
from networks.optimisers import choose_optimiser, share_of_rate
from networks.pretraining.embedding import pooled
from networks.pretraining.losses import simclr_loss, simsiam_loss, spread
from networks.pretraining.views import Views

METHODS = ("SimCLR", "SimSiam")
PROJECTED = 128  # numbers that the loss compares; they are thrown away with the layers that make them
HIDDEN = 64  # of SimSiam's predictor, narrower than what it predicts
REPORT_EVERY = 5  # steps
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
) -> tuple[str, ...]:
    """Train the encoder of `network` in place; returns sentences about what happened.

    Parameters
    ----------
    method : one of `METHODS`.
    """
    model = Siamese(network, method=method).to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    optimiser = choose_optimiser(
        parameters.optimiser, model.learning(), rate=parameters.learning_rate, weight_decay=parameters.weight_decay
    )
    apart = 1.0
    for step in range(1, parameters.steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = parameters.learning_rate * share_of_rate(parameters.schedule, step / parameters.steps)
        loss, apart = _step(model, optimiser, views, parameters)
        if step % REPORT_EVERY == 0 or step == parameters.steps:
            told = {"loss": loss, "spread": apart}
            report(Progress(step / parameters.steps, f"Step {step} of {parameters.steps}", told, step))
    network.eval()
    return _notes(apart)


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
