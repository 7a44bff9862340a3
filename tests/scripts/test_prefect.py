"""Jobs on a real Prefect: its server, two workers in processes, real Tiled servers and a real MLflow store."""

import json
import re
from contextlib import closing, suppress
from dataclasses import dataclass

import httpx
import numpy as np
import psutil
import pytest

from core.learning.jobs import JobKind, JobState
from scripts.local_stack import wait_until
from tests.conftest import TiledServer
from tests.mlflow_template import fresh_settings
from tests.prefect_stack import ENVIRONMENT, ROOT, PrefectStack, machine, prefect_stack
from tests.scripts.conftest import CLASSES, Workplace
from utils.images.tiled_http import TiledAccess, TiledContainer
from utils.images.tiled_masks import TiledResults
from utils.jobs.job_folders import JobFolders
from utils.jobs.jobs_local import LocalJobs
from utils.jobs.jobs_prefect import PrefectJobs
from utils.jobs.share_files import Handed, read_shares
from utils.registry.mlflow_registry import MlflowRegistry
from utils.registry.mlflow_store import MlflowStore
from utils.services import build_services

pytestmark = pytest.mark.prefect
SHAPE = (24, 256, 256)
VOLUME = "spots"
PAINTED = (3, 20)
SILENCE_S = 30.0  # a worker needs some seconds before its first word
DEADLINE_S = 400.0  # a flow run begins after some 15 s on two busy cores


def spots() -> np.ndarray:
    """(Z, Y, X) uint16, two brightnesses with noise."""
    z, y, x = np.indices(SHAPE)
    bright = np.sin(x / 9) * np.sin(y / 11) * np.cos(z / 7) > 0
    return (1000 * bright + np.random.default_rng(0).integers(0, 1200, SHAPE)).astype(np.uint16)


@dataclass
class Site(Workplace):
    """A workplace whose jobs are done by Prefect's workers."""

    prefect: PrefectStack
    images_uri: str

    def publish_some(self, name: str) -> str:
        labels = {}
        for z in PAINTED:
            labels[z] = np.where(spots()[z] > 1100, 5, 3).astype(np.uint8)
            labels[z][:, 60:] = 0
        return self.publish(labels, name=name)

    def wish(self, kind: JobKind, **changes):
        facts = {"volume": VOLUME, "data_uri": self.images_uri, "slices": range(SHAPE[0]), "parameters": {}, **changes}
        return self.request(kind, **facts)

    def masks(self, job_id: str) -> np.ndarray:
        key = self.settings.seg_tiled_api_key.get_secret_value()
        results = TiledResults(TiledAccess(self.settings.seg_tiled_uri, key, "SEG_TILED"))
        return np.stack([results.read_slice(job_id, z) for z in range(SHAPE[0])])

    def handed(self, job_id: str) -> list[Handed]:
        return read_shares(self.settings.state_dir / "prefect" / job_id)

    def runs(self, job_id: str) -> list[dict]:
        """What Prefect knows of the flow runs of a job, in the order of the shares."""
        answers = (httpx.get(f"{self.prefect.url}/flow_runs/{each.flow_run}") for each in self.handed(job_id))
        return [answer.json() for answer in answers]

    def kill_one_that_segments(self) -> None:
        """As when a machine loses its power: a worker of Prefect and all that it has started are gone at once."""
        lost = next(found for found in map(machine, self.prefect.workers) if len(found) > 2)
        for process in lost:
            with suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.fixture(scope="module")
def site(tmp_path_factory, writable_tiled):
    if not ENVIRONMENT.is_dir():
        pytest.skip("PREFECT_ENV names no environment of Prefect")
    folder = tmp_path_factory.mktemp("prefect")
    servers = {f"{name}_tiled_uri": writable_tiled.uri for name in ("data", "mask", "seg")}
    keys = {f"{name}_tiled_api_key": writable_tiled.key for name in ("data", "mask", "seg")}
    with prefect_stack(folder) as prefect:
        settings = fresh_settings(
            folder / "state",
            **servers,
            **keys,
            job_device="cpu",
            job_engine="prefect",
            prefect_api_url=prefect.url,
            prefect_tags="beamline, test",
            prefect_range_slices=12,
            prefect_silence_s=SILENCE_S,
        )
        prefect.wait()
        for _ in range(2):
            prefect.add_worker({**settings.environment(), "OMP_NUM_THREADS": "1"})
        prefect.wait_for_flows()
        store = MlflowStore.from_settings(settings)
        with closing(engine(settings, store)) as jobs:
            yield Site(settings, jobs, store, prefect, publish_images(writable_tiled))


def publish_images(tiled: TiledServer) -> str:
    """Returns their URI."""
    container = TiledContainer(TiledAccess(tiled.uri, tiled.key, "DATA_TILED"))
    container.create_array(VOLUME, dtype="uint16", shape=SHAPE)
    for z, image in enumerate(spots()):
        container.write_slice(VOLUME, z, image)
    return container.uri_of(VOLUME)


def engine(settings, store) -> PrefectJobs:
    return PrefectJobs(settings, store, LocalJobs(settings, store), splits=lambda _: True)


@pytest.fixture(scope="module")
def model(site):
    """A job of this machine that has trained a model and segmented everything."""
    with closing(LocalJobs(site.settings, site.store)) as local:
        job_id = local.submit(site.wish(JobKind.TRAIN, mask_uri=site.publish_some("here")))
        folders = JobFolders(site.settings.state_dir / "jobs")
        wait_until(lambda: not folders.open_jobs(), "a model", deadline_s=DEADLINE_S)
        return local.job(job_id)


