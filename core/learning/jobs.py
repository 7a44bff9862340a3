"""What a job is: the request a page makes, the states it goes through, the view people see.

A job is a parameter file run by `scripts/train.py` or `scripts/predict.py` in a process of its own; its ledger is an
MLflow run. `utils/jobs_local.py` is the supervisor on this machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from core.labels.classes import LabelClass


class JobKind(StrEnum):
    TRAIN = "train"
    SEGMENT = "segment"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True)
class JobRequest:
    """What the page asks for.

    A TRAIN job learns from the mask at `mask_uri`, then segments `slices`. A SEGMENT job uses `model_id`.

    slices : z indices to segment, ascending.
    data_uri, mask_uri : Tiled URIs without keys.
    classes : the class table as it was when the job was asked for; the result keeps it.
    """

    kind: JobKind
    name: str
    user: str
    algorithm: str
    parameters: Mapping[str, Any]
    volume: str
    data_uri: str
    slices: Sequence[int]
    classes: Sequence[LabelClass]
    mask_uri: str = ""
    model_id: str = ""


@dataclass(frozen=True)
class JobView:
    """A job as people see it. Times are POSIX seconds, 0 when not yet.

    id : the MLflow run id, also the key of its result in Tiled.
    seconds_left : None until it can be told.
    slices_done : z indices whose prediction can be read already, ascending.
    error, hint : one sentence each when failed.
    metrics : name -> [(step, value), ...], e.g. training loss; scores : held-out scores of a train job.
    """

    id: str
    kind: JobKind
    name: str
    user: str
    algorithm: str
    volume: str
    state: JobState
    progress: float = 0.0
    message: str = ""
    seconds_left: float | None = None
    created: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    error: str = ""
    hint: str = ""
    model_id: str = ""
    slices_done: Sequence[int] = ()
    classes: Sequence[LabelClass] = ()
    scores: Mapping[str, float] = field(default_factory=dict)


class JobEngine(Protocol):
    """Methods raise UnavailableError when the ledger does not answer."""

    def submit(self, request: JobRequest) -> str:
        """Queue a job and return its id."""
        ...

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop; its state becomes CANCELLED within seconds. No effect on one that has ended."""
        ...

    def jobs(self, volume: str | None = None) -> list[JobView]:
        """Newest first; of one volume, or all."""
        ...

    def job(self, job_id: str) -> JobView:
        """Raises NotFoundError."""
        ...

    def log(self, job_id: str, *, max_lines: int = 200) -> str:
        """The end of the job's log."""
        ...

    def metric_history(self, job_id: str, name: str) -> list[tuple[int, float]]:
        """(step, value) pairs, e.g. of "loss"."""
        ...
