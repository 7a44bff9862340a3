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
from utils.labels.instance_db import SqlInstanceMemory
from utils.labels.instance_worker import BackgroundInstances

PATH, SHAPE = "folder/stack", (3, 700, 1100)
ROOT = f"/api/instances/{volume_id(PATH)}/1/2"


@pytest.fixture
def client(store, tmp_path):
    volumes = SimpleNamespace(open=lambda _: ArrayVolume(np.ones(SHAPE, np.uint8), PATH))
    memory = SqlInstanceMemory(f"sqlite:///{tmp_path / 'labels.db'}")
    app = Dash("instances")
    app.layout = html.Div()
    errors.register(app.server)
    counted = BackgroundInstances(store, volumes, memory)
    instances.register(app, SimpleNamespace(labels=store, instances=counted, current_user=lambda: "ann"))
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
    assert client.get(f"{ROOT}/spans/z/0?ids=1").json["spans"] == [[5, 500, 512], [5, 512, 530]]
    assert client.get(f"{ROOT}/spans/z/1?ids=1").json["spans"] == []
    assert client.get(f"{ROOT}/spans/y/5?ids=1").json["spans"] == [[0, 500, 512], [0, 512, 530]]
    assert client.get(f"{ROOT}/spans/x/3?ids=1,2").json["spans"] == [[90, 0, 1]]
    assert client.get(f"{ROOT}/spans/z/0?ids=one").status_code == 400
    assert client.get(f"{ROOT}/at/0/5/529").json == {"id": 1, "size": "30 px", "pixels": 30}
    assert client.get(f"{ROOT}/at/0/6/529").json == {"id": None}
    assert client.get(ROOT.removesuffix("2") + "4").status_code == 400


def post(client, action, body, id=None):
    return client.post(f"{ROOT}/{action}", json=body | {"id": id or str(uuid.uuid4())})


def test_merge_cut_and_give_are_edits_that_undo_takes_back_in_their_order(client, store):
    paint(store, [5, 500, 530], [90, 0, 7])
    first = post(client, "merge", {"ids": [1, 2]})
    assert first.status_code == 503, "the browser asks again until the objects are counted"
    table(client)
    edit = str(uuid.uuid4())
    answer = post(client, "merge", {"ids": [1, 2]}, edit).json
    assert (answer["said"], answer["changed"], answer["history"]) == (
        "2 objects are object 1 now.", [], {"undo": 2, "redo": 0}
    )  # fmt: skip
    assert [row["area"] for row in table(client).json["rows"]] == [37]
    again = post(client, "merge", {"ids": [1, 2]}, edit)
    assert (again.status_code, again.json["duplicate"]) == (200, True), "though object 2 is gone"
    line = {"axis": "z", "index": 0, "points": [[4.5, 510.5], [6.5, 510.5]]}
    assert post(client, "cut", {"ids": [1], **line}).json["said"] == "Object 1 is split along the line."
    assert sorted(row["area"] for row in table(client).json["rows"]) == [11, 26]
    assert post(client, "give", {"ids": [1], "to": 0}).json["changed"] == [[0, 0, 0], [0, 1, 0]]
    kinds = [undo(store) for _ in range(4)]
    assert kinds == ["instance", "cut", "merge", "paint"]


def undo(store):
    return store.undo(PATH, edit_id=str(uuid.uuid4()), user="ann").of


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("merge", {"ids": [1]}),
        ("merge", {"ids": "1,2"}),
        ("merge", {"ids": [1, 2], "id": "no uuid"}),
        ("cut", {"ids": [1], "axis": "z", "index": 0, "points": [[200, 3], [201, 3]]}),
        ("cut", {"ids": [1], "axis": "w", "index": 0, "points": []}),
        ("cut", {"ids": [1], "axis": "z", "index": 0, "points": []}),
        ("give", {"ids": [1], "to": 128}),
        ("give", {"ids": [1], "to": 9}),
    ],
)
def test_what_breaks_the_contract_is_refused_in_words_and_changes_nothing(client, store, action, body):
    paint(store, [5, 500, 530])
    table(client)
    answer = client.post(f"{ROOT}/{action}", json={"id": str(uuid.uuid4())} | body)
    assert answer.status_code == 400
    assert answer.json["error"].endswith(".")
    assert store.history(PATH, user="ann").undo == 1
