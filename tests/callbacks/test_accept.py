"""A result in a real Tiled becomes labels in a real database, through the page's callbacks."""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from callbacks import access, create_app
from callbacks.people import COOKIE
from components import ids, stores
from core.images.memory import ArrayVolume
from core.images.volumes import CatalogEntry, volume_id
from core.labels.classes import LabelClass
from core.labels.publishing import result_metadata
from core.labels.slices import read_slice
from core.labels.store import Paint
from core.labels.tools.regions import mask_of
from core.labels.tools.scene import Frame
from core.learning.jobs import JobKind, JobState, JobView
from core.services import Services
from tests.callbacks.page_client import PageClient
from tests.tile_server import tile_server
from utils.images.tiled_http import TiledAccess
from utils.images.tiled_masks import TiledResults
from utils.labels.label_db import SqlLabelStore

PATH = "stack"
SHAPE = (4, 600, 700)
TABLE = (LabelClass(5, "Class 2", "#E69F00"), LabelClass(6, "rim", "#009E73"))
DONE = (1, 2)
SOON_S = 120


@dataclass
class OneVolume:
    source: ArrayVolume = field(default_factory=lambda: ArrayVolume(np.zeros(SHAPE, np.uint8), PATH))

    def list_entries(self) -> list[CatalogEntry]:
        return [CatalogEntry(PATH, self.source.info)]

    def open(self, _path: str) -> ArrayVolume:
        return self.source


@dataclass
class OneJob:
    """The ledger of a job whose slices 1 and 2 are done."""

    view: JobView

    def job(self, _job_id: str) -> JobView:
        return self.view

    def jobs(self, _volume: str | None = None) -> list[JobView]:
        return [self.view]


@dataclass
class Page:
    """A browser of Ann before the page, with what is behind it."""

    client: PageClient
    services: Services
    job: str
    known: dict[str, Any] = field(default_factory=dict)

    def order(self, **choices: Any) -> dict[str, Any]:
        usual = {"classes": [5], "scope": "all", "confidence": 0, "options": [], "view": None, "z": 1}
        return {"id": str(uuid.uuid4()), "job": self.job} | usual | choices

    def ask(self, order: dict[str, Any], trigger: str = f"{stores.ACCEPT_ORDER}.data") -> dict[str, Any]:
        known = {f"{stores.ACCEPT_ORDER}.data": order}
        return self.client.call(f"{ids.ACCEPT_STATE}.children", known, trigger=trigger)

    def accept(self, order: dict[str, Any]) -> str:
        """Press, and follow until it is over; what the page says then."""
        deadline = time.monotonic() + SOON_S
        told = self.ask(order)
        while not told[stores.ACCEPT_TICK]["disabled"]:
            assert time.monotonic() < deadline
            told = self.ask(order, f"{stores.ACCEPT_TICK}.n_intervals")
        return str(told[ids.ACCEPT_STATE]["children"])

    def pixels(self, z: int) -> np.ndarray:
        return read_slice(self.services.labels, PATH, z, SHAPE[1:])


def predicted() -> tuple[np.ndarray, np.ndarray]:
    """Class 5 at the left, 6 at the right; less sure from top to bottom."""
    labels = np.full(SHAPE[1:], 5, np.uint8)
    labels[:, 400:] = 6
    confidence = np.repeat(np.linspace(255, 1, SHAPE[1]).astype(np.uint8)[:, None], SHAPE[2], axis=1)
    return labels, confidence


@pytest.fixture(scope="module")
def result(writable_tiled) -> tuple[TiledResults, str]:
    results, job = TiledResults(TiledAccess(writable_tiled.uri, writable_tiled.key, "SEG_TILED", 30)), uuid.uuid4().hex
    facts = {"data_uri": "", "mask_uri": "", "job_id": job, "model": "m", "job_name": "j", "classes": TABLE}
    writer = results.create(job, shape=SHAPE[1:], metadata=result_metadata(slices=[1, 2, 3], **facts))
    for z in DONE:
        writer.write_slice(z, *predicted())
    return results, job


@pytest.fixture
def page(result, tmp_path) -> Iterator[Page]:
    results, job = result
    labels = SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    facts = {"algorithm": "U-Net", "volume": PATH, "state": JobState.DONE, "slices_done": DONE, "classes": TABLE}
    fields = {name: None for name in Services.__dataclass_fields__}
    own = {"tiles": tile_server(OneVolume()), "labels": labels, "results": results, "current_user": lambda: "site"}
    services = Services(**fields | own | {"jobs": OneJob(JobView(job, JobKind.TRAIN, "mine", "ann", **facts))})
    guard = partial(access.guard, login=False, user_name="", password="")
    client = PageClient(create_app(services, assets_folder="assets", guard=guard))
    client.client.set_cookie(COOKIE, "Ann")
    yield Page(client, services, job)
    labels.close()


def test_a_class_of_all_slices_becomes_labels_of_the_class_of_its_name_as_one_step(page):
    labels, _ = predicted()
    assert "2 slices" in page.accept(page.order())
    for z in DONE:
        np.testing.assert_array_equal(page.pixels(z), np.where(labels == 5, 2, 0))
    assert not page.pixels(3).any()
    assert page.services.labels.history(PATH, user="Ann").undo == 1
    page.services.labels.undo(PATH, edit_id="u", user="Ann")
    assert not page.pixels(1).any()


