"""Starting from a network that was trained before: its weights, its view of grey values, its shape.

Classes may have come or gone in between: the rows of the layer that gives the scores (`head`) follow their class;
those of a new class begin as the drawn weights do.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from core.errors import InvalidInputError
from networks.checkpoints import Checkpoint
from networks.network import Network

HEAD = "head"  # a part of the name of every weight that has a row for each class


def check_start(earlier: Checkpoint, algorithm: str, *, channels: int) -> None:
    """Raises InvalidInputError when a new network cannot continue with the earlier one."""
    if earlier.algorithm != algorithm:
        raise InvalidInputError(
            f"The model to start from is a {earlier.algorithm}, not a {algorithm}.",
            "Start from a model of the same algorithm, or from nothing.",
        )
    if earlier.channels != channels:
        raise InvalidInputError(
            f"The model to start from knows images of {earlier.channels} channels; these have {channels}.",
            "Start from a model of such images, or from nothing.",
        )


def carry_over(network: Network, class_ids: Sequence[int], earlier: Checkpoint) -> None:
    """Give the network the weights of an earlier one of the same shape."""
    drawn, known = network.state_dict(), earlier.model.state_dict()
    rows = {class_id: place for place, class_id in enumerate(earlier.class_ids)}
    places = [rows.get(class_id) for class_id in class_ids]
    network.load_state_dict({name: _carried(name, drawn[name], known, places) for name in drawn})


def _carried(name: str, drawn: Tensor, known: Mapping[str, Tensor], places: Sequence[int | None]) -> Tensor:
    earlier = known[name]
    if HEAD not in name.split(".") or earlier.ndim == 0:
        return earlier
    rows = [drawn[at] if place is None else earlier[place] for at, place in enumerate(places)]
    return torch.stack(rows)
