"""What teaches an encoder without labels: two views of one place should look alike to it.

SimCLR (Chen et al. 2020, arXiv:2002.05709) also pushes the other places of the batch away. SimSiam (Chen and He 2021,
doi:10.1109/CVPR46437.2021.01549) does without them: one view is predicted from the other, which stays as it is.
"""

import torch
from torch import Tensor, nn


def simclr_loss(first: Tensor, second: Tensor, *, temperature: float) -> Tensor:
    """How hard it is to find each view's twin among all other views of the batch (NT-Xent, SimCLR's equation 1).

    first, second : (B, d), views of the same places in the same order, B at least 2.
    """
    views = nn.functional.normalize(torch.cat([first, second]), dim=1)  # (2B, d)
    likeness = views @ views.T / temperature
    likeness.fill_diagonal_(float("-inf"))  # a view is not its own twin
    count = len(first)
    twins = (torch.arange(2 * count, device=views.device) + count) % (2 * count)
    return nn.functional.cross_entropy(likeness, twins)


def simsiam_loss(predicted: tuple[Tensor, Tensor], seen: tuple[Tensor, Tensor]) -> Tensor:
    """-1 when each view is predicted from its twin without fault, 0 when it is guessed (SimSiam's equation 2).

    predicted, seen : (B, d) of both views; no gradient flows into `seen`, which keeps the outputs from collapsing.
    """
    likeness = nn.functional.cosine_similarity
    pairs = zip(predicted, seen[::-1], strict=True)
    return -torch.stack([likeness(guess, view.detach(), dim=1).mean() for guess, view in pairs]).mean()


def spread(outputs: Tensor) -> float:
    """How far apart the outputs of a batch lie: 0 when all are one (collapse), 1 when they fill the sphere.

    The standard deviation of the normalised outputs times the root of their length, as SimSiam's section 4.1 has it.

    >>> spread(torch.ones(8, 16))
    0.0
    """
    lengths = nn.functional.normalize(outputs.detach().float(), dim=1)
    return float(lengths.std(dim=0, correction=0).mean() * outputs.shape[1] ** 0.5)
