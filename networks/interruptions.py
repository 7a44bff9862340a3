"""Training that goes on where it was interrupted: its state in one file, whole or not at all, whenever a process dies.

The file holds all that the next step depends on - weights, averages, optimiser, random states, the best so far - and
nothing of the images, which are read again. On a processor, a training that went on ends with the very bits of one
that was never interrupted. A file that cannot be read, or of another training, costs the steps done so far, no more;
one that cannot be written costs nothing until the next interruption.
"""

import os
import pickle
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

KEEP_EVERY_S = 60.0  # what an interruption may cost, where an eighth of a training takes longer
State = dict[str, Any]
"""Tensors, numbers, text, and lists and dicts of them: what `torch.load` reads without running code."""


@dataclass
class Keeper:
    """Keeps the state of a training. path : of its file; None: it is not kept.

    purpose : tells this training from any other; a file of another one is not taken.
    notes : sentences about what went wrong.
    """

    path: Path | None = None
    purpose: str = ""
    notes: list[str] = field(default_factory=list)
    _kept_at: float = field(default_factory=time.monotonic)

    def due(self) -> bool:
        """Whether it has been long since something was kept."""
        return self.path is not None and time.monotonic() - self._kept_at > KEEP_EVERY_S

    def load(self) -> State | None:
        """The state to go on from, on the processor; None when training begins."""
        if self.path is None or not self.path.exists():
            return None
        try:
            known: State = torch.load(self.path, map_location="cpu", weights_only=True)
            purpose, state = known["purpose"], known["state"]
        except (OSError, EOFError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError):
            self._tell("What was kept of this training could not be read, so it began anew.")
            return None
        if purpose == self.purpose:
            return dict(state)
        self._tell("What was kept of this training belongs to another training, so it began anew.")
        return None

    def keep(self, state: State) -> None:
        """Replace what was kept before."""
        if self.path is None:
            return
        self._kept_at = time.monotonic()
        try:
            _write(self.path, {"purpose": self.purpose, "state": state})
        except (OSError, RuntimeError) as error:  # torch says RuntimeError of a full disk
            self._tell(f"The state of this training could not be kept ({_reason(error)}): interrupted, it begins anew.")

    def _tell(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)


def chances(device: torch.device) -> State:
    """The state of torch's own random numbers."""
    on_device = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    return {"processor": torch.get_rng_state(), "device": on_device}


def set_chances(state: State, device: torch.device) -> None:
    """As `chances` found them."""
    torch.set_rng_state(state["processor"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(state["device"], device)


def _write(path: Path, content: State) -> None:
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")
