"""Which pixels an edit may change: overwrite modes and locked classes, judged by what stands there when it arrives."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.labels.classes import MAX_CLASSES

Overwrite = Literal["all", "empty"] | int
"""Paint over everything, over unlabelled pixels only, or over those of one class only."""


@dataclass(frozen=True)
class PaintRule:
    """overwrite : what may be painted over. protect : ids of classes whose pixels stay as they are."""

    overwrite: Overwrite = "all"
    protect: tuple[int, ...] = ()

    @classmethod
    def of(cls, header: dict[str, Any]) -> "PaintRule":
        """From the header of an edit; what it does not name forbids nothing.

        Raises
        ------
        InvalidInputError
            If `overwrite` is neither a mode nor a class id, or `protect` is no list of class ids.

        >>> PaintRule.of({"overwrite": "empty", "protect": [3]})
        PaintRule(overwrite='empty', protect=(3,))
        """
        overwrite, protect = header.get("overwrite", "all"), header.get("protect", [])
        if overwrite not in ("all", "empty") and not _is_class_id(overwrite):
            raise _invalid("overwrite", overwrite, "'all', 'empty' or a class id")
        if not isinstance(protect, list) or not all(map(_is_class_id, protect)):
            raise _invalid("protect", protect, "a list of class ids")
        return cls(overwrite, tuple(protect))

    def header(self) -> dict[str, Any]:
        """What `of` reads, without what says nothing.

        >>> PaintRule().header(), PaintRule(2).header()
        ({}, {'overwrite': 2})
        """
        told = {"overwrite": self.overwrite} if self.overwrite != "all" else {}
        return told | ({"protect": list(self.protect)} if self.protect else {})

    def allows(self, tile: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """True, in the shape of `tile`, where a pixel may change.

        >>> PaintRule("empty").allows(np.array([0, 1, 2], np.uint8)).tolist()
        [True, False, False]
        >>> PaintRule(protect=(2,)).allows(np.array([0, 1, 2], np.uint8)).tolist()
        [True, True, False]
        """
        allowed = np.full(256, self.overwrite == "all")
        if self.overwrite != "all":
            allowed[0 if self.overwrite == "empty" else self.overwrite] = True
        allowed[list(self.protect)] = False
        chosen: NDArray[np.bool_] = allowed[tile]
        return chosen


def _is_class_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_CLASSES


def _invalid(key: str, value: object, rule: str) -> InvalidInputError:
    return InvalidInputError(f"The edit's {key!r} is {str(value)[:60]!r}, not {rule}.", "Reload the page.")
