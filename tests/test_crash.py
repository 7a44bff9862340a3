"""kill -9 of the server, in the middle of writing: what was acknowledged is there afterwards, whole."""

import subprocess
import sys
import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest

from core.images.volumes import volume_id
from core.labels.slices import read_slice
from core.labels.spans import EditBody, encode_edit
from scripts.local_stack import answers, free_port, wait_until
from tests.label_server import PATH, SHAPE
from utils.label_db import SqlLabelStore

ROOT = Path(__file__).resolve().parents[1]
KILLS = 4
WRITERS = 3
STROKES_BEFORE = 25  # acknowledged, all writers together, before each kill


@dataclass
class Writers:
    """Threads that post strokes, each on rows of its own, until the server is gone."""

    url: str
    acknowledged: list[tuple[int, int]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, rows: range) -> None:
        with httpx.Client(base_url=self.url, timeout=10) as client:
            for y in rows:
                spans = np.array([[y, 0, SHAPE[2]]], np.int32)  # across two tiles: both or none
                body = encode_edit(EditBody(str(uuid.uuid4()), 0, 1 + y % 2, spans))
                try:
                    answer = client.post(f"/api/labels/{volume_id(PATH)}/edits", content=body)
                except httpx.HTTPError:
                    return
                assert answer.status_code == 200, answer.text
                with self.lock:
                    self.acknowledged.append((y, 1 + y % 2))


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


def test_no_acknowledged_stroke_is_lost_when_the_server_is_killed(database: str, tmp_path: Path):
    acknowledged: dict[int, int] = {}
    for attempt in range(KILLS):
        process, url = start(database, tmp_path / "server.log")
        writers = Writers(url)
        first = attempt * SHAPE[1] // KILLS
        rows = [range(first + n, first + SHAPE[1] // KILLS, WRITERS) for n in range(WRITERS)]
        threads = [threading.Thread(target=writers.write, args=(mine,)) for mine in rows]
        for thread in threads:
            thread.start()
        wait_until(lambda writers=writers: len(writers.acknowledged) >= STROKES_BEFORE, "enough strokes")
        process.kill()
        process.wait()
        for thread in threads:
            thread.join()
        acknowledged.update(writers.acknowledged)

    store = SqlLabelStore(database)
    pixels = read_slice(store, PATH, 0, SHAPE[1:])
    store.close()
    assert len(acknowledged) >= KILLS * STROKES_BEFORE
    for y, label in acknowledged.items():
        assert (pixels[y] == label).all(), f"row {y}"
    for y in set(range(SHAPE[1])) - set(acknowledged):
        assert len(set(pixels[y].tolist())) == 1, f"row {y} was written in one tile and not in the other"


def test_a_killed_server_leaves_a_database_that_can_be_written_and_undone(database: str, tmp_path: Path):
    process, url = start(database, tmp_path / "server.log")
    Writers(url).write(range(0, 5))
    process.kill()
    process.wait()
    process, url = start(database, tmp_path / "server.log")
    undone = httpx.post(f"{url}/api/labels/{volume_id(PATH)}/undo", json={"id": str(uuid.uuid4())}).json()
    process.kill()
    process.wait()
    assert undone["history"] == {"undo": 4, "redo": 1}
    assert undone["changed"] == [[0, 0, 0], [0, 1, 0]]
