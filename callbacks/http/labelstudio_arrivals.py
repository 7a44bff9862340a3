"""Annotations of Label Studio on their way into our labels: all of a project, or one as soon as it is submitted.

Each is one edit that undo takes back. What is deleted there stays painted here: nobody knows any more which of these
pixels people have changed since.
"""

import json
import logging
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from callbacks.http.labelstudio_answers import Wishes
from core.errors import AppError
from core.labels.exchange import open_labels
from core.labels.exchange.importing import Target, apply, report_on
from core.labelstudio.fetching import fetched
from core.labelstudio.files import as_file
from core.labelstudio.port import Project
from core.labelstudio.results import labels_in
from core.labelstudio.tagging import chosen_in, own_table, plan_for, write
from core.labelstudio.tasks import Task, chosen_annotation, spot_of
from core.services import Services

AUTHOR = "Label Studio"  # of the edits
ARRIVES = ("ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED")
log = logging.getLogger(__name__)


class Arrivals:
    """What is submitted comes in at once, for projects somebody has switched that on for.

    In one thread, in the order in which it comes: Label Studio waits a second only, and the newest state must count.
    """

    def __init__(self, services: Services, wishes: Wishes) -> None:
        self._services, self._wishes = services, wishes
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="labelstudio-arrivals")
        self._brought: Counter[int] = Counter()

    @property
    def brought(self) -> dict[str, int]:
        """{project: annotations that came in at once}."""
        return {str(project): count for project, count in self._brought.items()}

    def take(self, project: int, body: Mapping[str, Any]) -> None:
        """Import the annotations of an event later; nothing where that is not wished."""
        if self._wishes.at_once or self._services.labelstudio.follows(project):
            for task in tasks_in(body):
                self._thread.submit(self._guarded, project, task)

    def _guarded(self, project: int, task: Task) -> None:
        try:
            if bring_one(self._services, project, task):
                with self._lock:
                    self._brought[project] += 1
        except AppError as error:
            log.warning("an annotation of project %d does not come in: %s", project, error)
        except Exception:
            log.exception("an annotation of project %d does not come in", project)


def tasks_in(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The tasks of an event, each with the one annotation it tells of."""
    tasks = {row.get("id"): row for row in _rows(body.get("task"))}
    for annotation in _rows(body.get("annotation")):
        task = tasks.get(annotation.get("task"))
        if task is not None:
            yield {**task, "annotations": [annotation]}


def bring_one(services: Services, project_id: int, task: Task) -> bool:
    """Write the one annotation of a task over the labels of its volume, and its choices into the project's label table.

    Returns whether it shows a volume and was not skipped.
    """
    spot, annotation = spot_of(task), chosen_annotation(task)
    if spot is None or annotation is None:
        return False
    project = services.labelstudio.project(project_id)
    if any(labels_in(annotation.get("result") or ())):
        _paint(services, spot.volume, as_file([task], project.config, project=project.title))
    _tag(services, project, spot.volume, task)
    return True


def _tag(services: Services, project: Project, volume: str, task: Task) -> None:
    """Nothing while nobody has made the project's own table."""
    table = own_table(services.curation, project, volume)
    if table:
        chosen = chosen_in([task], project.config, services.volumes.open(volume).info)
        write(services.curation, plan_for(services.curation, table, chosen), user=AUTHOR)


def bring(services: Services, project: int, volume: str) -> None:
    """Write the annotations of a project over the labels of a volume, as one edit."""
    _paint(services, volume, fetched(services.labelstudio, project, volume))


def _paint(services: Services, volume: str, content: Mapping[str, Any]) -> None:
    info = services.volumes.open(volume).info
    with services.exchange.scratch() as folder:
        path = folder / "annotations.json"
        path.write_text(json.dumps(content))
        file = open_labels(path, info.shape)
        report = report_on(file, Target(info.shape, services.labels.classes(volume), info.voxel_size_um))
        apply(services.labels, volume, file, report, "over", user=AUTHOR, told=lambda _: None)


def _rows(told: Any) -> list[Mapping[str, Any]]:
    """Of one thing or of several, as events have them."""
    rows = told if isinstance(told, list) else [told]
    return [row for row in rows if isinstance(row, Mapping)]
