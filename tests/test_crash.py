"""kill -9 of the server, in the middle of writing: what was acknowledged is there afterwards, whole."""

import subprocess
import sys
import uuid
from pathlib import Path

import httpx
import numpy as np
import pytest

from core.images.volumes import volume_id
from core.labels.spans import EditBody, encode_edit
from scripts.benchmarks.chaos import Storm, survive
from scripts.local_stack import answers, free_port, wait_until
from tests.label_server import PATH, SHAPE

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'labels.db'}"


def start(database: str, log: Path) -> tuple[subprocess.Popen[bytes], str]:
    port = free_port()
    with log.open("ab") as output:
        command = [sys.executable, "-m", "tests.label_server", str(port), database]
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(f"{url}/api/labels/{volume_id(PATH)}"), f"the label server (log: {log})")
    return process, url


def paint_rows(url: str, rows: range) -> None:
    for y in rows:
        spans = np.array([[y, 0, SHAPE[2]]], np.int32)  # across two tiles
        body = encode_edit(EditBody(str(uuid.uuid4()), 0, 1, spans))
        httpx.post(f"{url}/api/labels/{volume_id(PATH)}/edits", content=body).raise_for_status()


def test_a_killed_server_leaves_a_database_that_can_be_written_and_undone(database: str, tmp_path: Path):
    process, url = start(database, tmp_path / "server.log")
    paint_rows(url, range(5))
    process.kill()
    process.wait()
    process, url = start(database, tmp_path / "server.log")
    undone = httpx.post(f"{url}/api/labels/{volume_id(PATH)}/undo", json={"id": str(uuid.uuid4())}).json()
    process.kill()
    process.wait()
    assert undone["history"] == {"undo": 4, "redo": 1}
    assert undone["changed"] == [[0, 0, 0], [0, 1, 0]]


@pytest.mark.browser
def test_people_lose_no_pixel_while_server_and_browser_are_killed(database: str, tmp_path: Path):
    verdict = survive(Storm(kills=6, browsers=1, clients=3, seed=4), tmp_path, database)
    assert verdict.kills["server"] >= 1
    assert verdict.acknowledged > 20
    assert verdict.is_clean, "\n".join(verdict.lines())
