"""A saved network: weights as safetensors, and a model.json that says all that is needed to use them."""

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file, save_file

from core.learning.normalisation import Normalisation
from core.learning.unet_parameters import UNetParameters
from networks import __version__
from networks.unet import UNet

ALGORITHM = "U-Net"
VERSION = 1  # of the layout of the files
MODEL_FILE, WEIGHTS_FILE = "model.json", "weights.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """A network with what it was trained for. channels : of the images, without an opacity."""

    model: UNet
    channels: int
    class_ids: tuple[int, ...]
    parameters: UNetParameters
    normalisation: Normalisation


def build(channels: int, classes: int, parameters: UNetParameters) -> UNet:
    """A network without training."""
    return UNet(channels, classes, base_channels=parameters.base_channels, depth=parameters.depth)


def save(checkpoint: Checkpoint, folder: Path) -> None:
    """Write both files."""
    weights = {name: tensor.cpu().contiguous() for name, tensor in checkpoint.model.state_dict().items()}
    save_file(weights, folder / WEIGHTS_FILE)
    facts = {
        "algorithm": ALGORITHM,
        "version": VERSION,
        "code_version": __version__,
        "channels": checkpoint.channels,
        "class_ids": checkpoint.class_ids,
        "parameters": checkpoint.parameters.to_json(),
        "normalisation": checkpoint.normalisation.to_json(),
    }
    (folder / MODEL_FILE).write_text(json.dumps(facts, indent=2))


def load(folder: Path) -> Checkpoint:
    """Read what `save` wrote; the network is in evaluation mode, on the processor."""
    facts = json.loads((folder / MODEL_FILE).read_text())
    parameters = UNetParameters.from_mapping(facts["parameters"])
    class_ids = tuple(facts["class_ids"])
    model = build(facts["channels"], len(class_ids), parameters)
    model.load_state_dict(load_file(folder / WEIGHTS_FILE))
    normalisation = Normalisation.from_json(facts["normalisation"])
    return Checkpoint(model.eval(), facts["channels"], class_ids, parameters, normalisation)
