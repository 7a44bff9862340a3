"""What a person may choose about the training of every network alike; `assets/models.json` has it for the form."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from core.learning.holdout import Labels, is_dense, typical_side
from core.learning.network_parameters import Parameters

WIDE_PX, NARROW_PX = 256, 128  # sides of patches; the narrow ones where all that is labelled are boxes below that size
BY_LABELS = 0


@dataclass(frozen=True)
class TrainingParameters(Parameters):
    """steps : batches to learn from; each holds `batch_size` patches of `patch_px` squared.

    patch_px : BY_LABELS until `suited` has chosen.

    optimiser, schedule : of `networks/optimisers.py`. loss : of `networks/losses.py`; label_smoothing and focal_gamma
    belong to some of them. class_weights : rare classes weigh more. ema : memory of the averaged weights, 0 = none.
    held_out_pct : share of the labels that is kept out of training, for the scores.
    flips, turn_deg, bend_px, grey_pct, noise_pct, blur_px : how patches are varied, `networks/augment.py`.
    mixed_precision : 16-bit arithmetic on a GPU.
    """

    steps: int = 160
    patch_px: int = BY_LABELS
    batch_size: int = 4
    learning_rate: float = 0.005
    loss: str = "cross entropy and Dice"
    optimiser: str = "AdamW"
    schedule: str = "one cycle"
    weight_decay: float = 1e-4
    label_smoothing: float = 0.0
    focal_gamma: float = 2.0
    class_weights: bool = False
    ema: float = 0.98
    held_out_pct: int = 15
    flips: bool = True
    turn_deg: float = 0.0
    bend_px: float = 0.0
    grey_pct: float = 15.0
    noise_pct: float = 0.0
    blur_px: float = 0.0
    mixed_precision: bool = True

    def suited(self, stack: Sequence[Labels]) -> Self:
        """With a patch size, where none was chosen, for the labels of these slices.

        Most of a wide patch around a small box is unlabelled: the network computes it and learns nothing. Narrow ones
        take as many more steps, so that it sees as many pixels (docs/adr/0012-patches-as-large-as-what-is-labelled.md).
        """
        if self.patch_px != BY_LABELS:
            return self
        if typical_side(stack) > NARROW_PX or not all(is_dense(labels) for labels in stack):
            return replace(self, patch_px=WIDE_PX)
        return replace(self, patch_px=NARROW_PX, steps=self.steps * (WIDE_PX // NARROW_PX) ** 2)
