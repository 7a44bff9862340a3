"""Eight people swipe while the server is killed in the middle: each image is answered once, and none is lost."""

import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from core.images.volumes import volume_id
from scripts.local_stack import answers, free_port, wait_until
from tests.swipe_server import PATH, TABLE
from utils.curation.curation_db import SqlCurationStore

ROOT = Path(__file__).resolve().parents[1]
PEOPLE, ITEMS, KILLS = 8, 200, 3


class Person:
    """Somebody with a browser of their own, who asks again until the server answers."""

    def __init__(self, url: str, number: int) -> None:
        self.client = httpx.Client(base_url=url, timeout=10)
        self.owner = f"tab{number}"
        self.acknowledged: list[int] = []

    def post(self, what: str, body: dict) -> dict:
        while True:
            try:
                headers = {"X-CSRFToken": self.client.cookies.get("_csrf_token", "")}
                answer = self.client.post(
                    f"/api/swipe/{TABLE}/{what}", json=body | {"owner": self.owner}, headers=headers
                )
            except httpx.TransportError:
                continue
            if answer.status_code != 403:  # which brings the token
                return answer.raise_for_status().json()

    def swipe(self) -> None:
        while items := self.post("lease", {"count": 4})["items"]:
            for item in items:
                body = {"id": str(uuid.uuid4()), "item": item["number"], "verdict": "accept", "seconds": 0.1}
                assert not self.post("decisions", body)["late"]
                self.acknowledged.append(item["number"])
        self.client.close()


@contextmanager
def mortal_server(database: str, log: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    port = free_port()
    command = [sys.executable, "-m", "tests.swipe_server", str(port), database]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with log.open("w") as errors:
        parent = subprocess.Popen(command, cwd=ROOT, stderr=errors, **pipes)
    yield f"http://127.0.0.1:{port}", parent
    parent.kill()
    parent.communicate()


def serve_once(parent: "subprocess.Popen[str]") -> int:
    """Let a new child serve; its process id."""
    parent.stdin.write("\n")
    return int(parent.stdout.readline())


def kill(child: int, parent: "subprocess.Popen[str]") -> None:
    subprocess.run(["kill", "-9", str(child)], check=True)
    assert parent.stdout.readline() == "gone\n"


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'labels.db'}"


def test_each_image_is_answered_exactly_once_while_the_server_is_killed(database: str, tmp_path: Path):
    with mortal_server(database, tmp_path / "server.log") as (url, parent):
        child = serve_once(parent)
        wait_until(lambda: answers(f"{url}/api/swipe/{TABLE}"), "the swipe server")
        picture = f"{url}/api/pictures/{volume_id(PATH)}/7/all/64"
        before = httpx.get(picture).content
        people = [Person(url, number) for number in range(PEOPLE)]
        threads = [threading.Thread(target=person.swipe) for person in people]
        for thread in threads:
            thread.start()
        store = SqlCurationStore(database)
        for part in range(1, KILLS + 1):
            wanted = part * ITEMS // (KILLS + 1)
            wait_until(lambda n=wanted: store.progress(TABLE, "").accepted >= n, f"{wanted} answers", every_s=0.02)
            kill(child, parent)
            child = serve_once(parent)
        for thread in threads:
            thread.join()
        assert Counter(item for person in people for item in person.acknowledged) == Counter(range(ITEMS))
        progress = store.progress(TABLE, "")
        store.close()
        assert (progress.accepted, sum(progress.people.values()), progress.leased) == (ITEMS, ITEMS, 0)
        assert httpx.get(picture).content == before, "originals are only read"
        kill(child, parent)
