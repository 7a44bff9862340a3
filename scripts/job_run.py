"""What every job does around its work: the ledger, the signals, the ways to end.

A worker says what it does through `JobRun`; a thread of its own writes that to the ledger twice a second at most, so
telling costs the work nothing. Whatever happens, the ledger says how the job ended: done, cancelled, or failed with
one sentence a person understands. Tracebacks go to the log only. Keys come from the environment.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from core.errors import AppError, InvalidInputError, UnavailableError
from core.learning.jobs import JobRequest, JobState, read_parameters
from core.learning.models import TrainedModel
from core.learning.preview import as_png
from core.learning.segmenter import Preview, Progress
from core.learning.shares import Share, share_in
from core.learning.verdicts import of_fault
from utils.allocator import keep_freed_memory
from utils.jobs.job_folders import PREVIEW_FILE
from utils.jobs.job_ledger import JobLedger, Metric, progress_tags
from utils.registry.mlflow_store import MlflowStore
from utils.settings import Settings

WRITE_EVERY_S = 0.5
PATIENCE_S = (1, 5, 20)  # a ledger that restarts must not cost hours of work
EXIT_OK, EXIT_BUG, EXIT_USER, EXIT_CANCELLED = 0, 1, 2, 143
NICENESS = 5


class JobCancelled(BaseException):
    """Somebody asked the job to stop. Not an Exception, so that no library swallows it."""


@dataclass(frozen=True)
class Phase:
    """A part of the job and of its progress bar. begun : seconds of time.monotonic."""

    start: float
    stop: float
    begun: float

    def overall(self, fraction: float) -> float:
        return self.start + (self.stop - self.start) * fraction

    def seconds_left(self, fraction: float, now: float) -> float | None:
        """Of this phase, from the pace so far; None while the pace is a guess.

        >>> Phase(0, 1, begun=100).seconds_left(0.25, now=110)
        30.0
        """
        elapsed = now - self.begun
        if fraction <= 0 or elapsed < 1:
            return None
        return elapsed * (1 - fraction) / fraction


@dataclass
class JobRun:
    """A job at work, or a share of it.

    folder : where its parameter file is. share : None when all of the job is done here.
    """

    id: str
    folder: Path
    request: JobRequest
    settings: Settings
    ledger: JobLedger
    store: MlflowStore
    share: Share | None = None
    _slices_done: set[int] = field(default_factory=set)
    _phase: Phase = field(default_factory=lambda: Phase(0, 1, time.monotonic()))
    _tags: dict[str, str] = field(default_factory=dict)
    _metrics: list[Metric] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _begun: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def ledger_id(self) -> str:
        """The run that this worker writes: the job's, or the share's own."""
        return self.id if self.share is None else self.share.id

    def remember(self) -> None:
        """What an earlier, interrupted run of this job has done already."""
        self._slices_done |= set(self.ledger.view(self.ledger_id).slices_done)

    @property
    def done(self) -> frozenset[int]:
        """z of the slices whose prediction can be read."""
        return frozenset(self._slices_done)

    def begin(self, message: str, *, start: float, stop: float) -> None:
        """A new phase, from `start` to `stop` of the progress bar."""
        self._phase = Phase(start, stop, time.monotonic())
        self.report(Progress(0, message))

    def report(self, progress: Progress) -> None:
        """How far the phase is; what an algorithm calls while it trains."""
        left = self._phase.seconds_left(progress.fraction, time.monotonic())
        overall = self._phase.overall(progress.fraction)
        _print_progress(overall, progress)
        tags = progress_tags(overall, progress.message, seconds_left=left, slices_done=self._slices_done)
        if progress.preview is not None and self._show(progress.preview):
            tags["preview"] = str(progress.step)
        self.note(tags, ((name, float(value), progress.step) for name, value in progress.metrics.items()))

    def _show(self, preview: Preview) -> bool:
        """Put the picture where the page finds it, whole or not at all; a full disk costs the picture, not the job."""
        part = self.folder / f"{PREVIEW_FILE}.part"
        try:
            part.write_bytes(as_png(preview, self.request.classes))
            part.replace(self.folder / PREVIEW_FILE)
        except OSError as error:
            print(f"A picture of the training cannot be kept: {error.strerror}.", file=sys.stderr, flush=True)
            return False
        return True

    def slice_done(self, z: int, progress: Progress) -> None:
        """The prediction of slice `z` can be read."""
        self.slices_done((z,), progress)

    def slices_done(self, slices: Iterable[int], progress: Progress) -> None:
        """The predictions of these slices can be read."""
        self._slices_done.update(slices)
        self.report(progress)

    def note_model(self, model: TrainedModel, *, note: str) -> None:
        """The job has trained a model; `note` is what the training has to say about its scores."""
        self.note({"model_id": model.id, "scores": json.dumps(dict(model.scores)), "note": note})

    def note(self, tags: dict[str, str], metrics: Iterable[Metric] = ()) -> None:
        """Facts for the ledger, written with the next batch."""
        with self._lock:
            self._tags |= tags
            self._metrics.extend(metrics)
        self._begun.set()

    def keep_writing(self) -> None:
        """The writer thread: the first words at once, then batches until `stop_writing`, and a last one after it."""
        self._begun.wait()
        self._write()
        while not self._ended.wait(WRITE_EVERY_S):
            self._write()
        self._write()

    def stop_writing(self) -> None:
        self._ended.set()
        self._begun.set()

    def _write(self) -> None:
        with self._lock:
            tags, self._tags = self._tags, {}
            metrics, self._metrics = self._metrics, []
        if not tags and not metrics:
            return
        try:
            self.ledger.write(self.ledger_id, tags, metrics)
        except AppError as error:
            print(error, file=sys.stderr, flush=True)
            with self._lock:  # newer facts win over those that could not be written
                self._tags = tags | self._tags
                self._metrics = metrics + self._metrics


Work = Callable[[JobRun], None]


def _print_progress(overall: float, progress: Progress) -> None:
    """One line of the log."""
    numbers = "".join(f"  {name} {value:.4g}" for name, value in progress.metrics.items())
    print(f"{overall:4.0%}  {progress.message}{numbers}", flush=True)


def main(work: Work, arguments: list[str]) -> int:
    """Run the job of a parameter file; the exit code says how it ended."""
    signal.signal(signal.SIGTERM, _cancel)
    be_modest()
    keep_freed_memory()
    try:
        run = open_run(arguments)
        patiently(run.remember)
    except AppError as error:
        print(error, file=sys.stderr)
        return EXIT_USER
    except JobCancelled:
        return EXIT_CANCELLED  # the supervisor writes it down
    return run_to_its_end(run, work)


def be_modest() -> None:
    """The page goes first; no effect the second time."""
    os.nice(max(0, NICENESS - os.nice(0)))


def open_run(arguments: list[str]) -> JobRun:
    """The job that a command line names. Raises InvalidInputError."""
    if len(arguments) != 1:
        raise InvalidInputError("Give one parameter file.", "Jobs are usually started by the app.")
    try:
        content = json.loads(Path(arguments[0]).read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise InvalidInputError(f"The parameter file cannot be read: {error}.") from error
    job_id, request = read_parameters(content)
    settings = Settings()
    store = MlflowStore.from_settings(settings, timeout_s=60)
    folder, share = Path(arguments[0]).parent, share_in(content)
    return JobRun(job_id, folder, request, settings, JobLedger(store), store, share)


def patiently(act: Callable[[], Any]) -> Any:
    """Do something with MLflow, again after a while when it does not answer."""
    for pause_s in PATIENCE_S:
        try:
            return act()
        except UnavailableError as error:
            print(error, file=sys.stderr, flush=True)
            time.sleep(pause_s)
    return act()


def run_to_its_end(run: JobRun, work: Work) -> int:
    """Do the work and write down how it ended; returns the exit code."""
    writer = threading.Thread(target=run.keep_writing, daemon=True)
    writer.start()
    state, error, hint, code = _outcome(run, work)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the end must be written whole
    run.stop_writing()
    writer.join()
    try:
        patiently(lambda: run.ledger.finish(run.ledger_id, state, error=error, hint=hint))
    except AppError as trouble:
        print(trouble, file=sys.stderr)
        return EXIT_BUG
    print(f"{state.value}. {error}", flush=True)
    return code


def _outcome(run: JobRun, work: Work) -> tuple[JobState, str, str, int]:
    """(state, error, hint, exit code) of the work."""
    try:
        work(run)
    except JobCancelled:
        return JobState.CANCELLED, "", "", EXIT_CANCELLED
    except AppError as error:
        print(f"{error!r}, because of {error.__cause__!r}", file=sys.stderr)
        return JobState.FAILED, error.message, error.hint, EXIT_USER
    except Exception as error:
        traceback.print_exc()
        verdict = of_fault(error)
        return JobState.FAILED, verdict.error, verdict.hint, EXIT_BUG
    return JobState.DONE, "", "", EXIT_OK


def _cancel(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough; the supervisor asks several times
    raise JobCancelled
