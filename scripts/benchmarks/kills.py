"""kill -9 of a job's worker at random points of its training and of its segmentation, and whether the end is the same.

The same job is done twice: once in peace, once killed again and again and let go on each time. Weights and slices must
then be equal to the bit. Workers, supervisor, Tiled and MLflow are the real ones.
"""

import argparse
import hashlib
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tifffile

from core.errors import InvalidInputError
from core.labels.classes import DEFAULT_CLASSES
from core.labels.publishing import mask_metadata
from core.learning.jobs import JobKind, JobRequest, JobState, JobView
from networks.checkpoints import WEIGHTS_FILE
from scripts.benchmarks import DOCS, write_table
from scripts.benchmarks.jobs import NOT_YET, VOLUME, Bench, bench
from scripts.local_stack import local_stack
from utils.images.tiled_http import TiledAccess, TiledContainer
from utils.images.tiled_masks import TiledResults
from utils.jobs.job_folders import JobFolders
from utils.jobs.job_ledger import JobLedger
from utils.jobs.job_processes import WorkerProcess
from utils.jobs.jobs_local import LocalJobs

SHAPE = (40, 256, 256)
FORM = {"steps": 240, "base_channels": 8, "depth": 3, "patch_px": 64, "batch_size": 2}
LOOK_EVERY_S = 0.05
A_JOB = 4  # kills of one job, spread over all it does
AT_ONCE = 0.2  # of them do not wait for a worker's first word
TRAINED, SEGMENTED = 1.0, 2.0
HEAD = ["| what | figure | bar |", "|---|---|---|"]


@dataclass(frozen=True)
class Killer:
    """jobs : the engine. folders : of its jobs. chance : of the points."""

    jobs: LocalJobs
    folders: JobFolders
    chance: random.Random

    def points(self) -> list[float]:
        """Where to kill a job, as `place` tells it."""
        return sorted(self.chance.uniform(0, SEGMENTED) for _ in range(A_JOB))

    def kill(self, job_id: str, point: float) -> str:
        """Kill the worker at a point and let the job go on; returns what it was doing, "" when it had ended."""
        at_once = self.chance.random() < AT_ONCE
        if not self._comes(job_id, lambda view: self._works(job_id) and is_there(view, point, at_once=at_once)):
            return ""
        doing = self.jobs.fresh(job_id).message
        self._worker(job_id).signal_group(signal.SIGKILL)
        if self.ended(job_id).state is not JobState.FAILED:
            return ""
        self.jobs.resume(job_id)
        return doing.partition(" ")[0]

    def ended(self, job_id: str) -> JobView:
        while not (view := self.jobs.fresh(job_id)).state.ended:
            time.sleep(LOOK_EVERY_S)
        return view

    def _comes(self, job_id: str, reached: Callable[[JobView], bool]) -> bool:
        """Wait for a point; False when the job ended before it."""
        while not reached(view := self.jobs.fresh(job_id)):
            if view.state.ended:
                return False
            time.sleep(LOOK_EVERY_S)
        return True

    def _works(self, job_id: str) -> bool:
        return self.folders.process(job_id) is not None and self._worker(job_id).alive()

    def _worker(self, job_id: str) -> WorkerProcess:
        worker = self.folders.process(job_id)
        assert worker is not None, "only the end of the job takes it away"
        return worker


def place(view: JobView) -> float:
    """How far a job is: 0 to `TRAINED` while it trains, to `SEGMENTED` while it segments."""
    done = len(view.slices_done) / SHAPE[0]
    return TRAINED + done if done else TRAINED * view.progress


def is_there(view: JobView, point: float, *, at_once: bool) -> bool:
    return place(view) >= point and (at_once or view.message not in NOT_YET)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--times", type=int, default=20, help="how often a worker is killed")
    parser.add_argument("--seed", type=int, default=0, help="of the points")
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")


