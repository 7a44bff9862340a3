"""Training jobs from submission to overlay, through real processes, Tiled and MLflow."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from core.learning.jobs import JobKind, JobState
from core.learning.models import TrainedModel
from scripts.local_stack import wait_until
from tests.scripts.conftest import CLASSES, PAINTED, VOLUME, Workplace, painted_rows, truth
from utils.images.tiled_http import TiledAccess
from utils.images.tiled_masks import TiledResults
from utils.jobs.job_folders import TRAINING_FILE, JobFolders
from utils.jobs.job_ledger import JobLedger
from utils.registry.mlflow_registry import MlflowRegistry

SAFE_FILES = {".json", ".txt", ".npz", ".safetensors"}


def results_of(workplace: Workplace) -> TiledResults:
    settings = workplace.settings
    return TiledResults(TiledAccess(settings.seg_tiled_uri, settings.seg_tiled_api_key.get_secret_value(), "SEG_TILED"))


@pytest.fixture(scope="module")
def trained(workplace):
    """One finished training job; several tests look at what it left."""
    mask_uri = workplace.publish(painted_rows(), name="rows")
    job_id = workplace.jobs.submit(workplace.request(JobKind.TRAIN, mask_uri=mask_uri))
    return workplace.ends(job_id)


def test_a_training_job_ends_with_every_slice_segmented(workplace, trained):
    assert trained.state is JobState.DONE, trained
    assert trained.slices_done == (0, 1, 2, 4, 5)
    results = results_of(workplace)
    for z in trained.slices_done:
        labels = results.read_slice(trained.id, z)
        assert np.mean(labels == truth()[z]) > 0.9
        assert set(np.unique(labels)) <= {3, 5}


def test_the_painted_slices_come_first(workplace, trained):
    log = workplace.jobs.log(trained.id)
    places = [log.index(f"slice {z + 1}\n") for z in (*PAINTED, 0, 2, 5)]
    assert places == sorted(places)


def test_the_model_is_registered_with_what_tells_it_from_others(workplace, trained):
    model: TrainedModel = next(m for m in MlflowRegistry(workplace.store).models() if m.id == trained.id)
    assert (model.name, model.algorithm, model.volume) == ("Bright things", "Pixel classifier", VOLUME)
    assert model.classes == CLASSES
    assert model.labels_hash.startswith("rows-")
    assert model.labelled_pixels > 0
    assert model.scores == trained.scores
    assert trained.model_id == trained.id
    assert model.has_thumbnail
    assert MlflowRegistry(workplace.store).thumbnail(trained.id).startswith(b"\x89PNG")


def test_a_job_that_goes_on_does_not_train_again_and_segments_what_is_left(workplace):
    mask_uri = workplace.publish(painted_rows(), name="again")
    job_id = workplace.jobs.submit(workplace.request(JobKind.TRAIN, mask_uri=mask_uri, slices=[0, 1]))
    assert workplace.ends(job_id).state is JobState.DONE
    whole = [results_of(workplace).read_slice(job_id, z) for z in (0, 1)]
    JobLedger(workplace.store).write(job_id, {"state": JobState.FAILED, "slices_done": "1"})
    lines = len(workplace.jobs.log(job_id).splitlines())
    workplace.jobs.resume(job_id)
    assert workplace.ends(job_id).slices_done == (0, 1)
    told = "\n".join(workplace.jobs.log(job_id).splitlines()[lines:])
    assert "last slice 1" in told
    assert "last slice 2" not in told
    assert "Training" not in told
    assert [model.id for model in MlflowRegistry(workplace.store).models()].count(job_id) == 1
    assert all(np.array_equal(results_of(workplace).read_slice(job_id, z), whole[z]) for z in (0, 1))


def test_a_network_killed_while_it_learns_goes_on_where_it_was(workplace):
    mask_uri = workplace.publish(painted_rows(), name="killed")
    tiny = {"steps": 400, "base_channels": 4, "depth": 2, "patch_px": 32, "batch_size": 2}
    wish = workplace.request(JobKind.TRAIN, mask_uri=mask_uri, algorithm="U-Net", parameters=tiny, slices=[0])
    job_id = workplace.jobs.submit(wish)
    folders = JobFolders(workplace.settings.state_dir / "jobs")
    kept = folders.folder(job_id) / TRAINING_FILE
    wait_until(kept.exists, "the end of an epoch")
    os.kill(folders.process(job_id).pid, signal.SIGKILL)
    assert workplace.ends(job_id).state is JobState.FAILED
    workplace.jobs.resume(job_id)
    assert workplace.ends(job_id).slices_done == (0,)
    assert "Going on after step" in workplace.jobs.log(job_id)
    assert not kept.exists(), "it is of no use any more"


def test_the_models_files_are_data_never_code(workplace, trained, tmp_path):
    files = [path for path in _model_files(workplace, trained.id, tmp_path) if path.is_file()]
    assert "model.json" in {path.name for path in files}
    assert {path.suffix for path in files} <= SAFE_FILES


def _model_files(workplace: Workplace, model_id: str, target: Path) -> list[Path]:
    with workplace.store.client() as client:
        return list(Path(client.download_artifacts(model_id, "model", str(target))).rglob("*"))


def test_no_key_is_written_down(workplace, trained):
    folder = workplace.settings.state_dir / "jobs" / trained.id
    for path in folder.iterdir():
        assert workplace.settings.data_tiled_api_key.get_secret_value() not in path.read_text()


def test_a_slice_that_is_told_done_can_be_read_while_the_job_runs(workplace):
    mask_uri = workplace.publish(painted_rows(), name="early")
    job_id = workplace.jobs.submit(workplace.request(JobKind.TRAIN, mask_uri=mask_uri))
    view = workplace.until(job_id, lambda view: bool(view.slices_done))
    labels = results_of(workplace).read_slice(job_id, view.slices_done[0])
    assert labels.shape == truth().shape[1:]
    workplace.ends(job_id)
