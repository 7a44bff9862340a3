"""Slices to tasks of a project. What is there is found by what it shows, so a second export adds nothing twice.

Each task goes with its predictions or annotations in one request: an export that breaks off leaves whole tasks only,
and the next one sends the rest. Corrections of people are never touched.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError, NotFoundError
from core.labels.classes import LabelClass
from core.labelstudio.config import LabelConfig, missing_labels, read_config, with_labels, write_config
from core.labelstudio.pictures import Window, as_png
from core.labelstudio.port import LabelStudio, Project
from core.labelstudio.results import Result, Style, mean_score, regions_of
from core.labelstudio.tasks import Region, Spot, Task, data_of, spot_of

Told = Callable[[float], None]
"""Called with the fraction done; what it raises ends the export between two tasks."""
Role = Literal["annotations", "predictions", "nothing"]
ROLES: dict[Role, str] = {"predictions": "Predictions, to be corrected", "annotations": "Annotations",
                          "nothing": "Pictures alone"}  # fmt: skip
MAX_TITLE = 50  # of a project, as Label Studio has it
MIN_TITLE = 3


class Source(Protocol):
    """Where the pixels of an export come from."""

    def image(self, z: int, region: Region) -> NDArray[Any]:
        """(Y, X) or (Y, X, C) true values."""
        ...

    def labels(self, z: int, region: Region) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
        """(class ids, how certain they are or None), (Y, X) uint8 both."""
        ...


@dataclass(frozen=True)
class Shipment:
    """What is sent.

    slices : z, each with all `regions`. version : names the labels or the model of a prediction.
    least_score : objects that are less certain stay out.
    """

    volume: str
    slices: Sequence[int]
    regions: Sequence[Region]
    window: Window
    classes: Sequence[LabelClass]
    role: Role = "predictions"
    version: str = ""
    style: Style = "brush"
    least_score: float = 0.0

    @property
    def spots(self) -> list[Spot]:
        return [Spot(self.volume, z, region) for z in self.slices for region in self.regions]


@dataclass(frozen=True)
class Sent:
    """What came of an export, in tasks. added : new ones. updated : that got a prediction or their first annotation.

    known : that had all of it. kept : that have annotations of somebody, which stay.
    """

    added: int = 0
    updated: int = 0
    known: int = 0
    kept: int = 0

    def told(self) -> str:
        """
        >>> Sent(added=2, known=1).told()
        '2 tasks added, 1 was there already.'
        """
        words = [_count(self.added, "task added", "tasks added")]
        words += [f"{self.updated} updated"] * bool(self.updated)
        words += [f"{self.known} {'was' if self.known == 1 else 'were'} there already"] * bool(self.known)
        words += [f"{self.kept} kept the annotations of somebody"] * bool(self.kept)
        return f"{', '.join(words)}."


@dataclass(frozen=True)
class _There:
    """A task that is there."""

    id: int
    versions: frozenset[str] = field(default_factory=frozenset)
    annotated: bool = False


def project_for(studio: LabelStudio, title: str, classes: Sequence[LabelClass]) -> Project:
    """The project of a title, or of an id written as a number, with a label for each class; made when there is none.

    Raises
    ------
    InvalidInputError
        If the title is too short or too long, or the project cannot take the labels.
    """
    found = find_project(studio, title)
    if found is None:
        if not MIN_TITLE <= len(title.strip()) <= MAX_TITLE:
            raise InvalidInputError(
                f"{title[:60]!r} is no title of a project.", f"Use {MIN_TITLE} to {MAX_TITLE} letters."
            )
        return studio.create_project(title.strip(), write_config(classes), "Slices of a stack, sent for annotation.")
    if not missing_labels(read_config(found.config), classes):
        return found
    config = with_labels(found.config, classes)
    studio.change_config(found.id, config)
    return replace(found, config=config)


def find_project(studio: LabelStudio, title: str) -> Project | None:
    """By its id, or else by its title; None when there is none. Raises NotFoundError for an id that is not there."""
    wanted = title.strip()
    there = studio.projects()
    if wanted.isdigit():
        by_id = next((each for each in there if each.id == int(wanted)), None)
        if by_id is None and len(wanted) < MIN_TITLE:
            raise NotFoundError(f"There is no project {wanted}.", "Choose one of the list.")
        if by_id is not None:
            return by_id
    return next((each for each in there if each.title == wanted), None)


def send(studio: LabelStudio, project: Project, shipment: Shipment, source: Source, *, told: Told) -> Sent:
    """Bring what is missing to a project. Raises what the server says; repeated, it goes on."""
    config = read_config(project.config)
    there = _tasks_there(studio.tasks(project.id))
    sent = Sent()
    for done, spot in enumerate(shipment.spots):
        told(done / len(shipment.spots))
        sent = _sent(studio, project.id, shipment, source, config, spot, there.get(spot), sent)
    told(1.0)
    return sent


def _sent(
    studio: LabelStudio, project: int, shipment: Shipment, source: Source, config: LabelConfig,
    spot: Spot, task: _There | None, sent: Sent,
) -> Sent:  # fmt: skip
    if task is None:
        png = as_png(source.image(spot.z, spot.region), shipment.window)
        address = studio.upload(project, spot.file_name, png)
        data = {config.image_key: address, **data_of(spot, shipment.window)}
        studio.add_tasks(project, [{"data": data, **_extras(shipment, source, config, spot)}])
        return replace(sent, added=sent.added + 1)
    if task.annotated and shipment.role == "annotations":
        return replace(sent, kept=sent.kept + 1)
    if shipment.role == "nothing" or shipment.version in task.versions:
        return replace(sent, known=sent.known + 1)
    extras = _extras(shipment, source, config, spot)
    if not extras:
        return replace(sent, known=sent.known + 1)
    for row in extras.get("predictions", ()):
        studio.add_predictions(project, [{"task": task.id, **row}])
    for annotation in extras.get("annotations", ()):
        studio.add_annotation(task.id, annotation["result"])
    return replace(sent, updated=sent.updated + 1)


def _extras(shipment: Shipment, source: Source, config: LabelConfig, spot: Spot) -> dict[str, list[dict[str, Any]]]:
    """Predictions or annotations of a task."""
    if shipment.role == "nothing":
        return {}
    labels, scores = source.labels(spot.z, spot.region)
    predicted = shipment.role == "predictions"
    result = regions_of(labels, shipment.classes, config, style=shipment.style,
                        scores=scores if predicted else None, least_score=shipment.least_score)  # fmt: skip
    if predicted:
        return {"predictions": [prediction(result, scores, shipment.version)]}
    # Imported annotations are the ground truth unless one says otherwise; then corrections would not count.
    return {"annotations": [{"result": result, "ground_truth": False}]} if result else {}


def prediction(result: Sequence[Result], scores: NDArray[np.uint8] | None, version: str) -> dict[str, Any]:
    """A prediction as Label Studio keeps it."""
    score = {} if scores is None else {"score": mean_score(scores)}
    return {"model_version": version, "result": list(result), **score}


def _tasks_there(tasks: Iterable[Task]) -> Mapping[Spot, _There]:
    """Tasks of ours by what they show."""
    found: dict[Spot, _There] = {}
    for task in tasks:
        spot = spot_of(task)
        if spot is not None:
            versions = frozenset(str(row.get("model_version")) for row in task.get("predictions") or ())
            found[spot] = _There(int(task["id"]), versions, bool(task.get("annotations")))
    return found


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
