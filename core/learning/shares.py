"""Shares of a job: what each of many workers does of it, and what their news say of the whole.

A training is one share; the slices that it leaves are ranges of neighbours, a share each. A share has a run of its own
in MLflow, which its worker writes, so that no two write one; only who looks after the job writes the run of the job. A
share that is done twice does no harm: it writes the same bits to the same places.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from core.errors import InvalidInputError
from core.learning.jobs import JobKind, JobRequest, JobView, new_parameters

Task = Literal["train", "inference"]
TRAINED = 0.5  # of a job that segments after training


@dataclass(frozen=True)
class Share:
    """id : its run in MLflow. slices : z, ascending, that it segments; a training segments the painted ones of them."""

    id: str
    task: Task
    slices: tuple[int, ...]


@dataclass(frozen=True)
class News:
    """What is told of a job: see `JobView`."""

    progress: float
    message: str
    slices_done: tuple[int, ...]
    seconds_left: float | None = None


def next_work(
    request: JobRequest, done: Iterable[int], *, trained: bool, size: int
) -> list[tuple[Task, tuple[int, ...]]]:
    """What workers can begin with, side by side: the training, or ranges of the slices that are left.

    Parameters
    ----------
    done : z of the slices that can be read already.
    trained : whether there is a model.
    size : most slices of a range; 0: one worker does all, as an algorithm that runs by itself must.
    """
    if request.kind is JobKind.TRAIN and not (trained and size):
        return [("train", tuple(sorted(request.slices)))]
    left = sorted(set(request.slices) - set(done))
    return [("inference", part) for part in ranges(left, size or len(left))]


def ranges(slices: Sequence[int], size: int) -> list[tuple[int, ...]]:
    """Neighbours stay together.

    >>> ranges([0, 1, 2, 3, 9], size=2)
    [(0, 1), (2, 3), (9,)]
    """
    return [tuple(slices[at : at + size]) for at in range(0, len(slices), max(1, size))]


def segments_later(request: JobRequest, *, size: int) -> bool:
    """Whether a training leaves ranges to others; one without labels segments nothing."""
    return request.kind is JobKind.TRAIN and bool(request.mask_uri) and size > 0


def parameters_of(share: Share, request: JobRequest, *, job_id: str, results_uri: str) -> dict[str, Any]:
    """The parameter file of a share: that of its job, and which part of it is meant. A range uses the job's model."""
    asked = request
    if share.task == "inference" and request.kind is JobKind.TRAIN:
        asked = replace(request, kind=JobKind.SEGMENT, model_id=job_id)
    content = new_parameters(asked, job_id=job_id, results_uri=results_uri)
    return {**content, "share": {"id": share.id, "slices": list(share.slices)}}


def share_in(content: Mapping[str, Any]) -> Share | None:
    """The share that a parameter file is about; None when it is about the whole job. Raises InvalidInputError."""
    told = content.get("share")
    if told is None:
        return None
    try:
        return Share(str(told["id"]), content["task_name"], tuple(int(z) for z in told["slices"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(f"The share of the parameter file cannot be read: {error!r}.") from error


def news_of_one(request: JobRequest, view: JobView, *, size: int) -> News:
    """Of a job whose training says `view`, or whose only worker does."""
    whole = TRAINED if segments_later(request, size=size) else 1.0
    return News(whole * view.progress, view.message, tuple(view.slices_done), view.seconds_left)


def news_of_ranges(request: JobRequest, done: Iterable[int], *, workers: int, pace_s: float | None) -> News:
    """Of a job whose ranges are under way.

    Parameters
    ----------
    done : z of all slices that can be read.
    workers : how many work at the moment.
    pace_s : seconds a slice, all workers together; None while it is not known.
    """
    slices, total = tuple(sorted(done)), len(request.slices)
    begin = TRAINED if request.kind is JobKind.TRAIN else 0.0
    by = f", {workers} workers" if workers > 1 else ""
    left = None if pace_s is None else pace_s * (total - len(slices))
    progress = begin + (1 - begin) * len(slices) / total
    return News(progress, f"Segmented {len(slices)} of {total} slices{by}", slices, left)
