"""Files of labels through the routes: out at once, in as a stream, and what is refused."""

import io
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tifffile
from dash import Dash, html

from callbacks.http import errors, exchange, importing
from core.images.memory import ArrayVolume
from core.images.volumes import volume_id
from core.labels.store import Rewrite
from tests.browser.conftest import MemoryCatalog
from utils.exchange_files import DiskExchange
from utils.labels.label_db import SqlLabelStore

VID = volume_id("stack")


@pytest.fixture
def place(tmp_path):
    labels = SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    catalog = MemoryCatalog({
        "stack": ArrayVolume(np.zeros((3, 40, 50), np.uint8), "stack"),
        "large": ArrayVolume(np.zeros((9, 2000, 2000), np.uint8), "large"),
    })  # fmt: skip
    files = DiskExchange(tmp_path / "exchange", max_upload_bytes=5000, keep_exports_s=3600)
    services: Any = SimpleNamespace(labels=labels, volumes=catalog, exchange=files, current_user=lambda: "ann")
    app = Dash("exchange")
    app.layout = html.Div()
    exchange.register(app, services)
    importing.register(app, services)
    errors.register(app.server)
    yield SimpleNamespace(client=app.server.test_client(), labels=labels, files=files, folder=tmp_path / "exchange")
    labels.close()


def test_a_small_export_is_downloaded_at_once_and_leaves_nothing_behind(place):
    tile = np.zeros((512, 512), np.uint8)
    tile[3:9, 4:20] = 2
    place.labels.rewrite(Rewrite("0" * 32, "stack", "import", [((1, 0, 0), lambda _: tile)], "anna"))
    answer = place.client.get(f"/api/exports/{VID}?format=tiff&slices=1-2")
    assert answer.headers["Content-Disposition"] == "attachment; filename=stack_labels.tif"
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(answer.data))[0], tile[:40, :50])
    answer.close()
    assert list((place.folder / "scratch").iterdir()) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (f"{VID}?format=word&slices=0", "is no format"),
        (f"{VID}?format=tiff&slices=7", "Slice 8 does not exist"),
        (f"{VID}?format=tiff&slices=", "no slice to export"),
        (f"{VID}?format=tiff&slices=a", "names no slices"),
        (f"{volume_id('large')}?format=tiff&slices=0-8", "too much for a download"),
    ],
)
def test_an_export_that_cannot_be_is_refused_in_one_sentence(place, query, words):
    answer = place.client.get(f"/api/exports/{query}")
    assert (answer.status_code, words in answer.json["error"]) == (400, True)


def test_an_upload_is_kept_under_a_harmless_name(place):
    answer = place.client.post("/api/imports?name=../../etc/a b.nii.gz", data=b"12345")
    kept = place.files.upload(answer.json["id"])
    assert (kept.name, kept.read_bytes()) == ("etc_a_b.nii.gz", b"12345")
    assert kept.is_relative_to(place.folder / "uploads")


def test_an_upload_beyond_the_limit_is_refused_and_not_kept(place):
    answer = place.client.post("/api/imports?name=a.tif", data=bytes(5001))
    assert answer.status_code == 400
    assert "larger than" in answer.json["error"]
    assert list((place.folder / "uploads").iterdir()) == []


def test_an_upload_that_breaks_off_is_not_kept(place):
    place.client.post("/api/imports?name=a.tif", data=b"12", environ_overrides={"CONTENT_LENGTH": "4000"})
    assert list((place.folder / "uploads").iterdir()) == []


def when(place, *stages: str) -> dict[str, Any]:
    """The state of the import once it is at one of these stages."""
    end = time.monotonic() + 120
    while (state := place.client.get(f"/api/imports/{VID}").json)["stage"] not in stages:
        assert time.monotonic() < end, state
    return state


def upload(place) -> dict[str, str]:
    file = io.BytesIO()
    np.savez_compressed(file, labels=np.ones((1, 40, 50), np.uint8))
    return place.client.post("/api/imports?name=one.npz", data=file.getvalue()).json


def test_a_file_is_looked_through_then_written_by_the_choice_made_and_removed(place):
    sent = upload(place)
    place.client.post(f"/api/imports/{VID}", json=sent | {"first": 3})
    state = when(place, "ready")
    assert (state["name"], state["placed"], state["report"]["slices"]) == ("one.npz", False, [2])
    assert place.client.post(f"/api/imports/{VID}/write", json={"policy": "somehow"}).status_code == 400
    place.client.post(f"/api/imports/{VID}/write", json={"policy": "over"})
    assert when(place, "done")["changed"] == 1
    assert place.labels.class_pixels("stack") == {1: 2000}
    assert place.client.post(f"/api/imports/{VID}/write", json={"policy": "over"}).status_code == 400


def test_a_file_that_is_discarded_is_removed_and_cannot_be_written(place):
    sent = upload(place)
    place.client.post(f"/api/imports/{VID}", json=sent)
    when(place, "ready")
    assert place.client.post(f"/api/imports/{VID}/cancel", json={}).json == {"stage": "none"}
    assert list((place.folder / "uploads").iterdir()) == []
    assert place.client.post(f"/api/imports/{VID}/write", json={"policy": "over"}).status_code == 404
    assert place.client.post(f"/api/imports/{VID}", json=sent).status_code == 404


@pytest.mark.parametrize("job", ["0" * 32, "..", "a.b"])
def test_what_no_job_has_written_is_not_found(place, job):
    assert place.client.get(f"/api/exports/jobs/{job}").status_code == 404
