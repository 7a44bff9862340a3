"""Asks each part of the infrastructure whether it is there: side by side, each with a limit of time.

An answer is kept for some seconds, so that many open pages ask as often as one.
"""

import csv
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from core.errors import AppError, UnavailableError
from core.infrastructure import Part
from core.learning.jobs import JobEngine, JobState
from utils.images.tiled_http import TiledAccess, TiledContainer
from utils.registry.mlflow_store import MlflowStore

PATIENCE_S = 5.0
KEEP_S = 3.0
LEAST_FREE_BYTES = 2e9  # a slice of results and the label database need room at any moment
GPU_QUERY = ("name", "memory.used", "memory.total", "utilization.gpu")
MIB_PER_GB = 1e9 / 2**20

Check = Callable[[], str]  # what the part says of itself; raises AppError when it is down


class Checkup:
    """The `Infrastructure` of an app.

    lines : what answers over a line, by name. state_dir : whose disk fills up. gpus : lists the GPUs.
    """

    def __init__(
        self, lines: Sequence[tuple[str, Check]], state_dir: Path, *, gpus: Callable[[], list[Part]] | None = None
    ) -> None:
        self._lines = tuple(lines)
        self._state_dir = state_dir
        self._gpus = gpus or nvidia_gpus
        self._pool = ThreadPoolExecutor(2 * len(self._lines) or 1, thread_name_prefix="checkup")
        self._kept: tuple[float, list[Part]] = (-KEEP_S, [])
        self._asking = threading.Lock()

    def parts(self) -> list[Part]:
        """Raises nothing."""
        with self._asking:
            if time.monotonic() - self._kept[0] > KEEP_S:
                self._kept = (time.monotonic(), self._look())
            return list(self._kept[1])

    def _look(self) -> list[Part]:
        asked = [(name, self._pool.submit(timed, name, check)) for name, check in self._lines]
        end = time.monotonic() + PATIENCE_S
        answers = [_answer(name, future, max(0.0, end - time.monotonic())) for name, future in asked]
        return [*answers, disk(self._state_dir), *self._gpus()]


def timed(name: str, check: Check) -> Part:
    """The part and the time its answer took; a failure is a part that is down."""
    began = time.perf_counter()
    try:
        told = check()
    except AppError as error:
        return Part(name, "down", error.message, error.hint)
    return Part(name, "up", told, latency_ms=1000 * (time.perf_counter() - began))


def _answer(name: str, future: "Future[Part]", seconds: float) -> Part:
    try:
        return future.result(timeout=seconds)
    except TimeoutError:
        future.cancel()
        return Part(name, "down", f"No answer in {PATIENCE_S:g} s.", "See whether it is overloaded, or its line slow.")


def tiled(access: TiledAccess) -> Check:
    """Whether a Tiled container can be read with its key."""
    return partial(_ask_tiled, TiledContainer(replace(access, timeout_s=PATIENCE_S)))


def _ask_tiled(container: TiledContainer) -> str:
    container.metadata("")
    return ""


def database(engine: Engine) -> Check:
    """Whether the label database answers."""
    return partial(_ask_database, engine)


def _ask_database(engine: Engine) -> str:
    try:
        with engine.connect() as conn:
            conn.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).partition("\n")[0]
        hint = "Check LABELS_DB_URI. Strokes not saved yet stay in the browser."
        raise UnavailableError(f"The database of labels does not answer: {reason}", hint) from error
    return "PostgreSQL" if engine.dialect.name == "postgresql" else "SQLite"


def mlflow(store: MlflowStore) -> Check:
    """Whether the MLflow store answers."""
    return partial(_ask_mlflow, store)


def _ask_mlflow(store: MlflowStore) -> str:
    with store.client() as client:
        client.search_experiments(max_results=1)
    return ""


def job_engine(jobs: JobEngine) -> Check:
    """How many jobs run and wait."""
    return partial(_ask_jobs, jobs)


def _ask_jobs(jobs: JobEngine) -> str:
    states = [view.state for view in jobs.jobs()]
    told = f"{states.count(JobState.RUNNING)} running, {states.count(JobState.QUEUED)} waiting"
    resting = states.count(JobState.PAUSED)
    return f"{told}, {resting} paused" if resting else told


def disk(folder: Path) -> Part:
    """Room on the disk that holds `folder`, which need not exist yet."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    usage = shutil.disk_usage(there)
    told = f"{usage.free / 1e9:,.0f} of {usage.total / 1e9:,.0f} GB free"
    if usage.free < LEAST_FREE_BYTES:
        return Part("Disk", "down", told, f"Free some space on the disk of {there}, or move STATE_DIR to another.")
    return Part("Disk", "up", told)


def nvidia_gpus() -> list[Part]:
    """A part for each NVIDIA GPU, or one that says that there is none."""
    command = ["nvidia-smi", f"--query-gpu={','.join(GPU_QUERY)}", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout
    except FileNotFoundError:
        return [no_gpu()]
    except (OSError, subprocess.SubprocessError) as error:
        hint = "Run nvidia-smi on the machine of the app; its driver may need a restart."
        return [Part("GPU", "down", f"nvidia-smi fails ({type(error).__name__}).", hint)]
    return gpus_told(told) or [no_gpu()]


def no_gpu() -> Part:
    """Networks run without one."""
    return Part("GPU", "absent", "None here; networks use the processor.")


def gpus_told(table: str) -> list[Part]:
    """The GPUs in nvidia-smi's CSV of `GPU_QUERY`.

    >>> gpus_told("NVIDIA H100, 20480, 81559, 45")[0].told
    'NVIDIA H100, 21.5 of 85.5 GB, load 45 %'
    """
    rows = [[cell.strip() for cell in row] for row in csv.reader(table.splitlines()) if len(row) == len(GPU_QUERY)]
    return [Part(f"GPU {index}", "up", _gpu(*row)) for index, row in enumerate(rows)]


def _gpu(name: str, used: str, total: str, load: str) -> str:
    known = used.isdecimal() and total.isdecimal()
    memory = f", {int(used) / MIB_PER_GB:.1f} of {int(total) / MIB_PER_GB:.1f} GB" if known else ""
    return f"{name}{memory}{f', load {load} %' if load.isdecimal() else ''}"
