"""Masks in files: a value is a class, 255 or -1 means unlabelled. Inside, classes are 1 to 127 and 0 is unlabelled."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.labels.classes import MAX_CLASSES

UNLABELLED = (-1, 255)
MAX_VALUE = 254


@dataclass(frozen=True)
class MaskValues:
    """The values that occur as classes in a mask, ascending; the n-th one is class n + 1 inside."""

    values: Sequence[int]

    @classmethod
    def of(cls, found: Iterable[int]) -> "MaskValues":
        """From the values of a mask.

        Raises
        ------
        InvalidInputError
            If a value is no class, or there are too many.

        >>> MaskValues.of([0, 255, 7])
        MaskValues(values=(0, 7))
        """
        values = tuple(sorted(set(found) - set(UNLABELLED)))
        wrong = [value for value in values if not 0 <= value <= MAX_VALUE]
        if wrong:
            raise InvalidInputError(
                f"The masks hold the value {wrong[0]}.", f"Classes are 0 to {MAX_VALUE}; 255 or -1 means unlabelled."
            )
        if len(values) > MAX_CLASSES:
            raise InvalidInputError(f"The masks hold {len(values)} classes.", f"Use at most {MAX_CLASSES}.")
        return cls(values)

    @property
    def class_ids(self) -> range:
        return range(1, len(self.values) + 1)

    def labels_of(self, mask: NDArray[Any]) -> NDArray[np.uint8]:
        """(Y, X) integers as in the file to uint8 class ids, 0 = unlabelled.

        >>> MaskValues((0, 7)).labels_of(np.array([[-1, 0, 7]], np.int8)).tolist()
        [[0, 1, 2]]
        """
        table = np.zeros(256, np.uint8)
        table[list(self.values)] = self.class_ids
        return table[mask.astype(np.uint8)]  # -1 becomes 255, which is no class

    def mask_of(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Class ids back to the values of the file, 255 where unlabelled.

        >>> MaskValues((0, 7)).mask_of(np.array([[0, 1, 2]], np.uint8)).tolist()
        [[255, 0, 7]]
        """
        table = np.full(256, 255, np.uint8)
        table[1 : len(self.values) + 1] = self.values
        return table[labels]


def values_in(mask: NDArray[Any]) -> set[int]:
    """The distinct values of one slice. Raises InvalidInputError unless they are whole numbers.

    >>> sorted(values_in(np.array([[3, 3, 255]], np.uint8)))
    [3, 255]
    """
    if mask.ndim != 2 or mask.dtype.kind not in "iub":
        raise InvalidInputError(
            f"The masks hold {mask.dtype.name} values{' in colour' if mask.ndim > 2 else ''}.",
            "Save them as uint8 or int8, one number a pixel.",
        )
    return set(np.unique(mask).tolist())
