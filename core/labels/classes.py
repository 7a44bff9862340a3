"""Label classes: a table of ids, names and colours, and the rules a table keeps."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_CLASSES = 127  # published masks are int8 with -1 for unlabelled

# Okabe & Ito (2008), "Color Universal Design", orange first as it stands out most on grey; black is left out.
OKABE_ITO = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")


@dataclass(frozen=True)
class LabelClass:
    """One class. `id` is the pixel value, 1 to 127, never used again after deletion; `color` is "#RRGGBB"."""

    id: int
    name: str
    color: str
    visible: bool = True


DEFAULT_CLASSES = (LabelClass(1, "Class 1", OKABE_ITO[0]), LabelClass(2, "Class 2", OKABE_ITO[1]))


def check_classes(classes: Sequence[LabelClass]) -> None:
    """Raise InvalidInputError unless ids, names and colours are unique and well-formed."""
    raise NotImplementedError
