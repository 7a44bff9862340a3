"""From what the card of Label Studio says when Send is pressed to what is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callbacks.exchange import Choice
from callbacks.http.exchange import opened
from components import labelstudio
from core.errors import InvalidInputError
from core.images.volumes import VolumeInfo
from core.labelstudio.exporting import Role, Shipment
from core.labelstudio.results import Style
from core.labelstudio.sources import Pair, StackSource, regions_to_send
from core.labelstudio.tasks import Region
from core.learning.requests import Scope
from core.services import Services

LEAST_TILE_PX = 64
Volume = dict[str, str] | None


@dataclass(frozen=True)
class Sending:
    """What the page says when Send is pressed."""

    volume: Volume
    z: int | None
    manifest: Mapping[str, Any] | None
    window: Mapping[str, float] | None
    project: str
    title: str | None
    source: str
    role: Role
    style: Style
    least: float | None
    scope: Scope
    first: Any
    last: Any
    part: str
    tile: int | None
    corner: tuple[Any, Any]
    size: tuple[Any, Any]

    @property
    def target(self) -> str:
        return (self.title or "") if self.project == labelstudio.NEW else self.project

    def regions(self, shape: tuple[int, int]) -> list[Region]:
        """Of each slice. Raises InvalidInputError."""
        if self.part == "whole":
            return regions_to_send(shape)
        if self.part == "tiles":
            return regions_to_send(shape, tile_px=max(LEAST_TILE_PX, int(self.tile or labelstudio.TILE_PX)))
        (x, y), (width, height) = self.corner, self.size
        region = Region(int(y or 0), int(x or 0), int(y or 0) + int(height or 0), int(x or 0) + int(width or 0))
        if not region.lies_in(shape):
            raise InvalidInputError(
                "This part does not lie in the slices.", f"They are {shape[1]} pixels wide and {shape[0]} high."
            )
        return [region]


def shipped(services: Services, asked: Sending) -> tuple[Shipment, StackSource]:
    """What is sent, and where its pixels come from. Raises InvalidInputError, NotFoundError."""
    choice = Choice(asked.volume, asked.z, asked.source, asked.scope, asked.first, asked.last)
    info, slices = choice.resolve(services)
    size = (info.shape[1], info.shape[2])
    classes, read = opened(services, info.path, size, choice.job)
    window = (asked.window["lo"], asked.window["hi"]) if asked.window else services.tiles.manifest(info.path).window
    shipment = Shipment(
        volume=info.path,
        slices=slices,
        regions=asked.regions(size),
        window=window,
        classes=classes,
        role=asked.role,
        version=_version(services, info, choice.job),
        style=asked.style,
        least_score=float(asked.least or 0) if choice.job else 0.0,
    )

    def pair(z: int) -> Pair:
        return read(z), services.results.read_confidence(choice.job, z) if choice.job else None

    return shipment, StackSource(services.volumes.open(info.path), pair)


def _version(services: Services, info: VolumeInfo, job: str) -> str:
    """What names a prediction: another one of it is sent only when it is another."""
    if job:
        return f"{services.jobs.job(job).name} ({job[:8]})"
    return f"Labels, revision {services.labels.revision(info.path)}"


def chosen_project(project: str) -> int:
    """The id of a project that is there. Raises InvalidInputError."""
    if project == labelstudio.NEW:
        raise InvalidInputError("No project is chosen.", "Choose one at Send slices, Project.")
    return int(project)


def open_path(volume: Volume) -> str:
    """Of the open volume. Raises InvalidInputError."""
    if volume is None:
        raise InvalidInputError("No dataset is open.", "Choose one at the top left.")
    return volume["path"]
