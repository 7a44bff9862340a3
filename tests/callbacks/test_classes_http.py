"""The class table as the page's list asks for it, over a real label database."""

from types import SimpleNamespace

import numpy as np
import pytest

from callbacks.http import classes
from core.images.volumes import volume_id
from core.labels.store import Paint
from tests.feature_client import feature_client

PATH = "folder/stack"
URL = f"/api/labels/{volume_id(PATH)}/classes"


@pytest.fixture
def client(store):
    return feature_client(classes, SimpleNamespace(), store)


def post(client, wish):
    return client.post(URL, json=wish, headers={"X-CSRFToken": client.get_cookie("_csrf_token").value})


def names(answer) -> list[str]:
    return [row["name"] for row in answer.json["classes"]]


def test_a_volume_that_nobody_has_touched_has_the_first_classes(client):
    assert names(client.get(URL)) == ["Class 1", "Class 2"]


def test_adding_a_class_is_answered_with_the_table(client, store):
    added = post(client, {"action": "add"})
    assert names(added) == [row.name for row in store.classes(PATH)] == ["Class 1", "Class 2", "Class 3"]


@pytest.mark.parametrize(
    ("action", "value"), [("name", "pore"), ("color", "#123456"), ("visible", False), ("locked", True)]
)
def test_a_wish_that_comes_twice_is_done_once(client, store, action, value):
    for _ in range(2):
        assert post(client, {"action": action, "class": 2, "value": value}).status_code == 200
    assert getattr(store.classes(PATH)[1], action) == value


def test_deleting_a_class_erases_its_pixels_and_undo_brings_them_back(client, store):
    store.paint(Paint("e1", PATH, 0, 2, np.array([[5, 0, 9]], np.int32), "ann"), shape=(1, 20, 20))
    assert names(post(client, {"action": "delete", "class": 2})) == ["Class 1"]
    assert store.class_pixels(PATH) == {}
    store.undo(PATH, edit_id="u1", user="ann")
    assert store.class_pixels(PATH) == {2: 9}
    assert names(client.get(URL)) == ["Class 1", "Class 2"]


@pytest.mark.parametrize(
    ("wish", "status", "words"),
    [
        ({"action": "name", "class": 2, "value": "Class 1"}, 400, "used twice"),
        ({"action": "visible", "class": 2, "value": "no"}, 400, "true or false"),
        ({"action": "locked", "class": 9, "value": True}, 404, "does not exist"),
        ({"action": "paint", "class": 2}, 400, "nothing to do"),
        ([], 400, "JSON object"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_changes_nothing(client, store, wish, status, words):
    before = store.classes(PATH)
    answer = post(client, wish)
    assert answer.status_code == status
    assert words in answer.json["error"] + answer.json["hint"]
    assert store.classes(PATH) == before
