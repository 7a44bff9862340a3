"""What Label Studio asks our models, and what it hears: by its own wire protocol, over fakes of what lies behind."""

from typing import ClassVar

import numpy as np
import pytest
from dash import Dash

from callbacks import access
from callbacks.http import errors, labelstudio_backend
from core.images.memory import ArrayVolume
from core.labels.classes import LabelClass
from core.labels.slices import read_slice
from core.labels.tools.pointing import EdgesAndGreys
from core.labelstudio.config import read_config, write_config
from core.labelstudio.pictures import as_png
from core.labelstudio.port import Connection, Project
from core.labelstudio.results import painted, regions_of
from core.labelstudio.tagging import table_id
from core.labelstudio.tasks import Region, Spot, data_of
from core.learning.curation.store import Item, Table
from core.learning.interactive import Offer
from core.learning.models import TrainedModel
from core.learning.segmenter import Prediction
from core.services import Services
from scripts.local_stack import wait_until
from tests.tile_server import tile_server
from utils.curation.curation_db import SqlCurationStore
from utils.exchange_files import DiskExchange
from utils.labels.label_db import SqlLabelStore

SECRET = "quite-a-secret"
CLASSES = (LabelClass(1, "Dark", "#E69F00"), LabelClass(2, "Bright", "#56B4E9"))
CONFIG = write_config(CLASSES)
IMAGE = np.zeros((2, 40, 60), np.uint16)
IMAGE[:, 10:30, 20:45] = 4000


class Volumes:
    def open(self, path: str) -> ArrayVolume:
        return ArrayVolume(IMAGE, path)


class Studio:
    """Connected; has one picture."""

    followed: ClassVar[set[int]] = set()

    def connection(self):
        return Connection("http://studio", "legacy")

    def follows(self, project):
        return project in self.followed

    def project(self, project):
        return Project(project, "Two tones", CONFIG, 1, "")

    def secret(self):
        return SECRET

    def picture(self, address):
        assert address == "/data/upload/1/x.png"
        return as_png(IMAGE[0], (0, 4000))


class Registry:
    def models(self):
        rows = [("2", "Newer", (LabelClass(7, "Else", "#000001"),)), ("1", "Older", CLASSES)]
        return [TrainedModel(i, name, "Pixel classifier", {}, classes, "stack", 0.0) for i, name, classes in rows]


class Pictures:
    """Bright is what lies above half of the greatest value."""

    def context(self, model):
        return 1

    def segment(self, model, image, around=(), windows=None):
        assert (model, len(around), around[0].shape) == ("1", 2, image.shape)
        labels = np.where(image > image.max() / 2, 2, 1).astype(np.uint8)
        return Prediction(labels, np.full(image.shape, 204, np.uint8))


class Interactive:
    def offers(self):
        return [Offer("Edges and greys", "")]

    def segment(self, name, key, image, prompts):
        model = EdgesAndGreys()
        return model.segment(model.embed(image()), prompts)


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    store = SqlLabelStore(f"sqlite:///{tmp_path_factory.mktemp('labels') / 'labels.db'}")
    store.set_classes("stack", CLASSES, user="anna")
    yield store
    store.close()


@pytest.fixture(scope="module")
def curation(tmp_path_factory):
    store = SqlCurationStore(f"sqlite:///{tmp_path_factory.mktemp('curation') / 'labels.db'}")
    yield store
    store.close()


@pytest.fixture(scope="module")
def client(labels, curation, tmp_path_factory):
    app = Dash("labelstudio")
    app.layout = []
    access.guard(app, login=True, user_name="anna", password="secret of a person")
    errors.register(app.server)
    own = {"volumes": Volumes(), "tiles": tile_server(Volumes()), "labelstudio": Studio(), "registry": Registry()}
    own |= {"pictures": Pictures(), "interactive": Interactive(), "labels": labels, "curation": curation}
    own |= {"exchange": DiskExchange(tmp_path_factory.mktemp("files"), max_upload_bytes=10**6, keep_exports_s=60)}
    labelstudio_backend.register(app, Services(**dict.fromkeys(Services.__dataclass_fields__) | own))
    return app.server.test_client()


def asked(*tasks, context=None) -> dict:
    return {"tasks": list(tasks), "project": "1.1795209891", "label_config": CONFIG, "params": {"context": context}}


def a_task(region: Region = Region(0, 0, 40, 60), **data) -> dict:  # noqa: B008 - it is frozen
    return {"id": 3, "data": {"image": "/data/upload/1/x.png", **data_of(Spot("stack", 1, region), (0, 1))} | data}


def told(client, name: str, body=None, **more):
    answer = client.post(f"/labelstudio/{SECRET}{name}", json=body or {}, **more)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_it_is_up_for_who_knows_the_secret_and_for_nobody_else(client):
    for path in ("/health", "", "/"):
        assert client.get(f"/labelstudio/{SECRET}{path}").json["status"] == "UP"
    assert client.get("/labelstudio/health", headers={"X-Labelstudio-Secret": SECRET}).status_code == 200
    assert client.get("/labelstudio/health", auth=("label-studio", SECRET)).status_code == 200
    assert client.get("/labelstudio/wrong/health").status_code == 403
    assert client.get("/labelstudio/health").status_code == 403
    assert client.post("/labelstudio/wrong/predict", json=asked(a_task())).status_code == 403
    assert client.get("/").status_code == 401  # all else asks for the login


def test_setup_and_versions_name_the_models(client):
    setup = {"project": "1.2", "schema": CONFIG, "hostname": "http://studio", "access_token": "not ours"}
    assert told(client, "/setup", setup) == {"model_version": "Older"}
    assert client.get(f"/labelstudio/{SECRET}/versions").json == {"versions": ["Newer", "Older"]}


