"""Losses that look at labelled pixels only: what is not painted teaches nothing."""

import torch
from torch import Tensor, nn

UNLABELLED = -1
SMOOTH = 1.0  # pixels; keeps the Dice of a class that is not in the batch at rest


def partial_cross_entropy(scores: Tensor, targets: Tensor) -> Tensor:
    """Mean cross entropy of the labelled pixels; 0 when there is none.

    Parameters
    ----------
    scores : (B, classes, H, W). targets : (B, H, W) int64 places of classes, -1 = unlabelled.
    """
    total = nn.functional.cross_entropy(scores, targets, ignore_index=UNLABELLED, reduction="sum")
    return total / (targets != UNLABELLED).sum().clamp(min=1)


def partial_dice(scores: Tensor, targets: Tensor) -> Tensor:
    """1 - soft Dice of the classes labelled in the batch, over labelled pixels (Milletari et al. 2016,
    doi:10.1109/3DV.2016.79). Shapes as `partial_cross_entropy`."""
    known = (targets != UNLABELLED)[:, None]
    truth = nn.functional.one_hot(targets.clamp(min=0), scores.shape[1]).movedim(-1, 1) * known  # (B, classes, H, W)
    chance = scores.softmax(dim=1) * known
    overlap, both = ((x).sum(dim=(0, 2, 3)) for x in (chance * truth, chance + truth))
    dice = (2 * overlap + SMOOTH) / (both + SMOOTH)
    present = truth.sum(dim=(0, 2, 3)) > 0
    return 1 - dice[present].mean() if bool(present.any()) else torch.zeros((), device=scores.device)
