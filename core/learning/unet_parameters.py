"""What a person may choose about the U-Net; `assets/models.json` describes the same for the form. No torch here."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from core.errors import ParameterError


@dataclass(frozen=True)
class UNetParameters:
    """steps : batches to learn from; each holds `batch_size` patches of `patch_px` squared.

    base_channels : of the first level; each of the `depth` levels has twice the channels of the one above.
    dice : adds the overlap of the classes to the loss. augment : flips, turns and brightness of the patches.
    """

    steps: int = 160
    base_channels: int = 12
    depth: int = 4
    patch_px: int = 256
    batch_size: int = 4
    learning_rate: float = 0.005
    dice: bool = True
    augment: bool = True

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "UNetParameters":
        """Raises ParameterError for a name that is not a parameter; ranges are the descriptor's business."""
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise ParameterError(f'"{name}" is no parameter of the U-Net.', f"It has {', '.join(known)}.")
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
