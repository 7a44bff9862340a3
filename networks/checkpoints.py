"""A saved network: weights as safetensors, and a model.json that says all that is needed to use them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.errors import InvalidInputError
from core.learning.normalisation import Normalisation
from networks import __version__
from networks.architectures import find_architecture
from networks.network import ArchitectureParameters, Network

VERSION = 2  # of the layout of the files; 1 had the parameters of network and training in one list, and only U-Nets
MODEL_FILE, WEIGHTS_FILE = "model.json", "weights.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """A network with what it was trained for.

    algorithm : its name in the catalogue. channels : of a slice, without an opacity. seed : of its wiring.
    training : the parameters it was trained with, as JSON; they tell people, prediction needs none of them.
    """

    algorithm: str
    model: Network
    channels: int
    class_ids: tuple[int, ...]
    architecture: ArchitectureParameters
    normalisation: Normalisation
    training: Mapping[str, Any]
    seed: int = 0


def save(checkpoint: Checkpoint, folder: Path) -> None:
    """Write both files."""
    weights = {name: tensor.cpu().contiguous() for name, tensor in checkpoint.model.state_dict().items()}
    save_file(weights, folder / WEIGHTS_FILE)
    (folder / MODEL_FILE).write_text(json.dumps(facts(checkpoint), indent=2))


def facts(checkpoint: Checkpoint) -> dict[str, Any]:
    """All that is known of a network but its weights."""
    return {
        "algorithm": checkpoint.algorithm,
        "version": VERSION,
        "code_version": __version__,
        "channels": checkpoint.channels,
        "class_ids": checkpoint.class_ids,
        "architecture": checkpoint.architecture.to_json(),
        "seed": checkpoint.seed,
        "training": dict(checkpoint.training),
        "normalisation": checkpoint.normalisation.to_json(),
    }


def load(folder: Path) -> Checkpoint:
    """Read what `save` wrote, now or with an earlier layout; the network is in evaluation mode, on the processor."""
    known = _in_this_layout(json.loads((folder / MODEL_FILE).read_text()))
    found = find_architecture(known["algorithm"])
    architecture = found.parameters.chosen_from(known["architecture"])
    class_ids = tuple(known["class_ids"])
    model = found.build(known["channels"], len(class_ids), architecture, seed=known["seed"])
    model.load_state_dict(_weights(folder))
    return Checkpoint(
        algorithm=known["algorithm"],
        model=model.eval(),
        channels=known["channels"],
        class_ids=class_ids,
        architecture=architecture,
        normalisation=Normalisation.from_json(known["normalisation"]),
        training=known["training"],
        seed=known["seed"],
    )


def _weights(folder: Path) -> dict[str, Tensor]:
    try:
        return load_file(folder / WEIGHTS_FILE)
    except (OSError, SafetensorError) as error:
        raise InvalidInputError("The model cannot be read: its weights are damaged.", "Train it again.") from error


def _in_this_layout(facts: dict[str, Any]) -> dict[str, Any]:
    if facts["version"] >= VERSION:
        return facts
    return {**facts, "architecture": facts["parameters"], "training": facts["parameters"], "seed": 0}
