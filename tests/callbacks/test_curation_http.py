"""Tables of items as the Curate place asks for them: made, tagged, drawn from, written to files, learned from."""

import csv
import io
import uuid
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load

from core.images.memory import ArrayVolume
from core.labels.store import Paint
from core.learning.curation.encoders import PLAIN, Offer, offers_of
from core.learning.curation.memory import Kept
from core.learning.curation.table_csv import read_csv
from core.learning.models import TrainedModel
from core.learning.normalisation import Normalisation
from networks.architectures import find_architecture
from networks.pretraining.encoder import Encoder
from scripts.encoders import embedded, held
from scripts.encoders import tuned as tune_by
from scripts.local_stack import wait_until
from tests.browser.conftest import MemoryCatalog
from tests.curation_client import curation_client
from tests.swipe_server import discs
from utils.curation.curation_files import CurationFiles

DEPTH = 24
SET = {"folder": "set", "labelled": True}
ACTS = "/api/curation/{table}/acts"


@pytest.fixture
def catalog():
    sources = {"stack": ArrayVolume(discs(DEPTH), "stack")}
    sources |= {f"set/{name}": ArrayVolume(discs(1), f"set/{name}") for name in ("a/one", "b/two")}
    return MemoryCatalog(sources)


@pytest.fixture
def client(catalog, tmp_path):
    with curation_client(catalog, tmp_path) as client:
        yield client


class OneEncoder:
    """A small network, untrained, in this process, and a registry that also has one that looks at neighbours."""

    def offers(self) -> list[Offer]:
        facts = {"algorithm": "SimCLR", "classes": (), "created": 0.0, "volume": "x"}
        models = [
            TrainedModel(id=name, name=called, parameters={"architecture": "U-Net", "context": deep}, **facts)
            for name, called, deep in (("one", "mine", 0), ("two", "deep", 1))
        ]
        return offers_of([*models, TrainedModel("three", "pixels", "Pixel classifier", {}, ("a",), "x", 0.0)])

    def embed(self, model_id, images, windows, view=PLAIN, tuned=None):
        return embedded(held(tuned, device="cpu") if tuned else self.encoder(), images, windows, view)

    def tune(self, model_id, examples, tuning, view, *, tuned, told):
        return tune_by(held(tuned, device="cpu") if tuned else self.encoder(), examples, tuning, view, told)

    def encoder(self):
        unet = find_architecture("U-Net")
        sizes = unet.parameters.chosen_from({"base_channels": 4, "depth": 2})
        torch.manual_seed(0)
        network = unet.build(1, 2, sizes, seed=0).eval()
        return Encoder("SimCLR", "U-Net", network, 1, sizes, Normalisation((0.0,), (1.0,)), {})


def new_id() -> str:
    return str(uuid.uuid4())


def make(client, **source: Any) -> str:
    body = {"id": new_id(), "name": "discs", "classes": ["disc", "dust"], "volume": "stack", "kind": "slices"}
    answer = client.post("/api/curation", json=body | source)
    assert answer.status_code == 200, answer.json
    return answer.json["id"]


def tag(client, table: str, *marks: tuple[int, str, int | None]):
    return client.post(ACTS.format(table=table), json={"id": new_id(), "marks": [list(mark) for mark in marks]})


def drawn(client, table: str, **asked: Any) -> list[int]:
    return client.get(f"/api/curation/{table}/draw", query_string=asked).json["numbers"]


