"""The image routes as the browser asks them, with images of a real Tiled server behind them."""

import logging

import cv2
import dash
import numpy as np
import pytest
from flask import abort

from callbacks.http import errors, images
from core.errors import (
    AppError,
    InvalidInputError,
    NotFoundError,
    ParameterError,
    UnavailableError,
    UnsupportedImageError,
)
from core.images.intensity import decode
from core.images.tiles import Encoding
from core.images.volumes import volume_id
from core.services import Services
from tests.image_files import ARRAYS
from tests.tile_server import tile_server
from utils.images.tiled_volumes import TiledCatalog


@pytest.fixture(scope="module")
def client(tiled_server):
    catalog = TiledCatalog(tiled_server.uri, tiled_server.key)
    return client_of(tile_server(catalog, revalidate_s=60))


def client_of(tiles, **failures):
    """A client of an app that has the image routes, and one that fails for each of `failures`."""
    app = dash.Dash("images")
    app.layout = dash.html.Div()
    errors.register(app.server)
    images.register(app, services_with(tiles))
    for name, error in failures.items():
        app.server.add_url_rule(f"/api/{name}", name, raiser(error))
    app.server.add_url_rule("/page", "page", lambda: abort(418))
    return app.server.test_client()


def services_with(tiles) -> Services:
    """The routes reach nothing but `tiles`."""
    names = Services.__dataclass_fields__
    return Services(**{name: tiles if name == "tiles" else None for name in names})


def raiser(error):
    def fail():
        raise error

    return fail


def manifest_of(client, path):
    answer = client.get(f"/api/img/{volume_id(path)}/manifest")
    assert answer.status_code == 200, answer.json
    return answer


def test_the_manifest_says_what_the_contract_promises(client):
    answer = manifest_of(client, "tall")
    manifest = answer.json
    assert answer.headers["Cache-Control"] == "no-cache"
    assert set(manifest) == {
        "id", "path", "name", "shape", "channels", "dtype", "version", "voxel_size_um", "tile_px", "levels", "encoding",
        "window", "histogram", "histogram_range", "planes", "preview", "is_colour", "channel_names", "extra_axes",
        "channel_windows", "channel_colors", "axes", "base_path", "whole_planes",
    }  # fmt: skip
    assert manifest["levels"] == [[1400, 600], [700, 300], [350, 150]]
    assert (manifest["id"], manifest["path"], manifest["tile_px"]) == (volume_id("tall"), "tall", 512)
    assert manifest["encoding"] == {"dtype": "uint8", "lo": 0, "step": 1, "exact": True, "nan_code": None}
    assert len(manifest["histogram"]) == 256


def test_a_voxel_size_is_passed_on(client):
    assert manifest_of(client, "ome").json["voxel_size_um"] == [2, 0.5, 0.5]


@pytest.mark.parametrize("path", ARRAYS)
def test_tiles_decode_to_the_true_values_of_every_kind_of_image(client, path):
    manifest = manifest_of(client, path).json
    url = f"/api/img/{manifest['id']}/{manifest['version']}/z/0/0/0/0"
    answer = client.get(url)
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Set-Cookie" not in answer.headers
    encoding = Encoding(**manifest["encoding"])
    stored = np.frombuffer(answer.data, np.dtype(encoding.dtype).newbyteorder("<"))
    array = ARRAYS[path]
    channels = manifest["channels"]
    depth = manifest["shape"][0]
    first = array.reshape(depth, *manifest["shape"][1:], channels)[0, :512, :512].astype(float).ravel()
    values = decode(stored, encoding)
    finite = np.isfinite(first)
    np.testing.assert_array_equal(np.isnan(values), np.isnan(first))
    tolerance = 0 if encoding.exact else encoding.step
    assert np.abs(values - first)[finite].max() <= tolerance


def test_tiles_of_a_plane_come_together_as_they_come_alone(client):
    manifest = manifest_of(client, "tall").json
    plane = f"/api/img/{manifest['id']}/{manifest['version']}/z/0"
    places = ["2.0.0", "0.1.2", "1.0.1"]
    answer = client.get(f"{plane}/tiles/{','.join(places)}")
    alone = [client.get(f"{plane}/{place.replace('.', '/')}").data for place in places]
    assert np.frombuffer(answer.data[:12], "<u4").tolist() == [len(tile) for tile in alone]
    assert answer.data[12:] == b"".join(alone)
    assert answer.content_length == len(answer.data)
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("places", "status", "words"),
    [
        ("0.0", 400, "names no tile"),
        ("0.0.-1", 400, "names no tile"),
        (",".join(["0.0.0"] * 33), 400, "at most 32"),
        ("0.0.0,0.9.9", 404, ""),
    ],
)
def test_tiles_asked_for_together_are_refused_together(client, places, status, words):
    manifest = manifest_of(client, "tall").json
    answer = client.get(f"/api/img/{manifest['id']}/{manifest['version']}/z/0/tiles/{places}")
    assert answer.status_code == status
    assert words in answer.json["error"] + answer.json["hint"]


def test_edge_tiles_are_cropped(client):
    manifest = manifest_of(client, "tall").json
    base = f"/api/img/{manifest['id']}/{manifest['version']}/z/0"
    edge = client.get(f"{base}/0/1/2").data
    np.testing.assert_array_equal(np.frombuffer(edge, "u1").reshape(376, 88), ARRAYS["tall"][0, 1024:, 512:])
    assert len(client.get(f"{base}/2/0/0").data) == 350 * 150


