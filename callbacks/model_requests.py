"""From what the page says when a button is pressed to the job it asks for, and what stands in the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from components import class_shares, forms, models
from core.errors import InvalidInputError, NotFoundError
from core.images.volumes import VolumeInfo
from core.learning.descriptors import AlgorithmDescriptor, validate_parameters
from core.learning.jobs import JobKind, JobRequest
from core.learning.models import TrainedModel
from core.learning.requests import (
    Scope,
    Stack,
    check_trainable,
    chosen_slices,
    segmentation_name,
    suggested_name,
)
from core.services import Services

Volume = dict[str, str] | None


@dataclass(frozen=True)
class Choice:
    """What the page says when a button is pressed; see `callbacks/models.py` for where each comes from."""

    volume: Volume
    z: int | None
    algorithm: str | None
    fields: Sequence[Mapping[str, Any]]
    entered: Sequence[Any]
    start: str | None
    name: str | None
    train_scope: Scope
    model: str | None
    wishes: Sequence[Mapping[str, Any]]
    wished: Sequence[Any]
    shares_on: bool | None
    share_fields: Sequence[Mapping[str, Any]]
    shares: Sequence[Any]
    scope: Scope
    first: Any
    last: Any

    def path(self) -> str:
        """Of the open volume; raises InvalidInputError when there is none."""
        return _path(self.volume)


def training_request(services: Services, choice: Choice) -> JobRequest:
    """Publish the painted slices and describe the training.

    Raises
    ------
    ParameterError, NotEnoughLabelsError, NotFoundError, UnavailableError
    """
    path = choice.path()
    algorithm = find_algorithm(services, choice.algorithm)
    parameters = validate_parameters(algorithm, forms.values(choice.fields, choice.entered))
    info = services.volumes.open(path).info
    if not algorithm.needs_labels:
        return _pretraining_request(services, choice, algorithm, parameters, info)
    classes = services.labels.classes(path)
    check_trainable(services.labels.class_pixels(path), classes)
    stack = Stack(info.shape[0], painted=services.labels.annotated_slices(path))
    return JobRequest(
        kind=JobKind.TRAIN,
        name=_model_name(services, choice, algorithm),
        user=services.current_user(),
        algorithm=algorithm.model_name,
        parameters=parameters,
        volume=path,
        data_uri=info.uri,
        slices=chosen_slices(stack, choice.train_scope),
        classes=classes,
        mask_uri=services.masks.publish(path, namespace=services.namespace),
        start_id=start_of(services, algorithm, choice.start),
        prediction=algorithm.defaults("prediction_model"),
    )


def _pretraining_request(
    services: Services, choice: Choice, algorithm: AlgorithmDescriptor, parameters: Mapping[str, Any], info: VolumeInfo
) -> JobRequest:
    """Of an algorithm that learns without labels, from any of the slices."""
    return JobRequest(
        kind=JobKind.TRAIN,
        name=_model_name(services, choice, algorithm),
        user=services.current_user(),
        algorithm=algorithm.model_name,
        parameters=parameters,
        volume=info.path,
        data_uri=info.uri,
        slices=range(info.shape[0]),
        classes=(),
    )


def _model_name(services: Services, choice: Choice, algorithm: AlgorithmDescriptor) -> str:
    """The name somebody chose, else one that no job has."""
    taken = {job.name for job in services.jobs.jobs()}
    return (choice.name or "").strip() or suggested_name(algorithm.model_name, datetime.now(services.timezone), taken)


def start_of(services: Services, algorithm: AlgorithmDescriptor, chosen: str | None) -> str:
    """The id of the model that training starts from; empty for none.

    Raises
    ------
    InvalidInputError
        If the model is of another algorithm.
    NotFoundError, UnavailableError
    """
    if not algorithm.can_continue or chosen in (None, models.ANEW):
        return ""
    model = find_model(services, chosen)
    if model.starts != algorithm.model_name:
        raise InvalidInputError(
            f"{model.name} is for {model.starts}; {algorithm.model_name} cannot start from it.",
            "Start from a model of the same algorithm, or from nothing.",
        )
    return model.id


def segmentation_request(services: Services, choice: Choice) -> JobRequest:
    """Describe the segmentation of the chosen slices with a trained model.

    Raises
    ------
    InvalidInputError, NotFoundError, UnavailableError
    """
    model = find_model(services, choice.model)
    if not model.classes:
        raise InvalidInputError(f"{model.name} was trained without labels.", f"Train a {model.starts} from it first.")
    algorithm = model_algorithm(services, model.id)
    wishes = forms.values(choice.wishes or (), choice.wished or ())
    wishes |= class_shares.parameter(choice.share_fields, choice.shares, on=bool(choice.shares_on))
    info = services.volumes.open(choice.path()).info
    stack = Stack(info.shape[0], current=choice.z or 0)
    slices = chosen_slices(stack, choice.scope, first=choice.first, last=choice.last)
    return JobRequest(
        kind=JobKind.SEGMENT,
        name=segmentation_name(model.name, slices, depth=stack.depth),
        user=services.current_user(),
        algorithm=model.algorithm,
        parameters=model.parameters,
        volume=info.path,
        data_uri=info.uri,
        slices=slices,
        classes=model.classes,
        model_id=model.id,
        prediction=validate_parameters(algorithm, wishes, "prediction_model") if algorithm else {},
    )


def ready_to_train(services: Services, volume: Volume, algorithm: str | None, *, pending: int) -> str:
    """What training would learn from; raises what stands in the way."""
    path = _path(volume)
    if not algorithm:
        raise InvalidInputError("No algorithm is chosen.", "The list fills as soon as the registry answers.")
    if not find_algorithm(services, algorithm).needs_labels:
        return models.ready_without_labels(services.volumes.open(path).info.shape[0])
    if pending:
        raise InvalidInputError("Your last strokes are still on their way to the server.", "Wait a moment.")
    pixels = services.labels.class_pixels(path)
    check_trainable(pixels, services.labels.classes(path))
    return models.ready(sum(pixels.values()), len(pixels), len(services.labels.annotated_slices(path)))


def segmentation_obstacle(model: str | None, volume: Volume) -> Any:
    """Why nothing can be segmented; None when it can."""
    if not model:
        return models.advice("There is no trained model yet.", "Train one first.")
    if volume is None:
        return models.advice("No dataset is open.", "Choose one at the top left.")
    return None


def find_algorithm(services: Services, name: str | None) -> AlgorithmDescriptor:
    """Raises NotFoundError."""
    for algorithm in services.registry.algorithms():
        if algorithm.model_name == name:
            return algorithm
    raise NotFoundError(f"The algorithm {name!r} is not registered (any more).", "Choose another one.")


def find_model(services: Services, model_id: str | None) -> TrainedModel:
    """Raises NotFoundError."""
    for model in services.registry.models():
        if model.id == model_id:
            return model
    raise NotFoundError("This model is not registered (any more).", "Choose another one, or train again.")


def model_algorithm(services: Services, model_id: str | None) -> AlgorithmDescriptor | None:
    """Of a trained model; None where either is not registered (any more)."""
    named = {model.id: model.algorithm for model in services.registry.models()}
    known = {algorithm.model_name: algorithm for algorithm in services.registry.algorithms()}
    return known.get(named.get(model_id or "", ""))


def _path(volume: Volume) -> str:
    if volume is None:
        raise InvalidInputError("No dataset is open.", "Choose one at the top left.")
    return volume["path"]
