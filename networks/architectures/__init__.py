"""The catalogue of networks: which file an algorithm's name stands for. Each reads from top to bottom by itself."""

from dataclasses import dataclass
from typing import Any, Protocol

from core.errors import InvalidInputError
from networks.architectures import convnext_unet, msdnet, smsnet, tunet, tunet3plus, unet, unet3d
from networks.network import ArchitectureParameters, Network


class Build(Protocol):
    def __call__(self, channels: int, classes: int, parameters: Any, *, seed: int) -> Network:
        """A network without training.

        channels : of one slice. parameters : of the architecture. seed : of its wiring, where that is drawn at random;
        the weights are drawn by torch.
        """
        ...


@dataclass(frozen=True)
class Architecture:
    """name : of the algorithm. parameters : what a person may choose."""

    name: str
    parameters: type[ArchitectureParameters]
    build: Build


ARCHITECTURES = {
    each.name: each
    for each in (
        Architecture("U-Net", unet.UNetParameters, unet.build),
        Architecture("ConvNeXt U-Net", convnext_unet.ConvNeXtUNetParameters, convnext_unet.build),
        Architecture("MSDNet", msdnet.MSDNetParameters, msdnet.build),
        Architecture("TUNet", tunet.TUNetParameters, tunet.build),
        Architecture("TUNet3+", tunet3plus.TUNet3PlusParameters, tunet3plus.build),
        Architecture("SMSNet ensemble", smsnet.SMSNetParameters, smsnet.build),
        Architecture("3-D U-Net", unet3d.UNet3DParameters, unet3d.build),
    )
}


def find_architecture(name: str) -> Architecture:
    """Raises InvalidInputError for a name that is no network's."""
    if name not in ARCHITECTURES:
        raise InvalidInputError(f'There is no network "{name}".', f"Use {' or '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[name]