@pytest.fixture(scope="module")
def trained(site):
    mask_uri = site.publish_some("spots")
    return site.ends(site.jobs.submit(site.wish(JobKind.TRAIN, mask_uri=mask_uri)), deadline_s=DEADLINE_S)


def test_a_training_and_its_ranges_are_done_by_workers(site, trained):
    assert trained.state is JobState.DONE, trained
    assert trained.slices_done == tuple(range(SHAPE[0]))
    assert trained.classes == CLASSES and trained.scores and trained.started and not trained.can_rest
    truth = np.where(spots() > 1100, 5, 3)
    assert np.mean(site.masks(trained.id) == truth) > 0.8
    assert MlflowRegistry(site.store).model(trained.id).has_thumbnail
    assert "Segmented" in site.jobs.log(trained.id)


def test_flow_runs_have_the_names_and_tags_of_the_former_app(site, trained):
    training, *ranges = site.runs(trained.id)
    assert re.fullmatch(r"Bright things \d{4}/\d\d/\d\d \d\d:\d\d:\d\d", training["name"])
    assert set(training["tags"]) == {"beamline", "test", "train"}
    assert len(ranges) == 2, "22 slices that are not painted, twelve a range"
    assert all(set(run["tags"]) == {"beamline", "test", "inference"} for run in ranges)
    assert {run["state"]["type"] for run in (training, *ranges)} == {"COMPLETED"}
    keys = {getattr(site.settings, f"{name}_tiled_api_key").get_secret_value() for name in ("data", "mask", "seg")}
    assert not any(key in json.dumps(run["parameters"]) for key in keys for run in (training, *ranges))


def test_two_workers_share_a_segmentation_and_end_it_bit_for_bit_though_one_is_killed(site, model):
    job_id = site.jobs.submit(site.wish(JobKind.SEGMENT, model_id=model.id, classes=()))
    site.until(job_id, lambda view: bool(view.slices_done), deadline_s=DEADLINE_S)
    site.kill_one_that_segments()
    done = site.ends(job_id, deadline_s=DEADLINE_S)
    assert (done.state, done.slices_done) == (JobState.DONE, tuple(range(SHAPE[0])))
    assert done.classes == CLASSES
    assert max(each.tries for each in site.handed(job_id)) == 2
    assert np.array_equal(site.masks(job_id), site.masks(model.id))


def test_a_cancelled_job_stops_its_worker(site):
    long = {"steps": 100_000, "base_channels": 4, "depth": 2, "patch_px": 32, "batch_size": 2}
    mask_uri = site.publish_some("long")
    job_id = site.jobs.submit(site.wish(JobKind.TRAIN, mask_uri=mask_uri, algorithm="U-Net", parameters=long))
    site.until(job_id, lambda view: view.progress > 0.0255, deadline_s=DEADLINE_S)
    site.jobs.cancel(job_id)
    assert site.ends(job_id).state is JobState.CANCELLED
    wait_until(lambda: not any(len(machine(worker)) > 2 for worker in site.prefect.workers), "the end of its worker")
    wait_until(lambda: site.runs(job_id)[0]["state"]["type"] == "CANCELLED", "its end in Prefect")


def test_a_job_waits_for_a_server_that_is_gone_and_goes_on_when_it_is_back(site, model):
    site.prefect.stop_server()
    job_id = site.jobs.submit(site.wish(JobKind.SEGMENT, model_id=model.id, slices=[0, 1], classes=()))
    site.until(job_id, lambda view: "does not answer" in view.message)
    site.jobs.close()  # the app ends too, and comes back
    site.prefect.begin()
    site.prefect.wait()
    with closing(engine(site.settings, site.store)) as again:
        site.jobs = again
        assert site.ends(job_id, deadline_s=DEADLINE_S).slices_done == (0, 1)


def test_a_deployment_of_the_former_app_does_jobs_and_its_results_are_shown(site):
    site.prefect.deploy(ROOT / "tests" / "former_flow.yaml")
    there = build_services(site.settings.model_copy(update={"flow_name": "Parent flow/launch_parent_flow"}))
    with closing(there.jobs) as jobs:
        site.jobs.close()
        site.jobs = jobs
        form = {"shape": " ".join(map(str, SHAPE))}
        asked = site.wish(JobKind.TRAIN, mask_uri="http://masks/m", volume=VOLUME, parameters=form)
        done = site.ends(jobs.submit(asked), deadline_s=DEADLINE_S)
        (run,) = site.runs(done.id)
        again = site.wish(JobKind.SEGMENT, model_id=done.id, volume=VOLUME, parameters=form)
        segmented = site.ends(jobs.submit(again), deadline_s=DEADLINE_S)
        (second,) = site.runs(segmented.id)
    assert [each["task_name"] for each in run["parameters"]["params_list"]] == ["train", "inference"]
    assert set(run["tags"]) == {"beamline", "test", "train"}
    trained_by = site.handed(done.id)[0].children[0]
    (step,) = second["parameters"]["params_list"]
    assert step["params"]["io_parameters"]["mlflow_model"] == trained_by
    for view in (done, segmented):
        assert (view.state, view.model_id, view.slices_done) == (JobState.DONE, done.id, tuple(range(SHAPE[0])))
        assert np.unique(there.results.read_slice(view.id, 1)).tolist() == [CLASSES[1].id]
    assert done.id in [model.id for model in there.registry.models()]
