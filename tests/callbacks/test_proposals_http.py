"""Proposals through the stack as the viewer orders and decides on them, over real tiles and a real label database."""

import threading
import time
import uuid
import zlib

import numpy as np
import pytest

from callbacks.http import proposals
from core.images.memory import ArrayVolume
from core.images.volumes import CatalogEntry, volume_id
from core.labels.slices import read_slice
from core.labels.store import Paint
from core.labels.tools.regions import spans_of
from core.labels.tools.scene import Frame
from tests.core.labels.test_through import disc, image, iou
from tests.feature_client import feature_client
from tests.tile_server import tile_server
from utils.labels.label_db import SqlLabelStore

PATH, SHAPE = "stack", (7, 200, 240)
ROOT = f"/api/proposals/{volume_id(PATH)}"
PATIENCE_S = 120


class OneVolume:
    source = ArrayVolume(np.stack([image(z) for z in range(7)]).astype(np.uint16), PATH)

    def list_entries(self):
        return [CatalogEntry(PATH, self.source.info)]

    def open(self, _path):
        return self.source


@pytest.fixture
def client(store):
    return feature_client(proposals, tile_server(OneVolume()), store)


def post(client, path="", **body):
    headers = {"X-CSRFToken": client.get_cookie("_csrf_token").value}
    return client.post(ROOT + path, json=body, headers=headers)


def proposed(client, **order):
    """What comes of an order: the state once the server has worked on it."""
    answer = post(client, **{"z": 3, "first": None, "last": None} | order)
    assert answer.status_code == 200, answer.json
    state = answer.json  # a quick order is done by then, and what is wrong with it told
    return until(client, lambda state: state["state"] != "working") if state["state"] == "working" else state


def until(client, is_so):
    """The first state that is so."""
    end = time.monotonic() + PATIENCE_S
    while not is_so(state := client.get(ROOT).json):
        assert time.monotonic() < end, f"the order is worked on for ever: {state}"
    return state


def accept(client, state, slices=None, edit=None):
    return post(client, f"/{state['id']}/accept", slices=slices, edit=edit or str(uuid.uuid4()))


def paint(store, z, mask, *, label=1):
    spans = spans_of(mask, Frame(0, 0, *mask.shape))
    store.paint(Paint(str(uuid.uuid4()), PATH, z, label, spans, "ann"), shape=SHAPE)


def labels(store, z) -> np.ndarray:
    return read_slice(store, PATH, z, SHAPE[1:])


@pytest.mark.parametrize("method", ["follow", "interpolate"])
def test_slices_between_two_painted_ones_are_proposed_and_become_labels_when_accepted(client, store, method):
    paint(store, 0, disc(0))
    paint(store, 6, disc(6))
    state = proposed(client, method=method)
    assert state["slices"] == [[z, "open"] for z in range(1, 6)]
    assert store.annotated_slices(PATH) == [0, 6], "nothing is a label before it is accepted"

    tile = client.get(f"{ROOT}/{state['id']}/z/3/0/0/0")
    shown = np.frombuffer(zlib.decompress(tile.data), np.uint8).reshape(SHAPE[1:])
    assert iou(shown == 1, disc(3)) > 0.9
    assert client.get(f"{ROOT}/{state['id']}/z/0/0/0/0").status_code == 204
    assert client.get(f"{ROOT}/{state['id']}/y/90/0/0/0").status_code == 200

    after = accept(client, state, [3]).json
    assert after["slices"] == [[1, "open"], [2, "open"], [3, "accepted"], [4, "open"], [5, "open"]]
    np.testing.assert_array_equal(labels(store, 3), shown)
    post(client, f"/{state['id']}/reject", slices=[1])
    accept(client, state)
    assert store.annotated_slices(PATH) == [0, 2, 3, 4, 5, 6]
    store.undo(PATH, edit_id=str(uuid.uuid4()), user="ann")
    assert store.annotated_slices(PATH) == [0, 3, 6], "all that was open was one edit"


def test_labels_carried_onwards_leave_what_is_painted_and_may_be_accepted_twice(client, store):
    paint(store, 6, disc(6))
    own = np.zeros(SHAPE[1:], bool)
    own[80:90, 90:100] = True
    paint(store, 4, own, label=2)
    state = proposed(client, method="propagate", first=6, last=4)
    edit = str(uuid.uuid4())
    for _ in range(2):
        assert accept(client, state, [4], edit).status_code == 200
    assert (labels(store, 4)[own] == 2).all()
    assert iou(labels(store, 4) > 0, disc(4) | own) > 0.9
    assert store.history(PATH, user="ann").undo == 3, "the same edit twice is one"


