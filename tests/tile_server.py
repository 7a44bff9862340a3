"""The app's tile server over any catalog; what it keeps on the disk goes to a temporary folder."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from core.images.volumes import VolumeCatalog
from utils.images.derived_store import DiskDerivedStore
from utils.images.tile_cache import CachedTileServer


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="derived-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def tile_server(catalog: VolumeCatalog, **options: Any) -> CachedTileServer:
    """A CachedTileServer with room for all that tests make."""
    own = Path(tempfile.mkdtemp(dir=_folder()))
    return CachedTileServer(catalog, DiskDerivedStore(own, max_bytes=1 << 30), **options)
