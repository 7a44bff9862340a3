"""Training: a fixed number of steps, an average of the weights, and the best of a few checkpoints where that is known.

Single checkpoints swing by a tenth of mean IoU; the moving average of the weights does not. Held-out strokes choose the
worst checkpoint as often as the best, so only held-out areas choose one; else the last average is taken. A loss that
runs away leads back to where it was lowest, memory that runs out to smaller batches. A training that is kept goes on
where it was interrupted (`networks/interruptions.py`).
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from core.errors import InvalidInputError
from core.learning.pretraining_parameters import PretrainingParameters
from core.learning.segmenter import Preview, Progress, Report
from core.learning.training_parameters import TrainingParameters
from networks.augment import Variations, vary
from networks.guard import Guard
from networks.interruptions import Keeper, State, chances, set_chances
from networks.losses import Loss
from networks.memory import free_memory, is_out_of_memory
from networks.network import Network
from networks.optimisers import choose_optimiser, share_of_rate
from networks.patches import PatchSampler

CLIP = 1.0  # the longest gradient
REPORT_EVERY = 5  # steps
_PARTS = ("model", "averaged", "optimiser")  # of a learner, with a state of their own
CHECKS = 8  # times that the average is looked at; in the second half it may become the best


@dataclass(frozen=True)
class Judgement:
    """score : mean IoU on areas kept out of training, None where it cannot choose."""

    score: float | None = None
    preview: Preview | None = None


Judge = Callable[[Network], Judgement]


@dataclass
class Best:
    """The average that scored highest so far; a copy, as training goes on changing the other."""

    score: float = -1.0
    model: Network | None = None

    def offer(self, model: Network, score: float) -> None:
        if score > self.score:
            self.score, self.model = score, copy.deepcopy(model)

    def state(self) -> State:
        """All that `restore` needs."""
        return {"score": self.score, "model": None if self.model is None else self.model.state_dict()}

    def restore(self, state: State, like: Network) -> None:
        """Go on as the best whose `state` this was; its network is shaped like `like`."""
        self.score = state["score"]
        if state["model"] is not None:
            self.model = copy.deepcopy(like)
            self.model.load_state_dict(state["model"])


@dataclass(frozen=True)
class Trained:
    """model : in evaluation mode. notes : sentences about what happened on the way."""

    model: Network
    notes: tuple[str, ...]


def variations_of(parameters: TrainingParameters | PretrainingParameters) -> Variations:
    """How patches are varied."""
    return Variations(
        flips=parameters.flips,
        turn_deg=parameters.turn_deg,
        bend_px=parameters.bend_px,
        grey=parameters.grey_pct / 100,
        noise=parameters.noise_pct / 100,
        blur_px=parameters.blur_px,
    )


def train_network(
    model: Network,
    sampler: PatchSampler,
    parameters: TrainingParameters,
    *,
    loss: Loss,
    device: torch.device,
    seed: int,
    report: Report,
    judge: Judge,
    keeper: Keeper | None = None,
) -> Trained:
    """Train `model` in place and return the averaged network.

    Parameters
    ----------
    sampler : its patches have the border that `variations_of(parameters)` want.
    judge : looks at an averaged network now and then.
    keeper : where training is kept whenever that was done; it goes on from there.

    Raises
    ------
    InvalidInputError
        If not even one patch fits into memory.
    """
    model = model.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    learner = Learner(model, sampler, parameters, loss, torch.Generator(device).manual_seed(seed))
    course = Course(learner, keeper or Keeper())
    course.go_on(report)
    course.run(report, judge)
    return Trained(course.best.model or learner.averaged, (*learner.notes, *course.keeper.notes))


@dataclass
class Learner:
    """A network while it learns, with its average. chance : of the variations, on the device of the network."""

    model: Network
    sampler: PatchSampler
    parameters: TrainingParameters
    loss: Loss
    chance: torch.Generator
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        chosen = self.parameters
        self.batch_size = chosen.batch_size
        self.averaged = copy.deepcopy(self.model).eval()
        self.optimiser = choose_optimiser(
            chosen.optimiser,
            self.model.parameters(),
            rate=chosen.learning_rate,
            weight_decay=chosen.weight_decay,
        )
        self.guard = Guard(self.model, self.averaged, self.optimiser)
        self.variations = variations_of(chosen)

    def state(self) -> State:
        """All that `restore` needs."""
        parts = {name: getattr(self, name).state_dict() for name in _PARTS}
        chance = {"patches": self.sampler.chance.bit_generator.state, "variations": self.chance.get_state()}
        own = {"guard": self.guard.state(), "batch_size": self.batch_size, "notes": self.notes}
        return {"parts": parts, "chance": chance, **own}

    def restore(self, state: State) -> None:
        """Go on as the learner whose `state` this was."""
        for name in _PARTS:
            getattr(self, name).load_state_dict(state["parts"][name])
        self.sampler.chance.bit_generator.state = state["chance"]["patches"]
        self.chance.set_state(state["chance"]["variations"])
        self.guard.restore(state["guard"])
        self.batch_size, self.notes = state["batch_size"], list(state["notes"])

    def advance(self, step: int) -> float:
        """One step; returns its loss."""
        rate = self.parameters.learning_rate * share_of_rate(self.parameters.schedule, step / self.parameters.steps)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * self.guard.rate
        value = self._step_that_fits()
        if self.guard.watch(value, step):
            self._go_back(step)
        else:
            average(self.averaged, self.model, decay=min(self.parameters.ema, step / (step + 10)))
        return value

    def _go_back(self, step: int) -> None:
        kept = self.guard.retreat()
        ending = " and training ended there" if self.guard.gives_up else ", and went on with a lower learning rate"
        self.notes.append(f"The loss ran away at step {step}; the network went back to step {kept}{ending}.")

    def _step_that_fits(self) -> float:
        """A step, with fewer patches when memory runs out."""
        while (value := self._try_step()) is None:
            self._shrink()
        return value

    def _try_step(self) -> float | None:
        """None when memory ran out; the tensors of the attempt are gone by then."""
        try:
            return self._step()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return None

    def _shrink(self) -> None:
        self.optimiser.zero_grad(set_to_none=True)
        if self.batch_size == 1:
            side = self.parameters.patch_px
            raise InvalidInputError(
                f"Memory does not suffice for a single patch of {side} x {side} pixels.",
                "Choose smaller patches or a smaller network.",
            )
        self.batch_size //= 2
        patches = "1 patch" if self.batch_size == 1 else f"{self.batch_size} patches"
        self.notes.append(f"Memory ran out, so batches hold {patches}.")
        free_memory()

    def _step(self) -> float:
        images, targets = self._batch()
        half = self.parameters.mixed_precision and images.device.type == "cuda"
        with torch.autocast(images.device.type, torch.bfloat16, enabled=half):
            votes = self.model.votes(images)
        loss = torch.stack([self.loss(scores.float(), targets) for scores in votes]).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        length = nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        if not bool(torch.isfinite(length)):
            return float("nan")  # this step would spoil the weights
        self.optimiser.step()
        return loss.item()

    def _batch(self) -> tuple[Tensor, Tensor]:
        images, places = (torch.from_numpy(part).to(self.chance.device) for part in self.sampler.batch(self.batch_size))
        varied, targets = vary(images, places, self.variations, self.chance, side=self.parameters.patch_px)
        return (varied.contiguous(memory_format=torch.channels_last) if varied.ndim == 4 else varied), targets


@dataclass
class Course:
    """A training on its way. step : the last one that is done."""

    learner: Learner
    keeper: Keeper
    best: Best = field(default_factory=Best)
    step: int = 0

    def go_on(self, report: Report) -> None:
        """Take up what was kept, if something was."""
        state = self.keeper.load()
        if state is None:
            return
        self.step = state["step"]
        self.learner.restore(state["learner"])
        self.best.restore(state["best"], like=self.learner.averaged)
        set_chances(state["chances"], self.learner.chance.device)
        steps = self.learner.parameters.steps
        report(Progress(self.step / steps, f"Going on after step {self.step} of {steps}"))

    def run(self, report: Report, judge: Judge) -> None:
        """All steps that are left, or until the loss cannot be held."""
        steps = self.learner.parameters.steps
        while self.step < steps:
            value = self.learner.advance(self.step + 1)
            if self.learner.guard.gives_up:
                return
            self.step += 1
            seen = self._checked(judge) if _is_check(self.step, steps) else None
            if seen is not None or self.keeper.due():
                self.keeper.keep(self._state())
            if seen is not None or self.step % REPORT_EVERY == 0:
                report(_progress(self.step, steps, value, seen))

    def _checked(self, judge: Judge) -> Judgement:
        seen = judge(self.learner.averaged)
        if seen.score is not None and self.step > self.learner.parameters.steps // 2:
            self.best.offer(self.learner.averaged, seen.score)
        return seen

    def _state(self) -> State:
        chance = chances(self.learner.chance.device)
        return {"step": self.step, "learner": self.learner.state(), "best": self.best.state(), "chances": chance}


@torch.no_grad()
def average(averaged: nn.Module, model: nn.Module, *, decay: float) -> None:
    """Exponential moving average of weights and batch statistics (Polyak and Juditsky 1992, doi:10.1137/0330046)."""
    for mean, value in zip(averaged.state_dict().values(), model.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - decay)


def _is_check(step: int, steps: int) -> bool:
    """`CHECKS` times, the last step included."""
    every = max(1, steps // CHECKS)
    return (steps - step) % every == 0


def _progress(step: int, steps: int, loss: float, seen: Judgement | None = None) -> Progress:
    metrics = {"loss": loss} if np.isfinite(loss) else {}
    if seen is not None and seen.score is not None:
        metrics["mean_iou"] = seen.score
    return Progress(step / steps, f"Step {step} of {steps}", metrics, step, seen.preview if seen else None)
