"""A pretrained encoder: made from unlabelled slices, saved, read again, and what it says of an image."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from core.errors import InvalidInputError
from core.learning.curation.encoders import PLAIN, View
from core.learning.network_parameters import check_names
from core.learning.normalisation import Normalisation
from core.learning.pretraining_parameters import PretrainingParameters
from core.learning.segmenter import Around, Progress, Report
from networks import __version__
from networks.architectures import find_architecture
from networks.checkpoints import MODEL_FILE, WEIGHTS_FILE
from networks.data import stacked
from networks.devices import choose_device
from networks.interruptions import Keeper
from networks.network import ArchitectureParameters, Network
from networks.pretraining.embedding import embed
from networks.pretraining.train import learn_views
from networks.pretraining.views import Views
from networks.train import variations_of

VERSION = 1  # of the layout of the files
CLASSES = 2  # of a network that will decide nothing; only its encoder is kept


@dataclass(frozen=True)
class UnlabelledSlice:
    """image : (Y, X) or (Y, X, C), any numeric dtype. around : its neighbours, as `LabelledSlice` has them."""

    image: NDArray[Any]
    around: Around = ()


@dataclass(frozen=True)
class Encoder:
    """method : SimCLR or SimSiam. algorithm : the network whose encoder it is. network : in evaluation mode.

    channels : of a slice. training : the parameters of the pretraining, as JSON. seed : of its wiring.
    """

    method: str
    algorithm: str
    network: Network
    channels: int
    architecture: ArchitectureParameters
    normalisation: Normalisation
    training: Mapping[str, Any]
    seed: int = 0

    @property
    def context(self) -> int:
        """How many neighbouring slices it looks at on either side."""
        return self.architecture.context

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        """By name, as the network has them; of the encoder alone."""
        parts = tuple(f"{part}." for part in self.network.encoder)
        return {name: value for name, value in self.network.state_dict().items() if name.startswith(parts)}

    def embed(self, image: NDArray[Any], around: Around = (), view: View = PLAIN) -> NDArray[np.float32]:
        """(d,) float32 of length 1; the dot product of two says how alike the images look, 1 at most.

        image : a slice or a part of one. around : as `Segmenter.predict` takes it. Raises InvalidInputError when there
        are too few or too many of them, or the channels differ.
        """
        return embed(self.network, stacked(image, around, self.normalisation, context=self.context), view)

    def save(self, folder: Path) -> None:
        """Write weights and model.json into `folder`."""
        save_file({name: value.cpu().contiguous() for name, value in self.weights.items()}, folder / WEIGHTS_FILE)
        (folder / MODEL_FILE).write_text(json.dumps(self.facts(), indent=2))

    def facts(self) -> dict[str, Any]:
        """All that is known of it but its weights."""
        return {
            "algorithm": self.method,
            "version": VERSION,
            "code_version": __version__,
            "network": self.algorithm,
            "channels": self.channels,
            "architecture": self.architecture.to_json(),
            "training": dict(self.training),
            "normalisation": self.normalisation.to_json(),
        }


def load_encoder(folder: Path, *, device: str = "cpu") -> Encoder:
    """Read what `Encoder.save` wrote."""
    return encoder_of(json.loads((folder / MODEL_FILE).read_text()), load_file(folder / WEIGHTS_FILE), device=device)


def encoder_of(facts: Mapping[str, Any], weights: Mapping[str, torch.Tensor], *, device: str = "cpu") -> Encoder:
    """As `Encoder.facts` and `Encoder.weights` say."""
    architecture = find_architecture(facts["network"]).parameters.chosen_from(facts["architecture"])
    network = find_architecture(facts["network"]).build(facts["channels"], CLASSES, architecture, seed=0)
    network.load_state_dict(weights, strict=False)  # the rest stays as drawn, unused
    network.eval().to(choose_device(device))
    normalisation = Normalisation.from_json(facts["normalisation"])
    known = facts["algorithm"], facts["network"], network, facts["channels"], architecture
    return Encoder(*known, normalisation, facts["training"])


def pretrain(
    method: str,
    slices: Sequence[UnlabelledSlice],
    parameters: Mapping[str, Any],
    *,
    seed: int,
    device: str,
    report: Report,
    keep_in: Path | None = None,
) -> tuple[Encoder, tuple[str, ...]]:
    """Train an encoder without labels; returns it with sentences about what happened.

    Parameters
    ----------
    method : "SimCLR" or "SimSiam". slices : at least one.
    keep_in : file in which training is kept, and from which the same training goes on when it was interrupted.

    Raises
    ------
    ParameterError
        If there is no such parameter.
    InvalidInputError
        If the network has no encoder, or a batch has a single place; else as `train_segmenter`.
    """
    check_names(parameters, PretrainingParameters, owner=method)
    chosen = PretrainingParameters.chosen_from(parameters)
    where = choose_device(device)
    torch.manual_seed(seed)
    report(Progress(0.0, f"Preparing {len(slices)} slices"))
    sketch = _sketch(method, slices, chosen, seed=seed)
    seen = [stacked(each.image, each.around, sketch.normalisation, context=sketch.context) for each in slices]
    views = Views(seen, variations_of(chosen), patch_px=chosen.patch_px, seed=seed, device=where)
    keeper = Keeper(keep_in, json.dumps([sketch.facts(), len(slices), seed, where.type]))
    notes = learn_views(sketch.network, views, chosen, method=method, device=where, report=report, keeper=keeper)
    return sketch, notes


def _sketch(method: str, slices: Sequence[UnlabelledSlice], chosen: PretrainingParameters, *, seed: int) -> Encoder:
    """Before training."""
    if chosen.batch_size < 2:
        raise InvalidInputError("A batch of one place has nothing to compare it with.", "Choose at least 2.")
    found = find_architecture(chosen.architecture)
    architecture = found.parameters.chosen_from(chosen.to_json())
    normalisation = Normalisation.of([each.image for each in slices], seed=seed)
    channels = len(normalisation.lo)
    network = found.build(channels, CLASSES, architecture, seed=seed)
    if not network.encoder:
        raise InvalidInputError(f"{chosen.architecture} has no encoder to train.", "Choose U-Net or ConvNeXt U-Net.")
    return Encoder(method, chosen.architecture, network, channels, architecture, normalisation, chosen.to_json())
