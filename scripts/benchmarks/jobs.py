"""How soon a job is at work after it was submitted, and what a second worker brings to a segmentation.

A start is measured in turns with and without a worker that waits, and with the bare imports. The stack is segmented by
one worker with one thread, and by two that have half of its slices each, in turns as well; workers, Tiled and MLflow
are the real ones.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np
import tifffile
import torch

from core.errors import InvalidInputError
from core.labels.classes import DEFAULT_CLASSES
from core.learning.jobs import JobKind, JobRequest, JobState, JobView
from core.learning.models import TrainedModel
from core.learning.normalisation import Normalisation
from networks import checkpoints
from networks.architectures import find_architecture
from scripts.benchmarks import DOCS, write_table
from scripts.local_stack import local_stack, wait_until
from scripts.spare_worker import READY
from utils.jobs.job_ledger import JobLedger
from utils.jobs.job_processes import THREADS
from utils.jobs.jobs_local import SPARE_LOG, LocalJobs
from utils.registry.mlflow_registry import MlflowRegistry
from utils.registry.mlflow_store import MlflowStore
from utils.settings import ROOT, Settings

NETWORK = "U-Net"
VOLUME = "stack"
IMPORTS = """
import scripts.predict
from utils.registry.mlflow_store import MlflowStore
from utils.settings import Settings
with MlflowStore.from_settings(Settings()).client():
    pass
"""
NOT_YET = ("Waiting for its turn", "Starting", "Its turn is next")
LOOK_EVERY_S = 0.02  # at a start
WATCH_EVERY_S = 0.5  # while segmenting: who looks more often takes a third of a core from what is measured
HEAD = ["| what | figure | bar |", "|---|---|---|"]


@dataclass(frozen=True)
class Bench:
    """Where jobs run: the servers' settings, and the registry of one drawn network."""

    settings: Settings
    store: MlflowStore

    def request(self, slices: Sequence[int], *, model_id: str) -> JobRequest:
        uri = f"{self.settings.data_tiled_uri}api/v1/metadata/{VOLUME}"
        return JobRequest(
            JobKind.SEGMENT, "A segmentation", "bench", NETWORK, {}, VOLUME, uri, slices, DEFAULT_CLASSES,
            model_id=model_id,
        )  # fmt: skip

    def register_network(self) -> str:
        """As drawn: its weights change no time."""
        found = find_architecture(NETWORK)
        shape = found.parameters.chosen_from({})
        torch.manual_seed(0)
        network = found.build(1, 2, shape, seed=0)
        ledger = JobLedger(self.store)
        run = ledger.create(replace(self.request([0], model_id=""), kind=JobKind.TRAIN))
        ledger.finish(run, JobState.DONE)
        with tempfile.TemporaryDirectory() as folder:
            drawn = checkpoints.Checkpoint(NETWORK, network, 1, (1, 2), shape, Normalisation((0.0,), (65535.0,)), {})
            checkpoints.save(drawn, Path(folder))
            ledger.keep_files(run, Path(folder))
        MlflowRegistry(self.store).register_model(
            TrainedModel(run, NETWORK, NETWORK, {}, DEFAULT_CLASSES, VOLUME, time.time())
        )
        return run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--starts", type=int, default=5, help="how often a start is measured")
    parser.add_argument("--slices", type=int, default=24, help="to segment")
    parser.add_argument("--size", type=int, default=1024, help="of a slice, in pixels")
    parser.add_argument("--repeats", type=int, default=2, help="of each segmentation")
    parser.add_argument("--write", action="store_true", help="put the table into docs/speed-jobs.md")


def run(options: argparse.Namespace) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        shape = (options.slices, options.size, options.size)
        stack = np.random.default_rng(0).integers(0, 65535, shape, dtype=np.uint16)
        tifffile.imwrite(data / f"{VOLUME}.tif", stack)
        with local_stack(data, Path(folder) / "servers", nodes=(VOLUME,)) as servers:
            lines = measured(bench(servers.environment, Path(folder) / "state"), options)
    lines = [*HEAD, *lines]
    print(*lines, sep="\n")
    if options.write:
        write_table(DOCS / "speed-jobs.md", lines)


