"""What Label Studio asks a model, as it says it, and what somebody has pointed at in its page as prompts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import InvalidInputError
from core.labelstudio.config import LabelConfig, read_config
from core.labelstudio.results import labels_in
from core.labelstudio.shapes import kind_of
from core.labelstudio.tasks import Task
from core.learning.interactive import Prompts

POINTING = ("keypoint", "rectangle")
MAX_TASKS = 1000  # of one question


@dataclass(frozen=True)
class Asked:
    """A question for predictions. project : id, 0 when it does not say. context : what somebody points at, if so."""

    project: int
    config: LabelConfig
    tasks: Sequence[Task]
    context: Sequence[Mapping[str, Any]] = ()


def read_asked(body: Mapping[str, Any]) -> Asked:
    """The body of /predict. Raises InvalidInputError, LabelFileError."""
    tasks = body.get("tasks")
    if not isinstance(tasks, list) or not all(isinstance(each, Mapping) for each in tasks) or len(tasks) > MAX_TASKS:
        raise InvalidInputError(
            "The question has no list of tasks.", f"Send up to {MAX_TASKS} tasks as Label Studio does."
        )
    params = body.get("params") or {}
    context = (params.get("context") or {}).get("result") or ()
    return Asked(project_id(body.get("project")), read_config(str(body.get("label_config", ""))), tasks, context)


def project_id(told: Any) -> int:
    """The id in what Label Studio calls a project.

    >>> project_id("12.1795209891"), project_id({"id": 3}), project_id(None)
    (12, 3, 0)
    """
    if isinstance(told, Mapping):
        told = told.get("id")
    number = str(told or "").partition(".")[0]
    return int(number) if number.isdigit() else 0


def prompts_of(context: Sequence[Mapping[str, Any]], shape: tuple[int, int]) -> Prompts:
    """Clicks and the last box, in pixels of a picture of (Y, X). Raises InvalidInputError when there is neither."""
    height, width = shape
    points, positive, box = [], [], None
    for row in context:
        value = row.get("value", {})
        if kind_of(row) not in POINTING:
            continue
        x, y = float(value["x"]) * width / 100, float(value["y"]) * height / 100
        if kind_of(row) == "keypoint":
            points.append((y, x))
            positive.append(_is_positive(row))
        else:
            box = (y, x, y + float(value["height"]) * height / 100, x + float(value["width"]) * width / 100)
    if not points and box is None:
        raise InvalidInputError("Nothing is pointed at.", "Use a key point or a rectangle.")
    where = np.array(points, float).reshape(-1, 2).clip(0, np.array(shape) - 0.5)
    return Prompts(where, np.array(positive, bool), box)


def label_of(context: Sequence[Mapping[str, Any]]) -> str:
    """The label somebody points with; the last one."""
    names = list(labels_in(context))
    if not names:
        raise InvalidInputError("What is pointed at has no label.", "Choose a label first.")
    return names[-1]


def _is_positive(row: Mapping[str, Any]) -> bool:
    told = row.get("is_positive", row.get("value", {}).get("is_positive", True))
    return bool(told) if told is not None else True
