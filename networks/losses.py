"""Losses that look at labelled pixels only: what is not painted teaches nothing.

Scores are (B, classes, ...) and targets (B, ...) int64 places of classes with -1 = unlabelled, in two or three
dimensions. A batch without a label costs 0.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

UNLABELLED = -1
SMOOTH = 1.0  # pixels; keeps the Dice of a class that is not in the batch at rest
NAMES = ("cross entropy", "cross entropy and Dice", "Dice", "focal", "focal and Dice")

Loss = Callable[[Tensor, Tensor], Tensor]


def choose_loss(name: str, *, smoothing: float, gamma: float, weights: Tensor | None) -> Loss:
    """One of `NAMES`; the parts of a name are added up.

    Parameters
    ----------
    smoothing : share of the truth that is spread over all classes, for cross entropy.
    gamma : of the focal loss. weights : (classes,) of the classes, or None for equal ones; Dice has none.
    """

    def loss(scores: Tensor, targets: Tensor) -> Tensor:
        total = torch.zeros((), device=scores.device)
        if "cross entropy" in name:
            total = total + partial_cross_entropy(scores, targets, smoothing=smoothing, weights=weights)
        if "focal" in name:
            total = total + partial_focal(scores, targets, gamma=gamma, weights=weights)
        return total + partial_dice(scores, targets) if "Dice" in name else total

    return loss


def partial_cross_entropy(
    scores: Tensor, targets: Tensor, *, smoothing: float = 0.0, weights: Tensor | None = None
) -> Tensor:
    """Mean cross entropy of the labelled pixels.

    Smoothed labels: Szegedy et al. 2016, doi:10.1109/CVPR.2016.308.
    """
    each = nn.functional.cross_entropy(
        scores, targets, weight=weights, ignore_index=UNLABELLED, label_smoothing=smoothing, reduction="none"
    )
    return each.sum() / _weight_of(targets, weights)


def partial_focal(scores: Tensor, targets: Tensor, *, gamma: float = 2.0, weights: Tensor | None = None) -> Tensor:
    """Cross entropy in which pixels that are right already count less (Lin et al. 2017, doi:10.1109/ICCV.2017.324)."""
    each = nn.functional.cross_entropy(scores, targets, ignore_index=UNLABELLED, reduction="none")
    easy = torch.exp(-each)  # the chance of the true class
    focused = (1 - easy) ** gamma * each
    if weights is not None:
        focused = focused * weights[targets.clamp(min=0)]
    return focused.sum() / _weight_of(targets, weights)


def partial_dice(scores: Tensor, targets: Tensor) -> Tensor:
    """1 - soft Dice of the classes labelled in the batch, over labelled pixels (Milletari et al. 2016,
    doi:10.1109/3DV.2016.79)."""
    known = (targets != UNLABELLED)[:, None]
    truth = nn.functional.one_hot(targets.clamp(min=0), scores.shape[1]).movedim(-1, 1) * known  # (B, classes, ...)
    chance = scores.softmax(dim=1) * known
    everywhere = [0, *range(2, scores.ndim)]
    overlap, both = ((x).sum(dim=everywhere) for x in (chance * truth, chance + truth))
    dice = (2 * overlap + SMOOTH) / (both + SMOOTH)
    present = truth.sum(dim=everywhere) > 0
    return 1 - dice[present].mean() if bool(present.any()) else torch.zeros((), device=scores.device)


def balanced_weights(pixels: Sequence[int]) -> Tensor:
    """(classes,) float32, mean 1: the rarer a class, the heavier, by the root of its labelled pixels.

    The root, as the full inverse lets one slip of the brush in a rare class outweigh a slice of a common one.
    """
    weights = torch.tensor([1 / max(count, 1) ** 0.5 for count in pixels])
    return weights / weights.mean()


def _weight_of(targets: Tensor, weights: Tensor | None) -> Tensor:
    """Of all labelled pixels together, never 0."""
    known = targets != UNLABELLED
    total = known.sum() if weights is None else (weights[targets.clamp(min=0)] * known).sum()
    return total.clamp(min=1e-6) if weights is not None else total.clamp(min=1)
