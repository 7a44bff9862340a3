"""Predictions for tasks of Label Studio, by a trained model or by the model that follows clicks.

A task that says which pixels of which volume it shows is predicted from these, at full depth and with its neighbours;
any other from its picture, which is fetched from the connected server only.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import AppError, InvalidInputError, NotFoundError
from core.images.volumes import VolumeSource, read_slice
from core.labels.tools.grow import shrunk
from core.labelstudio.asking import Asked, label_of, prompts_of
from core.labelstudio.config import LabelConfig, read_config
from core.labelstudio.exporting import prediction
from core.labelstudio.pictures import from_picture
from core.labelstudio.results import region_of, regions_of
from core.labelstudio.tasks import Spot, Task, spot_of
from core.labelstudio.weak import grey_of
from core.labelstudio.windows import LEAST_SCORE, Windows
from core.learning.models import TrainedModel
from core.learning.neighbours import places_around
from core.learning.segmenter import Around, Prediction
from core.services import Services

POINTED_PX = 1024  # a side: what models that follow clicks are made for
BLACK_WHITE = (0.0, 255.0)
SOON_S = 1.5  # Label Studio waits 3 s for what it asks in passing
T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wishes:
    """How to predict. model : name or id; "" for the newest that knows a label of the project. least_score : 0 to 1.

    at_once : annotations of all projects come in as soon as they are submitted.
    """

    model: str = ""
    least_score: float = LEAST_SCORE
    windows: Windows | None = None
    at_once: bool = False


class Answers:
    """For all projects; which model answers is decided anew each time, so a new one is used as soon as it is there."""

    def __init__(self, services: Services, wishes: Wishes) -> None:
        self._services, self._wishes = services, wishes
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="labelstudio")

    def versions(self) -> list[str]:
        """Names of the models that segment, newest first; none while the registry is slow."""
        return self._soon(lambda: [model.name for model in self._models()], default=[])

    def version_for(self, config: str) -> str:
        """The model that would answer a project; "" when there is none yet, or the registry is slow."""
        try:
            return self._soon(lambda: self._model(read_config(config)).name, default="")
        except AppError:
            return ""

    def _soon(self, ask: Callable[[], T], *, default: T) -> T:
        """What `ask` says if it says it soon; the first question to the registry takes seconds."""
        try:
            return self._aside.submit(ask).result(SOON_S)
        except TimeoutError:
            return default

    def predict(self, asked: Asked) -> list[dict[str, Any]]:
        """An entry for each task, in order. Raises AppError when it failed for all of them."""
        if asked.context:
            return [self._pointed(asked, asked.tasks[0])] if asked.tasks else []
        model = self._model(asked.config)
        found: list[dict[str, Any]] = []
        failures: list[AppError] = []
        for task in asked.tasks:
            try:
                found.append(self._predicted(asked, task, model))
            except AppError as error:
                log.warning("task %s is not predicted: %s", task.get("id"), error)
                failures.append(error)
                found.append({"result": [], "score": 0.0, "model_version": model.name})
        if failures and len(failures) == len(asked.tasks):
            raise failures[0]
        return found

    def _models(self) -> list[TrainedModel]:
        return [model for model in self._services.registry.models() if model.classes]

    def _model(self, config: LabelConfig) -> TrainedModel:
        """Raises NotFoundError."""
        names = {label.name.casefold() for label in config.classes}
        for model in self._models():
            if self._wishes.model in (model.id, model.name):
                return model
            if not self._wishes.model and any(each.name.casefold() in names for each in model.classes):
                return model
        raise NotFoundError(
            f"No model knows a label of the project: {', '.join(sorted(names))[:200]}.",
            "Train one first, with classes of these names.",
        )

    def _predicted(self, asked: Asked, task: Task, model: TrainedModel) -> dict[str, Any]:
        found = self._segmented(asked, task, model)
        classes = [each for each in model.classes if asked.config.label("brush", each.name)]
        if not classes:
            raise InvalidInputError(
                "The project has no brush label of the model's classes.", "Add <BrushLabels> to it."
            )
        result = regions_of(
            found.labels, classes, asked.config, scores=found.confidence, least_score=self._wishes.least_score
        )
        return prediction(result, found.confidence, model.name)

    def _segmented(self, asked: Asked, task: Task, model: TrainedModel) -> Prediction:
        context = self._services.pictures.context(model.id)
        image, around = self._seen(asked, task, context)
        return self._services.pictures.segment(model.id, image, around, self._wishes.windows)

    def _seen(self, asked: Asked, task: Task, context: int) -> tuple[NDArray[Any], Around]:
        """What a model looks at: a part of a slice with its neighbours, or a picture that is its own neighbour."""
        spot = spot_of(task)
        if spot is None:
            picture = self._picture(asked.config, task)
            return picture, [picture] * (2 * context)
        volume = self._services.volumes.open(spot.volume)
        _check_inside(spot, volume)
        places = places_around(spot.z, count=volume.info.shape[0], context=context)
        return _part(volume, spot, spot.z), [_part(volume, spot, z) for z in places]

    def _picture(self, config: LabelConfig, task: Task) -> NDArray[np.uint8]:
        address = task.get("data", {}).get(config.image_key)
        if not isinstance(address, str):
            raise InvalidInputError("A task has no picture.", f"Its data lack the key {config.image_key!r}.")
        return from_picture(self._services.labelstudio.picture(address))

    def _pointed(self, asked: Asked, task: Task) -> dict[str, Any]:
        """The object somebody points at, as a brush region of the label they point with."""
        image, window, key = self._pointed_at(asked, task)
        grey = grey_of(image, window)
        prompts = prompts_of(asked.context, (grey.shape[0], grey.shape[1]))
        step = -(-max(grey.shape) // POINTED_PX)
        model = self._services.interactive.offers()[0].name
        small = grey if step == 1 else shrunk(grey, step)
        found = self._services.interactive.segment(model, f"{key} {step}", lambda: small, prompts.seen_from(0, 0, step))
        mask = _enlarged(found.mask, grey.shape)
        if not mask.any():
            return {"result": [], "score": 0.0, "model_version": model}
        region = region_of(mask, label_of(asked.context), asked.config)
        score = round(found.score, 4)
        return {"result": [{"id": "pointed", **region, "score": score}], "score": score, "model_version": model}

    def _pointed_at(self, asked: Asked, task: Task) -> tuple[NDArray[Any], tuple[float, float], str]:
        """(picture, its black and white, a name for it)"""
        spot = spot_of(task)
        if spot is None:
            return self._picture(asked.config, task), BLACK_WHITE, f"labelstudio {asked.project} {task.get('id')}"
        volume = self._services.volumes.open(spot.volume)
        _check_inside(spot, volume)
        manifest = self._services.tiles.manifest(spot.volume)
        return _part(volume, spot, spot.z), manifest.window, f"labelstudio {manifest.info.version} {spot}"


def _check_inside(spot: Spot, volume: VolumeSource) -> None:
    shape = volume.info.shape
    if not (0 <= spot.z < shape[0] and spot.region.lies_in((shape[1], shape[2]))):
        raise NotFoundError(
            f"A task shows slice {spot.z + 1} of {spot.volume}, which is not there.", "Export it again."
        )


def _part(volume: VolumeSource, spot: Spot, z: int) -> NDArray[Any]:
    return np.ascontiguousarray(read_slice(volume, z)[spot.region.slices])


def _enlarged(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if mask.shape == shape:
        return mask
    found: NDArray[np.bool_] = (
        cv2.resize(mask.astype(np.uint8), (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST) > 0
    )
    return found
