"""Jobs on the page: the poll, the cards, cancelling and logs, with real processes and a real MLflow store."""

import json
from dataclasses import replace

import pytest
from dash import Dash

from callbacks import jobs as feature
from components import ids, stores
from components.models import place
from core.learning.jobs import JobState
from core.services import Services
from tests.callbacks.page_client import PageClient
from tests.mlflow_template import fresh_settings
from tests.utils.test_jobs_local import engine, reach, request, wait_for
from utils.settings import Settings

pytestmark = pytest.mark.filterwarnings(r"ignore:subprocess \d+ is still running:ResourceWarning")
POLL = f"{stores.JOBS}.data"
TICK = f"{stores.JOBS_TICK}.n_intervals"


@pytest.fixture
def services(tmp_path):
    local = engine(fresh_settings(tmp_path / "state"))
    yield Services(**{name: None for name in Services.__dataclass_fields__} | {"jobs": local})
    for view in local.jobs():
        local.cancel(view.id)
    wait_for(lambda: all(view.state.ended for view in local.jobs()))
    local.close()


def page_of(services) -> PageClient:
    app = Dash(__name__, suppress_callback_exceptions=True)
    app.layout = place
    feature.register(app, services)
    return PageClient(app)


@pytest.fixture
def client(services) -> PageClient:
    return page_of(services)


def poll(client, known=None, **options):
    return client.call(POLL, known or {}, trigger=TICK, **options)


def test_the_poll_brings_what_other_features_read_of_a_job(client, services):
    job_id = services.jobs.submit(request(name="Membranes", steps=2))
    reach(services.jobs, job_id, JobState.DONE)
    (job,) = poll(client)[stores.JOBS]["data"]
    assert (job["id"], job["name"], job["kind"], job["state"]) == (job_id, "Membranes", "train", "done")
    assert job["slices_done"] == [0, 1]
    assert [row["name"] for row in job["classes"]] == ["Class 1", "Class 2"]


def test_nothing_is_drawn_anew_while_nothing_changes(client, services):
    reach(services.jobs, services.jobs.submit(request()), JobState.DONE)
    first = poll(client)
    stamps = {f"{name}.data": first[name]["data"] for name in (stores.JOBS_STAMP, stores.CARDS_STAMP)}
    again = poll(client, stamps)
    assert stores.JOBS not in again
    assert stores.CARDS_STAMP not in again


def press(client, wish, *jobs):
    """Press the button of each job before the page asks."""
    patterns = [ids.job_action(wish, job_id) for job_id in jobs]
    earlier = [PageClient.name(pattern, "n_clicks") for pattern in patterns[:-1]]
    known = {f"job-{wish}.n_clicks": [(pattern, 1) for pattern in patterns]}
    return client.call(POLL, known, trigger=patterns[-1], prop="n_clicks", earlier=earlier)


def test_a_job_rests_goes_on_is_cancelled_and_resumed_by_its_buttons(client, services):
    job_id = services.jobs.submit(request(wait=True))
    reach(services.jobs, job_id, JobState.RUNNING)
    for wish, state in (
        ("pause", JobState.PAUSED),
        ("resume", JobState.RUNNING),
        ("cancel", JobState.CANCELLED),
        ("resume", JobState.RUNNING),
    ):
        press(client, wish, job_id)
        reach(services.jobs, job_id, state)


def test_waiting_jobs_change_places_by_their_buttons(client, services):
    running, *waiting = (services.jobs.submit(request(name=name, wait=True)) for name in "abcd")
    reach(services.jobs, running, JobState.RUNNING)
    for wish, at in (("first", 2), ("later", 0), ("earlier", 0)):
        press(client, wish, waiting[at])
    places = {job["id"]: job["place"] for job in poll(client)[stores.JOBS]["data"]}
    assert sorted(waiting, key=places.__getitem__) == [waiting[2], waiting[0], waiting[1]]


def test_of_two_presses_that_come_together_none_is_lost(client, services):
    jobs = [services.jobs.submit(request(name=name, wait=True)) for name in "abc"]
    press(client, "cancel", *jobs[1:])
    for job_id in jobs[1:]:
        reach(services.jobs, job_id, JobState.CANCELLED)


def test_a_button_that_was_only_drawn_cancels_nothing(client, services):
    job_id = services.jobs.submit(request(wait=True))
    pattern = ids.job_action("cancel", job_id)
    client.call(POLL, {"job-cancel.n_clicks": [(pattern, None)]}, trigger=pattern, prop="n_clicks")
    assert services.jobs._folders.cancel_asked(job_id) is None


def test_an_open_log_shows_what_the_job_wrote(client, services):
    job_id = services.jobs.submit(request(steps=3))
    reach(services.jobs, job_id, JobState.DONE)
    known = {POLL: poll(client)[stores.JOBS]["data"], f"{stores.OPEN_LOGS}.data": [job_id]}
    shown = client.call(f"{ids.JOB_LIST}.children", known, trigger=f"{stores.OPEN_LOGS}.data")
    assert "Step 2" in json.dumps(shown)


def test_an_outage_is_told_in_place_and_ends_by_itself(services, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "mlflow.db").write_text("this is no database" * 100)
    broken = engine(Settings(_env_file=None, state_dir=tmp_path / "broken"))
    told = poll(page_of(replace(services, jobs=broken)))
    broken.close()
    assert stores.JOBS not in told, "the list stays as it was"
    assert "does not answer" in json.dumps(told[ids.JOB_PROBLEM])
    assert poll(page_of(services))[ids.JOB_PROBLEM]["children"] is None
