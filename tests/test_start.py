"""`bash scripts/start.sh FOLDER`, as a user runs it: everything comes up, and Ctrl-C takes everything down."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from scripts.local_stack import free_port, outer_environment, wait_until
from tests.image_files import write_image_files

pytestmark = pytest.mark.alone

ROOT = Path(__file__).resolve().parents[1]
FIRST_PAGE_S = 5.0  # from the line that says where the page is


@dataclass
class Started:
    """A running start.sh."""

    process: subprocess.Popen[str]
    ports: dict[str, int]
    lines: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['PORT']}/"

    def until(self, text: str) -> None:
        """Read what it prints up to a line with `text`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if text in line:
                return
        raise AssertionError(f"it ended without {text!r}:\n{''.join(self.lines)}")


def start(folder: Path, state: Path, **settings: str) -> Started:
    ports = {name: free_port() for name in ("PORT", "IMAGES_PORT", "RESULTS_PORT")}
    environment = (
        outer_environment() | {name: str(port) for name, port in ports.items()} | {"STATE_DIR": str(state)} | settings
    )
    process = subprocess.Popen(
        ["bash", "scripts/start.sh", str(folder)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return Started(process, ports, [])


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    write_image_files(folder)
    return folder


@pytest.fixture(scope="module")
def running(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    started = start(images, tmp_path_factory.mktemp("state"))
    try:
        started.until("Open http://")
        yield started
    finally:
        if started.process.poll() is None:
            os.killpg(started.process.pid, signal.SIGKILL)
        with started.process:  # closes the pipe
            pass


def listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def test_the_first_page_is_there_soon_after_the_address(running: Started):
    assert httpx.get(running.url, timeout=FIRST_PAGE_S).status_code == 200


def test_the_images_of_the_folder_can_be_opened(running: Started):
    with httpx.Client(base_url=running.url, timeout=30) as client:
        wait_until(lambda: client.get("api/img/dGFsbA/manifest").is_success, "the image `tall`")
        assert client.get("api/img/dGFsbA/manifest").json()["shape"] == [1, 1400, 600]


def test_a_taken_port_is_named_with_the_way_out(running: Started, images: Path, tmp_path: Path):
    outcome = subprocess.run(
        ["bash", "scripts/start.sh", str(images)],
        cwd=ROOT,
        env={**outer_environment(), "PORT": str(running.ports["PORT"]), "STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert outcome.returncode == 2
    assert f"Port {running.ports['PORT']} is taken" in outcome.stderr
    assert "PORT=<port>" in outcome.stderr


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path):
    outcome = subprocess.run(
        ["bash", "scripts/start.sh", str(tmp_path / "nowhere")], cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert outcome.returncode == 2
    assert "nowhere does not exist" in outcome.stderr


def test_ctrl_c_stops_all_that_was_started(running: Started):  # the last test of this file: it ends the server
    children = psutil.Process(running.process.pid).children(recursive=True)
    assert len(children) >= 3
    os.killpg(running.process.pid, signal.SIGINT)  # what a terminal sends
    running.process.wait(timeout=120)
    _, alive = psutil.wait_procs(children, timeout=240)
    assert alive == []
    assert not any(listens(port) for port in running.ports.values())
