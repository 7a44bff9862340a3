"""Jobs on Prefect while it is down: they wait and say for whom, they can be cancelled, and annotation goes on."""

from contextlib import closing
from dataclasses import replace

import pytest
from dash import Dash, html

from callbacks.http import labels
from core.errors import InvalidInputError
from core.learning.jobs import JobState
from scripts.local_stack import wait_until
from tests.callbacks.test_labels_http import OneVolume, edit, send
from tests.mlflow_template import fresh_settings
from tests.tile_server import tile_server
from tests.utils.test_jobs_local import request
from utils.services import build_services

NOBODY = "http://127.0.0.1:9/api"


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    state = tmp_path_factory.mktemp("prefect") / "state"
    built = build_services(fresh_settings(state, job_engine="prefect", prefect_api_url=NOBODY))
    with closing(built.jobs):
        yield built


def test_a_job_waits_for_a_server_that_is_gone_and_says_so(services):
    jobs = services.jobs
    job_id = jobs.submit(request())
    wait_until(lambda: "does not answer" in jobs.job(job_id).message, "a word of the trouble")
    view = jobs.job(job_id)
    assert (view.state, view.can_rest, view.place) == (JobState.QUEUED, False, 0)
    assert view.message.startswith(f"Prefect at {NOBODY}")
    with pytest.raises(InvalidInputError, match="cannot be paused"):
        jobs.pause(job_id)
    with pytest.raises(InvalidInputError, match="is queued"):
        jobs.resume(job_id)
    jobs.cancel(job_id)
    wait_until(lambda: jobs.job(job_id).state is JobState.CANCELLED, "its end")
    jobs.resume(job_id)
    assert jobs.job(job_id).state is JobState.QUEUED
    jobs.cancel(job_id)


def test_the_look_at_the_infrastructure_names_the_server_and_the_setting(services):
    part = next(part for part in services.infrastructure.parts() if part.name == "Workers (Prefect)")
    assert part.state == "down" and NOBODY in part.told and "PREFECT_API_URL" in part.hint


def test_annotation_goes_on_while_prefect_is_gone(services):
    app = Dash("labels")
    app.layout = html.Div()
    labels.register(app, replace(services, tiles=tile_server(OneVolume())))
    services.jobs.submit(request())
    assert send(app.server.test_client(), edit([[10, 20, 30]])).json["annotated"] == [0]
    assert services.jobs.jobs(), "the list of jobs is there too"
