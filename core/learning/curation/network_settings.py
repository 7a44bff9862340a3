"""What people choose of a small network, with its limits, and such choices drawn at random to compare."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from core.errors import require

LOSSES = ("cross entropy", "focal")
STRATA = ("class", "instance", "squareroot")
SCHEDULES = ("constant", "cosine", "step")
FALLS, FALL = (0.6, 0.8), 0.1  # shares of the steps at which "step" makes a rate ten times smaller
OPTIMISERS = ("adam", "momentum")
KERNELS = (1, 3)
MAX_STEPS = 5000  # half a minute


@dataclass(frozen=True)
class NetworkSettings:
    """hidden : numbers in each layer before the last; () is a single layer. dropout : share left out while learning.

    spec : the layers of a head that convolves (`convnet_spec.py`), in place of `hidden`. kernel : of `KERNELS`, cells
    on a side of what its convolutions look at.
    loss : of `LOSSES`. gamma : of the focal loss; 0 is cross entropy. smoothing : 0 to 0.25, how far labels are drawn
    to 1/2. normalise : the last layer sees directions of length 1. strata : of `STRATA`, how rows are drawn.
    unlabelled : weight of FixMatch, 0 for none; sure : chance from which it believes itself; ratio : unlabelled rows
    for each labelled one. confusion : weight of the distance between subsets, 0 for none.
    optimiser : of `OPTIMISERS`. rate : of learning at the first step. schedule : of `SCHEDULES`, what becomes of it.
    decay : share of the rate by which weights shrink at each step. steps : of `batch` rows each.
    """

    hidden: tuple[int, ...] = (64,)
    spec: str = ""
    kernel: int = 3
    dropout: float = 0.1
    loss: str = "cross entropy"
    gamma: float = 2.0
    smoothing: float = 0.0
    normalise: bool = False
    strata: str = "class"
    unlabelled: float = 0.0
    sure: float = 0.95
    ratio: int = 1
    confusion: float = 0.0
    optimiser: str = "adam"
    rate: float = 2e-3
    schedule: str = "constant"
    decay: float = 1e-3
    steps: int = 400
    batch: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        self._check_words()
        self._check_shares()
        self._check_course()

    def rate_at(self, step: int) -> float:
        """Of the step, from 1.

        >>> [NetworkSettings(rate=1, steps=4, schedule="cosine").rate_at(step) for step in (1, 3)]
        [1.0, 0.5]
        >>> [NetworkSettings(rate=1, steps=10, schedule="step").rate_at(step) for step in (6, 7, 9)]
        [1.0, 0.1, 0.010000000000000002]
        """
        gone = (step - 1) / self.steps
        factors = {
            "constant": 1.0,
            "cosine": (1 + np.cos(np.pi * gone)) / 2,
            "step": FALL ** sum(gone >= at for at in FALLS),
        }
        return float(self.rate * factors[self.schedule])

    def _check_words(self) -> None:
        require(self.loss in LOSSES, f"{self.loss!r} is no loss.", f"Use {' or '.join(LOSSES)}.")
        require(self.strata in STRATA, f"{self.strata!r} is no way to draw rows.", f"Use {', '.join(STRATA)}.")
        require(self.schedule in SCHEDULES, f"{self.schedule!r} is no schedule.", f"Use {', '.join(SCHEDULES)}.")
        require(self.optimiser in OPTIMISERS, f"{self.optimiser!r} is no optimiser.", f"Use {' or '.join(OPTIMISERS)}.")

    def _check_shares(self) -> None:
        require(0 <= self.smoothing <= 0.25, f"Smoothing of {self.smoothing} is not possible.", "Use 0 to 0.25.")
        require(0 <= self.dropout <= 0.95, f"Dropout of {self.dropout} is not possible.", "Use 0 to 0.95.")
        require(0 <= self.gamma <= 10, f"A gamma of {self.gamma} is not possible.", "Use 0 to 10.")
        for weight in (self.unlabelled, self.confusion):
            require(0 <= weight <= 10, f"A weight of {weight} is not possible.", "Use 0 to 10.")
        require(0.5 <= self.sure <= 1, f"Sure from {self.sure} is not possible.", "Use 0.5 to 1.")
        require(1 <= self.ratio <= 8, f"{self.ratio} unlabelled rows for one are not possible.", "Use 1 to 8.")

    def _check_course(self) -> None:
        fits = len(self.hidden) <= 4 and all(1 <= width <= 1024 for width in self.hidden)
        require(fits, f"Layers of {self.hidden} are not possible.", "Use up to four, each of 1 to 1,024 numbers.")
        require(self.kernel in KERNELS, f"A kernel of {self.kernel} is not possible.", "Use 1 or 3.")
        require(1e-6 <= self.rate <= 1, f"A rate of {self.rate} is not possible.", "Use 0.000001 to 1.")
        require(0 <= self.decay <= 1, f"A decay of {self.decay} is not possible.", "Use 0 to 1.")
        require(1 <= self.steps <= MAX_STEPS, f"{self.steps} steps are not possible.", f"Use 1 to {MAX_STEPS:,}.")
        require(self.seed >= 0, f"A seed of {self.seed} is not possible.", "Use a whole number from 0.")
        require(1 <= self.batch <= 512, f"A batch of {self.batch} is not possible.", "Use 1 to 512.")


def drawn_settings(chosen: NetworkSettings, count: int, *, seed: int) -> Iterator[NetworkSettings]:
    """The choice itself, then others with rate, decay, layers, sampling, schedule and FixMatch drawn at random.

    Rate and decay are drawn by their logarithms (Bergstra and Bengio 2012, "Random Search for Hyper-Parameter
    Optimization"); the same seed draws the same ones.
    """
    rng = np.random.default_rng(seed)
    yield chosen
    for _ in range(count - 1):
        yield replace(
            chosen,
            rate=_rounded(10 ** rng.uniform(-3.5, -1.5)),
            decay=_rounded(10 ** rng.uniform(-5, -1)),
            hidden=((), (32,), (64,), (128, 64))[rng.integers(4)],
            dropout=float(rng.choice([0.0, 0.1, 0.3, 0.5])),
            strata=str(rng.choice(STRATA)),
            schedule=str(rng.choice(SCHEDULES)),
            unlabelled=float(rng.choice([0.0, 0.5, 1.0])),
        )


def _rounded(number: float) -> float:
    """To two digits, so that people can read it and write it again."""
    return float(f"{number:.1e}")