def test_a_version_that_is_no_longer_current_is_not_found(client):
    answer = client.get(f"/api/img/{volume_id('tall')}/0123456789abcdef/z/0/0/0/0")
    assert answer.status_code == 404
    assert "changed" in answer.json["error"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("tail", ["z/1/0/0/0", "z/0/3/0/0", "z/0/0/2/0", "z/0/0/0/3"])
def test_tiles_outside_are_not_found(client, tail):
    manifest = manifest_of(client, "tall").json
    answer = client.get(f"/api/img/{manifest['id']}/{manifest['version']}/{tail}")
    assert answer.status_code == 404
    assert answer.json["error"]


@pytest.mark.parametrize(
    ("path", "place", "value", "text"),
    [
        ("floats", "0/0/0", None, "NaN"),
        ("floats", "0/0/1", None, "Inf"),
        ("double", "0/0/2", None, "-Inf"),
        ("floats", "1/3/4", float(str(ARRAYS["floats"][1, 3, 4])), str(ARRAYS["floats"][1, 3, 4])),
        ("wide", "5/69/89", int(ARRAYS["wide"][5, 69, 89]), str(ARRAYS["wide"][5, 69, 89])),
        ("rgb", "0/2/3", ARRAYS["rgb"][2, 3].tolist(), ", ".join(map(str, ARRAYS["rgb"][2, 3]))),
        ("int16", "0/0/0", int(ARRAYS["int16"][0, 0, 0]), str(ARRAYS["int16"][0, 0, 0])),
    ],
)
def test_the_true_value_of_a_voxel_is_told_in_number_and_text(client, path, place, value, text):
    answer = client.get(f"/api/img/{volume_id(path)}/value/{place}")
    assert answer.json == {"value": value, "text": text}
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("vid", ["nothing", "%FF", volume_id("nope"), volume_id("../../etc/passwd")])
def test_an_id_that_names_nothing_is_not_found(client, vid):
    answer = client.get(f"/api/img/{vid}/manifest")
    assert answer.status_code == 404
    assert set(answer.json) == {"error", "hint", "request_id"}


def test_an_image_that_cannot_be_shown_is_415_with_the_reason(client):
    answer = client.get(f"/api/img/{volume_id('complex')}/manifest")
    assert answer.status_code == 415
    assert "complex64" in answer.json["error"]


def test_a_server_that_is_down_is_503_with_the_way_out(free_port):
    catalog = TiledCatalog(f"http://127.0.0.1:{free_port}/", "secretkey")
    answer = client_of(tile_server(catalog)).get(f"/api/img/{volume_id('tall')}/manifest")
    assert answer.status_code == 503
    assert "DATA_TILED_URI" in answer.json["hint"]
    assert "secretkey" not in answer.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("a", "b"), 404),
        (InvalidInputError("a", "b"), 400),
        (ParameterError("a", "b"), 400),
        (UnsupportedImageError("a", "b"), 415),
        (UnavailableError("a", "b"), 503),
        (AppError("a", "b"), 500),
    ],
)
def test_each_error_has_its_status_and_its_own_words(error, status, caplog):
    with caplog.at_level(logging.INFO):
        answer = client_of(None, broken=error).get("/api/broken")
    assert (answer.status_code, answer.json["error"], answer.json["hint"]) == (status, "a", "b")
    assert answer.json["request_id"] in caplog.text


def test_a_failure_of_ours_shows_no_traceback_and_is_found_in_the_log(caplog):
    answer = client_of(None, broken=ValueError("secret detail")).get("/api/broken")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.json["request_id"] in caplog.text
    assert "secret detail" in caplog.text


def test_an_unknown_route_below_api_answers_json_and_others_a_page(client):
    assert client.get("/api/nothing").json["error"]
    refused = client.post(f"/api/img/{volume_id('tall')}/manifest")
    assert (refused.status_code, "GET" in refused.headers["Allow"]) == (405, True)
    assert client.get("/page").status_code == 418
    assert not client.get("/page").is_json


def test_a_preview_is_a_jpeg_near_the_exact_tile(client):
    manifest = manifest_of(client, "tall").json
    low, high = manifest["preview"]
    route = f"/api/img/{manifest['id']}/{manifest['version']}/z/0/0/0/0"
    preview, exact = client.get(f"{route}?preview"), client.get(route)
    assert preview.mimetype == "image/jpeg"
    assert "immutable" in preview.headers["Cache-Control"]
    grey = cv2.imdecode(np.frombuffer(preview.data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert grey.size == len(exact.data)
    assert low < high


def test_what_has_not_changed_is_not_sent_again(client):
    first = manifest_of(client, "tall")
    again = client.get(f"/api/img/{volume_id('tall')}/manifest", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_raw_tiles_travel_as_they_are_whatever_the_browser_would_unpack(client):
    manifest = manifest_of(client, "tall").json
    route = f"/api/img/{manifest['id']}/{manifest['version']}/z/0/0/0/0"
    answer = client.get(route, headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
    assert "Content-Encoding" not in answer.headers  # noise hardly shrinks, and packing takes longer than sending
    assert int(answer.headers["Content-Length"]) == len(answer.data) == 512 * 512


def test_progress_and_values_are_asked_for_again_and_sent_only_when_new(client):
    vid = volume_id("tall")
    for route in ("progress", "value/0/0/0"):
        first = client.get(f"/api/img/{vid}/{route}")
        again = client.get(f"/api/img/{vid}/{route}", headers={"If-None-Match": first.headers["ETag"]})
        assert (first.headers["Cache-Control"], again.status_code) == ("no-cache", 304)
