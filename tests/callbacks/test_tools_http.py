"""The tool route as the viewer asks it, over real tiles and a real label database."""

import base64
import json
import uuid

import numpy as np
import pytest

from callbacks.http import tools
from callbacks.http.tools import MOST_LISTED, answer_json
from core.errors import NotFoundError
from core.images.geometry import Box
from core.images.memory import ArrayVolume
from core.images.volumes import CatalogEntry, volume_id
from core.labels.store import Paint
from core.labels.tools.scene import Answer, Part
from tests.feature_client import feature_client
from tests.tile_server import tile_server
from utils.registry.interactive_models import LocalInteractiveModels
from utils.settings import Settings

PATH = "stack"
SHAPE = (5, 700, 1100)
ROOT = f"/api/tools/{volume_id(PATH)}"


def image() -> np.ndarray:
    """A block of 3000 in 1000, wider on each slice, across the borders of tiles."""
    values = np.full(SHAPE, 1000, np.uint16)
    for z in range(SHAPE[0]):
        values[z, 450:600, 480 : 560 + 10 * z] = 3000
    return values


class OneVolume:
    source = ArrayVolume(image(), PATH)

    def list_entries(self) -> list[CatalogEntry]:
        return [CatalogEntry(PATH, self.source.info)]

    def open(self, path: str) -> ArrayVolume:
        if path != PATH:
            raise NotFoundError(f"{path} is not there.")
        return self.source


@pytest.fixture
def client(store):
    return feature_client(tools, tile_server(OneVolume()), store)


def ask(client, tool, *, token=True, **question):
    body = {"axis": "z", "index": 1, "box": [400, 400, 700, 700], "points": [], "label": 1, "options": {}} | question
    headers = {"X-CSRFToken": client.get_cookie("_csrf_token").value} if token else {}
    return client.post(f"{ROOT}/{tool}", json=body, headers=headers)


def paint(store, spans, *, z=1, label=1):
    store.paint(Paint(str(uuid.uuid4()), PATH, z, label, np.array(spans, np.int32), "ann"), shape=SHAPE)


def test_the_wand_answers_in_spans_of_the_whole_slice(client):
    answer = ask(client, "wand", points=[[500.2, 500.9]], label=2, options={"tolerance": 100})
    assert answer.status_code == 200
    assert answer.json == {
        "parts": [{"label": 2, "spans": [[y, 480, 570] for y in range(450, 600)]}], "points": [], "note": ""
    }  # fmt: skip


def test_a_plane_across_the_slices_is_answered_in_its_own_rows(client):
    (part,) = ask(client, "wand", axis="y", index=500, box=[0, 0, 5, 1100], points=[[0, 490]]).json["parts"]
    assert part["spans"] == [[z, 480, 560 + 10 * z] for z in range(5)]


def test_fill_and_growing_read_the_labels_that_stand_there(client, store):
    paint(store, [[y, 500, 520] for y in range(505, 525)], label=1)
    paint(store, [[420, 410, 650]], label=2)
    filled = ask(client, "fill", points=[[510, 510]], label=2).json["parts"]
    assert filled == [{"label": 2, "spans": [[y, 500, 520] for y in range(505, 525)]}]
    grown = {part["label"]: part["spans"] for part in ask(client, "watershed").json["parts"]}
    assert set(grown) == {1, 2}
    assert [550, 480, 570] in grown[1]
    assert [420, 410, 650] not in grown[2], "a seed is not given again"


def test_superpixels_threshold_refine_and_grabcut_answer(client, store):
    paint(store, [[y, 500, 520] for y in range(505, 525) if y != 510], label=1)
    spans = [[y, 450, 600] for y in range(430, 620)]
    touched = ask(client, "superpixel", points=[[500, 500], [500, 540]], options={"size": 20}).json["parts"]
    ranged = ask(client, "threshold", spans=spans, options={"lo": 2000, "hi": 4000}).json["parts"]
    closed = ask(client, "refine", options={"operation": "close", "size": 2}).json["parts"]
    found = ask(client, "grabcut", spans=spans).json["parts"]
    assert [500, 480, 570] in ranged[0]["spans"]
    assert closed == [{"label": 1, "spans": [[510, 501, 519]]}]
    assert min(s[1] for s in touched[0]["spans"]) >= 470
    assert [500, 480, 570] in found[0]["spans"]


def test_the_live_wire_answers_with_points(client):
    points = ask(client, "livewire", points=[[450.5, 490.5], [450.5, 550.5]]).json["points"]
    assert points[0] == [450.5, 490.5]
    assert points[-1] == [450.5, 550.5]


def test_a_slices_labels_are_copied_whole_to_another(client, store):
    paint(store, [[10, 500, 530], [650, 1000, 1100]], label=1)
    paint(store, [[11, 3, 9]], label=2)
    answer = ask(client, "copy", options={"to": 2})
    assert {part["label"]: sorted(part["spans"]) for part in answer.json["parts"]} == {
        1: [[10, 500, 512], [10, 512, 530], [650, 1000, 1024], [650, 1024, 1100]],
        2: [[11, 3, 9]],
    }
    assert "no label" in ask(client, "copy", index=3, options={"to": 2}).json["note"]


