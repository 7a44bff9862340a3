"""Shares: what is handed out, and what their news say of the job."""

from dataclasses import replace

import pytest

from core.errors import InvalidInputError
from core.labels.classes import DEFAULT_CLASSES
from core.learning.jobs import JobKind, JobRequest, JobState, JobView, read_parameters
from core.learning.shares import (
    Share,
    news_of_one,
    news_of_ranges,
    next_work,
    parameters_of,
    segments_later,
    share_in,
)

TRAINING = JobRequest(
    kind=JobKind.TRAIN,
    name="Bright",
    user="anna",
    algorithm="U-Net",
    parameters={},
    volume="stack",
    data_uri="http://images/stack",
    slices=[4, 0, 1, 2, 3],
    classes=DEFAULT_CLASSES,
    mask_uri="http://masks/m",
)
SEGMENTATION = replace(TRAINING, kind=JobKind.SEGMENT, model_id="m" * 32)


def test_a_training_comes_before_its_ranges():
    assert next_work(TRAINING, (), trained=False, size=2) == [("train", (0, 1, 2, 3, 4))]
    assert next_work(TRAINING, (2,), trained=True, size=2) == [("inference", (0, 1)), ("inference", (3, 4))]


def test_a_segmentation_is_ranges_of_what_is_left():
    assert next_work(SEGMENTATION, (0, 1), trained=True, size=2) == [("inference", (2, 3)), ("inference", (4,))]
    assert next_work(SEGMENTATION, range(5), trained=True, size=2) == []


def test_a_program_from_elsewhere_does_all_at_once():
    assert next_work(SEGMENTATION, (), trained=True, size=0) == [("inference", (0, 1, 2, 3, 4))]
    assert next_work(TRAINING, (), trained=True, size=0) == [("train", (0, 1, 2, 3, 4))]
    assert not segments_later(TRAINING, size=0)


def test_learning_without_labels_leaves_nothing_to_segment():
    assert segments_later(TRAINING, size=2)
    assert not segments_later(replace(TRAINING, mask_uri=""), size=2)


def test_a_range_uses_the_model_of_its_training_and_tells_of_the_whole_job():
    share = Share("s1", "inference", (1, 2))
    content = parameters_of(share, TRAINING, job_id="j1", results_uri="http://results")
    job_id, request = read_parameters(content)
    assert share_in(content) == share
    assert (job_id, request.kind, request.model_id) == ("j1", JobKind.SEGMENT, "j1")
    assert request.slices == [4, 0, 1, 2, 3]
    assert share_in({"task_name": "train"}) is None
    with pytest.raises(InvalidInputError, match="share"):
        share_in({"task_name": "train", "share": {"id": "x"}})


def test_the_bar_of_a_job_goes_on_from_training_to_ranges():
    view = JobView("s", JobKind.TRAIN, "", "", "", "", JobState.RUNNING, progress=0.5, message="Training")
    assert news_of_one(TRAINING, view, size=2).progress == 0.25
    assert news_of_one(TRAINING, view, size=0).progress == 0.5
    news = news_of_ranges(TRAINING, (3, 0), workers=2, pace_s=1.5)
    assert (news.progress, news.slices_done, news.seconds_left) == (0.7, (0, 3), 4.5)
    assert news.message == "Segmented 2 of 5 slices, 2 workers"
    assert news_of_ranges(SEGMENTATION, (), workers=1, pace_s=None).progress == 0
