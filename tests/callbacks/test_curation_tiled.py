"""Curate and Swipe over a real Tiled server: what is shown comes from it, and the files stay as they are."""

import hashlib
import io
import uuid
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scripts.local_stack import wait_until
from tests.curation_client import curation_client
from tests.image_files import ARRAYS
from utils.images.tiled_volumes import TiledCatalog

SCAN = "folders/deep/scan"


@pytest.fixture
def client(tmp_path, tiled_server):
    with curation_client(TiledCatalog(tiled_server.uri, tiled_server.key), tmp_path) as client:
        yield client


@pytest.fixture
def hashes(tiled_data_dir):
    """Compared after the test: whatever was labelled, the files are as they were."""

    def of_all() -> dict[str, str]:
        files = sorted(path for path in tiled_data_dir.rglob("*") if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = of_all()
    yield
    assert of_all() == before


def make(client, **source: Any) -> str:
    body = {"id": str(uuid.uuid4()), "name": "t", "classes": ["bright"]} | source
    answer = client.post("/api/curation", json=body)
    assert answer.status_code == 200, answer.json
    return answer.json["id"]


def shown(client, item: dict[str, Any]) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(client.get(f"{item['picture']}/2048").data)).convert("L"), float)


def test_curate_shows_tiles_of_a_volume_in_tiled_and_ranks_them_by_what_it_has_seen(client, hashes):
    pixels = ARRAYS["tall"]
    side = min(pixels.shape[1:3]) // 4
    table = make(client, kind="tiles", volume="tall", side_px=side)
    items = client.post(f"/api/curation/{table}/items", json={"numbers": [1, 6]}).json["items"]
    for item in items:
        y0, x0, y1, x1 = map(int, item["picture"].rsplit("/", 1)[1].split("."))
        part, picture = pixels[item["z"], y0:y1, x0:x1].astype(float), shown(client, item)
        assert picture.shape == part.shape
        assert np.corrcoef(picture.ravel(), part.ravel())[0, 1] > 0.9
    client.post(f"/api/curation/{table}/like", json={"items": [6]})
    wait_until(lambda: client.get(f"/api/curation/{table}/model").json["stage"] == "seen", "the embeddings")
    numbers = client.post(f"/api/curation/{table}/like", json={"items": [6]}).json["numbers"]
    assert numbers[0] == 6


def test_swipe_asks_about_images_of_a_folder_in_tiled_each_once(client, hashes):
    table = make(client, kind="folder", folder="folders")
    asked = {"owner": "tab", "queue": "", "count": 64}
    items = client.post(f"/api/swipe/{table}/lease", json=asked).json["items"]
    assert {item["volume"] for item in items} == {SCAN}
    for item in items:
        assert shown(client, item).size > 0
        verdict = {"id": str(uuid.uuid4()), "item": item["number"], "verdict": "accept", "seconds": 1.5}
        assert client.post(f"/api/swipe/{table}/decisions", json=asked | verdict).json["late"] is False
    progress = client.get(f"/api/swipe/{table}").json["progress"]
    assert (progress["accepted"], progress["open"], progress["people"]) == (len(items), 0, {"ann": len(items)})
