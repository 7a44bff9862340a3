"""The page as a whole, then the features that open volumes, change classes and choose results."""

import json
import uuid
import zlib
from collections import Counter
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
from dash import Dash, html

from callbacks import access, create_app, moments
from callbacks.people import COOKIE
from components import exchange, ids, models, stores
from components.history import NOW
from components.page import page
from core.images.volumes import Listing, volume_id
from core.labels.moments import ADDED
from core.labels.store import Paint
from core.services import Services
from tests.callbacks.page_client import PageClient
from tests.tile_server import tile_server
from utils.images.tiled_volumes import TiledCatalog
from utils.labels.label_db import SqlLabelStore

VOLUME = {"path": "tall", "id": volume_id("tall")}
SHAPE = (1, 1400, 600)


@pytest.fixture
def services(tiled_server, tmp_path):
    catalog = TiledCatalog(tiled_server.uri, tiled_server.key)
    labels = SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    fields = {name: None for name in Services.__dataclass_fields__}
    own = {"volumes": catalog, "tiles": tile_server(catalog), "labels": labels, "current_user": lambda: "ann"}
    yield Services(**fields | own)
    labels.close()


@pytest.fixture
def app(services) -> Dash:
    guard = partial(access.guard, login=False, user_name="", password="")
    return create_app(services, assets_folder="assets", guard=guard)


@pytest.fixture
def client(app) -> PageClient:
    client = PageClient(app)
    client.client.set_cookie(COOKIE, "ann")
    return client


# The page


def ids_of(component) -> list[str]:
    """All ids below a component that are names, not patterns."""
    own = [component.id] if isinstance(getattr(component, "id", None), str) else []
    return own + [found for child in component._traverse() if isinstance(found := getattr(child, "id", None), str)]


def test_every_id_is_on_the_page_once():
    assert [name for name, count in Counter(ids_of(page())).items() if count > 1] == []


def test_callbacks_name_only_what_is_on_the_page(client):
    there = set(ids_of(page()))
    named = {each["id"] for found in client.dependencies for each in found["inputs"] + found["state"]}
    outputs = [name for found in client.dependencies for name in found["output"].strip(".").split("...")]
    named |= {name.rsplit(".", 1)[0] for name in outputs if "." in name}  # a callback without outputs has a hash
    assert {name for name in named if name and not name.startswith("{") and name not in there} == set()


def test_every_property_has_one_writer(client):
    written = [name for found in client.dependencies for name in found["output"].strip(".").split("...") if name]
    assert [name for name, count in Counter(written).items() if count > 1] == []


def test_a_hidden_place_asks_the_server_for_nothing(client):
    """Neither when the page loads nor when what the page knows changes, with each stroke for one."""
    hidden = set(ids_of(html.Div([models.place(), exchange.place()])))
    news = {f"{component}.{prop}" for component, prop in stores.FOLLOWED.values()}

    def asks(found) -> bool:
        inputs = {f"{each['id']}.{each['property']}" for each in found["inputs"]}
        return not found["prevent_initial_call"] or bool(inputs & news)

    def is_hidden(output: str) -> bool:
        return all(name.rsplit(".", 1)[0] in hidden for name in output.strip(".").split("..."))

    assert [found["output"] for found in client.dependencies if is_hidden(found["output"]) and asks(found)] == []


# Datasets


def test_the_address_opens_its_volume_and_slice(client):
    told = client.call(
        f"{stores.VOLUME}.data",
        {f"{ids.LOCATION}.search": "?volume=folders%2Fdeep%2Fscan&slice=3"},
        trigger="location.search",
    )
    assert told[stores.VOLUME]["data"] == {"path": "folders/deep/scan", "id": volume_id("folders/deep/scan")}
    assert told[ids.VIEWER] == {"volume": volume_id("folders/deep/scan"), "slice": 2}


def test_without_an_address_the_first_stack_opens(client, services):
    told = client.call(f"{stores.VOLUME}.data", {f"{ids.LOCATION}.search": ""}, trigger="location.search")
    stacks = [entry.path for entry in services.volumes.list_entries() if entry.info and entry.info.shape[0] > 1]
    assert told[stores.VOLUME]["data"]["path"] == stacks[0]


def test_an_address_of_the_open_volume_does_not_open_it_again(client):
    known = {f"{ids.LOCATION}.search": "?volume=tall&slice=1", f"{stores.VOLUME}.data": VOLUME}
    told = client.call(f"{stores.VOLUME}.data", known, trigger="location.search")
    assert stores.VOLUME not in told


