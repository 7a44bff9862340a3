"""The Chromium of this machine, the flags it needs to stay off the network, and one that can be killed."""

import shutil
import subprocess
import time
from pathlib import Path

START_S = 60.0  # a busy machine takes its time

CHROMIUM_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str:
    """Path of a Chromium or Chrome on PATH.

    Raises
    ------
    FileNotFoundError
        If there is none; the message says how to get one.
    """
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    raise FileNotFoundError("No Chromium on this machine. Install one, e.g. `apt-get install chromium` on Debian.")


class OwnChromium:
    """A Chromium with a profile that outlives it, started by us so that it can be killed like a crashing one."""

    def __init__(self, profile: Path) -> None:
        profile.mkdir(exist_ok=True)
        self._port_file = profile / "DevToolsActivePort"
        self._port_file.unlink(missing_ok=True)
        options = [*CHROMIUM_FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank"]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen([find_chromium(), *options], stdout=quiet, stderr=quiet)

    def address(self) -> str:
        """Where the debugging port is, once it is open."""
        deadline = time.monotonic() + START_S
        while not (self._port_file.exists() and self._port_file.read_text().count("\n")):
            assert time.monotonic() < deadline, "Chromium did not start"
            assert self._process.poll() is None, "Chromium ended at once"
            time.sleep(0.02)
        return f"http://127.0.0.1:{self._port_file.read_text().split()[0]}"

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL, at once."""
        self._process.kill()
        self._process.wait()
