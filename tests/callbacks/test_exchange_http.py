"""Files of labels through the routes: out at once, in as a stream, and what is refused."""

import io
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tifffile
from dash import Dash, html

from callbacks.http import errors, exchange
from core.images.memory import ArrayVolume
from core.images.volumes import volume_id
from core.labels.store import Rewrite
from tests.browser.conftest import MemoryCatalog
from utils.exchange_files import DiskExchange
from utils.label_db import SqlLabelStore

VID = volume_id("stack")


@pytest.fixture
def place(tmp_path):
    labels = SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    catalog = MemoryCatalog({
        "stack": ArrayVolume(np.zeros((3, 40, 50), np.uint8), "stack"),
        "large": ArrayVolume(np.zeros((9, 2000, 2000), np.uint8), "large"),
    })  # fmt: skip
    files = DiskExchange(tmp_path / "exchange", max_upload_bytes=5000, keep_exports_s=3600)
    services: Any = SimpleNamespace(labels=labels, volumes=catalog, exchange=files)
    app = Dash("exchange")
    app.layout = html.Div()
    exchange.register(app, services)
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


@pytest.mark.parametrize("job", ["0" * 32, "..", "a.b"])
def test_what_no_job_has_written_is_not_found(place, job):
    assert place.client.get(f"/api/exports/jobs/{job}").status_code == 404