def test_another_time_of_the_open_array_keeps_the_slice_unless_the_address_names_one(client):
    def go(search):
        known = {f"{ids.LOCATION}.search": search, f"{stores.VOLUME}.data": {"path": "movie", "id": volume_id("movie")}}
        return client.call(f"{stores.VOLUME}.data", known, trigger="location.search")[ids.VIEWER]

    assert go("?volume=movie%40t%3D2") == {"volume": volume_id("movie@t=2")}
    assert go("?volume=movie%40t%3D2&slice=4") == {"volume": volume_id("movie@t=2"), "slice": 3}
    assert go("?volume=tall") == {"volume": volume_id("tall"), "slice": 0}


def test_the_picker_lists_what_opens_and_says_why_the_rest_does_not(client, services):
    told = client.call(f"{stores.DATASETS}.data", {}, trigger=f"{ids.DATASET_BUTTON}.n_clicks")
    rows = {row["path"]: row for row in told[stores.DATASETS]["data"]["rows"]}
    for entry in services.volumes.list_entries():
        row = rows[entry.path]
        assert (row["id"] == entry.info.id) if entry.info else (row["reason"] == entry.reason)


def test_rows_come_before_the_list_is_whole_and_the_page_asks_for_the_rest(services):
    class Slow:
        """A catalog that finds its last volume while the page shows the first."""

        found = 0

        def listing(self, *, wait_s):
            self.found += 1
            entries = tuple(services.volumes.list_entries()[: self.found])
            return Listing(entries, is_complete=self.found == 2)

    guard = partial(access.guard, login=False, user_name="", password="")
    client = PageClient(create_app(replace(services, volumes=Slow()), assets_folder="assets", guard=guard))
    first = client.call(f"{stores.DATASETS}.data", {}, trigger=f"{ids.DATASET_BUTTON}.n_clicks")
    assert first[stores.DATASETS]["data"]["looking"] == 1
    assert (first[ids.DATASET_REFRESH]["disabled"], first[ids.DATASET_POLL]["disabled"]) == (True, False)
    rest = client.call(f"{stores.DATASETS}.data", {}, trigger=f"{ids.DATASET_POLL}.n_intervals")
    assert rest[stores.DATASETS]["data"]["looking"] is None
    assert (rest[ids.DATASET_REFRESH]["disabled"], rest[ids.DATASET_POLL]["disabled"]) == (False, True)


def test_a_page_keeps_as_many_tiles_as_the_setting_says(services):
    guard = partial(access.guard, login=False, user_name="", password="")
    app = create_app(services, assets_folder="assets", guard=guard, browser_cache_mb=96)
    assert '"tileCacheMb":96' in app.server.test_client().get("/_dash-layout").text


def test_the_picker_says_what_to_do_when_tiled_is_down(services, free_port):
    down = replace(services, volumes=TiledCatalog(f"http://127.0.0.1:{free_port}/", "key"))
    guard = partial(access.guard, login=False, user_name="", password="")
    client = PageClient(create_app(down, assets_folder="assets", guard=guard))
    told = client.call(f"{stores.DATASETS}.data", {}, trigger=f"{ids.DATASET_REFRESH}.n_clicks")
    assert "does not answer" in json.dumps(told)
    opened = client.call(f"{stores.VOLUME}.data", {f"{ids.LOCATION}.search": ""}, trigger="location.search")
    assert opened[stores.VOLUME]["data"] is None, "the page itself still opens"


# Results


def job(job_id, **facts):
    classes = [{"id": 1, "name": "pore", "color": "#E69F00", "visible": True}]
    return {
        "id": job_id,
        "name": job_id,
        "kind": "train",
        "volume": "tall",
        "state": "running",
        "slices_done": [0],
        "classes": classes,
    } | facts


def choose(client, jobs, **known):
    given = {f"{stores.VOLUME}.data": VOLUME, f"{stores.JOBS}.data": jobs, f"{ids.RESULT_SELECT}.options": [], **known}
    told = client.call(f"{ids.RESULT_SELECT}.value", given, trigger=f"{stores.JOBS}.data")
    return told.get(ids.RESULT_SELECT, {})


def test_only_results_of_this_volume_are_offered(client):
    told = choose(client, [job("new"), job("elsewhere", volume="other"), job("empty", state="failed", slices_done=[])])
    assert [option["value"] for option in told["options"]] == ["new"]
    assert told["value"] == "new"


def test_a_result_taken_off_the_image_stays_off(client):
    offered = [{"label": "old", "value": "old"}]
    told = choose(client, [job("old")], **{f"{ids.RESULT_SELECT}.options": offered})
    assert "value" not in told