def bench(environment: dict[str, str], state: Path) -> Bench:
    """Jobs of their own, beside those of the app that the servers come with."""
    names = ("data_tiled_uri", "mask_tiled_uri", "seg_tiled_uri")
    keys = ("data_tiled_api_key", "mask_tiled_api_key", "seg_tiled_api_key")
    known = {name: environment[name.upper()] for name in (*names, *keys)}
    settings = Settings(_env_file=None, state_dir=state, job_device="cpu", mlflow_tracking_uri="", **known)  # type: ignore[arg-type,call-arg]
    return Bench(settings, MlflowStore.from_settings(settings))


def measured(here: Bench, options: argparse.Namespace) -> list[str]:
    """The rows of the table."""
    model_id = here.register_network()
    starts: dict[bool, list[float]] = {False: [], True: []}
    imports = []
    for _ in range(options.starts):
        imports.append(import_seconds(here))
        for spare, known in starts.items():
            known.append(start_seconds(here, model_id, spare=spare))
    cold, warm = (median(starts[spare]) for spare in (False, True))
    slices = range(options.slices)
    parts = {1: [slices], 2: [slices[::2], slices[1::2]]}
    times: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(options.repeats):
        for workers, shares in parts.items():
            times[workers].append(segment_seconds(here, model_id, shares))
    one, two = (median(times[workers]) for workers in (1, 2))
    return [
        f"| from submitting a job to its first progress, with a worker that waits | {warm:.2f} s | 1 s |",
        f"| the same, without one (JOB_SPARE=false) | {cold:.1f} s | |",
        f"| of that, imports of the worker (MLflow's above all) | {median(imports):.1f} s | |",
        f"| {options.slices} slices of {options.size}², one worker | {one:.1f} s | |",
        f"| the same, two workers | {two:.1f} s | |",
        f"| two workers over one | {one / two:.2f} x | 1.7 x |",
    ]


def import_seconds(here: Bench) -> float:
    """How long a worker takes to load what it needs, and no more."""
    began = time.monotonic()
    command = [sys.executable, "-c", IMPORTS]
    subprocess.run(command, cwd=ROOT, env=here.settings.environment(), check=True)
    return time.monotonic() - began


def start_seconds(here: Bench, model_id: str, *, spare: bool) -> float:
    """From submitting a segmentation to the first word about its work. spare : whether a worker has loaded by then."""
    with closing(LocalJobs(here.settings.model_copy(update={"job_spare": spare}), here.store)) as jobs:
        jobs.jobs()  # somebody looks at the page
        if spare:
            told = here.settings.state_dir / "jobs" / SPARE_LOG
            wait_until(lambda: told.exists() and READY in told.read_text(), "a worker that waits")
        began = time.monotonic()
        job_id = jobs.submit(here.request([0], model_id=model_id))
        until(jobs, [job_id], lambda view: view.message not in NOT_YET or view.state.ended)
        took = time.monotonic() - began
        until(jobs, [job_id], lambda view: view.state.ended)
    return took


def segment_seconds(here: Bench, model_id: str, shares: Sequence[Sequence[int]]) -> float:
    """From the first worker's start to the end of the last one, imports included; each has one thread."""
    one_thread = [f"{name}=1" for name in THREADS]  # all of them: torch asks MKL before OpenMP
    commands = {"inference": ("env", *one_thread, sys.executable, "-u", "scripts/predict.py")}
    settings = here.settings.model_copy(update={"job_slots": len(shares)})
    with closing(LocalJobs(settings, here.store, commands=commands)) as jobs:
        ids = [jobs.submit(here.request(list(share), model_id=model_id)) for share in shares]
        views = until(jobs, ids, lambda view: view.state.ended, every_s=WATCH_EVERY_S)
    if failed := [view for view in views if view.state is not JobState.DONE]:
        raise InvalidInputError(f"A segmentation did not end well: {failed[0].error}", failed[0].hint)
    return max(view.ended for view in views) - min(view.started for view in views)


def until(
    jobs: LocalJobs, ids: Sequence[str], told: Callable[[JobView], bool], *, every_s: float = LOOK_EVERY_S
) -> list[JobView]:
    """The jobs, as soon as `told` holds of each."""
    while True:
        views = [jobs.fresh(job_id) for job_id in ids]
        if all(map(told, views)):
            return views
        time.sleep(every_s)
