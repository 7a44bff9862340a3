"""Jobs as MLflow runs: what the supervisor, the worker and the page write and read of a job.

The tags of a run are the truth of a job; its status follows them so that MLflow's own pages agree. One call is
one transaction, so a reader never sees half a change.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import VERSION
from core.errors import NotFoundError
from core.labels.classes import LabelClass
from core.learning.jobs import JobKind, JobRequest, JobState, JobView, format_ranges, parse_ranges
from utils.registry.mlflow_store import MlflowStore

if TYPE_CHECKING:
    from mlflow.entities import Run

EXPERIMENT = "Jobs"
MAX_JOBS = 200  # a page lists no more, and one search of them takes about 35 ms
SHARES = "Shares of jobs"
MODEL_FOLDER = "model"
BEAT = "beat"  # the tag that the worker of a share writes again and again
_STATUS = {
    JobState.QUEUED: "SCHEDULED",
    JobState.RUNNING: "RUNNING",
    JobState.PAUSED: "RUNNING",
    JobState.DONE: "FINISHED",
    JobState.FAILED: "FAILED",
    JobState.CANCELLED: "KILLED",
}
Metric = tuple[str, float, int]
"""(name, value, step)"""


class JobLedger:
    """Every method may raise UnavailableError, and NotFoundError for a job that is not there."""

    def __init__(self, store: MlflowStore, *, experiment: str = EXPERIMENT) -> None:
        self._store = store
        self._experiment = experiment

    def create(self, request: JobRequest) -> str:
        """Open the run of a new, queued job and return its id."""
        experiment = self._store.experiment(self._experiment)
        with self._store.client() as client:
            run = client.create_run(experiment, tags=_first_tags(request), run_name=request.name)
            job_id: str = run.info.run_id
            client.update_run(job_id, status=_STATUS[JobState.QUEUED])
        return job_id

    def reopen(self, job_id: str) -> None:
        """An ended job waits for its turn again; what it has done so far is still told."""
        first = {"state": JobState.QUEUED, "message": "Waiting for its turn", "error": "", "hint": "", "ended": 0}
        self.write(job_id, first)
        with self._store.client() as client:
            client.update_run(job_id, status=_STATUS[JobState.QUEUED])

    def start(self, job_id: str) -> None:
        """A worker is about to begin."""
        self.write(job_id, {"state": JobState.RUNNING, "started": time.time(), "message": "Starting"})
        with self._store.client() as client:
            client.update_run(job_id, status=_STATUS[JobState.RUNNING])

    def pause(self, job_id: str) -> None:
        """Its worker rests."""
        self.write(job_id, {"state": JobState.PAUSED, "eta": ""})

    def go_on(self, job_id: str) -> None:
        """Its worker works again."""
        self.write(job_id, {"state": JobState.RUNNING})

    def undisturbed(self) -> AbstractContextManager[None]:
        """Inside, no worker is in the middle of a change to the ledger; short, for all wait."""
        return self._store.undisturbed()

    def write(self, job_id: str, tags: Mapping[str, Any], metrics: Iterable[Metric] = ()) -> None:
        """Write tags and points of curves in one go."""
        with self._store.client() as client:
            from mlflow.entities import Metric as MlflowMetric
            from mlflow.entities import RunTag

            now = int(time.time() * 1000)
            points = [MlflowMetric(name, value, now, step) for name, value, step in metrics]
            client.log_batch(job_id, metrics=points, tags=[RunTag(key, str(value)) for key, value in tags.items()])

    def finish(self, job_id: str, state: JobState, *, error: str = "", hint: str = "") -> None:
        """The job has ended."""
        self.write(job_id, {"state": state, "ended": time.time(), "error": error, "hint": hint, "eta": ""})
        with self._store.client() as client:
            client.set_terminated(job_id, _STATUS[state])

    def keep_files(self, job_id: str, folder: Path, *, name: str = MODEL_FOLDER) -> None:
        """Store a folder beside the run."""
        with self._store.client() as client:
            client.log_artifacts(job_id, str(folder), name)

    def fetch_files(self, job_id: str, target: Path, *, name: str = MODEL_FOLDER) -> Path:
        """Bring a folder of the run to `target` and return where it is."""
        with self._store.client() as client:
            return Path(client.download_artifacts(job_id, name, str(target)))

    def view(self, job_id: str) -> JobView:
        with self._store.client() as client:
            run = client.get_run(job_id)
        if "state" not in run.data.tags:
            raise NotFoundError(f"{job_id!r} is not a job.", "Choose one from the list.")
        return _view(run)

    def life(self, job_id: str) -> tuple[JobView, str]:
        """A share, and what its worker wrote last to say that it lives; "" when it did not yet."""
        with self._store.client() as client:
            run = client.get_run(job_id)
        return _view(run), run.data.tags.get(BEAT, "")

    def views(self) -> list[JobView]:
        """The newest jobs, newest first."""
        experiment = self._store.experiment(self._experiment)
        with self._store.client() as client:
            runs = client.search_runs([experiment], max_results=MAX_JOBS, order_by=["attributes.start_time DESC"])
        return [_view(run) for run in runs if "state" in run.data.tags]

    def metric_history(self, job_id: str, name: str) -> list[tuple[int, float]]:
        """(step, value) pairs in order."""
        with self._store.client() as client:
            return sorted((point.step, point.value) for point in client.get_metric_history(job_id, name))


def classes_as_json(classes: Sequence[LabelClass]) -> str:
    """A class table as a tag; short, for MLflow cuts tags at 8,000 characters."""
    return json.dumps([[row.id, row.name, row.color] for row in classes], separators=(",", ":"))


def classes_from_json(text: str) -> tuple[LabelClass, ...]:
    return tuple(LabelClass(*row) for row in json.loads(text or "[]"))


def progress_tags(
    progress: float, message: str, *, seconds_left: float | None, slices_done: Iterable[int]
) -> dict[str, str]:
    """The tags a worker writes again and again."""
    return {
        "progress": f"{progress:.4f}",
        "message": message,
        "eta": "" if seconds_left is None else f"{time.time() + seconds_left:.1f}",
        "slices_done": format_ranges(slices_done),
    }


def _first_tags(request: JobRequest) -> dict[str, str]:
    facts = asdict(request)
    tags = {key: str(facts[key]) for key in ("kind", "name", "user", "algorithm", "volume", "model_id", "mask_uri")}
    return tags | {
        "state": JobState.QUEUED,
        "message": "Waiting for its turn",
        "slices": format_ranges(request.slices),
        "classes": classes_as_json(request.classes),
        "parameters": json.dumps(dict(request.parameters)),
        "prediction": json.dumps(dict(request.prediction)),
        "code_version": VERSION,
    }


def _view(run: "Run") -> JobView:
    tags: Mapping[str, str] = run.data.tags
    state = JobState(tags["state"])
    return JobView(
        id=run.info.run_id,
        **{key: tags.get(key, "") for key in ("name", "user", "algorithm", "volume", "message", "error", "hint")},
        kind=JobKind(tags["kind"]),
        state=state,
        progress=1.0 if state is JobState.DONE else float(tags.get("progress", 0)),
        seconds_left=max(0.0, float(tags["eta"]) - time.time()) if tags.get("eta") else None,
        created=run.info.start_time / 1000,
        started=float(tags.get("started", 0)),
        ended=float(tags.get("ended", 0)),
        model_id=tags.get("model_id", ""),
        slices_done=parse_ranges(tags.get("slices_done", "")),
        classes=classes_from_json(tags.get("classes", "")),
        scores=json.loads(tags.get("scores", "{}")),
        note=tags.get("note", ""),
        preview=int(tags.get("preview", 0)),
        prediction=json.loads(tags.get("prediction", "{}")),
        code_version=tags.get("code_version", ""),
    )
