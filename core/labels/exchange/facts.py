"""What a file of labels tells beside its pixels, and the shape in which every format hands itself over.

A format's `write` gets `Facts` and a way to read one slice after the other; its `open` gives a `LabelFile`, of which
nothing is decoded before somebody iterates. So neither needs more memory than one slice.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError

KIND = "segmentation-labels"  # how our own facts are recognised inside a file of another's format
MAX_CLASS_VALUE = 255
Shape = tuple[int, int, int]
ReadSlice = Callable[[int], NDArray[np.uint8]]
Told = Callable[[int], None]
"""Called with the number of slices written."""


@dataclass(frozen=True)
class FileClass:
    """A class as a file knows it. value : of its pixels. color : "#RRGGBB", "" when the file gives none."""

    value: int
    name: str
    color: str = ""


@dataclass(frozen=True)
class Facts:
    """What is known of labels.

    shape : (Z, Y, X) of the volume they belong to; of the file itself where `placed` is False.
    slices : z of each slice the file holds, ascending.
    classes : empty when the file has no class table.
    voxel_size_um : (z, y, x), None when unknown.
    placed : whether the file itself says which slices of a volume it holds.
    """

    shape: Shape
    slices: tuple[int, ...]
    classes: tuple[FileClass, ...] = ()
    voxel_size_um: tuple[float, float, float] | None = None
    name: str = "labels"
    placed: bool = True

    @property
    def first(self) -> int:
        return self.slices[0] if self.slices else 0

    @property
    def dense(self) -> range:
        """The slices from the first to the last: what formats of whole blocks hold."""
        return range(self.first, self.slices[-1] + 1) if self.slices else range(0)

    @property
    def origin_um(self) -> tuple[float, float, float]:
        """(z, y, x) of the corner of the first slice in micrometres, in voxels when their size is unknown."""
        return (self.first * (self.voxel_size_um or (1.0, 1.0, 1.0))[0], 0.0, 0.0)


@dataclass(frozen=True)
class LabelFile:
    """Labels in a file.

    read : gives a (Y, X) array of whole numbers for each of `facts.slices`, each time anew.
    notes : what is to be known of the file once it was read, a sentence each.
    """

    facts: Facts
    read: Callable[[], Iterator[NDArray[Any]]]
    notes: Callable[[], Sequence[str]] = tuple

    def __iter__(self) -> Iterator[tuple[int, NDArray[Any]]]:
        return zip(self.facts.slices, self.read(), strict=True)


def facts_as_json(facts: Facts) -> dict[str, Any]:
    """For a file's metadata; `facts_from_json` reads it."""
    return {
        "kind": KIND,
        "version": 1,
        "name": facts.name,
        "shape": list(facts.shape),
        "slices": list(facts.slices),
        "origin_px": [facts.first, 0, 0],
        "voxel_size_um": None if facts.voxel_size_um is None else list(facts.voxel_size_um),
        "classes": [{"id": c.value, "name": c.name, "color": c.color} for c in facts.classes],
    }


def facts_from_json(content: Any) -> Facts | None:
    """The facts of a file we have written; None for anything else. Raises LabelFileError for nonsense in them."""
    if not isinstance(content, Mapping) or content.get("kind") != KIND:
        return None
    try:
        z, y, x = (int(size) for size in content["shape"])
        voxel = content["voxel_size_um"]
        return Facts(
            shape=(z, y, x),
            slices=_ascending(int(z) for z in content["slices"]),
            classes=tuple(FileClass(int(c["id"]), str(c["name"]), str(c["color"])) for c in content["classes"]),
            voxel_size_um=None if voxel is None else voxel_size(voxel),
            name=str(content["name"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise LabelFileError(f"The file's own description is damaged: {error!r}.", "Export it again.") from error


def as_header(facts: Facts) -> dict[str, Any]:
    """The facts as a member of a JSON object of another's format; `facts_in` finds them."""
    return {KIND: facts_as_json(facts)}


def facts_in(content: Any) -> Facts | None:
    """As `facts_from_json`, from the object that has them as a member; None when it has not."""
    return facts_from_json(content.get(KIND)) if isinstance(content, Mapping) else None


def facts_from_text(text: str | bytes | None) -> Facts | None:
    """As `facts_from_json`, from JSON text; None when it is no JSON."""
    try:
        return facts_from_json(json.loads(text or "null"))
    except (ValueError, RecursionError):
        return None


def unplaced(shape: Shape, **more: Any) -> Facts:
    """The facts of a file that holds a stack of `shape` and does not say where it belongs."""
    return Facts(shape=shape, slices=tuple(range(shape[0])), placed=False, **more)


def moved(facts: Facts, first: int, shape: Shape) -> Facts:
    """Slices of an unplaced file put into a volume of `shape`, beginning at slice `first`."""
    slices = tuple(range(first, first + len(facts.slices)))
    return replace(facts, slices=slices, shape=(shape[0], *facts.shape[1:]))


def voxel_size(values: Iterable[Any]) -> tuple[float, float, float] | None:
    """(z, y, x) when all three are positive, else None.

    >>> voxel_size([2, 1, 0])
    """
    z, y, x = (float(value) for value in values)
    return (z, y, x) if all(0 < size < np.inf for size in (z, y, x)) else None


def check_size(pixels: NDArray[Any], facts: Facts) -> NDArray[Any]:
    """A slice as a file gave it. Raises LabelFileError when it is not the size the file promised."""
    if pixels.shape != facts.shape[1:]:
        size = " x ".join(map(str, reversed(pixels.shape)))
        raise LabelFileError(
            f"A slice is {size} pixels; the file says {facts.shape[2]} x {facts.shape[1]}.", "Write the file again."
        )
    return pixels


def check_kind(dtype: np.dtype[Any]) -> None:
    """Raises LabelFileError unless values are whole numbers of a plain type."""
    if dtype.kind not in "iub" or dtype.itemsize > 8:
        raise LabelFileError(
            f"The file holds {dtype.name} values; labels are whole numbers.", "Save them as uint8, one number a pixel."
        )


def rgb_of(color: str) -> tuple[int, int, int]:
    """
    >>> rgb_of("#E69F00")
    (230, 159, 0)
    """
    r, g, b = bytes.fromhex(color.lstrip("#")[:6].rjust(6, "0"))
    return r, g, b


def color_of(rgb: Sequence[Any]) -> str:
    """Three numbers of 0 to 255 as "#RRGGBB"; "" for anything else.

    >>> color_of([230, 159, 0])
    '#E69F00'
    """
    try:
        r, g, b = (int(value) for value in rgb[:3])
    except (TypeError, ValueError, KeyError):
        return ""
    return f"#{r:02X}{g:02X}{b:02X}" if all(0 <= value <= 255 for value in (r, g, b)) else ""


def _ascending(slices: Iterable[int]) -> tuple[int, ...]:
    numbers = tuple(slices)
    if any(a >= b for a, b in zip(numbers, numbers[1:], strict=False)) or (numbers and numbers[0] < 0):
        raise ValueError("slices are not ascending")
    return numbers
