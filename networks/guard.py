"""Watches the loss while a network learns, and knows when it runs away and where to go back to."""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

MEMORY = 0.9  # of the smoothed loss: about the last ten steps
RISE, FACTOR = 1.0, 3.0  # above its lowest, the smoothed loss has run away: by this much, and so many times as high
KEEP_EVERY = 10  # steps
RETREAT = 0.3  # what the learning rate is multiplied by
MAX_RETREATS = 4


@dataclass(frozen=True)
class _Snapshot:
    step: int
    smoothed: float
    states: tuple[Mapping[str, Any], ...]


class Guard:
    """Keeps the states of `parts` (networks, optimiser) at the lowest loss so far, and brings them back.

    rate : what the learning rate is to be multiplied by; falls with each retreat.
    """

    def __init__(self, *parts: nn.Module | torch.optim.Optimizer) -> None:
        self.rate = 1.0
        self.retreats = 0
        self._parts = parts
        self._smoothed = math.inf
        self._kept = self._snapshot(0)

    @property
    def gives_up(self) -> bool:
        return self.retreats >= MAX_RETREATS

    def watch(self, loss: float, step: int) -> bool:
        """Take note of a step; True when it has run away, and `retreat` is due."""
        if not math.isfinite(loss):
            return True
        fresh = math.isinf(self._smoothed)
        self._smoothed = loss if fresh else MEMORY * self._smoothed + (1 - MEMORY) * loss
        lowest = self._kept.smoothed
        if self._smoothed > max(lowest + RISE, FACTOR * lowest):
            return True
        if self._smoothed <= lowest and (fresh or step % KEEP_EVERY == 0):
            self._kept = self._snapshot(step)
        return False

    def retreat(self) -> int:
        """Bring back what was kept, slower from now on; returns its step."""
        self.retreats += 1
        self.rate *= RETREAT
        for part, state in zip(self._parts, self._kept.states, strict=True):
            part.load_state_dict(copy.deepcopy(dict(state)))
        self._smoothed = self._kept.smoothed
        return self._kept.step

    def state(self) -> dict[str, Any]:
        """All that `restore` needs."""
        kept = {"step": self._kept.step, "smoothed": self._kept.smoothed, "states": [*self._kept.states]}
        return {"rate": self.rate, "retreats": self.retreats, "smoothed": self._smoothed, "kept": kept}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on as the guard whose `state` this was."""
        self.rate, self.retreats, self._smoothed = state["rate"], state["retreats"], state["smoothed"]
        kept = state["kept"]
        self._kept = _Snapshot(kept["step"], kept["smoothed"], tuple(kept["states"]))

    def _snapshot(self, step: int) -> _Snapshot:
        return _Snapshot(step, self._smoothed, tuple(copy.deepcopy(part.state_dict()) for part in self._parts))
