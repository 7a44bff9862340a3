"""The instance routes as scripts ask them, over a real label database."""

import csv
import io
import uuid
from types import SimpleNamespace

import numpy as np
import pytest
from dash import Dash, html

from callbacks.http import errors, instances
from core.images.memory import ArrayVolume
from core.images.volumes import volume_id
from core.labels.store import Paint
from utils.instance_db import SqlInstanceMemory
from utils.instance_worker import BackgroundInstances
from utils.label_db import SqlLabelStore

PATH, SHAPE = "folder/stack", (3, 700, 1100)
ROOT = f"/api/instances/{volume_id(PATH)}/1/2"


@pytest.fixture
def store(tmp_path):
    store = SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    yield store
    store.close()


@pytest.fixture
def client(store, tmp_path):
    volumes = SimpleNamespace(open=lambda _: ArrayVolume(np.ones(SHAPE, np.uint8), PATH))
    memory = SqlInstanceMemory(f"sqlite:///{tmp_path / 'labels.db'}")
    app = Dash("instances")
    app.layout = html.Div()
    errors.register(app.server)
    instances.register(app, SimpleNamespace(labels=store, instances=BackgroundInstances(store, volumes, memory)))
    yield app.server.test_client()
    memory.close()


def paint(store, *spans, z=0):
    edit = Paint(str(uuid.uuid4()), PATH, z, 1, np.array(spans, np.int32), "ann")
    store.paint(edit, shape=SHAPE)


def table(client, query=""):
    """The answer, once it is there; every 202 before it says how far the counting is."""
    while (answer := client.get(ROOT + query)).status_code == 202:
        assert answer.json["done"] <= answer.json["total"] or answer.json["total"] == 0
    return answer


def test_the_table_is_of_the_labels_as_they_are_now(client, store):
    paint(store, [5, 500, 530], [6, 500, 530])
    assert [(row["id"], row["area"]) for row in table(client).json["rows"]] == [(1, 60)]
    paint(store, [90, 0, 7], z=2)
    assert [(row["slice"], row["area"]) for row in table(client).json["rows"]] == [(1, 60), (3, 7)]


def test_csv_is_a_file_with_the_same_rows(client, store):
    paint(store, [5, 500, 530])
    answer = table(client, "?format=csv")
    assert answer.mimetype == "text/csv"
    assert "stack-class1-2d.csv" in answer.headers["Content-Disposition"]
    header, row = csv.reader(io.StringIO(answer.text, newline=""))
    assert row[header.index("Area (px)")] == "30"


def test_spans_are_the_pixels_of_chosen_instances_on_a_slice(client, store):
    paint(store, [5, 500, 530], [90, 0, 7])
    table(client)
    assert client.get(f"{ROOT}/spans/0?ids=1").json["spans"] == [[5, 500, 512], [5, 512, 530]]
    assert client.get(f"{ROOT}/spans/1?ids=1").json["spans"] == []
    assert client.get(f"{ROOT}/spans/0?ids=one").status_code == 400
    assert client.get(ROOT.removesuffix("2") + "4").status_code == 400
