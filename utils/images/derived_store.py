"""Overviews and bricks on the disk: made in the background, resumed after a restart, bounded in bytes.

Each recipe of each version of a volume has a folder with one sparse file an array (numpy's .npy format) and `done.npy`,
a flag a step that is set after the step's pages are on the disk. Arrays are mapped only while a tile is cut, so what
has been looked at does not count as the program's memory. One thread works, on what was asked for last.
"""

import hashlib
import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from core.errors import AppError, UnavailableError
from core.images.derived import Progress, Recipe
from core.images.volumes import VolumeInfo, VolumeSource
from utils.courtesy import CourteousSource, Courtesy

log = logging.getLogger(__name__)

SPARE_BYTES = 2 << 30  # left free on the disk
RETRY_S = 5.0  # while the source does not answer

State = Literal["waiting", "building", "ready", "refused", "failed"]


class DerivedFolder:
    """What one recipe has made."""

    def __init__(self, folder: Path, recipe: Recipe, source: VolumeSource) -> None:
        self.folder, self.recipe, self.source = folder, recipe, source
        self.state: State = "waiting"
        self.reason = ""
        self._done = np.zeros(recipe.steps, bool)
        self._started: tuple[float, int] | None = None  # when this process began, and how much was done then

    @property
    def progress(self) -> Progress:
        done = int(self._done.sum())
        return Progress(self.recipe.what, self.state, done, self._done.size, self._seconds_left(done), self.reason)

    def has(self, steps: Sequence[int]) -> bool:
        return bool(self._done[list(steps)].all())

    def read(self, name: str, pick: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[Any]:
        return np.array(pick(np.load(self._file(name), mmap_mode="r")))

    @property
    def missing(self) -> list[int]:
        return [int(step) for step in np.flatnonzero(~self._done)]

    @property
    def nbytes(self) -> int:
        return sum(spec.nbytes for spec in self.recipe.arrays.values())

    def prepare(self) -> None:
        """Make the files that are not there; believe what an earlier process has finished."""
        self.folder.mkdir(parents=True, exist_ok=True)
        info = self.recipe.info
        (self.folder / "made_of.json").write_text(json.dumps({"path": info.path, "version": info.version}))
        for name, spec in self.recipe.arrays.items():
            if not self._file(name).exists():
                open_memmap(self._file(name), mode="w+", dtype=spec.dtype, shape=spec.shape)
        if self._file("done").exists():
            self._done[:] = np.load(self._file("done"))
        self.state = "waiting" if self.missing else "ready"

    def run(self, step: int, source: VolumeSource) -> None:
        """Do one step; it counts when its pixels are on the disk."""
        if self._started is None:
            self._started = (time.monotonic(), int(self._done.sum()))
        self.state = "building"
        arrays = {name: np.load(self._file(name), mmap_mode="r+") for name in self.recipe.arrays}
        self.recipe.run(step, source, arrays)
        for array in arrays.values():
            array.flush()
        self._done[step] = True
        self._keep_done()
        if not self.missing:
            self.state = "ready"

    def touch(self) -> None:
        """Remember when it was last used."""
        if self.folder.exists():
            os.utime(self.folder)

    def give_up(self, state: State, reason: str) -> None:
        self.state, self.reason = state, reason

    def _keep_done(self) -> None:
        draft = self.folder / "done.tmp"
        with draft.open("wb") as file:
            np.save(file, self._done)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._file("done"))

    def _seconds_left(self, done: int) -> float | None:
        if self._started is None or done == self._started[1]:
            return None
        took = time.monotonic() - self._started[0]
        return took / (done - self._started[1]) * (self._done.size - done)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.npy"