def test_the_job_just_started_replaces_the_result_on_the_image(client):
    offered = [{"label": "old", "value": "old"}]
    known = {
        f"{ids.RESULT_SELECT}.options": offered,
        f"{ids.RESULT_SELECT}.value": "old",
        f"{stores.STARTED_JOB}.data": "new",
    }
    assert choose(client, [job("new"), job("old")], **known)["value"] == "new"


# History


def stroke(services, *span) -> int:
    edit = Paint(str(uuid.uuid4()), "tall", 0, 1, np.array([span], np.int32), "ann")
    return services.labels.paint(edit, shape=SHAPE).revision


def test_the_history_lists_edits_and_says_nothing_twice(client, services):
    stroke(services, 3, 0, 9)
    known = {f"{stores.VOLUME}.data": VOLUME}
    listed = partial(client.call, f"{ids.HISTORY_LIST}.children", trigger=f"{stores.HISTORY_STAMP}.data")
    told = listed(known)
    assert "Painted Class 1" in json.dumps(told[ids.HISTORY_LIST]["children"])
    assert told[ids.HISTORY_MORE]["hidden"] is True
    assert ids.HISTORY_LIST not in listed(known | {f"{stores.HISTORY_SHOWN}.data": told[stores.HISTORY_SHOWN]["data"]})


def test_a_moment_is_shown_compared_and_restored(client, services):
    first = stroke(services, 3, 0, 9)
    stroke(services, 4, 0, 5)
    shown, _ = look(client, {"revision": first, "against": None})
    assert (shown["id"], shown["edited"]) == (f"at/{first}", [0, 0])
    beside = {"revision": first, "against": NOW}
    shown, words = look(client, beside)
    difference = client.client.get(f"/api/{shown['root']}/z/0/0/0/0")
    assert zlib.decompress(difference.data)[4 * 512 : 4 * 512 + 6] == bytes([ADDED] * 5 + [0])
    assert (shown["slices"], shown["differing"], shown["edited"]) == ([0], [0], None)
    assert "5 added" in words
    assert "Class 1 +5. Slice 1 differs." in words
    restore(client, beside)
    assert services.labels.class_pixels("tall") == {1: 9}


def restore(client, moment):
    """Press Restore over a moment; the page goes back to now."""
    known = {f"{stores.VOLUME}.data": VOLUME, f"{stores.MOMENT}.data": moment, f"{ids.MOMENT_RESTORE}.n_clicks": 1}
    told = client.call(f"{stores.MOMENT}.data", known, trigger=f"{ids.MOMENT_RESTORE}.n_clicks")
    assert told[stores.MOMENT]["data"] is None


def look(client, moment):
    """What the viewer shows of a moment, and the banner's words as JSON."""
    known = {f"{stores.MOMENT}.data": moment, f"{stores.VOLUME}.data": VOLUME}
    told = client.call(f"{ids.VIEWER}.moment", known, trigger=f"{stores.MOMENT}.data")
    return told[ids.VIEWER]["moment"], json.dumps(told[ids.MOMENT_TEXT]["children"], ensure_ascii=False)


def test_any_two_moments_are_compared_in_the_order_chosen(client, services):
    revisions = [stroke(services, y, 0, 3) for y in range(3)]
    shown, words = look(client, {"revision": revisions[0] - 1, "against": revisions[0]})
    assert "the beginning" in words
    shown, words = look(client, {"revision": revisions[2], "against": revisions[0]})
    assert shown["root"].endswith(f"between/{revisions[2]}/{revisions[0]}")
    assert "6 removed" in words
    assert "No pixel differs." in look(client, {"revision": revisions[2], "against": revisions[2]})[1]


def test_a_difference_too_large_to_be_counted_at_once_tells_its_slices(client, services, monkeypatch):
    monkeypatch.setattr(moments, "COUNTED_TILES", 0)
    first = stroke(services, 3, 0, 9)
    stroke(services, 4, 0, 5)
    shown, words = look(client, {"revision": first, "against": NOW})
    assert shown["differing"] == [0]
    assert "too many to count" in words


def test_a_moment_has_its_tiles_and_an_edit_its_picture(client, services):
    first = stroke(services, 3, 0, 9)
    stroke(services, 3, 0, 20)
    tile = client.client.get(f"/api/labels/{VOLUME['id']}/at/{first}/z/0/0/0/0")
    assert zlib.decompress(tile.data).count(1) == 9
    picture = client.client.get(f"/api/labels/{VOLUME['id']}/thumbnails/{first}")
    pixels = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels.shape == (56, 56, 4)
    assert pixels[..., 3].any()
    assert client.client.get(f"/api/labels/{VOLUME['id']}/thumbnails/1").status_code == 404
