"""The route of the live prediction as the viewer asks it: real labels and tiles, and a process of its own."""

import json
import os
import signal
import struct
import uuid
import zlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from callbacks.http import live
from callbacks.http.live_order import order_of
from callbacks.http.live_run import Run
from core.images.volumes import volume_id
from core.labels.rules import PaintRule
from core.labels.spans import LIVE
from core.labels.store import Paint
from core.labels.tools.regions import mask_of
from core.labels.tools.scene import Frame
from core.learning.live_ranges import SliceRanges
from tests.callbacks.test_tools_http import PATH, SHAPE, OneVolume
from tests.feature_client import feature_client
from tests.tile_server import tile_server
from utils.processes.live_worker import LiveWorker

QUICK = {"n_estimators": 5, "sigmas": "1"}


@pytest.fixture(scope="module")
def worker():
    worker = LiveWorker(max_bytes=128 << 20, threads=1)
    yield worker
    worker.close()


@pytest.fixture
def client(store, worker):
    return feature_client(live, tile_server(OneVolume()), store, live=worker)


def paint(store, label, rows, columns, z=1, **facts):
    spans = np.array([[y, *columns] for y in range(*rows)], np.int32)
    store.paint(Paint(str(uuid.uuid4()), PATH, z, label, spans, "ann", **facts), shape=SHAPE)


def post(client, route="", **changes):
    body = {"tab": "t", "z": 1, "level": 0, "box": [400, 400, 700, 700], "cursor": [520, 520], "parameters": QUICK}
    headers = {"X-CSRFToken": client.get_cookie("_csrf_token").value}
    return client.post(f"/api/live/{volume_id(PATH)}{route}", json=body | changes, headers=headers)


def ask(client, **changes):
    """The frames of an answer: [(header, pixels or None)]."""
    answer = post(client, **changes)
    return list(frames(answer.data)) if answer.status_code == 200 else answer


def parts(client, frame, **changes):
    """(h, w) of what may become labels in a frame of a plane."""
    box = [frame.y0, frame.x0, frame.y1, frame.x1]
    found = post(client, "/parts", box=box, cursor=box[:2], **{"classes": [1, 2]} | changes).get_json()
    labels = np.zeros(frame.shape, np.uint8)
    for part in found["parts"]:
        labels[mask_of(np.array(part["spans"]), frame)] = part["label"]
    return labels


def frames(data):
    while data:
        (length,) = struct.unpack("<I", data[:4])
        header, data = json.loads(data[4 : 4 + length]), data[4 + length :]
        payload, data = data[: header["size"]], data[header["size"] :]
        pixels = np.frombuffer(zlib.decompress(payload), np.uint8).reshape(header["at"][2:]) if payload else None
        yield header, pixels


def states(answer):
    return [header["state"] for header, _ in answer if "state" in header]


def test_two_strokes_tell_a_block_from_what_is_around_it_and_the_cursor_comes_first(client, store):
    assert ask(client)[0][0]["message"] == "Nothing is painted yet."
    paint(store, 1, (470, 480), (490, 560))  # in the bright block
    paint(store, 2, (610, 630), (450, 600))  # below it
    answer = ask(client)
    assert states(answer) == ["learned", "rough", "done"]
    assert answer[0][0]["class_ids"] == [1, 2]
    assert answer[1][0]["tile"] == [0, 1, 1]
    labels = np.zeros(SHAPE[1:], np.uint8)
    for header, pixels in answer:
        if pixels is not None:
            (_, tx, ty), (y, x, h, w) = header["tile"], header["at"]
            labels[512 * ty + y : 512 * ty + y + h, 512 * tx + x : 512 * tx + x + w] = pixels
    assert labels[500:590, 490:560].mean() < 1.05
    assert labels[640:690, 450:650].mean() > 1.95