def test_what_is_labelled_stays_unless_it_is_asked_for_and_locked_classes_stay_always(page):
    spans = np.array([[3, 0, 700]], np.int32)
    page.services.labels.paint(Paint("p", PATH, 1, 1, spans, "Ann"), shape=SHAPE)
    page.accept(page.order(scope="slice"))
    assert (page.pixels(1)[3] == 1).all()
    table = page.services.labels.classes(PATH)
    page.services.labels.set_classes(PATH, [replace(c, locked=c.id == 1) for c in table], user="Ann")
    page.accept(page.order(scope="slice", options=["over"]))
    assert (page.pixels(1)[3] == 1).all()
    page.services.labels.set_classes(PATH, table, user="Ann")
    page.accept(page.order(scope="slice", options=["over"]))
    assert (page.pixels(1)[3, :400] == 2).all()
    assert (page.pixels(1)[3, 400:] == 1).all()


def test_only_what_is_sure_and_in_view_is_taken(page):
    labels, confidence = predicted()
    page.accept(page.order(scope="slice", confidence=0.5, options=["view"], view=[100.5, -3.0, 900.0, 200.2]))
    expected = np.where((labels == 5) & (confidence >= 128), 2, 0)
    expected[:100] = 0
    expected[:, 200:] = 0
    np.testing.assert_array_equal(page.pixels(1), expected)


def test_the_same_order_twice_changes_nothing_more(page):
    order = page.order(scope="range", first=2, last=2)
    page.accept(order)
    revision = page.services.labels.revision(PATH)
    page.accept(order)
    page.services.labels.undo(PATH, edit_id="u", user="Ann")
    page.accept(order)
    assert page.services.labels.revision(PATH) == revision + 1
    assert not page.pixels(1).any()


def test_a_class_that_the_volume_lacks_is_named_and_can_be_added(page):
    order = page.order(classes=[5, 6], scope="slice")
    page.services.labels.set_classes(PATH, page.services.labels.classes(PATH), user="Ann")
    told = page.ask(order)
    assert "“rim”" in told[ids.ACCEPT_STATE]["children"]
    assert told[ids.ACCEPT_ADD]["hidden"] is False
    page.ask(order, f"{ids.ACCEPT_ADD}.n_clicks")
    assert page.services.labels.classes(PATH)[-1] == LabelClass(3, "rim", "#009E73")
    page.accept(order)
    assert set(np.unique(page.pixels(1))) == {2, 3}


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"scope": "slice", "z": 3}, "holds none"),
        ({"classes": []}, "ticked"),
        ({"scope": "range", "first": 3, "last": 9}, "no range"),
        ({"options": ["view"]}, "XY plane"),
        ({"id": "x"}, "UUID"),
    ],
)
def test_an_order_that_cannot_be_says_why(page, choices, words):
    assert words in page.accept(page.order(**choices))


def take(page: Page, **question: Any) -> Any:
    """Ask what a click or an area takes; the answer of the server."""
    options = {"job": page.job, "classes": [5], "least": 0} | question.pop("options", {})
    body = {"axis": "z", "index": 1, "box": [0, 0, 600, 700], "points": [], "label": 0, "options": options} | question
    headers = {"X-CSRFToken": page.client.client.get_cookie("_csrf_token").value}
    return page.client.client.post(f"/api/tools/{volume_id(PATH)}/accept", json=body, headers=headers)


def test_a_click_takes_a_piece_as_sure_as_asked_for_and_an_area_what_lies_inside(page):
    labels, confidence = predicted()
    (part,) = take(page, points=[[10.5, 20.5]], options={"least": 128}).json["parts"]
    assert part["label"] == 2, "the volume's class of the same name"
    expected = (labels == 5) & (confidence >= 128)
    np.testing.assert_array_equal(mask_of(np.array(part["spans"]), Frame(0, 0, *SHAPE[1:])), expected)
    (area,) = take(page, spans=[[7, 390, 500]]).json["parts"]
    assert area == {"label": 2, "spans": [[7, 390, 400]]}


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"index": 3, "points": [[1, 1]]}, "does not hold slice 4"),
        ({"points": [[1, 1]], "options": {"classes": [6]}}, "no class “rim”"),
        ({}, "pointed at"),
    ],
)
def test_what_cannot_be_taken_says_why(page, question, words):
    answer = take(page, **question)
    assert answer.status_code in (400, 404)
    assert words in answer.json["error"]


@pytest.mark.parametrize(("axis", "point"), [("y", [1.5, 20.5]), ("x", [20.5, 2.5])])
@pytest.mark.parametrize("least", [0, 100, 200])
def test_on_a_plane_across_the_slices_a_click_takes_what_hangs_together_there(page, axis, point, least):
    labels, confidence = predicted()
    expected = np.zeros(SHAPE, bool)
    expected[list(DONE)] = (labels == 5) & (confidence >= least)  # slice 3 is to come
    plane = expected[:, 300] if axis == "y" else expected[:, :, 300].T
    parts = take(page, axis=axis, index=300, points=[point], options={"least": least}).json["parts"]
    spans = np.array([span for part in parts for span in part["spans"]], np.int32).reshape(-1, 3)
    np.testing.assert_array_equal(mask_of(spans, Frame(0, 0, *plane.shape)), plane)


def test_a_review_reads_the_slices_that_are_there_and_lists_the_least_sure_first(page):
    url, deadline = f"/api/results/{page.job}/review?by=pieces&classes=5,6&least=10", time.monotonic() + SOON_S
    while (told := page.client.client.get(url).json)["state"] != "ready":
        assert told["state"] == "reading"
        assert time.monotonic() < deadline
    items = [dict(zip(told["columns"], row, strict=True)) for row in told["items"]]
    assert [(item["z"], item["label"]) for item in items] == [(1, 5), (1, 6), (2, 5), (2, 6)]
    assert items[1]["area"] == 600 * 300
    assert items[1]["confidence"] == pytest.approx(predicted()[1].mean())
    assert (told["found"], told["done"], told["total"]) == (4, 2, 2)
    assert "pieces or slices" in page.client.client.get(url.replace("pieces", "voxels")).json["error"]
