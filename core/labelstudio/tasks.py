"""Which pixels a task shows: keys in its `data` that come back from Label Studio as they went.

Names of files never decide: the server puts something of its own before them. Slices count from 1, as on our page.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

VOLUME, SLICE, REGION, WINDOW = "volume", "slice", "region", "window"
_NUMBER = re.compile(r"(\d+)\D*$")
Task = Mapping[str, Any]


@dataclass(frozen=True)
class Region:
    """A part of a slice, half-open in pixels: rows y0 to y1, columns x0 to x1."""

    y0: int
    x0: int
    y1: int
    x1: int

    @classmethod
    def whole(cls, shape: tuple[int, int]) -> "Region":
        """All of a slice of (Y, X) pixels."""
        return cls(0, 0, *shape)

    @property
    def shape(self) -> tuple[int, int]:
        return self.y1 - self.y0, self.x1 - self.x0

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def lies_in(self, shape: tuple[int, int]) -> bool:
        """Whether a slice of (Y, X) holds it, and it holds a pixel."""
        return 0 <= self.y0 < self.y1 <= shape[0] and 0 <= self.x0 < self.x1 <= shape[1]


@dataclass(frozen=True)
class Spot:
    """What a task shows. z : from 0."""

    volume: str
    z: int
    region: Region

    @property
    def file_name(self) -> str:
        """Of its picture, for people who look at it."""
        name = re.sub(r"[^\w.-]+", "_", self.volume.rsplit("/", 1)[-1]) or "slice"
        corner = f"_y{self.region.y0}_x{self.region.x0}" if self.region.y0 or self.region.x0 else ""
        return f"{name}_{self.z + 1:05d}{corner}.png"


def data_of(spot: Spot, window: tuple[float, float]) -> dict[str, Any]:
    """The keys of a task, all but its picture.

    window : true values that are black and white in the picture.

    >>> data_of(Spot("stack", 2, Region(0, 0, 48, 64)), (0, 255))
    {'volume': 'stack', 'slice': 3, 'region': [0, 0, 64, 48], 'window': [0, 255]}
    """
    area = spot.region
    return {
        VOLUME: spot.volume,
        SLICE: spot.z + 1,
        REGION: [area.x0, area.y0, area.x1 - area.x0, area.y1 - area.y0],
        WINDOW: list(window),
    }


def spot_of(task: Task) -> Spot | None:
    """What a task of ours shows; None of a task that does not say it, or says nonsense."""
    data = task.get("data")
    if not isinstance(data, Mapping) or not isinstance(data.get(VOLUME), str):
        return None
    try:
        x, y, width, height = (int(each) for each in data[REGION])
        return Spot(data[VOLUME], int(data[SLICE]) - 1, Region(y, x, y + height, x + width))
    except (KeyError, TypeError, ValueError):
        return None


def guessed_slice(picture: str) -> int | None:
    """z of a picture by the number at the end of its name, which counts from 1; None without one.

    >>> guessed_slice("/data/upload/1/aecbc7a6-slice_0003.png")
    2
    """
    name = picture.split("?")[0].rsplit("/", 1)[-1].rpartition(".")[0]
    found = _NUMBER.search(name)
    return int(found[1]) - 1 if found and int(found[1]) > 0 else None


def chosen_annotation(task: Task, annotator: str = "") -> Mapping[str, Any] | None:
    """Of the annotations of a task the one that counts: the ground truth, else the newest that is not cancelled.

    annotator : id or e-mail of the one person whose annotations count; "" for anybody's.
    """
    there = [each for each in task.get("annotations") or () if not each.get("was_cancelled")]
    mine = [each for each in there if not annotator or annotator in _names(each.get("completed_by"))]
    order = sorted(mine, key=lambda each: (bool(each.get("ground_truth")), str(each.get("updated_at", ""))))
    return order[-1] if order else None


def _names(person: Any) -> Sequence[str]:
    if isinstance(person, Mapping):
        return [str(person.get("id", "")), str(person.get("email", ""))]
    return [str(person)]
