"""What tests of several rooms share: real Tiled servers on free ports, with small files behind them."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scripts.local_stack import answers, end, wait_until
from scripts.local_stack import free_port as find_free_port
from tests.image_files import write_image_files
from tests.labelstudio_server import ENVIRONMENT, LabelStudioServer, labelstudio

ROOT = Path(__file__).resolve().parent.parent
KEY = "keyoftests"


@dataclass
class TiledServer:
    """A Tiled process; `stop` and `start` may alternate, on the same port."""

    command: list[str]
    port: int
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    key: str = KEY
    process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self, *nodes: str) -> None:
        """Return when the server lists `nodes`; it answers before that."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "TILED_PORT": str(self.port), **self.environment}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        for node in ("", *nodes):
            wait_until(lambda node=node: self.has(node), f"{node or 'an answer'} of Tiled (log: {self.log})")

    def has(self, node: str) -> bool:
        """Whether the server knows a node."""
        return answers(f"{self.uri}api/v1/metadata/{node}", key=self.key)

    def stop(self) -> None:
        if self.process is not None:
            end(self.process)
            self.process = None


ServeTiled = Callable[..., TiledServer]


@pytest.fixture
def free_port() -> int:
    """A TCP port nobody listens on at the moment."""
    return find_free_port()


@pytest.fixture(scope="session")
def serve_tiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeTiled]:
    """`serve_tiled(folder, "node", ...)` serves a folder with the user's own command and waits for the nodes."""
    servers: list[TiledServer] = []

    def serve(folder: Path, *nodes: str) -> TiledServer:
        log = tmp_path_factory.mktemp("tiled") / "server.log"
        command = ["bash", "tiled_serve_dir.sh", str(folder)]
        server = TiledServer(command, find_free_port(), log, {"DATA_TILED_API_KEY": KEY})
        servers.append(server)
        server.start(*nodes)
        return server

    yield serve
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def tiled_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of `tests/image_files.py`. Shared by the whole run: do not change them."""
    folder = tmp_path_factory.mktemp("images")
    write_image_files(folder)
    return folder


@pytest.fixture(scope="session")
def tiled_server(serve_tiled: ServeTiled, tiled_data_dir: Path) -> TiledServer:
    """A server of `tiled_data_dir`. Shared by the whole run: do not stop it."""
    return serve_tiled(tiled_data_dir, "folders/deep/scan", "tall")


@pytest.fixture(scope="session")
def writable_tiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TiledServer]:
    """An empty writable catalogue, as `scripts/serve_results.sh` starts it. Shared: write below a key of your own."""
    state = tmp_path_factory.mktemp("results")
    environment = {"MASK_TILED_API_KEY": KEY, "STATE_DIR": str(state)}
    command = ["bash", "scripts/serve_results.sh"]
    server = TiledServer(command, find_free_port(), state / "server.log", environment)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def studio_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    """A real Label Studio, where LABELSTUDIO_ENV names its environment; a test that stops it starts it again."""
    if not ENVIRONMENT.is_dir():
        pytest.skip("LABELSTUDIO_ENV names no environment of Label Studio")
    with labelstudio(tmp_path_factory.mktemp("labelstudio")) as server:
        yield server
