"""Starting from what was trained before: its weights, its view of grey values, its shape.

A network goes on with all its weights; a pretrained encoder gives its own, and the rest begins as drawn.

Classes may have come or gone in between: the rows of the layer that gives the scores (`head`) follow their class;
those of a new class begin as the drawn weights do.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from core.errors import InvalidInputError
from networks import checkpoints
from networks.checkpoints import Checkpoint
from networks.network import Network
from networks.pretraining.encoder import Encoder, load_encoder
from networks.pretraining.train import METHODS

HEAD = "head"  # a part of the name of every weight that has a row for each class
Start = Checkpoint | Encoder


def read_start(folder: Path) -> Start:
    """What training is to start from."""
    algorithm = json.loads((folder / checkpoints.MODEL_FILE).read_text())["algorithm"]
    return load_encoder(folder) if algorithm in METHODS else checkpoints.load(folder)


def check_start(earlier: Start, algorithm: str, *, channels: int) -> None:
    """Raises InvalidInputError when a new network cannot continue with the earlier one."""
    if earlier.algorithm != algorithm:
        raise InvalidInputError(
            f"The model to start from is for {earlier.algorithm}, not for {algorithm}.",
            "Start from a model of the same algorithm, from an encoder trained for it, or from nothing.",
        )
    if earlier.channels != channels:
        raise InvalidInputError(
            f"The model to start from knows images of {earlier.channels} channels; these have {channels}.",
            "Start from a model of such images, or from nothing.",
        )


def carry_over(network: Network, class_ids: Sequence[int], earlier: Start) -> None:
    """Give the network the weights of an earlier one, or of an encoder, of the same shape."""
    if isinstance(earlier, Encoder):
        network.load_state_dict(earlier.weights, strict=False)
        return
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
