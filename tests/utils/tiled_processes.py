"""Real Tiled servers, started with the scripts people use."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from scripts.local_stack import ROOT, answers, free_port, wait_until

KEY = "testkey"


@dataclass(frozen=True)
class TiledProcess:
    """A server; `pid` is that of the server itself, as the scripts replace themselves by it."""

    url: str
    pid: int
    client: httpx.Client

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        return self.client.get(f"{self.url}api/v1/{path}", params=parameters)

    def keys(self, path: str) -> list[str]:
        parameters = {"page[limit]": "300", "omit_links": "true"}
        return [row["id"] for row in self.get(f"search/{path}", **parameters).json()["data"]]

    def attributes(self, path: str) -> dict[str, Any]:
        return self.get(f"metadata/{path}").json()["data"]["attributes"]

    def read(self, path: str, picked: str, dtype: Any) -> np.ndarray:
        answer = self.get(f"array/full/{path}", slice=picked, format="application/octet-stream")
        assert answer.is_success, answer.text
        return np.frombuffer(answer.content, dtype)


@contextmanager
def tiled_process(command: list[str], log: Path, **environment: str) -> Iterator[TiledProcess]:
    """Run a serving script on a free port until the block ends."""
    port = free_port()
    variables = {**os.environ, "DATA_TILED_API_KEY": KEY, "MASK_TILED_API_KEY": KEY, "TILED_PORT": str(port)}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=log.parent, env={**variables, **environment}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        url = f"http://127.0.0.1:{port}/"
        wait_until(lambda: process.poll() is not None or answers(f"{url}api/v1/metadata/", key=KEY), "Tiled's answer")
        assert process.poll() is None, log.read_text()
        headers = {"Authorization": f"Apikey {KEY}", "Accept-Encoding": "identity"}
        with httpx.Client(headers=headers, timeout=60) as client:
            yield TiledProcess(url, process.pid, client)
    finally:
        process.terminate()
        process.wait(timeout=30)


def serve_folder(folder: Path, log: Path, **environment: str) -> Any:
    return tiled_process(["bash", str(ROOT / "tiled_serve_dir.sh"), str(folder)], log, **environment)


def serve_results(state: Path, log: Path) -> Any:
    return tiled_process(["bash", str(ROOT / "scripts" / "serve_results.sh")], log, STATE_DIR=str(state))


def run_script(script: str, *arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script that is expected to end by itself."""
    command = ["bash", str(ROOT / script), *arguments]
    return subprocess.run(command, env=dict(environment), capture_output=True, text=True, timeout=60, check=False)
