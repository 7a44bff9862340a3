"""The most memory that the app, Tiled and the browser take while something is measured."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psutil

EVERY_S = 0.3


class Peak:
    """Resident bytes by name (proportional set size), the largest seen."""

    def __init__(self, roots: Mapping[str, int]) -> None:
        self.bytes = dict.fromkeys((*roots, "browser"), 0)
        self._roots = roots

    def look(self) -> None:
        for name, pid in self._roots.items():
            self._note(name, sum(_resident(process) for process in _family(pid)))
        pages = [p for p in psutil.Process().children(recursive=True) if _is_page(p)]
        self._note("browser", max((_resident(page) for page in pages), default=0))

    def _note(self, name: str, resident: int) -> None:
        self.bytes[name] = max(self.bytes[name], resident)


@contextmanager
def watch_memory(roots: Mapping[str, int]) -> Iterator[Peak]:
    """Sample the processes of `roots` (name -> pid) with their children, and the browser's largest page."""
    peak, stop = Peak(roots), threading.Event()

    def sample() -> None:
        while not stop.wait(EVERY_S):
            peak.look()

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def _family(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _is_page(process: psutil.Process) -> bool:
    try:
        return "--type=renderer" in process.cmdline()
    except psutil.Error:
        return False


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)  # pages that processes share are counted once
    except psutil.Error:
        return 0
