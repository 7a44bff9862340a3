"""Real jobs on the shared Tiled servers: settings, a mask to learn from, and an engine to run them."""

import signal
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from core.labels.classes import LabelClass
from core.labels.publishing import mask_metadata, places_of
from core.learning.jobs import JobKind, JobRequest, JobView
from scripts.local_stack import wait_until
from tests.image_files import STACK
from tests.mlflow_template import fresh_settings
from utils.images.tiled_http import TiledAccess, TiledContainer
from utils.jobs.job_folders import JobFolders
from utils.jobs.jobs_local import LocalJobs
from utils.registry.mlflow_store import MlflowStore
from utils.settings import Settings

VOLUME = "folders/deep/scan"
CLASSES = (LabelClass(3, "Dark", "#E69F00"), LabelClass(5, "Bright", "#56B4E9"))
PAINTED = (1, 4)


def truth() -> np.ndarray:
    """(Z, Y, X) uint8: every pixel of the shared stack by its brightness."""
    return np.where(STACK > 2000, 5, 3).astype(np.uint8)


@dataclass
class Workplace:
    """What a test needs to run jobs on the stack."""

    settings: Settings
    jobs: LocalJobs
    store: MlflowStore

    def request(self, kind: JobKind, **changes: Any) -> JobRequest:
        facts = {
            "kind": kind,
            "name": "Bright things",
            "user": "anna",
            "algorithm": "Pixel classifier",
            "parameters": {"smooth_sigma": 0},  # the stack has no two neighbours alike
            "volume": VOLUME,
            "data_uri": f"{self.settings.data_tiled_uri}api/v1/metadata/{VOLUME}",
            "slices": [0, 1, 2, 4, 5],
            "classes": CLASSES,
        }
        return JobRequest(**{**facts, **changes})

    def publish(self, labels: dict[int, np.ndarray], *, name: str) -> str:
        """Write a mask as the app does, and return its URI."""
        uri, key = self.settings.mask_tiled_uri, self.settings.mask_tiled_api_key.get_secret_value()
        tiled = TiledContainer(TiledAccess(uri, key, "MASK_TILED"))
        shape = next(iter(labels.values())).shape
        path = f"tests/{VOLUME}/{name}-{time.time_ns()}"
        metadata = mask_metadata(volume=VOLUME, data_uri="", shape=shape, slices=sorted(labels), classes=CLASSES)
        tiled.create_container(path, metadata)
        tiled.create_array(f"{path}/mask", dtype="int8", shape=(len(labels), *shape))
        for row, z in enumerate(sorted(labels)):
            tiled.write_slice(f"{path}/mask", row, places_of(labels[z], [c.id for c in CLASSES]))
        return tiled.uri_of(path)

    def ends(self, job_id: str, *, deadline_s: float = 300) -> JobView:
        """The job when it has ended."""
        return self.until(job_id, lambda view: view.state.ended, deadline_s=deadline_s)

    def until(self, job_id: str, told: Callable[[JobView], bool], *, deadline_s: float = 300) -> JobView:
        """The first view of the job of which `told` holds."""
        end = time.monotonic() + deadline_s
        while not told(view := self.jobs.job(job_id)):
            assert time.monotonic() < end, f"{view}\n{self.jobs.log(job_id)}"
            assert not view.state.ended, f"{view}\n{self.jobs.log(job_id)}"
            time.sleep(0.05)
        return view


def painted_rows(rows: Sequence[slice] = (slice(10, 30),)) -> dict[int, np.ndarray]:
    """The truth on some rows of two slices, unlabelled elsewhere."""
    labels = {}
    for z in PAINTED:
        labels[z] = np.zeros(STACK.shape[1:], np.uint8)
        for part in rows:
            labels[z][part] = truth()[z, part]
    return labels


@pytest.fixture(scope="module")
def workplace(tmp_path_factory, tiled_server, writable_tiled):
    settings = fresh_settings(
        tmp_path_factory.mktemp("workplace") / "state",
        data_tiled_uri=tiled_server.uri,
        data_tiled_api_key=tiled_server.key,
        mask_tiled_uri=writable_tiled.uri,
        mask_tiled_api_key=writable_tiled.key,
        seg_tiled_uri=writable_tiled.uri,
        seg_tiled_api_key=writable_tiled.key,
        job_device="cpu",
        job_slots=2,
    )
    store = MlflowStore.from_settings(settings)
    with closing(LocalJobs(settings, store)) as jobs:
        yield Workplace(settings, jobs, store)
        _stop_all(JobFolders(settings.state_dir / "jobs"))


def _stop_all(folders: JobFolders) -> None:
    """End what a failed test left, and wait until the supervisor has seen the end of all."""
    for job_id in folders.open_jobs():
        process = folders.process(job_id)
        if process is not None:
            process.signal_group(signal.SIGKILL)
    wait_until(lambda: not folders.open_jobs(), "the end of all jobs")
