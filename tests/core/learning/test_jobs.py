"""The parameter file of a job, and ranges."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInputError
from core.labels.classes import DEFAULT_CLASSES
from core.learning.jobs import JobKind, JobRequest, format_ranges, new_parameters, parse_ranges, read_parameters

REQUEST = JobRequest(
    kind=JobKind.TRAIN,
    name="Membranes",
    user="anna",
    algorithm="U-Net",
    parameters={"epochs": 3},
    volume="sample/stack",
    data_uri="http://127.0.0.1:8000/api/v1/metadata/sample/stack",
    slices=[0, 1, 2],
    classes=list(DEFAULT_CLASSES),
    mask_uri="http://127.0.0.1:8001/api/v1/metadata/anna/sample/stack/abc",
)


@pytest.mark.parametrize("kind", JobKind)
def test_a_request_survives_its_parameter_file(kind):
    request = replace(REQUEST, kind=kind)
    text = json.dumps(new_parameters(request, job_id="7", results_uri="http://127.0.0.1:8001/"))
    assert read_parameters(json.loads(text)) == ("7", request)


def test_the_file_speaks_the_words_of_the_former_app():
    content = new_parameters(REQUEST, job_id="7", results_uri="http://127.0.0.1:8001/")
    assert content["task_name"] == "train"
    assert content["io_parameters"]["uid_save"] == "7"
    assert content["io_parameters"]["seg_tiled_uri"] == "http://127.0.0.1:8001/"
    assert content["model_parameters"] == {"epochs": 3, "num_classes": 2, "network": "U-Net"}


def test_where_training_starts_and_how_slices_are_refined_travel_with_the_job():
    request = replace(REQUEST, start_id="5", prediction={"min_size_px": 9})
    content = new_parameters(request, job_id="7", results_uri="")
    assert read_parameters(content)[1] == request
    del content["io_parameters"]["uid_start"], content["prediction_parameters"]
    assert read_parameters(content)[1] == REQUEST, "files of older versions have neither"


def test_a_missing_key_is_named():
    content = new_parameters(REQUEST, job_id="7", results_uri="")
    del content["io_parameters"]["slices"]
    with pytest.raises(InvalidInputError, match="'slices'"):
        read_parameters(content)


@given(st.sets(st.integers(0, 500)))
def test_ranges_come_back_as_they_went(numbers):
    assert parse_ranges(format_ranges(numbers)) == tuple(sorted(numbers))
