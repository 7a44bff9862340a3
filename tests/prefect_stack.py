"""A real Prefect for tests, from an environment of its own (`requirements-prefect.txt`): a server, and its workers.

PREFECT_ENV names that environment; without it, `.prefect-env` beside the project. The first start makes the database,
which takes a minute, so it is kept and each server begins with a copy.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from scripts.local_stack import free_port, wait_until
from tests.templates import begin_with, keep
from utils.jobs.prefect_dispatch import DEPLOYMENTS

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = Path(os.environ.get("PREFECT_ENV", ROOT / ".prefect-env"))
PREFECT = str(ENVIRONMENT / "bin" / "prefect")
PATIENCE_S = 300.0
QUIET = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "PREFECT_LOGGING_LEVEL": "INFO"}


@dataclass
class PrefectStack:
    """A server and workers; `stop` and `start` of the server may alternate, on the same port."""

    folder: Path
    port: int
    server: "subprocess.Popen[bytes] | None" = None
    workers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def begin(self) -> None:
        """Start the server; `wait` for it before anything else."""
        command = [PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        self.server = self._begin("server", command)

    def wait(self) -> None:
        """Return when the server answers."""
        wait_until(self._answers, f"an answer of Prefect (log: {self.folder}/server.log)", deadline_s=PATIENCE_S)

    def wait_for_flows(self) -> None:
        """Return when a worker has deployed what the app asks for."""
        wait_until(self._has_flows, f"our flows in Prefect (log: {self.folder}/worker0.log)", deadline_s=PATIENCE_S)

    def deploy(self, file: Path) -> None:
        """Deploy what a file says."""
        self.command("--no-prompt", "deploy", "--all", "--prefect-file", str(file))

    def command(self, *arguments: str) -> None:
        with (self.folder / "commands.log").open("ab") as log:
            subprocess.run(
                [PREFECT, *arguments], cwd=ROOT, env=self._environment({}), stdout=log, stderr=log, check=True
            )

    def add_worker(self, environment: Mapping[str, str]) -> None:
        """A worker that does one flow run at a time, sooner or later."""
        name = f"worker{len(self.workers)}"
        path = f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}"
        command = ["bash", str(ROOT / "scripts" / "prefect_worker.sh"), "--name", name]
        self.workers.append(self._begin(name, command, environment={**environment, "PATH": path}))

    def stop_server(self) -> None:
        if self.server is not None:
            _end(self.server, signal.SIGINT)
            self.server = None

    def stop(self) -> None:
        for worker in self.workers:
            for process in reversed(machine(worker)):  # flow runs are in sessions of their own
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            worker.wait()
        self.stop_server()

    def _begin(
        self, name: str, command: Sequence[str], *, environment: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environment(environment or {}),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _environment(self, own: Mapping[str, str]) -> dict[str, str]:
        given = {name: value for name, value in {**os.environ, **own}.items() if not name.startswith("PREFECT_")}
        here = {"PREFECT_HOME": str(self.folder), "PREFECT_API_URL": self.url, "PROJECT": str(ROOT)}
        return {**given, **QUIET, **here}

    def _has_flows(self) -> bool:
        names = [f"{self.url}/deployments/name/{name}" for name in DEPLOYMENTS.values()]
        return all(httpx.get(name, timeout=60).is_success for name in names)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=5).is_success
        except httpx.HTTPError:
            return False


def machine(worker: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """A worker of Prefect, its flow run, and our worker in that; empty when it is gone."""
    if worker.poll() is not None:
        return []
    process = psutil.Process(worker.pid)
    return [process, *process.children(recursive=True)]


def _end(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """End a process and all it started; they are in a session of their own."""
    if process.poll() is None:
        os.killpg(process.pid, number)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def prefect_stack(folder: Path) -> Iterator[PrefectStack]:
    """A server with an empty database in `folder`, that has begun to start, and no workers yet."""
    begin_with(ENVIRONMENT, folder)
    stack = PrefectStack(folder, free_port())
    try:
        stack.begin()
        yield stack
    finally:
        stack.stop()


@contextmanager
def _started(folder: Path) -> Iterator[PrefectStack]:
    with prefect_stack(folder) as stack:
        stack.wait()
        yield stack


if __name__ == "__main__":
    keep(ENVIRONMENT, _started)