def test_tables_are_made_of_slices_tiles_and_folders(client):
    every_other = make(client, every=2)
    tiles = make(client, kind="tiles", side_px=48)
    folder = make(client, kind="folder", folder="set")
    tables = {table["id"]: table["count"] for table in client.get("/api/curation").json["tables"]}
    assert tables == {every_other: DEPTH // 2, tiles: 4 * DEPTH, folder: 2}
    items = client.post(f"/api/curation/{tiles}/items", json={"numbers": [5, 0]}).json["items"]
    assert [item["name"] for item in items] == ["stack#z=2,y=0-48,x=48-96", "stack#z=1,y=0-48,x=0-48"]
    assert client.get(f"{items[0]['picture']}/64").mimetype == "image/jpeg"
    found = client.post(f"/api/curation/{folder}/items", json={"numbers": [0, 1]}).json["items"]
    assert [item["subset"] for item in found] == ["a", "b"]
    counts = client.get(f"/api/curation/{make(client, kind='folder', classes=['A', 'b'], **SET)}").json["counts"]
    assert [(each["positive"], each["negative"]) for each in counts.values()] == [(1, 1), (1, 1)], "folders are labels"
    for wrong in (
        {"kind": "nothing"},
        {"kind": "folder", "folder": "none"},
        {"kind": "tiles", "side_px": 3},
        {"classes": []},
    ):
        body = {"id": new_id(), "classes": ["disc"], "volume": "stack"} | wrong
        assert client.post("/api/curation", json=body).status_code == 400


def test_filters_and_orders_choose_items_and_those_that_need_a_model_say_so(client):
    table = make(client)
    tag(client, table, (0, "disc", 1), (0, "dust", 0), (1, "disc", 0), (2, "exclude", 1), (3, "validation", 1))
    assert drawn(client, table, status="labeled", exclude="not excluded") == [0]
    assert drawn(client, table, status="partial") == [1]
    assert drawn(client, table, exclude="excluded") == [2]
    assert drawn(client, table, subset="contains: disc") == [0]
    shuffled = drawn(client, table, sort="random", seed=4)
    assert sorted(shuffled) == list(range(DEPTH)) != shuffled
    assert drawn(client, table, sort="random", seed=4) == shuffled
    facts = client.get(f"/api/curation/{table}").json
    reasons = {sort["name"]: sort["reason"] for sort in facts["sorts"]}
    assert (reasons["random"], bool(reasons["uncertainty"])) == ("", True)
    refused = client.get(f"/api/curation/{table}/draw", query_string={"sort": "uncertainty"})
    assert (refused.status_code, "model" in refused.json["hint"]) == (400, True)
    assert facts["counts"]["disc"] == {
        "negative": 1, "positive": 1, "validation_negative": 0, "validation_positive": 0,
    }  # fmt: skip


def test_a_file_of_labels_goes_out_and_comes_back_and_undo_takes_it_back(client):
    table = make(client)
    tag(client, table, (0, "disc", 1), (1, "disc", 0), (2, "exclude", 1), (4, "dust", 2))
    text = client.get(f"/api/curation/{table}/labels.csv").text
    other = make(client)
    for content, status in ((text, 200), (text.replace("dust", "rust"), 400), ("no,table\n1,2\n", 400)):
        answer = client.post(f"/api/curation/{other}/labels.csv?id={new_id()}", data=io.BytesIO(content.encode()))
        assert answer.status_code == status, answer.json
    assert read_csv(client.get(f"/api/curation/{other}/labels.csv").text) == read_csv(text)
    assert client.post(f"/api/curation/{other}/undo", json={"id": new_id()}).status_code == 200
    assert drawn(client, other, status="unlabeled", exclude="not excluded") == list(range(DEPTH))
    assert client.post(f"/api/curation/{other}/redo", json={"id": new_id()}).json["steps"] == {"undo": 1, "redo": 0}


def test_what_is_chosen_can_be_swiped_in_its_order(client):
    table = make(client)
    body = {"id": new_id(), "asks": "dust", "items": [9, 4, 6], "batch": 5}
    address = client.post(f"/api/curation/{table}/queues", json=body).json["address"]
    queue = address.partition("queue=")[2]
    lease = client.post(f"/api/swipe/{table}/lease", json={"owner": "tab", "queue": queue, "count": 5}).json
    assert [item["number"] for item in lease["items"]] == [9, 4, 6]
    assert client.get(f"/api/swipe/{table}?queue={queue}").json["asks"] == "dust"
    empty = client.post(f"/api/curation/{table}/queues", json=body | {"id": new_id(), "items": []})
    assert empty.status_code == 400


def test_a_model_learns_from_the_tags_ranks_the_rest_and_never_learns_from_what_is_held_out(client):
    table = make(client)
    truth = [int(number % 2 == 0) for number in range(DEPTH)]
    tag(client, table, *((n, "disc", truth[n]) for n in range(16)), *((n, "validation", 1) for n in range(10, 16)))
    client.post(f"/api/curation/{table}/model", json={"kind": "logistic"})
    state = f"/api/curation/{table}/model"
    wait_until(lambda: client.get(state).json["stage"] in ("ready", "failed"), "the model")
    told = client.get(state).json
    assert told["stage"] == "ready", told
    score = told["scores"]["disc"]
    assert (score["count"], score["positive"], score["held_out"], score["auc"]) == (6, 3, True, 1.0)
    ranked = drawn(client, table, status="unlabeled", sort="highest: disc")
    assert sorted(ranked[:4]) == [16, 18, 20, 22]
    tag(client, table, (17, "disc", 0))
    assert client.get(state).json["is_old"]
    client.post(f"/api/curation/{table}/classes", json={"classes": ["disc", "dust", "crack"]})
    assert len(drawn(client, table, sort="uncertainty: disc")) == DEPTH
    assert np.isclose(sum(score["histograms"]["unlabelled"]), DEPTH - 16)


def found_like(client, table: str, **asked: Any):
    """The answer, once the items have been looked at."""
    address = f"/api/curation/{table}/like"
    client.post(address, json=asked)
    wait_until(lambda: client.get(f"/api/curation/{table}/model").json["stage"] != "looking", "the embeddings")
    return client.post(address, json=asked)


def test_items_come_in_the_order_of_how_much_they_look_like_some_or_like_a_part_of_a_slice(client):
    table = make(client)
    assert client.post(f"/api/curation/{table}/like", json={"items": [5]}).status_code == 202
    tag(client, table, (7, "exclude", 1))
    numbers = found_like(client, table, items=[5]).json["numbers"]
    assert (numbers[0], {number % 2 for number in numbers[: DEPTH // 2 - 1]}) == (5, {1}), "the slices without a disc"
    assert sorted(numbers) == [number for number in range(DEPTH) if number != 7]
    assert found_like(client, table, items=[DEPTH]).status_code == 400
    searched = client.post("/api/curation/of-volume", json={"volume": "stack"}).json
    assert searched["id"] == table, "the one that is there"
    client.post(f"/api/curation/{table}/drop", json={})
    searched = client.post("/api/curation/of-volume", json={"volume": "stack"}).json
    assert (searched["name"], searched["count"]) == ("Tiles of stack", 9 * DEPTH)
    spot = {"volume": "stack", "z": 4, "box": [32, 32, 64, 64]}
    numbers = found_like(client, searched["id"], **spot).json["numbers"]
    items = client.post(f"/api/curation/{searched['id']}/items", json={"numbers": numbers[: DEPTH // 2]}).json["items"]
    assert {item["name"].partition(",")[2] for item in items} == {"y=32-64,x=32-64"}, "inside the discs"
    assert {item["z"] % 2 for item in items} == {0}, "the slices with a disc"
    refused = found_like(client, searched["id"], **spot, painted=True)
    assert (refused.status_code, "painted" in refused.json["error"]) == (400, True)
    stroke = Paint("p", "stack", 4, 1, np.array([[48, 40, 56]], np.int32), "ann")
    client.labels.paint(stroke, shape=(DEPTH, 96, 96))
    assert found_like(client, searched["id"], **spot, painted=True).json["numbers"][0] == numbers[0]


def test_a_map_has_a_point_for_each_item_and_all_that_is_said_of_it(client):
    table = make(client)
    tag(client, table, (0, "disc", 1), (1, "disc", 0), (3, "exclude", 1), (4, "validation", 1))
    address = f"/api/curation/{table}/map"
    assert client.get(address).status_code == 202
    wait_until(lambda: client.get(f"/api/curation/{table}/model").json["stage"] == "seen", "the embeddings")
    told = client.get(address).json
    assert (len(told["x"]), len(told["y"]), told["chances"]) == (DEPTH, DEPTH, None)
    assert (told["values"]["disc"][:3], told["exclude"], told["validation"]) == ([1, 0, None], [3], [4])
    discs, dust = np.array(told["x"][::2]), np.array(told["x"][1::2])
    assert discs.max() < dust.min() or dust.max() < discs.min(), "what looks alike lies close"
    assert {way["name"] for way in told["ways"]} == {"pca", "tsne", "umap"}
    assert client.get(address, query_string={"way": "tea leaves"}).status_code == 400


def test_features_of_a_file_take_the_place_of_pixels_and_one_that_does_not_fit_is_refused_with_its_shape(client):
    table = make(client)
    address, state = f"/api/curation/{table}/features", f"/api/curation/{table}/model"

    def upload(array):
        file = io.BytesIO()
        np.save(file, array, allow_pickle=True)
        return client.post(f"{address}?name=mine.npy", data=file.getvalue())

    for wrong, told in (
        (np.zeros((DEPTH - 1, 4)), "(23, 4)"),
        (np.zeros(DEPTH), "(24,)"),
        (np.full((DEPTH, 2), np.nan), "not finite"),
        (np.full((DEPTH, 2), "x"), "<U1"),
        (np.full((DEPTH, 2), None), "cannot be read"),
    ):
        refused = upload(wrong)
        assert (refused.status_code, told in refused.json["error"]) == (400, True), refused.json
        assert "mine.npy" in refused.json["error"]
    assert client.post(address, data=b"no array").status_code == 400
    thirds = np.stack([np.arange(DEPTH) % 3 == n for n in range(3)], axis=1).astype(np.float32)
    assert upload(thirds).status_code == 204
    assert (client.get(state).json["stage"], client.get(state).json["source"]["name"]) == ("seen", "mine.npy")
    numbers = client.post(f"/api/curation/{table}/like", json={"items": [4]}).json["numbers"]
    assert {number % 3 for number in numbers[: DEPTH // 3]} == {1}
    spot = client.post(f"/api/curation/{table}/like", json={"volume": "stack", "z": 0})
    assert (spot.status_code, "file" in spot.json["error"]) == (400, True)
    tag(client, table, *((n, "disc", int(n % 3 == 1)) for n in range(12)))
    for body, status in (({"loss": "guess"}, 400), ({"hidden": "a"}, 400), ({"smoothing": "x"}, 400), ({}, 200)):
        chosen = {"kind": "network", "hidden": "8", "loss": "focal", "strata": "squareroot", "normalise": True} | body
        assert client.post(state, json=chosen).status_code == status
    wait_until(lambda: client.get(state).json["stage"] in ("ready", "failed"), "the model")
    told = client.get(state).json
    assert (told["parameters"], told["scores"]["disc"]["accuracy"]) == (3 * 8 + 8 + 8 + 1, 1.0)
    client.post(f"/api/curation/{table}/classes", json={"classes": ["round", "dust"]})
    assert client.get(f"/api/curation/{table}").json["counts"]["round"]["positive"] == 4, "a new name, the old labels"
    assert client.post(f"{address}/look", json={}).status_code == 204
    wait_until(lambda: client.get(state).json["stage"] == "ready", "the pixels; what was learned counts until then")
    assert client.get(state).json["source"]["kind"] == "pixels"


def test_nothing_to_learn_from_is_told_and_a_table_that_is_dropped_is_gone(client):
    table = make(client)
    client.post(f"/api/curation/{table}/model", json={})
    wait_until(lambda: client.get(f"/api/curation/{table}/model").json["stage"] == "failed", "the refusal")
    assert "positive" in client.get(f"/api/curation/{table}/model").json["said"]
    assert client.post(f"/api/curation/{table}/drop", json={}).status_code == 204
    assert client.get(f"/api/curation/{table}").status_code == 404


def learned(client, table: str, **choice: Any) -> dict[str, Any]:
    """What there is once it has learned."""
    state = f"/api/curation/{table}/model"
    client.post(state, json=choice)
    wait_until(lambda: client.get(state).json["stage"] in ("ready", "failed"), "the model")
    return client.get(state).json


def test_models_outlast_a_restart_are_reopened_compared_and_leave_as_files(catalog, tmp_path):
    with curation_client(catalog, tmp_path) as client:
        table = make(client)
        tag(client, table, *((n, "disc", int(n % 2 == 0)) for n in range(16)), (16, "disc", 2), (17, "exclude", 1))
        assert client.get(f"/api/curation/{table}/model.safetensors").status_code == 404
        refused = learned(client, table, kind="network", tries=3)
        assert (refused["stage"], "held out" in refused["said"]) == ("failed", True)
        tag(client, table, *((n, "validation", 1) for n in range(10, 16)))
        assert learned(client, table, kind="forest")["open"] == 1
        told = learned(client, table, kind="network", hidden="8", steps=40, rate=0.01, tries=3)
        assert [run["number"] for run in told["runs"]] == [1, 2, 3, 4]
        assert told["runs"][1]["choice"]["rate"] == 0.01, "the choice itself is among the tries"
        assert len({run["choice"]["rate"] for run in told["runs"][1:]}) == 3
        client.post(f"/api/curation/{table}/runs/1/open", json={})
        ranked = drawn(client, table, sort="highest: disc")
    with curation_client(catalog, tmp_path) as client:
        again = client.get(f"/api/curation/{table}/model").json
        assert (again["stage"], again["open"], len(again["runs"])) == ("ready", 1, 4)
        assert drawn(client, table, sort="highest: disc") == ranked
        assert client.post(f"/api/curation/{table}/like", json={"items": [4]}).status_code == 200, "seen already"
        assert client.post(f"/api/curation/{table}/runs/9/open", json={}).status_code == 404
        client.post(f"/api/curation/{table}/runs/3/open", json={})
        read = read_csv(client.get(f"/api/curation/{table}/chances.csv").text)
        rows = list(csv.DictReader(io.StringIO(client.get(f"/api/curation/{table}/split.csv").text)))
        assert [row["by"] for row in rows[:16]] == ["person"] * 16, "people first"
        assert len(rows) == DEPTH - 2, "neither what is excluded nor what people could not tell"
        assert all((row["label"] == "positive") == (float(row["probability"]) > 0.5) for row in rows[16:])
        weights = load(client.get(f"/api/curation/{table}/model.safetensors").data)
        said = chances_in_torch(weights, CurationFiles(tmp_path / "curation").read(table, "points").arrays["points"])
        assert np.allclose(said, read.chances[:, 0], atol=1e-5)
        client.post(f"/api/curation/{table}/drop", json={})
        assert not list((tmp_path / "curation").iterdir())


def test_looking_at_the_items_goes_on_where_an_earlier_process_was_ended(catalog, tmp_path):
    with curation_client(catalog, tmp_path) as client:
        table = make(client)
    half = np.zeros((DEPTH // 2, 3), np.float32)
    half[:, 0] = np.arange(DEPTH // 2)
    CurationFiles(tmp_path / "curation").keep(
        table, "half", Kept({"kind": "encoder", "id": "one", "name": "mine"}, {"looked": half})
    )
    encoders = Counting(3)
    with curation_client(catalog, tmp_path, encoders) as client:
        found_like(client, table, items=[0])
        assert encoders.looked == DEPTH - DEPTH // 2
        numbers = found_like(client, table, items=[0]).json["numbers"]
    assert numbers[1] == 1, "the first half is as it was kept"


class Counting:
    """An encoder that counts what it is shown."""

    def __init__(self, width: int) -> None:
        self.width, self.looked = width, 0

    def offers(self) -> list[Offer]:
        return [Offer("one", "mine", "U-Net", "x")]

    def embed(self, model_id, images, windows, view=PLAIN, tuned=None):
        self.looked += len(images)
        return np.full((len(images), self.width), 100, np.float32)


def chances_in_torch(weights, points):
    """As docs/active.md shows it."""
    seen = (torch.from_numpy(points) - weights["0.mean"]) / weights["0.deviation"]
    names = sorted(name for name in weights if name.startswith("0.layers.") and name.endswith(".weight"))
    for name in names:
        seen = torch.nn.functional.linear(seen, weights[name], weights[name.replace("weight", "bias")])
        seen = seen.relu() if name != names[-1] else seen.sigmoid()
    return seen[:, 0].numpy()


def test_the_encoder_of_a_trained_network_looks_at_the_items_and_one_that_cannot_says_why(catalog, tmp_path):
    with curation_client(catalog, tmp_path, OneEncoder()) as client:
        table = make(client)
        offers = client.get("/api/curation/encoders").json["encoders"]
        assert [(offer["name"], bool(offer["reason"])) for offer in offers] == [("mine", False), ("deep", True)]
        look = f"/api/curation/{table}/features/look"
        for encoder, status in (("two", 400), ("nobody", 404), ("one", 204)):
            assert client.post(look, json={"encoder": encoder}).status_code == status
        wait_until(lambda: client.get(f"/api/curation/{table}/model").json["stage"] == "seen", "the embeddings")
        numbers = client.post(f"/api/curation/{table}/like", json={"items": [4]}).json["numbers"]
        assert (numbers[0], len(numbers)) == (4, DEPTH)
        spot = client.post(f"/api/curation/{table}/like", json={"volume": "stack", "z": 6}).json["numbers"]
        assert spot[0] == 6, "a slice lies where it lay among the items"
    with curation_client(catalog, tmp_path, OneEncoder()) as client:
        assert client.get(f"/api/curation/{table}/model").json["source"]["name"] == "mine"


def test_labels_probe_each_way_of_seeing_and_tune_an_encoder_that_outlasts_a_restart(catalog, tmp_path):
    with curation_client(catalog, tmp_path, OneEncoder()) as client:
        table = make(client)
        model, look = f"/api/curation/{table}/model", f"/api/curation/{table}/features/look"
        probing, tuning = (f"/api/curation/{table}/features/{what}" for what in ("probe", "tune"))
        tag(client, table, *((z, "disc", z % 2) for z in range(12)), (0, "validation", 1), (1, "validation", 1))
        assert client.post(tuning, json={"kind": "logistic"}).status_code == 400, "pixels cannot be tuned"
        for encoder, more in (("", {}), ("one", {}), ("one", {"pooling": "max", "levels": "deepest"})):
            assert client.post(look, json={"encoder": encoder} | more).status_code == 204
            settled(client, model)
            assert client.post(probing, json={}).status_code == 204
            settled(client, model)
        probes = client.get(model).json["probes"]
        assert [each["seen_by"] for each in probes] == ["pixels", "mine", "mine, max, deepest levels"]
        assert all(each["scores"]["disc"]["count"] == 2 and each["held_out"] for each in probes)
        for wrong in ({"epochs": 0}, {"frozen": 3, "epochs": 3}, {"schedule": "up"}, {"rate": "fast"}):
            assert client.post(tuning, json={"kind": "logistic", "tuning": wrong}).status_code == 400
        choice = {"kind": "logistic", "tuning": {"epochs": 1, "frozen": 0, "schedule": "step"}}
        before = client.get(f"{model[:-6]}/map").json["x"]
        assert client.post(tuning, json=choice).status_code == 204
        settled(client, model)
        found = client.get(model).json
        assert (found["stage"], found["tuned"]) == ("ready", "mine, tuned, max, deepest levels"), found
        assert found["runs"][0]["seen_by"] == found["tuned"]
        assert client.get(f"{model[:-6]}/map").json["x"] != before
        assert client.post(tuning, json=choice).status_code == 204, "what is tuned can be tuned on"
        settled(client, model)
    with curation_client(catalog, tmp_path, OneEncoder()) as client:
        assert client.post(look, json={"encoder": "tuned"}).status_code == 204
        settled(client, model)
        found = client.get(model).json
        assert (found["source"]["tuned"], len(found["probes"]), found["said"]) == (True, 3, "")


def test_a_network_of_convolutions_needs_a_grid_and_learns_from_one(catalog, tmp_path):
    with curation_client(catalog, tmp_path, OneEncoder()) as client:
        table = make(client)
        model, look = f"/api/curation/{table}/model", f"/api/curation/{table}/features/look"
        tag(client, table, *((z, "disc", z % 2) for z in range(12)))
        chosen = {"kind": "convnet", "spec": "8,p,d,8", "kernel": 3, "steps": 20}
        refused = client.post(model, json=chosen)
        assert (refused.status_code, "needs a grid" in refused.json["error"]) == (400, True), refused.json
        assert client.post(look, json={"encoder": "one", "pooling": "grid", "levels": "deepest"}).status_code == 204
        settled(client, model)
        for wrong in ({"spec": "8,q"}, {"spec": ""}, {"kernel": 2}, {"unlabelled": 1}):
            assert client.post(model, json=chosen | wrong).status_code == 400, wrong
        assert client.post(model, json=chosen).status_code == 200
        settled(client, model)
        found = client.get(model).json
        assert (found["stage"], found["said"]) == ("ready", "")
        assert found["parameters"] == (9 * 8 * 8 + 8) * 2 + 9, "8 channels of the deepest level, then one class"
        assert found["runs"][0]["seen_by"] == "mine, grid, deepest levels"
        assert client.get(f"{model}.safetensors").status_code == 200


def settled(client, model):
    busy = ("looking", "learning", "probing", "tuning", "arranging")
    wait_until(lambda: client.get(model).json["stage"] not in busy, "what goes on to end")


def test_a_map_that_takes_its_time_is_made_while_one_asks_again(client):
    table = make(client)
    first = client.get(f"/api/curation/{table}/map?way=tsne")
    settled(client, f"/api/curation/{table}/model")
    assert (first.status_code, client.get(f"/api/curation/{table}/map?way=sphere").status_code) == (202, 400)
    assert client.get(f"/api/curation/{table}/map?way=tsne").json == {"stage": "arranging"}
    settled(client, f"/api/curation/{table}/model")
    assert len(client.get(f"/api/curation/{table}/map?way=tsne").json["x"]) == DEPTH
