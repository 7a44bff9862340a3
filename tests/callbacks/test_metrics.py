"""The figures for Prometheus and the health of the parts, as a monitor reads them."""

import uuid

import numpy as np
import pytest
from dash import Dash, html
from prometheus_client.parser import text_string_to_metric_families

from callbacks import access
from callbacks.http import errors, health, images, labels, metrics
from core.errors import UnavailableError
from core.images.memory import ArrayVolume
from core.images.volumes import CatalogEntry, volume_id
from core.infrastructure import Part
from core.labels.spans import EditBody, encode_edit
from core.learning.jobs import JobKind, JobState, JobView
from core.services import Services
from tests.tile_server import tile_server
from utils.labels.label_db import SqlLabelStore

VOLUME = "stack"
VID = volume_id(VOLUME)


class OneVolume:
    source = ArrayVolume(np.zeros((2, 700, 1100), np.uint8), VOLUME)

    def list_entries(self) -> list[CatalogEntry]:
        return [CatalogEntry(VOLUME, self.source.info)]

    def open(self, path: str) -> ArrayVolume:
        return self.source


class Site:
    """Jobs and parts of a site; MLflow can go away."""

    is_up = True

    def jobs(self) -> list[JobView]:
        if not self.is_up:
            raise UnavailableError("MLflow does not answer.")
        states = (JobState.RUNNING, JobState.QUEUED, JobState.QUEUED)
        return [JobView(str(n), JobKind.TRAIN, "mine", "ann", "U-Net", VOLUME, state) for n, state in enumerate(states)]

    def parts(self) -> list[Part]:
        mlflow = Part("MLflow", "up", latency_ms=12) if self.is_up else Part("MLflow", "down", "Gone.", "Start it.")
        return [mlflow, Part("GPU", "absent")]


@pytest.fixture
def site():
    return Site()


@pytest.fixture
def client(tmp_path, site):
    app = Dash("metrics")
    app.layout = html.Div()
    access.guard(app, login=False, user_name="", password="")
    errors.register(app.server)
    store = SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    fields = dict.fromkeys(Services.__dataclass_fields__)
    fields |= {"tiles": tile_server(OneVolume()), "labels": store, "jobs": site, "infrastructure": site}
    services = metrics.watch(app, Services(**fields | {"current_user": lambda: "ann"}))
    for routes in (images, labels, health):
        routes.register(app, services)
    yield app.server.test_client()
    store.close()


def figures(client) -> dict[tuple[str, ...], float]:
    """(name, values of its labels in the order of their names ...) -> value, as Prometheus' own parser reads them."""
    answer = client.get(metrics.PATH)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


def test_requests_and_tiles_are_counted_by_route_not_by_address(client):
    version = client.get(f"/api/img/{VID}/manifest").json["version"]
    tile = f"/api/img/{VID}/{version}/z/0"
    for address in (f"{tile}/0/0/0", f"{tile}/0/1/0", f"{tile}/tiles/0.0.0,0.1.0,0.2.1", f"{tile}/0/9/9"):
        client.get(address)
    seen = figures(client)
    route = "/api/img/<vid>/<version>/<axis>/<int:index>/<int:level>/<int:tx>/<int:ty>"
    assert seen["segmentation_requests_total", "GET", route, "200"] == 2
    assert seen["segmentation_requests_total", "GET", route, "404"] == 1
    assert seen["segmentation_request_seconds_count", route] == 3
    assert 0 < seen["segmentation_request_seconds_sum", route] < 60
    assert seen["segmentation_tiles_total", "image"] == 5
    assert seen["segmentation_slice_cache_total", "miss"] == 1
    assert seen["segmentation_slice_cache_total", "hit"] == 5
    assert seen["segmentation_slice_cache_bytes",] >= 700 * 1100


def test_an_edit_counts_when_it_is_acknowledged_and_once(client):
    client.get("/api/nothing")
    body = encode_edit(EditBody(str(uuid.uuid4()), 0, 1, np.array([[0, 0, 9]], np.int32)))
    headers = {"X-CSRFToken": client.get_cookie("_csrf_token").value}
    for _ in range(2):
        assert client.post(f"/api/labels/{VID}/edits", data=body, headers=headers).status_code == 200
    client.post(f"/api/labels/{VID}/edits", data=b"nonsense", headers=headers)
    client.post(f"/api/labels/{VID}/undo", json={"id": str(uuid.uuid4())}, headers=headers)
    seen = figures(client)
    assert seen["segmentation_label_edits_total", "paint"] == 1
    assert seen["segmentation_label_edits_total", "undo"] == 1


def test_a_server_that_is_down_is_a_figure_and_never_a_failed_scrape(client, site):
    seen = figures(client)
    assert [seen["segmentation_jobs", state] for state in ("running", "queued", "failed")] == [1, 2, 0]
    assert seen["segmentation_up", "MLflow"] == 1
    assert seen["segmentation_answer_seconds", "MLflow"] == pytest.approx(0.012)
    site.is_up = False
    seen = figures(client)
    assert seen["segmentation_up", "MLflow"] == 0
    assert ("segmentation_jobs", "running") not in seen
    assert ("segmentation_up", "GPU") not in seen, "one can do without"


def test_health_tells_a_monitor_what_is_down_and_a_load_balancer_only_that_the_app_answers(client, site):
    assert (client.get("/api/health").status_code, client.get("/health").json) == (200, {"status": "ok"})
    site.is_up = False
    answer = client.get("/api/health")
    assert (answer.status_code, answer.json["status"]) == (503, "degraded")
    assert answer.json["parts"][0]["hint"] == "Start it."
    assert client.get("/health").status_code == 200
