"""Files of labels on the disk: uploads until they are imported, exports until they are downloaded.

    exchange/uploads/<id>/<name>    received whole, or not there
    exchange/exports/<job id>/      what an export job writes
    exchange/scratch/               of downloads that need no job

Names are made harmless, ids are checked, and what is old goes when something new comes.
"""

import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from core.errors import InvalidInputError, NotFoundError
from core.labels.exchange.exporting import DRAFT, file_stem
from utils.settings import Settings

KEEP_UPLOADS_S = 86_400.0  # somebody may look at a report over night
DAY_S = 86_400.0
_BLOCK_BYTES = 1 << 20
_MAX_NAME = 120
_ID = re.compile(r"[0-9a-f]{32}")


class DiskExchange:
    """Implements `core.services.ExchangeFiles`. Building it touches nothing."""

    def __init__(self, root: Path, *, max_upload_bytes: int, keep_exports_s: float) -> None:
        self._root = root
        self._max_upload_bytes = max_upload_bytes
        self._keep_exports_s = keep_exports_s

    @classmethod
    def from_settings(cls, settings: Settings) -> "DiskExchange":
        return cls(
            settings.state_dir / "exchange",
            max_upload_bytes=int(settings.upload_limit_gb * 1e9),
            keep_exports_s=settings.keep_exports_days * DAY_S,
        )

    def receive(self, name: str, stream: IO[bytes]) -> str:
        """Keep an upload on the disk and return its id. Raises InvalidInputError when it is too large."""
        _remove_old(self._root / "uploads", KEEP_UPLOADS_S)
        upload_id = uuid.uuid4().hex
        folder = self._root / "uploads" / upload_id
        folder.mkdir(parents=True)
        try:
            self._copy(stream, folder / file_stem(name)[-_MAX_NAME:])
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return upload_id

    def _copy(self, stream: IO[bytes], target: Path) -> None:
        size = 0
        with target.open("wb") as file:
            while block := stream.read(_BLOCK_BYTES):
                size += len(block)
                if size > self._max_upload_bytes:
                    raise InvalidInputError(
                        f"The file is larger than {self._max_upload_bytes / 1e9:g} GB.",
                        "Import it with python -m scripts.import_labels, or raise UPLOAD_LIMIT_GB.",
                    )
                file.write(block)

    def upload(self, upload_id: str) -> Path:
        """Raises NotFoundError."""
        return _only_file(self._folder("uploads", upload_id), "The upload is not there (any more).", "Send it again.")

    def forget_upload(self, upload_id: str) -> None:
        """Remove an upload from the disk; harmless when it is not there. Raises NotFoundError for what is no id."""
        shutil.rmtree(self._folder("uploads", upload_id), ignore_errors=True)

    def export_folder(self, job_id: str) -> Path:
        """An empty folder for what an export job writes."""
        _remove_old(self._root / "exports", self._keep_exports_s)
        folder = self._folder("exports", job_id)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def exported(self, job_id: str) -> Path:
        """The file that an export job has written. Raises NotFoundError."""
        folder = self._folder("exports", job_id)
        return _only_file(folder, "This export is not there (any more).", "Export it again.")

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder that goes with the block."""
        root = self._root / "scratch"
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root) as folder:
            yield Path(folder)

    def _folder(self, kind: str, name: str) -> Path:
        if not _ID.fullmatch(name):
            raise NotFoundError(f"{name[:80]!r} is not an id.", "Choose one from the list.")
        return self._root / kind / name


def _only_file(folder: Path, message: str, hint: str) -> Path:
    files = [file for file in folder.glob("*") if file.is_file() and not file.name.startswith(DRAFT)]
    if not files:
        raise NotFoundError(message, hint)
    return files[0]


def _remove_old(folder: Path, keep_s: float) -> None:
    for each in folder.glob("*"):
        if time.time() - each.stat().st_mtime > keep_s:
            shutil.rmtree(each, ignore_errors=True)
