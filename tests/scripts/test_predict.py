"""Segmentation jobs with a model trained before."""

import numpy as np
import pytest
import tifffile

from core.learning.jobs import JobKind, JobState
from scripts.segment import main
from tests.image_files import STACK
from tests.scripts.conftest import CLASSES, painted_rows
from utils.images.tiled_http import TiledAccess
from utils.images.tiled_masks import TiledResults
from utils.jobs.job_ledger import JobLedger


@pytest.fixture(scope="module")
def model(workplace):
    mask_uri = workplace.publish(painted_rows(), name="for-prediction")
    request = workplace.request(JobKind.TRAIN, mask_uri=mask_uri, slices=[0])
    return workplace.ends(workplace.jobs.submit(request))


def results_of(workplace) -> TiledResults:
    settings = workplace.settings
    return TiledResults(TiledAccess(settings.seg_tiled_uri, settings.seg_tiled_api_key.get_secret_value(), "SEG_TILED"))


def test_a_model_gives_the_same_masks_later_as_when_it_was_trained(workplace, model):
    request = workplace.request(JobKind.SEGMENT, model_id=model.id, slices=[0, 3], classes=())
    done = workplace.ends(workplace.jobs.submit(request))
    assert done.state is JobState.DONE, done
    assert done.slices_done == (0, 3)
    assert done.classes == CLASSES
    assert done.model_id == model.id
    results = results_of(workplace)
    assert np.array_equal(results.read_slice(done.id, 0), results.read_slice(model.id, 0))


def test_a_resumed_job_segments_what_is_left_and_ends_with_the_same_masks(workplace, model):
    request = workplace.request(JobKind.SEGMENT, model_id=model.id, slices=[0, 3], classes=())
    job_id = workplace.jobs.submit(request)
    assert workplace.ends(job_id).state is JobState.DONE
    results = results_of(workplace)
    whole = [results.read_slice(job_id, z) for z in (0, 3)]
    JobLedger(workplace.store).write(job_id, {"state": JobState.FAILED, "slices_done": "0"})
    lines = len(workplace.jobs.log(job_id).splitlines())
    workplace.jobs.resume(job_id)
    assert workplace.ends(job_id).slices_done == (0, 3)
    told = "\n".join(workplace.jobs.log(job_id).splitlines()[lines:])
    assert "last slice 4" in told
    assert "last slice 1" not in told
    assert all(np.array_equal(results.read_slice(job_id, z), mask) for z, mask in zip((0, 3), whole, strict=True))


def test_the_command_line_gives_the_same_bits_as_the_jobs(workplace, model, tmp_path):
    """Trained apart, on the same labels; refined, and told the same class shares."""
    wishes = {"min_size_px": 4, "fill_holes_px": 3, "class_shares": "3=80, 5=20"}
    slices = list(range(len(STACK)))
    request = workplace.request(JobKind.SEGMENT, model_id=model.id, slices=slices, classes=(), prediction=wishes)
    done = workplace.ends(workplace.jobs.submit(request))
    assert done.state is JobState.DONE, done

    masks = np.full(STACK.shape, 255, np.uint8)
    for z, labels in painted_rows().items():
        masks[z] = np.where(labels, labels, 255)
    for name, stack in (("images", STACK), ("masks", masks)):
        tifffile.imwrite(tmp_path / f"{name}.tif", stack)
    told = [word for key, value in wishes.items() for word in ("--refine", f"{key}={value}")]
    files = [str(tmp_path / f"{name}.tif") for name in ("images", "masks", "out")]
    command = [*files[:2], "--out", files[2], "--algorithm", "Pixel classifier", "--param", "smooth_sigma=0", *told]
    assert main(command) == 0
    found = tifffile.imread(files[2])
    results = results_of(workplace)
    for z in slices:
        np.testing.assert_array_equal(results.read_slice(done.id, z), found[z])
    assert (found[0] != results.read_slice(model.id, 0)).any(), "refining changes something"
