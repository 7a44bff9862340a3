"""What a person may choose about learning without labels; `assets/models.json` has it for the form."""

from dataclasses import dataclass

from core.learning.network_parameters import Parameters


@dataclass(frozen=True)
class PretrainingParameters(Parameters):
    """architecture : name of the network whose encoder learns; base_channels, depth and context are of it.

    steps : batches to learn from; each shows `batch_size` places twice, as patches of `patch_px` squared. slices : how
    many of the volume it looks at, evenly spread. temperature : of SimCLR. flips to blur_px : how the two views of a
    place differ, `networks/augment.py`. mixed_precision : 16-bit arithmetic on a GPU.
    """

    architecture: str = "U-Net"
    base_channels: int = 12
    depth: int = 4
    context: int = 0
    steps: int = 200
    patch_px: int = 64
    batch_size: int = 64
    slices: int = 16
    learning_rate: float = 0.002
    temperature: float = 0.2
    optimiser: str = "AdamW"
    schedule: str = "one cycle"
    weight_decay: float = 1e-4
    flips: bool = True
    turn_deg: float = 0.0
    bend_px: float = 0.0
    grey_pct: float = 30.0
    noise_pct: float = 5.0
    blur_px: float = 1.0
    mixed_precision: bool = True
