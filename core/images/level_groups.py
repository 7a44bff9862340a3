"""Arrays that are one image at several sizes, found by their names and shapes where no metadata say so.

N5, webKnossos, and many scripts store levels as s0, s1, s2 or 1, 2, 4 in one group of HDF5 or zarr.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

NUMBERED = re.compile(r"(\D*)\d+")


@dataclass(frozen=True)
class Stored:
    """Shape and dtype of an array of a group."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def level_group(arrays: Mapping[str, Stored]) -> list[str]:
    """Names of the levels, the largest first; empty unless all arrays of a group are levels of one image.

    Their names differ in a number only, their dtype is one, and each has a part of the size of the one before it.

    >>> u1 = np.dtype("u1")
    >>> level_group({"s1": Stored((9, 20, 25), u1), "s0": Stored((9, 40, 50), u1)})
    ['s0', 's1']
    >>> level_group({"scan1": Stored((9, 40, 50), u1), "scan2": Stored((9, 40, 50), u1)})
    []
    """
    names = sorted(arrays, key=lambda name: np.prod(arrays[name].shape), reverse=True)
    matches = [NUMBERED.fullmatch(name) for name in names]
    prefixes = {match[1] if match else None for match in matches}
    if len(names) < 2 or len(prefixes) != 1 or None in prefixes or len({array.dtype for array in arrays.values()}) != 1:
        return []
    shapes = [arrays[name].shape for name in names]
    return names if all(_is_part(coarse, fine) for fine, coarse in pairwise(shapes)) else []


def _is_part(coarse: tuple[int, ...], fine: tuple[int, ...]) -> bool:
    """Whether the last two axes are a half, a quarter, ... and the others no longer than before."""
    if len(coarse) != len(fine) or len(fine) < 2:
        return False
    factor = round(fine[-1] / max(1, coarse[-1]))
    is_power = factor > 1 and factor & (factor - 1) == 0
    halved = all(abs(size * factor - whole) < 2 * factor for size, whole in zip(coarse[-2:], fine[-2:], strict=True))
    return is_power and halved and all(size <= whole for size, whole in zip(coarse, fine, strict=True))
