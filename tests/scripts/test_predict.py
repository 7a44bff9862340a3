"""Segmentation jobs with a model trained before."""

import numpy as np
import pytest

from core.learning.jobs import JobKind, JobState
from tests.scripts.conftest import CLASSES, painted_rows
from utils.tiled_http import TiledAccess
from utils.tiled_masks import TiledResults


@pytest.fixture(scope="module")
def model(workplace):
    mask_uri = workplace.publish(painted_rows(), name="for-prediction")
    request = workplace.request(JobKind.TRAIN, mask_uri=mask_uri, slices=[0])
    return workplace.ends(workplace.jobs.submit(request))


def test_a_model_gives_the_same_masks_later_as_when_it_was_trained(workplace, model):
    request = workplace.request(JobKind.SEGMENT, model_id=model.id, slices=[0, 3], classes=())
    done = workplace.ends(workplace.jobs.submit(request))
    assert done.state is JobState.DONE, done
    assert done.slices_done == (0, 3)
    assert done.classes == CLASSES
    assert done.model_id == model.id
    settings = workplace.settings
    access = TiledAccess(settings.seg_tiled_uri, settings.seg_tiled_api_key.get_secret_value(), "SEG_TILED")
    results = TiledResults(access)
    assert np.array_equal(results.read_slice(done.id, 0), results.read_slice(model.id, 0))


def test_a_model_that_is_gone_is_named(workplace):
    request = workplace.request(JobKind.SEGMENT, model_id="0" * 32)
    failed = workplace.ends(workplace.jobs.submit(request))
    assert failed.state is JobState.FAILED
    assert "no trained model" in failed.error
