"""The annotations of a project as a file that waits to be imported."""

from collections.abc import Callable
from typing import Any

from core.errors import NotFoundError
from core.labelstudio.files import as_file
from core.labelstudio.port import LabelStudio
from core.labelstudio.tasks import Task, spot_of

Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def fetched(
    studio: LabelStudio, project_id: int, volume: str, annotator: str = "", *, change: Change = list
) -> dict[str, Any]:
    """The annotated tasks of a project that show a volume, or do not say what they show.

    change : of the tasks on their way, as `weak.outlined` makes it.

    Raises
    ------
    NotFoundError
        If there is no such project, or no task of it that is annotated and shows the volume.
    """
    project = studio.project(project_id)
    there = [task for task in studio.tasks(project_id) if task.get("annotations")]
    mine = [_slim(task) for task in there if _shows(task, volume)]
    if not mine:
        others = sorted({spot.volume for spot in map(spot_of, there) if spot is not None})
        raise NotFoundError(
            f"No annotated task of {project.title} shows {volume}.",
            f"Its tasks are of {', '.join(others[:3])}." if others else "Submit an annotation there first.",
        )
    return as_file(change(mine), project.config, project=project.title, annotator=annotator)


def _shows(task: Task, volume: str) -> bool:
    spot = spot_of(task)
    return spot is None or spot.volume == volume


def _slim(task: Task) -> dict[str, Any]:
    """Without predictions, which may be large and stay where they are."""
    return {key: task[key] for key in ("id", "data", "annotations", "file_upload") if key in task}
