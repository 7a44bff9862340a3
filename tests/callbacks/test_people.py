"""Who a browser's edits are by, through the page's callbacks and the label routes."""

import uuid
from functools import partial
from html import escape

import numpy as np
import pytest

from callbacks import access, create_app
from callbacks.people import COOKIE
from components import ids
from core.images.volumes import volume_id
from core.labels.spans import EditBody, encode_edit
from core.services import Services
from tests.callbacks.page_client import PageClient
from tests.label_server import PATH, OneVolume
from tests.tile_server import tile_server
from utils.labels.label_db import SqlLabelStore

ROOT = f"/api/labels/{volume_id(PATH)}"


@pytest.fixture
def app(tmp_path):
    labels = SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    fields = {name: None for name in Services.__dataclass_fields__}
    own = {"tiles": tile_server(OneVolume()), "labels": labels, "current_user": lambda: "site"}
    guard = partial(access.guard, login=False, user_name="", password="")
    yield create_app(Services(**fields | own), assets_folder="assets", guard=guard)
    labels.close()


def say(browser: PageClient, name: str) -> dict:
    known = {f"{ids.USER_NAME}.value": name}
    return browser.call(f"{ids.USER}.children", known, trigger=f"{ids.USER_SAVE}.n_clicks")


def author(browser: PageClient) -> str:
    return browser.client.get(f"{ROOT}/changes?since=0").json["author"]


def paint(browser: PageClient) -> None:
    body = encode_edit(EditBody(str(uuid.uuid4()), 0, 1, np.array([[1, 0, 9]], np.int32)))
    token = browser.client.get_cookie("_csrf_token").value
    answer = browser.client.post(f"{ROOT}/edits", data=body, headers={"X-CSRFToken": token})
    assert answer.status_code == 200


def test_a_new_browser_is_a_guest_and_keeps_its_number(app):
    browser, other = PageClient(app), PageClient(app)
    name = author(browser)
    assert name.startswith("Guest ")
    browser.client.get("/")
    assert author(browser) == name
    assert author(other) != name


def test_a_program_without_a_cookie_is_the_user_of_the_settings(app):
    assert app.server.test_client().get(f"{ROOT}/changes?since=0").json["author"] == "site"


def test_a_name_that_was_said_signs_the_edits_and_undo_stays_with_it(app):
    ann, ben = PageClient(app), PageClient(app)
    say(ann, "  Ann Größe ")
    say(ben, "Ben")
    assert author(ann) == "Ann Größe"
    paint(ann)
    undo = [browser.client.get(ROOT).json["history"]["undo"] for browser in (ann, ben)]
    assert undo == [1, 0]
    assert ann.client.get_cookie(COOKIE).http_only


def test_a_name_is_text_and_never_markup(app):
    name = "<img src=x>"
    answer = say(PageClient(app), name)
    assert answer[ids.USER]["children"]["props"]["title"] == f"You are {name}"
    assert escape(name) != name


@pytest.mark.parametrize("cookie", ["%00", "x" * 300, "%F0%28", ""])
def test_a_cookie_of_nonsense_is_nobody(app, cookie):
    client = app.server.test_client()
    client.set_cookie(COOKIE, cookie)
    assert client.get(f"{ROOT}/changes?since=0").json["author"] in ("site", "\ufffd(")


def test_people_see_who_else_is_there_and_at_which_slice(app):
    ann, ben = PageClient(app), PageClient(app)
    say(ann, "Ann")
    ann.client.get(f"{ROOT}/changes?since=0&tab=a&z=11")
    (visit,) = ben.client.get(f"{ROOT}/changes?since=0&tab=b&z=0").json["present"]
    assert (visit["name"], visit["z"]) == ("Ann", 11)