class DiskDerivedStore:
    """The DerivedStore of the app.

    Parameters
    ----------
    folder : where it keeps what it makes; all of it can be made again.
    max_bytes : what it may take; what was not used for longest leaves first.
    """

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._lock = threading.Lock()
        self._known: dict[str, DerivedFolder] = {}
        self._queue: list[DerivedFolder] = []
        self._worker: threading.Thread | None = None
        self._courtesy = Courtesy()
        self._stopped = threading.Event()

    def find(self, recipe: Recipe, source: VolumeSource) -> DerivedFolder:
        key = _key(recipe)
        with self._lock:
            derived = self._known.get(key)
            if derived is None:
                derived = self._known[key] = DerivedFolder(self._folder / key, recipe, source)
                self._admit(derived)
            if derived in self._queue:
                self._queue.remove(derived)
                self._queue.append(derived)
        return derived

    def progress(self, volume: str) -> list[Progress]:
        with self._lock:
            return [known.progress for known in self._known.values() if known.recipe.info.path == volume]

    def give_way(self) -> AbstractContextManager[None]:
        return self._courtesy.wait()

    def stop(self) -> None:
        """End the background after the step it is at."""
        self._stopped.set()
        if self._worker is not None:
            self._worker.join()

    def _admit(self, derived: DerivedFolder) -> None:
        try:
            if not derived.folder.exists():
                self._make_room(derived)
            if derived.state == "refused":
                return
            derived.prepare()
            derived.touch()
        except (OSError, ValueError) as error:
            derived.give_up("failed", f"The cache folder cannot be written: {error}.")
            return
        if derived.missing:
            self._queue.append(derived)
            self._start()

    def _make_room(self, derived: DerivedFolder) -> None:
        """Drop older versions, then what was not used for longest, until there is room; refuse where there is none."""
        self._folder.mkdir(parents=True, exist_ok=True)
        in_use = {known.folder for known in self._known.values()} - {derived.folder}
        others = sorted((f for f in self._folder.iterdir() if f.is_dir()), key=lambda f: f.stat().st_mtime)
        stale = [f for f in others if _is_older(f, derived.recipe.info)]
        for folder in (*stale, *(f for f in others if f not in in_use and f not in stale)):
            if folder not in stale and self._has_room(derived.nbytes):
                return
            self._drop(folder)
        if not self._has_room(derived.nbytes):
            derived.give_up("refused", f"It would take {derived.nbytes / 1e9:.1f} GB of disk, more than DISK_CACHE_GB.")

    def _has_room(self, nbytes: int) -> bool:
        used = sum(_disk_bytes(folder) for folder in self._folder.iterdir())
        free = shutil.disk_usage(self._folder).free - SPARE_BYTES
        return used + nbytes <= self._max_bytes and nbytes <= free

    def _drop(self, folder: Path) -> None:
        for key, known in list(self._known.items()):
            if known.folder == folder:
                del self._known[key]
                if known in self._queue:
                    self._queue.remove(known)
        shutil.rmtree(folder, ignore_errors=True)

    def _start(self) -> None:
        if self._worker is None or not self._worker.is_alive():
            self._worker = threading.Thread(target=self._work, name="derived", daemon=True)
            self._worker.start()

    def _work(self) -> None:
        while not self._stopped.is_set():
            with self._lock:
                if not self._queue:
                    self._worker = None
                    return
                derived = self._queue[-1]
            self._advance(derived)

    def _advance(self, derived: DerivedFolder) -> None:
        """Do the next step of what was asked for last."""
        try:
            source = CourteousSource(derived.source, self._courtesy, self._stopped)
            derived.run(derived.missing[0], source)
        except UnavailableError:
            self._stopped.wait(RETRY_S)
            return
        except (AppError, OSError, ValueError) as error:
            log.warning("%s of %s was given up: %s", derived.recipe.what, derived.recipe.info.path, error)
            derived.give_up("failed", str(error))
        if derived.state != "building":
            with self._lock:
                if derived in self._queue:
                    self._queue.remove(derived)


def _key(recipe: Recipe) -> str:
    info = recipe.info
    facts = [info.path, info.uri, info.version, info.shape, recipe.name, {k: v.shape for k, v in recipe.arrays.items()}]
    digest = hashlib.blake2b(json.dumps(facts).encode(), digest_size=10).hexdigest()
    return f"{recipe.name}-{digest}"


def _is_older(folder: Path, info: VolumeInfo) -> bool:
    """Whether a folder was made of another version of the volume."""
    try:
        made_of: Mapping[str, str] = json.loads((folder / "made_of.json").read_text())
    except (OSError, ValueError):
        return False
    return made_of.get("path") == info.path and made_of.get("version") != info.version


def _disk_bytes(folder: Path) -> int:
    """Bytes on the disk; holes of sparse files take none."""
    return sum(file.stat().st_blocks * 512 for file in folder.glob("*.npy"))
