"""Tiled, a results server and the app on free ports, in a folder of one's own.

The browser tests and `scripts/benchmark.py viewer` run the page with its real parts through this; people use
`scripts/start.sh`.
"""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from utils.settings import ROOT, Settings

KEY = "localstackkey"
START_DEADLINE_S = 240.0  # Tiled imports for 4 s on an idle machine and for minutes on one with far too much to do
END_DEADLINE_S = 20.0  # between asking a process to end and killing it


def free_port() -> int:
    """A TCP port nobody listens on, below those that systems give to connections: nobody takes it before a server."""
    for port in random.SystemRandom().sample(range(12_000, 32_000), 100):
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("No free port between 12000 and 32000.")


def outer_environment() -> dict[str, str]:
    """What this process was given, without any setting of the app."""
    return {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}


def wait_until(
    ready: Callable[[], bool], what: str, *, deadline_s: float = START_DEADLINE_S, every_s: float = 0.1
) -> None:
    """Poll `ready`; raise TimeoutError naming `what` when the time is up."""
    end = time.monotonic() + deadline_s
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {deadline_s:.0f} s")
        time.sleep(every_s)


def answers(url: str, *, key: str = "") -> bool:
    """True when a GET of `url` succeeds."""
    headers = {"Authorization": f"Apikey {key}"} if key else {}
    try:
        return httpx.get(url, headers=headers, timeout=5).is_success
    except httpx.HTTPError:
        return False


def end(*processes: "subprocess.Popen[Any]") -> None:
    """Ask processes to end; those that do not are killed."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + END_DEADLINE_S
    for process in processes:
        try:
            process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class LocalStack:
    """The running parts; `start_app` and `kill_app` may be called again to see what survives."""

    environment: dict[str, str]
    state: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['PORT']}/"

    def start(self, name: str, command: list[str], **extra: str) -> None:
        with (self.state / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=ROOT, env={**self.environment, **extra}, stdout=log, stderr=subprocess.STDOUT
            )

    def start_app(self) -> None:
        self.start("app", [sys.executable, "app.py"])
        wait_until(lambda: answers(self.url), "the app's first page")

    def kill_app(self) -> None:
        """kill -9, workers included: what a crash looks like."""
        app = self.processes["app"]
        workers = psutil.Process(app.pid).children()
        for process in (app, *workers):
            process.kill()
        app.wait()
        psutil.wait_procs(workers)

    def stop(self) -> None:
        end(*self.processes.values())


def stack_environment(state: Path, **settings: str) -> dict[str, str]:
    """The environment of every part, on free ports, with its state in `state`."""
    ports = {name: str(free_port()) for name in ("data", "results", "app")}
    return {
        **outer_environment(),
        "DATA_TILED_URI": f"http://127.0.0.1:{ports['data']}/",
        "MASK_TILED_URI": f"http://127.0.0.1:{ports['results']}/",
        "SEG_TILED_URI": f"http://127.0.0.1:{ports['results']}/",
        "DATA_TILED_API_KEY": KEY,
        "MASK_TILED_API_KEY": KEY,
        "SEG_TILED_API_KEY": KEY,
        "PORT": ports["app"],
        "STATE_DIR": str(state),
        "DASH_DEPLOYMENT_LOC": "Local",
        "JOB_SPARE": "false",  # one that nobody waits for takes the cores from what is tested or measured
        **settings,
    }


@contextmanager
def local_stack(
    data: Path, state: Path, *, nodes: tuple[str, ...], settings: Mapping[str, str] | None = None
) -> Iterator[LocalStack]:
    """Serve `data`, register the algorithms and run the app until the block ends.

    nodes : paths below the data root that must be listed before the app starts; Tiled answers before its walk ends.
    """
    state.mkdir(parents=True, exist_ok=True)
    stack = LocalStack(stack_environment(state, **(settings or {})), state)
    environment = stack.environment
    data_uri, results_uri = environment["DATA_TILED_URI"], environment["MASK_TILED_URI"]
    try:
        stack.start("tiled", ["bash", "tiled_serve_dir.sh", str(data)], TILED_PORT=port_of(data_uri))
        stack.start("results", ["bash", "scripts/serve_results.sh"], TILED_PORT=port_of(results_uri))
        register = [sys.executable, "-m", "scripts.save_mlflow_algorithm"]
        subprocess.run(register, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        for node in nodes:
            url = f"{data_uri}api/v1/metadata/{node}"
            wait_until(lambda url=url: answers(url, key=KEY), f"{node} in Tiled")  # type: ignore[misc]
        wait_until(lambda: answers(f"{results_uri}api/v1/metadata/", key=KEY), "the results server's answer")
        stack.start_app()
        yield stack
    finally:
        stack.stop()


def port_of(uri: str) -> str:
    return str(httpx.URL(uri).port)
