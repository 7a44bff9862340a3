"""What is worth making of a volume once and keeping on the disk: coarse levels of large slices, bricks for XZ and YZ.

A recipe says which arrays there are and fills them step by step. Steps may be repeated and run in order;
`utils/images/derived_store.py` runs them in the background, keeps what is done over a restart, and bounds the bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from core.images.volumes import VolumeInfo, VolumeSource

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class ArraySpec:
    """An array of a recipe; unwritten parts read as zero."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


class Recipe(Protocol):
    """How something is made of a volume.

    info : of the volume; its path and version name the result, so that a changed volume is made anew.
    name : tells recipes of one volume apart.
    what : for people, e.g. "overview".
    """

    @property
    def info(self) -> VolumeInfo: ...
    @property
    def name(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def arrays(self) -> Mapping[str, ArraySpec]: ...
    @property
    def steps(self) -> int: ...

    def run(self, step: int, source: VolumeSource, arrays: Arrays) -> None:
        """Read what `step` needs and write what comes of it. The same step twice gives the same."""
        ...


@dataclass(frozen=True)
class Progress:
    """How far a recipe has come.

    state : "refused" when it does not fit the disk, "failed" after an error; `reason` says why.
    seconds_left : None while nothing is known.
    """

    what: str
    state: Literal["waiting", "building", "ready", "refused", "failed"]
    done: int
    total: int
    seconds_left: float | None = None
    reason: str = ""


class Derived(Protocol):
    """What has been made so far."""

    @property
    def progress(self) -> Progress: ...

    def has(self, steps: Sequence[int]) -> bool:
        """Whether all these steps are done."""
        ...

    def read(self, name: str, pick: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[Any]:
        """A copy of what `pick` takes from an array. The array itself is only mapped while it is picked from."""
        ...


class DerivedStore(Protocol):
    """Keeps what recipes make."""

    def find(self, recipe: Recipe, source: VolumeSource) -> Derived:
        """What `recipe` has made of `source`; begins or goes on to make the rest in the background."""
        ...

    def progress(self, volume: str) -> list[Progress]:
        """Of everything asked for of a volume since the program began."""
        ...

    def give_way(self) -> AbstractContextManager[None]:
        """Somebody waits for pixels until the block ends: let the background rest, and a moment longer."""
        ...
