"""Groups of parameters that share one form. No torch here.

What all networks have in common, their training, is `core/learning/training_parameters.py`; what one has for itself
(depth, dilations, ...) stands in its own file in `networks/architectures/`. `assets/models.json` describes both for the
form, in one list.
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


def check_names(values: Iterable[str], *groups: type[Parameters], owner: str) -> None:
    """Raises ParameterError for a name that is in none of the groups; ranges are the descriptor's business."""
    known = [name for group in groups for name in group.names()]
    for name in values:
        if name not in known:
            raise ParameterError(f'"{name}" is no parameter of {owner}.', f"It has {', '.join(known)}.")
