"""A volume's path may end in where it lies on the axes it does not have: ``movie@t=3``, or how its axes are to be read.

The array itself is the volume at position 0 of each: ``movie``. Labels, models and results belong to such a path, so
that each time point is a volume of its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_SUFFIX = re.compile(r"@((?:[a-z]+=\d+|axes=[a-z]+)(?:,(?:[a-z]+=\d+|axes=[a-z]+))*)$")


@dataclass(frozen=True)
class Positioned:
    """A path without its suffix, and what the suffix says. `axes` : the letters of all axes, "" when not chosen."""

    path: str
    positions: Mapping[str, int] = field(default_factory=dict)
    axes: str = ""

    def __str__(self) -> str:
        """The path again; positions of 0 go without saying."""
        parts = [f"axes={self.axes}"] if self.axes else []
        parts += [f"{name}={position}" for name, position in sorted(self.positions.items()) if position]
        return f"{self.path}@{','.join(parts)}" if parts else self.path

    @property
    def base(self) -> str:
        """The path of the volume at position 0."""
        return str(Positioned(self.path, {}, self.axes))


def read_positions(path: str) -> Positioned:
    """Split a volume's path.

    >>> read_positions("run 7/movie@t=3")
    Positioned(path='run 7/movie', positions={'t': 3}, axes='')
    >>> str(read_positions("movie@t=0,axes=tzyx"))
    'movie@axes=tzyx'
    >>> read_positions("me@home").path
    'me@home'
    """
    found = _SUFFIX.search(path)
    if found is None:
        return Positioned(path)
    parts = dict(part.split("=") for part in found.group(1).split(","))
    axes = parts.pop("axes", "")
    return Positioned(path[: found.start()], {name: int(number) for name, number in parts.items()}, axes)
