"""What a job is: the request a page makes, the states it goes through, the view people see.

A job is a parameter file run by `scripts/train.py` or `scripts/predict.py` in a process of its own; its ledger is an
MLflow run. `utils/jobs/jobs_local.py` is the supervisor on this machine, `utils/jobs/jobs_prefect.py` hands jobs to
the workers of a Prefect server.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal, Protocol

from core.errors import InvalidInputError
from core.labels.classes import LabelClass


class JobKind(StrEnum):
    TRAIN = "train"
    SEGMENT = "segment"
    EXPORT = "export"


_TASKS = {JobKind.TRAIN: "train", JobKind.SEGMENT: "inference", JobKind.EXPORT: "export"}


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)

    @property
    def resumable(self) -> bool:
        return self in (JobState.FAILED, JobState.CANCELLED)


Way = Literal["first", "earlier", "later"]
"""Where a waiting job goes among the others that wait."""


@dataclass(frozen=True)
class JobRequest:
    """What the page asks for.

    A TRAIN job learns from the mask at `mask_uri`, then segments `slices`. A SEGMENT job uses `model_id`. An EXPORT job
    writes the labels of `slices`, or the result of the job `parameters["source"]`, to a file.

    slices : z indices to segment, ascending.
    start_id : the model that a TRAIN job starts from; empty: from nothing.
    prediction : parameters of the segmentation, of either kind of job.
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
    start_id: str = ""
    prediction: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class JobView:
    """A job as people see it. Times are POSIX seconds, 0 when not yet.

    id : the MLflow run id, also the key of its result in Tiled.
    seconds_left : None until it can be told.
    slices_done : z indices whose prediction can be read already, ascending.
    error, hint : one sentence each when failed.
    scores : held-out scores of a train job. note : what training has to say about them, and what happened on the way.
    preview : the step of the newest picture of a training, 0 when there is none.
    prediction : parameters of the segmentation. code_version : of the code that was asked; "" where it did not say.
    place : of a waiting job in the queue, 1 = its turn is next; 0 of all others. behind : jobs that wait for it.
    can_rest : whether it can be paused where it runs.
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
    note: str = ""
    preview: int = 0
    place: int = 0
    behind: int = 0
    prediction: Mapping[str, Any] = field(default_factory=dict)
    code_version: str = ""
    can_rest: bool = True


class JobEngine(Protocol):
    """Methods raise UnavailableError when the ledger does not answer."""

    def submit(self, request: JobRequest) -> str:
        """Queue a job and return its id."""
        ...

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop; its state becomes CANCELLED within seconds. No effect on one that has ended."""
        ...

    def pause(self, job_id: str) -> None:
        """Let a running job rest: it takes no processor time, and keeps its memory, its GPU's too, and its slot.

        Raises InvalidInputError for a job in another state.
        """
        ...

    def resume(self, job_id: str) -> None:
        """Let a paused job go on, or queue one again that failed or was cancelled; slices that are done stay.

        Raises InvalidInputError for a job in another state, or one whose parameter file is gone.
        """
        ...

    def move(self, job_id: str, way: Way) -> None:
        """Give a waiting job another turn. No effect on one that does not wait."""
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

    def preview(self, job_id: str) -> bytes:
        """The newest picture of a training, a PNG. Raises NotFoundError when there is none."""
        ...


def moved(order: Sequence[str], job_id: str, way: Way) -> list[str]:
    """The queue after a job in it went first, or one place earlier or later.

    >>> moved(["a", "b", "c"], "c", "first"), moved(["a", "b", "c"], "a", "later")
    (['c', 'a', 'b'], ['b', 'a', 'c'])
    """
    others = [each for each in order if each != job_id]
    at = {"first": 0, "earlier": max(0, order.index(job_id) - 1), "later": order.index(job_id) + 1}[way]
    return [*others[:at], job_id, *others[at:]]


def in_line(views: Sequence[JobView], queue: Sequence[str]) -> list[JobView]:
    """The jobs, each that waits with its place in the queue; `queue` may name others too, in the order of turns."""
    waiting = {view.id for view in views if view.state is JobState.QUEUED}
    turns = [job_id for job_id in queue if job_id in waiting]
    places = {job_id: at for at, job_id in enumerate(turns, start=1)}
    return [
        replace(view, place=places[view.id], behind=len(turns) - places[view.id], message=_turn(places[view.id]))
        if view.id in places
        else view
        for view in views
    ]


def _turn(place: int) -> str:
    if place == 1:
        return "Its turn is next"
    return f"{place - 1} {'job goes' if place == 2 else 'jobs go'} first"


def new_parameters(request: JobRequest, *, job_id: str, results_uri: str) -> dict[str, Any]:
    """The parameter file of a job, in the words of the app we succeed; it holds no key.

    Parameters
    ----------
    results_uri : the Tiled container below which the result goes.
    """
    return {
        "model_name": request.algorithm,
        "task_name": _TASKS[request.kind],
        "io_parameters": {
            "uid_save": job_id,
            "uid_retrieve": request.model_id,
            "uid_start": request.start_id,
            "job_name": request.name,
            "user": request.user,
            "volume": request.volume,
            "data_tiled_uri": request.data_uri,
            "mask_tiled_uri": request.mask_uri,
            "seg_tiled_uri": results_uri,
            "slices": list(request.slices),
            "classes": [asdict(label_class) for label_class in request.classes],
        },
        "model_parameters": {
            **request.parameters,
            "num_classes": len(request.classes),
            "network": request.algorithm,
        },
        "prediction_parameters": dict(request.prediction),
    }


def read_parameters(content: Mapping[str, Any]) -> tuple[str, JobRequest]:
    """(job id, request) of a parameter file.

    Raises
    ------
    InvalidInputError
        If a key is missing or a value has the wrong shape.
    """
    try:
        paths = content["io_parameters"]
        extra = ("num_classes", "network")
        request = JobRequest(
            kind={task: kind for kind, task in _TASKS.items()}[content["task_name"]],
            name=paths["job_name"],
            user=paths["user"],
            algorithm=content["model_name"],
            parameters={key: value for key, value in content["model_parameters"].items() if key not in extra},
            volume=paths["volume"],
            data_uri=paths["data_tiled_uri"],
            slices=[int(z) for z in paths["slices"]],
            classes=[LabelClass(**row) for row in paths["classes"]],
            mask_uri=paths["mask_tiled_uri"],
            model_id=paths["uid_retrieve"],
            start_id=paths.get("uid_start", ""),
            prediction=content.get("prediction_parameters", {}),
        )
        return paths["uid_save"], request
    except KeyError as error:
        raise InvalidInputError(f"The parameter file lacks the key {error}.") from error
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"The parameter file cannot be read: {error}.") from error


def format_ranges(numbers: Iterable[int]) -> str:
    """Whole numbers as short text.

    >>> format_ranges([15, 0, 1, 2])
    '0-2,15'
    """
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def parse_ranges(text: str) -> tuple[int, ...]:
    """What `format_ranges` wrote, ascending.

    >>> parse_ranges("0-2,15")
    (0, 1, 2, 15)
    >>> parse_ranges("")
    ()
    """
    numbers: list[int] = []
    for run in text.split(",") if text else ():
        first, _, last = run.partition("-")
        numbers.extend(range(int(first), int(last or first) + 1))
    return tuple(numbers)
