"""The label, result and health routes as the browser asks them, over a real label database."""

import uuid
import zlib
from dataclasses import replace

import numpy as np
import pytest
from dash import Dash, html

from callbacks.http import errors, health, labels, results
from callbacks.suggestions import Suggester, Wish
from core.errors import InvalidInputError, NotFoundError
from core.images.memory import ArrayVolume
from core.images.pyramid import max_pool
from core.images.volumes import CatalogEntry, volume_id
from core.labels.classes import LabelClass
from core.labels.slices import read_slice
from core.labels.spans import MAX_INFLATED_BYTES, EditBody, encode_edit
from core.learning.curation.suggest import CLOSE
from core.learning.jobs import JobKind, JobState, JobView
from core.services import Services
from tests.tile_server import tile_server

PATH = "folder/stack"
SHAPE = (3, 700, 1100)
ROOT = f"/api/labels/{volume_id(PATH)}"
JOB = "a" * 32


class OneVolume:
    """A catalogue of one volume in memory."""

    def __init__(self) -> None:
        self._source = ArrayVolume(np.zeros(SHAPE, np.uint8), PATH)

    def list_entries(self) -> list[CatalogEntry]:
        return [CatalogEntry(PATH, self._source.info)]

    def open(self, path: str) -> ArrayVolume:
        if path != PATH:
            raise NotFoundError(f"{path} is not there.")
        return self._source


