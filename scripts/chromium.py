"""The Chromium of this machine and the flags it needs to stay off the network."""

import shutil

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