def run(options: argparse.Namespace) -> None:
    """Print the table. Raises InvalidInputError when something differs."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        tifffile.imwrite(data / f"{VOLUME}.tif", stack())
        with local_stack(data, Path(folder) / "servers", nodes=(VOLUME,)) as servers:
            here = bench(servers.environment, Path(folder) / "state")
            lines = [*HEAD, *measured(here, options.times, random.Random(options.seed))]
    print(*lines, sep="\n")
    if options.write:
        write_table(DOCS / "reliability.md", lines, part="kills")


def measured(here: Bench, times: int, chance: random.Random) -> list[str]:
    """The rows of the table."""
    mask_uri = publish(here)
    doing: Counter[str] = Counter()
    jobs_done = 0
    with closing(LocalJobs(here.settings, here.store)) as jobs:
        killer = Killer(jobs, JobFolders(here.settings.state_dir / "jobs"), chance)
        expected = outcome(here, killer, jobs.submit(wish(here, mask_uri)))
        while doing.total() < times:
            job_id = jobs.submit(wish(here, mask_uri))
            doing.update(filter(None, (killer.kill(job_id, point) for point in killer.points())))
            if outcome(here, killer, job_id) != expected:
                raise InvalidInputError(f"Killed {dict(doing)}, the job {job_id} ended with other bits.")
            jobs_done += 1
    where = ", ".join(f'{count} times at "{what}"' for what, count in doing.most_common())
    return [
        f"| workers killed with SIGKILL | {doing.total()} | {times} |",
        f"| what they were at | {where} | |",
        f"| jobs that went on to their end | {jobs_done} | |",
        f"| of these bit for bit as undisturbed, weights and all {SHAPE[0]} slices | {jobs_done} | all |",
    ]


def wish(here: Bench, mask_uri: str) -> JobRequest:
    """A network to train, and the stack to segment with it."""
    asked = here.request(range(SHAPE[0]), model_id="")
    return replace(asked, kind=JobKind.TRAIN, parameters=FORM, mask_uri=mask_uri)


def outcome(here: Bench, killer: Killer, job_id: str) -> str:
    """A digest of the weights and of all slices."""
    if (view := killer.ended(job_id)).state is not JobState.DONE:
        raise InvalidInputError(f"The job has {view.state.value}: {view.error}", view.hint)
    digest = hashlib.sha256()
    with tempfile.TemporaryDirectory() as folder:
        files = JobLedger(here.store).fetch_files(job_id, Path(folder))
        digest.update((files / WEIGHTS_FILE).read_bytes())
    results = TiledResults(access(here, "SEG_TILED"))
    for z in range(SHAPE[0]):
        digest.update(results.read_slice(job_id, z).tobytes())
    return digest.hexdigest()


def stack() -> np.ndarray:
    """(Z, Y, X) uint8 spots with noise, in two brightnesses."""
    z, y, x = np.indices(SHAPE)
    spots = np.sin(x / 9) * np.sin(y / 11) * np.cos(z / 7) > 0
    return (90 * spots + np.random.default_rng(0).integers(0, 120, SHAPE)).astype(np.uint8)


def publish(here: Bench) -> str:
    """A mask with half of two slices labelled, as the app writes them; returns its URI."""
    tiled = TiledContainer(access(here, "MASK_TILED"))
    truth = (stack()[[5, 25]] > 100).astype(np.int8)
    truth[:, :, SHAPE[2] // 2 :] = -1
    tiled.create_container("kills")
    tiled.create_array("kills/mask", dtype="int8", shape=truth.shape)
    for row, labels in enumerate(truth):
        tiled.write_slice("kills/mask", row, labels)
    known = mask_metadata(volume=VOLUME, data_uri="", shape=SHAPE[1:], slices=[5, 25], classes=DEFAULT_CLASSES)
    tiled.replace_metadata("kills", known)
    return tiled.uri_of("kills")


def access(here: Bench, setting: str) -> TiledAccess:
    """Masks and results lie on one server."""
    return TiledAccess(here.settings.seg_tiled_uri, here.settings.seg_tiled_api_key.get_secret_value(), setting)
