"""What a person may choose about every network alike: how it is trained. No torch here.

What one network has for itself (depth, dilations, ...) stands in its own file in `networks/architectures/`;
`assets/models.json` describes both for the form, in one list.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from core.errors import ParameterError


@dataclass(frozen=True)
class Parameters:
    """A group of parameters that finds its own among the values of a form."""

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls))

    @classmethod
    def chosen_from(cls, values: Mapping[str, Any]) -> Self:
        """The values of this group; defaults where none is given, values of other groups are left alone."""
        return cls(**{name: values[name] for name in cls.names() if name in values})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class TrainingParameters(Parameters):
    """steps : batches to learn from; each holds `batch_size` patches of `patch_px` squared.

    dice : adds the overlap of the classes to the loss. augment : flips, turns and brightness of the patches.
    """

    steps: int = 160
    patch_px: int = 256
    batch_size: int = 4
    learning_rate: float = 0.005
    dice: bool = True
    augment: bool = True


def check_names(values: Iterable[str], *groups: type[Parameters], owner: str) -> None:
    """Raises ParameterError for a name that is in none of the groups; ranges are the descriptor's business."""
    known = [name for group in groups for name in group.names()]
    for name in values:
        if name not in known:
            raise ParameterError(f'"{name}" is no parameter of {owner}.', f"It has {', '.join(known)}.")