def test_a_fill_through_the_stack_recolours_one_piece_and_nothing_that_was_painted_since(client, store):
    for z in range(5):
        paint(store, z, disc(z))
    far = np.zeros(SHAPE[1:], bool)
    far[2:6, 2:6] = True
    paint(store, 2, far)
    box = [0, 0, *SHAPE[1:]]
    state = proposed(client, method="fill_stack", z=2, y=85, x=95, label=2, box=box, tolerance=None, reach=3)
    assert [z for z, _ in state["slices"]] == [0, 1, 2, 3, 4]
    paint(store, 2, disc(2, 5), label=0)
    accept(client, state)
    assert not labels(store, 2)[disc(2, 5)].any()
    assert (labels(store, 2)[disc(2) & ~disc(2, 5)] == 2).all()
    assert (labels(store, 2)[far] == 1).all()


def test_a_fill_by_grey_stays_in_the_view_and_in_reach_and_says_where_it_was_cut(client, store):
    order = {"y": 85, "x": 95, "label": 1, "box": [0, 0, *SHAPE[1:]], "tolerance": 80}
    state = proposed(client, method="fill_stack", z=2, reach=1, **order)
    assert [z for z, _ in state["slices"]] == [1, 2, 3]
    assert state["note"] == "The area goes on beyond slice 2 and 4."
    accept(client, state)
    assert iou(labels(store, 2) == 1, disc(2)) > 0.8


class Gate(SqlLabelStore):
    """The labels of the last slice cannot be read before the gate is open."""

    gate = threading.Event()

    def tile(self, volume, index):
        assert index[0] < 6 or self.gate.wait(PATIENCE_S)
        return super().tile(volume, index)


@pytest.mark.parametrize("word", ["stop", None])
def test_what_is_found_first_can_be_accepted_while_more_is_looked_for(store, monkeypatch, word):
    monkeypatch.setattr(Gate, "gate", threading.Event())
    monkeypatch.setattr(store, "__class__", Gate)
    client = feature_client(proposals, tile_server(OneVolume()), store)
    for z in (0, 3, 6):
        paint(store, z, disc(z))
    post(client, method="interpolate", z=1, first=0, last=6)
    state = until(client, lambda state: len(state.get("slices", ())) == 2)
    assert (state["state"], state["slices"]) == ("working", [[1, "open"], [2, "open"]])
    assert "immutable" in client.get(f"{ROOT}/{state['id']}/z/1/0/0/0").headers["Cache-Control"]
    assert "immutable" not in client.get(f"{ROOT}/{state['id']}/z/5/0/0/0").headers["Cache-Control"], "may yet be found"
    assert accept(client, state, [1]).json["slices"] == [[1, "accepted"], [2, "open"]]
    if word:
        post(client, "/stop")
    Gate.gate.set()
    after = until(client, lambda state: state["state"] == "ready")
    assert after["slices"] == [[1, "accepted"], *([z, "open"] for z in ((2,) if word else (2, 4, 5)))]


def test_discarding_forgets_the_proposal_and_leaves_the_labels(client, store):
    paint(store, 0, disc(0))
    state = proposed(client, method="propagate", z=0)
    assert post(client, "/discard").json["state"] == "none"
    assert accept(client, state).status_code == 404
    assert store.annotated_slices(PATH) == [0]


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"method": "interpolate"}, "no painted slice on both sides"),
        ({"method": "propagate", "first": 0, "last": 0}, "no range"),
        ({"method": "propagate", "first": 0, "last": 7}, "no range"),
        ({"method": "magic"}, "no way to propose"),
        ({"method": "fill_stack", "box": [0, 0, 9, 9], "y": 9, "x": 0, "reach": 1, "label": 1}, "'y' is '9'"),
        ({"method": "fill_stack", "box": [0, 0, 9, 9], "y": 1, "x": 0, "reach": 1, "label": 99}, "no class to fill"),
        ({"method": "fill_stack", "box": "all", "y": 1, "x": 0, "reach": 1, "label": 1}, "'box' is 'all'"),
        ({"method": "follow", "z": 7}, "'z' is '7'"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_at_once(client, order, words):
    answer = post(client, **{"z": 3, "first": None, "last": None} | order)
    assert answer.status_code == 400
    assert words in answer.json["error"]


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"method": "interpolate", "first": 0, "last": 6}, "Fewer than two slices"),
        ({"method": "propagate", "first": 2, "last": 3}, "Slice 3 has no label"),
        (
            {"method": "fill_stack", "box": [0, 0, 9, 9], "y": 1, "x": 0, "reach": 1, "label": 2},
            "has that class already",
        ),
    ],
)
def test_what_only_the_labels_tell_is_told_once(client, store, order, words):
    if order["method"] == "fill_stack":
        paint(store, 3, ~disc(3), label=2)
    assert words in proposed(client, **order)["error"]
    assert client.get(ROOT).json == {"state": "none", "error": ""}


def test_a_decision_needs_a_slice_that_is_proposed_and_a_word_that_is_known(client, store):
    paint(store, 0, disc(0))
    state = proposed(client, method="propagate", z=0)
    assert accept(client, state, [5]).status_code == 400
    assert accept(client, state, [1], "no-uuid").status_code == 400
    assert post(client, f"/{state['id']}/adore", slices=[1]).status_code in (404, 405)
    assert store.annotated_slices(PATH) == [0]