@pytest.mark.parametrize(
    ("tool", "question", "status", "words"),
    [
        ("wand", {"points": [[5, 5]]}, 400, "lies outside the view"),
        ("wand", {"points": [[np.inf, 5]]}, 400, "'points'"),
        ("wand", {"points": [[1, 2, 3]]}, 400, "'points'"),
        ("wand", {"points": [[500, 500]], "options": {"tolerance": "x"}}, 400, "tolerance is 'x'"),
        ("wand", {"points": [[500, 500]], "options": []}, 200, ""),
        ("wand", {"index": 5}, 400, "'index' is '5'"),
        ("wand", {"axis": "t"}, 400, "'axis'"),
        ("wand", {"box": [0, 0, 1]}, 400, "'box'"),
        ("wand", {"box": [900, 900, 950, 950], "points": [[1, 1]]}, 400, "outside the image"),
        ("threshold", {"spans": [["a", 1, 2]]}, 400, "'spans'"),
        ("copy", {"options": {"to": 1}}, 400, "no slice to copy to"),
        ("watershed", {"box": [0, 0, 700, 1100]}, 400, "1100 x 700 pixels"),
        ("random_walker", {}, 400, "No class is painted inside"),
        ("magic", {}, 404, "no tool 'magic'"),
    ],
)
def test_what_breaks_the_contract_is_refused_in_words(client, tool, question, status, words):
    answer = ask(client, tool, **question)
    assert answer.status_code == status
    assert words in answer.json.get("error", "")


def test_a_question_without_the_pages_token_is_refused(client):
    assert ask(client, "wand", points=[[500, 500]], token=False).status_code == 403


@pytest.mark.parametrize("axis", ["z", "y", "x"])
def test_a_region_holds_the_true_values_of_its_plane(axis):
    server = tile_server(OneVolume())
    turned = {"z": image(), "y": image().swapaxes(0, 1), "x": image().transpose(2, 1, 0)}[axis]
    stop = turned.shape[1:]
    box = Box(start=(2, 1, 3), stop=(3, *stop))
    assert (server.region(PATH, axis, box) == turned[2, 1:, 3:]).all()
    with pytest.raises(NotFoundError, match="lie outside"):
        server.region(PATH, axis, Box(start=(2, 1, 3), stop=(3, stop[0] + 1, stop[1])))


def test_a_region_of_a_huge_slice_reads_only_its_tiles():
    class Counting:
        source = ArrayVolume(np.broadcast_to(np.uint16(5), (1, 20_000, 20_000)), "huge", version="1")
        read_px = 0

        def open(self, path):
            return self

        @property
        def info(self):
            return self.source.info

        def read(self, box):
            Counting.read_px += int(np.prod(box.shape))
            return self.source.read(box)

    server = tile_server(Counting())
    server.manifest("huge")
    before = Counting.read_px
    assert server.region("huge", "z", Box(start=(0, 10_000, 10_000), stop=(1, 10_300, 10_300))).shape == (300, 300)
    assert Counting.read_px - before <= 4 * 512 * 512


@pytest.fixture
def pointing(store, tmp_path):
    """A client of an app that has a model to point with."""
    models = LocalInteractiveModels(Settings(_env_file=None, state_dir=tmp_path), lambda: [])
    return feature_client(tools, tile_server(OneVolume()), store, interactive=models)


def test_pointing_answers_with_the_object_in_spans_of_the_plane(pointing):
    options = {"model": "Edges and greys", "positive": [True], "box": None}
    answer = ask(pointing, "click", points=[[500.5, 500.5]], label=2, options=options)
    (part,) = answer.json["parts"]
    assert part["label"] == 2
    assert part["spans"][1:-1] == [[y, 480, 570] for y in range(451, 599)]  # corners may be rounded
    far = ask(pointing, "click", points=[[500.5, 500.5]], box=[0, 0, 700, 1100], label=2, options=options)
    assert far.json["parts"] == answer.json["parts"]


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ({}, 400, "'positive' is 'None'"),
        ({"positive": [True, False]}, 400, "'positive'"),
        ({"positive": [True], "box": [1, 2]}, 400, "'box' is '[1, 2]'"),
        ({"positive": [True], "box": [9, 9, 9, 9]}, 400, "lies outside"),
        ({"positive": [True], "model": "Crystal ball"}, 404, "'Crystal ball' is not registered"),
    ],
)
def test_what_points_wrongly_is_refused_in_words(pointing, options, status, words):
    answer = ask(pointing, "click", points=[[500.5, 500.5]], options=options)
    assert answer.status_code == status
    assert words in answer.json["error"]


def test_very_many_spans_are_packed():
    spans = np.arange(3 * (MOST_LISTED + 1), dtype=np.int32).reshape(-1, 3)
    (part,) = json.loads(answer_json(Answer((Part(7, spans),))))["parts"]
    assert part.keys() == {"label", "packed"}
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(part["packed"]), "<i4").reshape(-1, 3), spans)