def test_each_task_is_answered_from_its_own_pixels(client):
    part = Region(5, 15, 35, 50)
    plain = {"id": 4, "data": {"image": "/data/upload/1/x.png"}}
    first, second, third = told(client, "/predict", asked(a_task(), a_task(part), plain))["results"]
    for found, seen in ((first, IMAGE[1]), (second, IMAGE[1][part.slices]), (third, IMAGE[0])):
        labels = painted(found["result"], {"dark": 1, "bright": 2}, seen.shape).labels
        np.testing.assert_array_equal(labels, np.where(seen > 2000, 2, 1))
        assert (found["score"], found["model_version"]) == (0.8, "Older")


def test_a_task_that_cannot_be_predicted_leaves_the_others(client):
    good, bad = told(client, "/predict", asked(a_task(), a_task(slice=99)))["results"]
    assert good["result"]
    assert bad["result"] == []
    answer = client.post(f"/labelstudio/{SECRET}/predict", json=asked(a_task(slice=99)))
    assert (answer.status_code, answer.json["error"]) == (404, "A task shows slice 99 of stack, which is not there.")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("keypoint", {"x": 50, "y": 50, "width": 1}),
        ("rectangle", {"x": 30, "y": 20, "width": 50, "height": 60}),
    ],
)
def test_what_somebody_points_at_comes_back_as_a_brush_region(client, kind, value):
    row = {"type": f"{kind}labels", "value": {**value, f"{kind}labels": ["Bright"]}, "is_positive": True}
    context = {"result": [{"original_width": 60, "original_height": 40, **row}]}
    (found,) = told(client, "/predict", asked(a_task(), context=context))["results"]
    (row,) = found["result"]
    mask = painted([row], {"bright": 1}, (40, 60)).labels > 0
    truth = IMAGE[1] > 0
    assert (mask & truth).sum() / (mask | truth).sum() > 0.9


@pytest.mark.parametrize("body", [{}, {"tasks": "x"}, {"tasks": [{}], "label_config": "<View"}, asked()])
def test_a_question_out_of_order_is_one_sentence_or_nothing(client, body):
    answer = client.post(f"/labelstudio/{SECRET}/predict", json=body)
    assert answer.status_code == 400 or answer.json == {"results": []}


def test_events_are_counted_and_unknown_ones_are_fine(client):
    told(client, "/webhook", {"action": "ANNOTATION_UPDATED", "project": {"id": 5}})
    told(client, "/webhook", {"action": "ANNOTATIONS_DELETED", "project": {"id": 5}})
    told(client, "/webhook", {"action": "WHATEVER", "project": {"id": 5}})
    assert client.get(f"/labelstudio/{SECRET}/health").json["changed"] == {"5": 2}


def submitted(action: str, value: int, *, project: int = 6, **more) -> dict:
    """The event of an annotation that gives all of slice 2 to a class."""
    result = regions_of(np.full((40, 60), value, np.uint8), CLASSES, read_config(CONFIG))
    annotation = {"id": 1, "task": 3, "result": result, "updated_at": "2026-01-01", **more}
    return {"action": action, "project": {"id": project}, "annotation": annotation, "task": a_task()}


def test_an_annotation_comes_in_at_once_where_that_is_switched_on(client, labels, monkeypatch):
    monkeypatch.setattr(Studio, "followed", {6})

    def brought() -> int:
        return client.get(f"/labelstudio/{SECRET}/health").json["brought"].get("6", 0)

    told(client, "/webhook", submitted("ANNOTATION_CREATED", 2, project=5))  # nobody has switched it on for that one
    told(client, "/webhook", submitted("ANNOTATION_CREATED", 2, was_cancelled=True))  # a task that was skipped
    told(client, "/webhook", submitted("ANNOTATION_CREATED", 1))
    wait_until(lambda: brought() == 1, "the import of one")
    assert set(np.unique(read_slice(labels, "stack", 1, (40, 60)))) == {1}
    several = submitted("ANNOTATIONS_CREATED", 2)
    told(client, "/webhook", several | {"annotation": [several["annotation"]], "task": [several["task"]]})
    told(client, "/webhook", {"action": "ANNOTATIONS_DELETED", "project": {"id": 6}, "annotations": [{"id": 1}]})
    wait_until(lambda: brought() == 2, "the import of another")
    assert set(np.unique(read_slice(labels, "stack", 1, (40, 60)))) == {2}
    assert not read_slice(labels, "stack", 0, (40, 60)).any()
    assert labels.history("stack", user="Label Studio").undo == 2


def test_choices_come_in_at_once_too_once_the_project_has_a_table(client, curation, monkeypatch):
    choices = '<Choices name="c" toName="image"><Choice value="good"/><Choice value="bad"/></Choices></View>'
    project = Project(8, "Quality", CONFIG.replace("</View>", choices), 1, "")
    monkeypatch.setattr(Studio, "followed", {8})
    monkeypatch.setattr(Studio, "project", lambda *_: project)
    table = table_id(project, "stack")
    curation.create(Table(table, "Quality", ("good", "bad"), 0, "anna", 0.0), [Item(0, "stack", 1)])
    made = {"type": "choices", "from_name": "c", "to_name": "image", "value": {"choices": ["bad"]}}
    event = submitted("ANNOTATION_UPDATED", 1, project=8)
    event["annotation"]["result"] = [made]
    told(client, "/webhook", event)
    wait_until(lambda: curation.rows(table)[0].values == {"good": 0, "bad": 1}, "the choice in the table")
