"""Trainings that Label Studio asks for: its annotations become labels, and a job learns from these as from any.

The import is one edit a volume, which undo takes back. The training has the algorithm and the parameters of the model
the project had, so it is a new version of it; the first one is of the first algorithm of the registry.
"""

import logging
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from callbacks.http.labelstudio_answers import Wishes
from callbacks.http.labelstudio_arrivals import AUTHOR, bring
from core.errors import AppError, NotFoundError
from core.images.volumes import VolumeInfo
from core.labelstudio.config import read_config
from core.labelstudio.tasks import spot_of
from core.learning.jobs import JobKind, JobRequest
from core.learning.models import TrainedModel
from core.learning.requests import check_trainable, suggested_name
from core.services import Services

log = logging.getLogger(__name__)


class Trainings:
    """One at a time for each project, in a thread: Label Studio does not wait."""

    def __init__(self, services: Services, wishes: Wishes) -> None:
        self._services, self._wishes = services, wishes
        self._lock = threading.Lock()
        self._under_way: set[int] = set()
        self._changed: Counter[int] = Counter()

    @property
    def changed(self) -> dict[str, int]:
        """{project: annotations that were submitted, changed or deleted since its last training}."""
        return {str(project): count for project, count in self._changed.items()}

    def note_change(self, project: int) -> None:
        """An annotation is another now."""
        with self._lock:
            self._changed[project] += 1

    def begin(self, project: int) -> None:
        """Import and train; nothing when that is under way for the project already."""
        with self._lock:
            if project in self._under_way:
                return
            self._under_way.add(project)
            del self._changed[project]
        threading.Thread(target=self._run, args=(project,), daemon=True, name="labelstudio-training").start()

    def _run(self, project: int) -> None:
        try:
            log.info("project %d asks for a training: job %s", project, train(self._services, project, self._wishes))
        except AppError as error:
            log.warning("project %d cannot be trained: %s", project, error)
        except Exception:
            log.exception("the training of project %d failed", project)
        finally:
            with self._lock:
                self._under_way.discard(project)


def train(services: Services, project: int, wishes: Wishes) -> str:
    """Import what is annotated, and submit a training on it; returns the job's id.

    Raises
    ------
    NotFoundError
        If nothing of the project that we know of is annotated.
    NotEnoughLabelsError, UnavailableError
    """
    annotated = [task for task in services.labelstudio.tasks(project) if task.get("annotations")]
    counts = Counter(spot.volume for spot in map(spot_of, annotated) if spot is not None)
    if not counts:
        raise NotFoundError("No annotated task shows a volume of ours.", "Export slices to the project, annotate some.")
    for volume in counts:
        bring(services, project, volume)
    (volume, _), *_ = counts.most_common(1)
    return services.jobs.submit(_request(services, project, services.volumes.open(volume).info, wishes))


def _request(services: Services, project: int, info: VolumeInfo, wishes: Wishes) -> JobRequest:
    classes = services.labels.classes(info.path)
    check_trainable(services.labels.class_pixels(info.path), classes)
    algorithm, parameters = _lesson(services, project, wishes)
    title = services.labelstudio.project(project).title
    return JobRequest(
        kind=JobKind.TRAIN,
        name=suggested_name(title, datetime.now(services.timezone), {job.name for job in services.jobs.jobs()}),
        user=AUTHOR,
        algorithm=algorithm,
        parameters=parameters,
        volume=info.path,
        data_uri=info.uri,
        slices=services.labels.annotated_slices(info.path),
        classes=classes,
        mask_uri=services.masks.publish(info.path, namespace=services.namespace),
    )


def _lesson(services: Services, project: int, wishes: Wishes) -> tuple[str, Mapping[str, Any]]:
    """(algorithm, parameters) of the newest model for the labels of the project; else the first with its defaults."""
    labels = {label.name.casefold() for label in read_config(services.labelstudio.project(project).config).classes}
    for model in services.registry.models():
        if _fits(model, labels, wishes.model):
            return model.algorithm, model.parameters
    first = next(each for each in services.registry.algorithms() if each.needs_labels)
    return first.model_name, first.defaults()


def _fits(model: TrainedModel, labels: set[str], wished: str) -> bool:
    if wished:
        return wished in (model.id, model.name)
    return any(each.name.casefold() in labels for each in model.classes)
