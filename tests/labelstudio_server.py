"""A real Label Studio for tests, from an environment of its own (`requirements-labelstudio.txt`).

LABELSTUDIO_ENV names that environment; without it, `.labelstudio-env` beside the project. The first start makes the
database, which takes a minute and a half, so it is kept and each server begins with a copy.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from scripts.local_stack import end, free_port, wait_until
from tests.templates import begin_with, keep

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = Path(os.environ.get("LABELSTUDIO_ENV", ROOT / ".labelstudio-env"))
TOKEN = "0123456789abcdef0123456789abcdef01234567"
LOGIN = ("anna@example.com", "correct-horse")
PATIENCE_S = 600.0


@dataclass
class LabelStudioServer:
    """A Label Studio process; `stop` and `start` may alternate, on the same port."""

    data: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None
    _personal: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Return when it answers."""
        environment = {
            **os.environ,
            "ML_BLOCK_LOCAL_IP": "false",
            "SSRF_PROTECTION_ENABLED": "false",
            "COLLECT_ANALYTICS": "false",
            "LATEST_VERSION_CHECK": "false",
            "LABEL_STUDIO_BASE_DATA_DIR": str(self.data),
        }
        command = [str(ENVIRONMENT / "bin" / "label-studio"), "start", "--no-browser", "--port", str(self.port)]
        command += ["--data-dir", str(self.data), "--username", LOGIN[0], "--password", LOGIN[1]]
        command += ["--user-token", TOKEN, "--enable-legacy-api-token"]
        with (self.data / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.data, env=environment, stdout=log, stderr=log)
        wait_until(self._answers, f"an answer of Label Studio (log: {self.data / 'server.log'})", deadline_s=PATIENCE_S)

    def stop(self) -> None:
        if self.process is not None:
            end(self.process)
            self.process = None

    def personal_token(self) -> str:
        """The personal access token of its only user, who may have one."""
        if not self._personal:
            self._post("/api/jwt/settings", {"api_tokens_enabled": True, "legacy_api_tokens_enabled": True})
            self._personal = str(self._post("/api/token/", {})["token"])
        return self._personal

    def _post(self, path: str, body: dict[str, object]) -> dict[str, object]:
        headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
        with urlopen(Request(self.url + path, json.dumps(body).encode(), headers)) as answer:
            return json.loads(answer.read() or b"{}")

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/health", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


@contextmanager
def labelstudio(folder: Path) -> Iterator[LabelStudioServer]:
    """A server with an empty database in `folder`."""
    begin_with(ENVIRONMENT, folder)
    server = LabelStudioServer(folder, free_port())
    try:
        server.start()
        yield server
    finally:
        server.stop()


if __name__ == "__main__":
    keep(ENVIRONMENT, labelstudio)