class Predicted:
    """A job's view and its slices in Tiled; `done` grows while it runs."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.confidence: int | None = 199
        self.entropy: int | None = None
        self.margin: np.ndarray | None = None
        self.pixels = np.ones(SHAPE[1:], np.uint8)
        self.pixels[100:, 513:] = 2

    def job(self, job_id: str) -> JobView:
        if job_id != JOB:
            raise NotFoundError(f"{job_id} is not a job.")
        table = (LabelClass(1, "pore", "#E69F00"), LabelClass(2, "bead", "#56B4E9"))
        facts = {"algorithm": "U-Net", "volume": PATH, "state": JobState.RUNNING, "classes": table}
        return JobView(JOB, JobKind.TRAIN, "mine", "ann", slices_done=list(self.done), **facts)

    def read_confidence(self, job_id: str, z: int) -> np.ndarray | None:
        assert z in self.done, "nobody asks Tiled for what is not there"
        return None if self.confidence is None else np.full_like(self.pixels, self.confidence)

    def read_entropy(self, job_id: str, z: int) -> np.ndarray | None:
        return None if self.entropy is None else np.full_like(self.pixels, self.entropy)

    def read_margin(self, job_id: str, z: int) -> np.ndarray | None:
        return self.margin

    def read_slice(self, job_id: str, z: int) -> np.ndarray:
        assert z in self.done, "nobody asks Tiled for what is not there"
        return self.pixels

    def read_planes(self, job_id: str, axis: str, start: int, stop: int) -> tuple[list[int], np.ndarray]:
        stack = np.stack([self.pixels, self.pixels])
        return [1, 2], stack[:, start:stop].swapaxes(0, 1) if axis == "y" else stack[..., start:stop].swapaxes(0, 2)


@pytest.fixture
def predicted():
    return Predicted()


@pytest.fixture
def services(store, predicted):
    fields = {name: None for name in Services.__dataclass_fields__}
    fields |= {"tiles": tile_server(OneVolume()), "labels": store, "current_user": lambda: "ann"}
    return Services(**fields | {"jobs": predicted, "results": predicted})


@pytest.fixture
def client(services):
    app = Dash("labels")
    app.layout = html.Div()
    errors.register(app.server)
    for routes in (labels, results, health):
        routes.register(app, services)
    return app.server.test_client()


def edit(spans, *, z=0, label=1, id=None, axis="z") -> EditBody:
    return EditBody(id or str(uuid.uuid4()), z, label, np.array(spans, np.int32).reshape(-1, 3), axis)


def send(client, body):
    data = encode_edit(body) if isinstance(body, EditBody) else body
    return client.post(f"{ROOT}/edits", data=data, content_type="application/octet-stream")


def pixels_of(answer, shape) -> np.ndarray:
    assert answer.headers["Content-Encoding"] == "deflate"
    return np.frombuffer(zlib.decompress(answer.data), np.uint8).reshape(shape)


# Labels


def test_an_edit_is_answered_with_what_it_changed_and_can_be_read_back(client):
    answer = send(client, edit([[511, 500, 520]], z=2, label=2))
    told = answer.json
    assert answer.status_code == 200
    assert told["changed"] == [[2, 0, 0], [2, 1, 0]], "z, tx, ty"
    assert (told["annotated"], told["history"], told["duplicate"]) == ([2], {"undo": 1, "redo": 0}, False)
    tiles = client.get(f"{ROOT}/z/2").json
    assert tiles == {"revision": told["revision"], "tiles": [[0, 0, told["revision"]], [1, 0, told["revision"]]]}
    left = client.get(f"{ROOT}/z/2/0/0/0?v={told['revision']}")
    assert "immutable" in left.headers["Cache-Control"]
    assert np.argwhere(pixels_of(left, (512, 512))).tolist() == [[511, x] for x in range(500, 512)]
    corner = client.get(f"{ROOT}/z/2/0/2/1")
    assert corner.status_code == 204
    assert corner.headers["Cache-Control"] == "no-cache"


def test_a_stroke_on_xz_paints_the_slices_it_crosses(client):
    told = send(client, edit([[1, 510, 514], [2, 3, 4]], z=600, label=2, axis="y")).json
    assert told["changed"] == [[1, 0, 1], [1, 1, 1], [2, 0, 1]]
    assert told["annotated"] == [1, 2]
    tile = pixels_of(client.get(f"{ROOT}/z/1/0/0/1"), (188, 512))
    assert np.argwhere(tile).tolist() == [[600 - 512, 510], [600 - 512, 511]]
    assert client.get(f"{ROOT}/y/600").json["tiles"] == [[0, 0, told["revision"]], [1, 0, told["revision"]]]
    plane = pixels_of(client.get(f"{ROOT}/y/600/0/0/0"), (3, 512))
    assert np.argwhere(plane).tolist() == [[1, 510], [1, 511], [2, 3]]
    assert client.get(f"{ROOT}/y/601/0/0/0").status_code == 204
    assert np.argwhere(pixels_of(client.get(f"{ROOT}/y/600/1/0/0"), (2, 512))).tolist() == [[0, 255], [0, 256], [1, 1]]


def test_a_stroke_on_yz_paints_the_slices_it_crosses(client):
    told = send(client, edit([[5, 0, 2], [699, 2, 3]], z=1099, axis="x")).json
    assert told["changed"] == [[0, 2, 0], [1, 2, 0], [2, 2, 1]]
    plane = np.concatenate([pixels_of(client.get(f"{ROOT}/x/1099/0/0/{ty}"), (h, 3)) for ty, h in ((0, 512), (1, 188))])
    assert np.argwhere(plane).tolist() == [[5, 0], [5, 1], [699, 2]]
    assert client.post(f"{ROOT}/undo", json={"id": str(uuid.uuid4())}).json["annotated"] == []
    assert client.get(f"{ROOT}/x/1099/0/0/0").status_code == 204


def test_wiping_a_slice_gives_the_planes_across_it_a_new_version(client):
    send(client, edit([[600, 5, 6]], z=0))
    both = send(client, edit([[600, 5, 6]], z=1)).json["revision"]
    wiped = send(client, edit([[600, 5, 6]], z=0, label=0)).json["revision"]
    assert wiped > both
    assert client.get(f"{ROOT}/y/600").json["tiles"] == [[0, 0, wiped]]
    assert np.argwhere(pixels_of(client.get(f"{ROOT}/y/600/0/0/0?v={wiped}"), (3, 512))).tolist() == [[1, 5]]


def test_tiles_are_cropped_at_the_edge(client):
    send(client, edit([[699, 1090, 1100]]))
    assert pixels_of(client.get(f"{ROOT}/z/0/0/2/1"), (188, 76))[-1, -10:].tolist() == [1] * 10


def test_coarse_tiles_hold_the_greatest_class_of_each_block(client, store):
    rng = np.random.default_rng(0)
    for label in (1, 2):
        starts = rng.integers(0, 1000, 40)
        spans = np.stack([rng.integers(0, 700, 40), starts, starts + rng.integers(1, 90, 40)], axis=1)
        send(client, edit(spans, label=label))
    reduced = max_pool(read_slice(store, PATH, 0, SHAPE[1:]), 1)
    assert reduced.shape == (350, 550)
    np.testing.assert_array_equal(pixels_of(client.get(f"{ROOT}/z/0/1/0/0"), (350, 512)), reduced[:, :512])


def test_the_same_edit_twice_paints_once(client):
    twice = edit([[5, 0, 9]])
    first, second = send(client, twice).json, send(client, twice).json
    assert (first["duplicate"], second["duplicate"]) == (False, True)
    assert first["revision"] == second["revision"]
    assert second["history"] == {"undo": 1, "redo": 0}


def test_undo_and_redo_answer_like_edits(client):
    send(client, edit([[5, 0, 9]]))
    undone = client.post(f"{ROOT}/undo", json={"id": str(uuid.uuid4())}).json
    assert (undone["changed"], undone["annotated"], undone["history"]) == ([[0, 0, 0]], [], {"undo": 0, "redo": 1})
    redone = client.post(f"{ROOT}/redo", json={"id": str(uuid.uuid4())}).json
    assert (redone["annotated"], redone["history"]) == ([0], {"undo": 1, "redo": 0})
    assert client.post(f"{ROOT}/redo", json={"id": str(uuid.uuid4())}).json["changed"] == []


def test_another_browser_learns_what_changed(client, store):
    before = send(client, edit([[5, 0, 9]])).json["revision"]
    told = send(client, edit([[5, 0, 9]], z=1)).json
    changes = client.get(f"{ROOT}/changes?since={before}").json
    assert (changes["revision"], changes["changed"], changes["classes_changed"]) == (
        told["revision"],
        [[1, 0, 0]],
        False,
    )
    store.change_classes(PATH, lambda table: (*table, LabelClass(3, "crack", "#009E73")), user="bob")
    assert client.get(f"{ROOT}/changes?since={told['revision']}").json["classes_changed"]


def bomb() -> bytes:
    return zlib.compress(bytes(MAX_INFLATED_BYTES + 1), level=1)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "cut off"),
        (b"garbage", "not deflated"),
        (encode_edit(edit([[5, 0, 9]]))[:-3], "cut off"),
        (zlib.compress(b"\xff\xff\xff\x7f{}"), "cut off"),
        (zlib.compress(b"\x02\x00\x00\x00[]"), "JSON object"),
        (edit([[5, 9, 0]]), "ends before it begins"),
        (edit([[-1, 0, 4]]), "left of or above"),
        (edit([[5, 0, 9]], label=77), "Class 77 does not exist"),
        (edit([[5, 0, 9]], z=3), "does not exist"),
        (replace(edit([[5, 0, 9]]), id="me"), "not an edit's id"),
        (replace(edit([[5, 0, 9]]), index="first"), "not an integer"),
        (bomb(), "larger than 64 MiB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_edit_is_refused_in_words_and_changes_nothing(client, store, body, words):
    answer = send(client, body)
    assert answer.status_code in (400, 404)
    assert words in answer.json["error"]
    assert set(answer.json) == {"error", "hint", "request_id"}
    assert store.annotated_slices(PATH) == []


@pytest.mark.parametrize("body", [None, [], {}, {"id": "me"}, {"id": 5}])
def test_an_undo_without_an_id_is_refused(client, body):
    assert client.post(f"{ROOT}/undo", json=body).status_code == 400


@pytest.mark.parametrize(
    ("route", "status"),
    [
        (f"{ROOT}/z/3", 404),
        (f"{ROOT}/z/0/9/0/0", 404),
        (f"{ROOT}/z/0/0/3/0", 404),
        (f"{ROOT}/changes?since=now", 400),
        (f"{ROOT}/changes", 400),
        (f"{ROOT}/changes?since=-1", 400),
        (f"/api/labels/{volume_id('elsewhere')}/z/0", 404),
        ("/api/labels/%21%21", 404),
    ],
)
def test_what_does_not_exist_is_said(client, route, status):
    answer = client.get(route)
    assert answer.status_code == status
    assert answer.json["error"]


# Results


def test_a_slice_is_not_there_until_it_is_predicted(client, predicted):
    early = client.get(f"/api/results/{JOB}/z/1/0/1/0")
    assert (early.status_code, early.headers["Cache-Control"]) == (204, "no-cache")
    predicted.done.append(1)
    assert client.get(f"/api/results/{JOB}/manifest").json["slices_done"] == [1]
    late = client.get(f"/api/results/{JOB}/z/1/0/1/0")
    assert "immutable" in late.headers["Cache-Control"]
    np.testing.assert_array_equal(pixels_of(late, (512, 512)), predicted.pixels[:512, 512:1024])
    coarse = client.get(f"/api/results/{JOB}/z/1/1/0/0")
    np.testing.assert_array_equal(pixels_of(coarse, (350, 512)), max_pool(predicted.pixels, 1)[:350, :512])


def test_uncertainty_comes_in_bands_where_a_slice_is_predicted_and_its_confidence_kept(client, predicted):
    tile = f"/api/results/{JOB}/uncertainty/z/1/0/0/0"
    assert client.get(tile).status_code == 204
    predicted.done.append(1)
    answer = client.get(tile)
    assert "immutable" in answer.headers["Cache-Control"]
    assert set(pixels_of(answer, (512, 512)).flat) == {4}, "a fifth to a quarter unsure"
    assert client.get(f"/api/results/{JOB}/uncertainty/y/200/0/0/0").status_code == 204


def test_confidence_and_entropy_come_in_bands_too(client, predicted):
    predicted.done = [0, 1]
    for way, band in (("confidence", 6), ("entropy", 7)):  # sure to .78: of two classes the entropy is .76
        assert set(pixels_of(client.get(f"/api/results/{JOB}/{way}/z/1/0/0/0"), (512, 512)).flat) == {band}, way
    predicted.entropy = 26
    assert set(pixels_of(client.get(f"/api/results/{JOB}/entropy/z/0/0/0/0"), (512, 512)).flat) == {1}, "as it was kept"


def test_the_next_place_is_where_two_classes_are_closest_and_a_result_that_cannot_tell_says_the_way_out(
    services, predicted
):
    predicted.done, predicted.margin = [1], np.full(SHAPE[1:], 250, np.uint8)
    predicted.margin[256:512, 512:768] = 51
    place, words = Suggester(services).next(Wish(PATH, CLOSE, JOB))
    assert (place["z"], place["y"], place["x"]) == (1, 384, 640)
    assert words == "Slice 2: the likeliest class is 20 % ahead of the second here, on average."
    predicted.margin = predicted.confidence = None
    with pytest.raises(InvalidInputError, match="does not keep") as refused:
        Suggester(services).next(Wish(PATH, CLOSE, JOB))
    assert "Keep entropy and margin maps" in refused.value.hint


def test_a_result_without_confidence_has_no_uncertainty(client, predicted):
    predicted.done, predicted.confidence = [1], None
    for way in ("uncertainty", "confidence", "entropy"):
        assert client.get(f"/api/results/{JOB}/{way}/z/1/0/0/0").status_code == 204


def test_planes_across_a_result_show_the_slices_that_are_predicted(client, predicted):
    assert client.get(f"/api/results/{JOB}/y/200/0/0/0").status_code == 204
    predicted.done = [2]
    across = client.get(f"/api/results/{JOB}/y/200/0/1/0")
    assert across.headers["Cache-Control"] == "no-cache"
    assert pixels_of(across, (3, 512))[:, [0, 1]].tolist() == [[0, 0], [0, 0], [1, 2]]
    down = pixels_of(client.get(f"/api/results/{JOB}/x/600/0/0/0"), (512, 3))
    assert down[[99, 100]].tolist() == [[0, 0, 1], [0, 0, 2]]
    assert client.get(f"/api/results/{JOB}/x/1100/0/0/0").status_code == 404


def test_the_manifest_of_a_result_has_the_class_table_of_the_run(client):
    manifest = client.get(f"/api/results/{JOB}/manifest").json
    assert manifest["volume"] == PATH
    assert manifest["state"] == "running"
    assert manifest["classes"][1] == {"id": 2, "name": "bead", "color": "#56B4E9", "visible": True, "locked": False}


@pytest.mark.parametrize(
    "route", ["/api/results/none/manifest", f"/api/results/{JOB}/z/1/7/0/0", f"/api/results/{JOB}/z/1/0/3/0"]
)
def test_a_result_that_does_not_exist_is_said(client, predicted, route):
    predicted.done.append(1)
    assert client.get(route).status_code == 404


def test_health_answers_without_asking_anybody(client):
    answer = client.get("/health")
    assert (answer.json, answer.headers["Cache-Control"]) == ({"status": "ok"}, "no-store")