def test_what_shows_on_planes_across_the_slices_is_what_their_slices_say(client, store):
    paint(store, 1, (470, 480), (490, 560))
    paint(store, 2, (610, 630), (450, 600))
    on_slice = parts(client, Frame(500, 400, 540, 700), level=2)
    assert set(np.unique(on_slice)) == {1, 2}
    across, down = Frame(0, 400, SHAPE[0], 700), Frame(500, 0, 540, SHAPE[0])
    assert (parts(client, across, axis="y", z=510)[1] == on_slice[10]).all()
    assert (parts(client, down, axis="x", z=520)[:, 1] == on_slice[:, 120]).all()
    assert not (parts(client, across, axis="y", z=510, classes=[2]) == 1).any()

    answer = ask(client, axis="y", z=510, box=[0, 400, SHAPE[0], 700], cursor=[1, 520])
    assert states(answer) == ["learned", "rough", "done"]
    (_, tx, ty), (y, x, height, _) = answer[-2][0]["tile"], answer[-2][0]["at"]
    assert (height, y, ty) == (SHAPE[0], 0, 0)
    shown = answer[-2][1][1, : 512 * (tx + 1) - 400]
    assert (shown == on_slice[10][512 * tx + x - 400 :][: len(shown)]).all()


def test_an_order_that_a_newer_one_overtakes_ends_and_others_go_on(store, worker):
    paint(store, 1, (470, 480), (490, 560))
    paint(store, 2, (610, 630), (450, 600))
    services = SimpleNamespace(tiles=tile_server(OneVolume()), labels=store, live=worker)
    view = {"z": 1, "level": 0, "box": [400, 400, 700, 700], "cursor": [520, 520], "parameters": QUICK}
    order = order_of(services.tiles.manifest(PATH), view | {"tab": "t"})
    turns = live.Turns()
    assert order_of(
        services.tiles.manifest(PATH), view | {"tab": "t", "parameters": QUICK | {"class_shares": "1=90, 2=10"}}
    ) == replace(order, shares={1: 0.9, 2: 0.1})
    number = turns.take(order.session)
    kept = SliceRanges(), live.new_memory()
    told = live.told(Run(services, *kept, order, lambda: turns.is_newest(order.session, number)))
    began = [next(told), next(told)]
    turns.take("somebody else")
    began.append(next(told))
    turns.take(order.session)
    assert len(began) == 3
    assert list(told) == []


def test_a_process_that_dies_is_told_in_words_and_comes_back(client, store, worker):
    paint(store, 1, (470, 480), (490, 560))
    paint(store, 2, (610, 630), (450, 600))
    assert states(ask(client))[-1] == "done"
    os.kill(worker.pid, signal.SIGKILL)
    failed = ask(client)[-1][0]
    assert failed["state"] == "failed"
    assert "LIVE_CACHE_MB" in failed["hint"]
    assert states(ask(client))[-1] == "done"


def test_what_the_live_prediction_gave_teaches_it_nothing_until_somebody_corrects_it(client, store):
    paint(store, 1, (470, 480), (490, 560))
    paint(store, 2, (610, 630), (450, 600))
    before = ask(client)
    empty = PaintRule("empty")
    for z in (0, 1, 2):  # all of it wrong: had it taught, the bright block would be of class 2
        paint(store, 2, (0, 700), (0, 1100), z=z, source=LIVE, rule=empty)
    after = ask(client)
    assert after[0] == before[0]
    for (_, pixels), (_, other) in zip(after, before, strict=True):
        np.testing.assert_array_equal(pixels, other)
    paint(store, 1, (500, 510), (520, 540))  # a person says what the block is
    assert ask(client)[0][0]["pixels"] == before[0][0]["pixels"] + 10 * 20
    store.undo(PATH, edit_id=str(uuid.uuid4()), user="ann")
    store.undo(PATH, edit_id=str(uuid.uuid4()), user="ann")
    store.redo(PATH, edit_id=str(uuid.uuid4()), user="ann")
    assert ask(client)[0][0] == before[0][0], "done again it is what it was"


@pytest.mark.parametrize(
    "wrong",
    [
        {"z": 9},
        {"level": -1},
        {"box": [1, 2]},
        {"cursor": None},
        {"parameters": [1]},
        {"z": True},
        {"axis": "y", "z": 700},
    ],
)
def test_an_order_that_makes_no_sense_is_refused(client, wrong):
    assert ask(client, **wrong).status_code == 400


def test_a_parameter_that_is_none_is_named(client):
    assert "no parameter" in ask(client, parameters={"nonsense": 1})[-1][0]["message"]
