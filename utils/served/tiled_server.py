"""A folder as a Tiled tree that is always up to date: what stands behind `tiled_serve_dir.sh`.

`tiled serve directory` copies the folder into a catalogue at start. It sorts slice_10 before slice_2, drops both of
two files whose names differ in the ending, hides files it cannot read, shows new files only after a walk of
everything, and treats a numbered multi-page file as a sequence of one. This tree looks at the disk when asked: new
files appear within two seconds, nothing is copied, and a file that cannot be read is an empty container whose metadata
say why (`unreadable`). Keys are those of `tiled serve directory`: the file name without its ending, the common
beginning of a numbered sequence.

`utils/served/tiled_folder.yml` is the configuration `tiled serve config` starts it with.
"""

import os
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from tiled.adapters.array import ArrayAdapter
from tiled.adapters.core import Adapter
from tiled.adapters.zarr import ZarrAdapter
from tiled.server.core import NoEntry
from tiled.structures.container import ContainerStructure
from tiled.structures.core import StructureFamily
from tiled.utils import path_from_uri

from core.errors import AppError
from utils.images.tiled_contents import WithContents
from utils.served.hdf5_adapter import Hdf5Tree, with_contents
from utils.served.hdf5_levels import open_hdf5
from utils.served.picture_adapter import PictureAdapter, look_of
from utils.served.tiff_adapter import current_layout, open_tiff
from utils.served.tiled_quick import remember_signatures

LISTING_S = 2.0  # a folder is listed again after this long; a burst of slice reads costs one listing
TOLD_ENTRIES = 16  # a folder of at most so many is described together with all that is in it
CHECKED_FILES = 16  # files of a sequence whose headers are compared; every header of 2160 files would take seconds
TIFF = (".tif", ".tiff")
PICTURES = (".png", ".jpg", ".jpeg")


def open_npy(uri: str) -> ArrayAdapter:
    """A .npy file, mapped instead of loaded."""
    return ArrayAdapter.from_array(np.load(path_from_uri(uri), mmap_mode="r", allow_pickle=False))


OPENERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys((".h5", ".hdf5", ".hdf", ".nxs", ".ims"), open_hdf5),
    ".npy": open_npy,
    ".zarr": ZarrAdapter.from_uris,
}
ZARR_MARKERS = ("zarr.json", ".zgroup", ".zarray")
NUMBERED = re.compile(r"(.*?)(\d+)\.(tiff?|png|jpe?g)", re.IGNORECASE)


@dataclass(frozen=True)
class Item:
    """One node of a folder. `stamp` changes when any of its files does."""

    paths: tuple[Path, ...]
    is_folder: bool
    stamp: tuple[int, ...]


class Unreadable(WithContents):
    """An empty container that says why there is nothing in it."""

    def __init__(self, reason: str) -> None:
        super().__init__({}, metadata={"unreadable": reason})


@dataclass
class _Listing:
    items: Mapping[str, Item] = field(default_factory=dict)
    read_at: float = float("-inf")


class FolderTree(Adapter[ContainerStructure]):
    """A folder of images, other folders among them. Safe to use from several threads."""

    structure_family = StructureFamily.container

    def __init__(self, folder: Path, *, above: frozenset[Path] = frozenset()) -> None:
        super().__init__(ContainerStructure(keys=[]))
        self.folder = folder
        self._above = above | {folder.resolve()}
        self._lock = threading.Lock()
        self._listing = _Listing()
        self._opened: dict[str, tuple[tuple[int, ...], Any]] = {}

    def listing(self) -> Mapping[str, Item]:
        """{key: item} sorted by key, at most two seconds old."""
        with self._lock:
            if time.monotonic() - self._listing.read_at > LISTING_S:
                self._listing = _Listing(list_folder(self.folder, above=self._above), time.monotonic())
                self._opened = {k: v for k, v in self._opened.items() if k in self._listing.items}
            return self._listing.items

    def open(self, key: str) -> Any:
        """The adapter of one child; kept until its files change."""
        return self._adapter(key, self.listing()[key])

    def contents(self) -> dict[str, Any]:
        """The adapters of all children."""
        return {key: self._adapter(key, item) for key, item in self.listing().items()}

    def _adapter(self, key: str, item: Item) -> Any:
        stamp, adapter = self._opened.get(key, ((), None))
        if adapter is None or stamp != item.stamp:
            adapter = FolderTree(item.paths[0], above=self._above) if item.is_folder else open_item(item)
            self._opened[key] = (item.stamp, adapter)
        return adapter

    # What follows is the interface Tiled's server looks for in a tree that answers asynchronously.

    async def lookup_adapter(self, segments: list[str]) -> Any:
        try:
            adapter = await anyio.to_thread.run_sync(self.open, segments[0])
        except KeyError as error:
            raise NoEntry(segments) from error
        for segment in segments[1:]:
            adapter = await anyio.to_thread.run_sync(adapter.__getitem__, segment)
        return adapter

    async def exact_len(self) -> int:
        return len(await anyio.to_thread.run_sync(self.listing))

    async def cursor_for_offset(self, offset: int) -> int | None:
        return offset or None

    async def keys_page(self, cursor: int | None, limit: int | None) -> tuple[list[str], int | None]:
        keys = list(await anyio.to_thread.run_sync(self.listing))
        return _page(keys, cursor or 0, limit)

    async def items_page(self, cursor: int | None, limit: int | None) -> tuple[list[tuple[str, Any]], int | None]:
        keys, following = await self.keys_page(cursor, limit)
        return await anyio.to_thread.run_sync(partial(self._open_all, keys)), following

    async def keys_range(self, offset: int = 0, limit: int | None = None) -> list[str]:
        return (await self.keys_page(offset, limit))[0]

    def _open_all(self, keys: Iterable[str]) -> list[tuple[str, Any]]:
        items = self.listing()
        return [(key, _with_contents(self._adapter(key, items[key]))) for key in keys if key in items]


def _with_contents(adapter: Any, room: int = TOLD_ENTRIES) -> Any:
    """A folder of at most `room` entries, those of folders in it included, as what is in it now; else the folder.

    Opens files, so it is for a thread.
    """
    if isinstance(adapter, Hdf5Tree):
        return with_contents(adapter)
    if not isinstance(adapter, FolderTree) or len(adapter.listing()) > room:
        return adapter
    contents = adapter.contents()
    folders = sum(isinstance(child, FolderTree) for child in contents.values())
    share = (room - len(contents)) // max(1, folders)
    return WithContents({key: _with_contents(child, share) for key, child in contents.items()})


def folder_tree(folder: str) -> FolderTree:
    """The tree of `folder`, as `utils/served/tiled_folder.yml` asks for it."""
    remember_signatures()
    return FolderTree(Path(folder))


def _page(keys: list[str], start: int, limit: int | None) -> tuple[list[str], int | None]:
    stop = len(keys) if limit is None else start + limit
    return keys[start:stop], stop if stop < len(keys) else None


def open_item(item: Item) -> Any:
    """The adapter of a file, a sequence or a zarr folder; `Unreadable` when it has none."""
    first = item.paths[0]
    try:
        if first.suffix.lower() in TIFF:
            adapter: Any = open_tiff(*(path.absolute().as_uri() for path in item.paths))
        elif first.suffix.lower() in PICTURES:
            adapter = PictureAdapter(item.paths)
        else:
            adapter = OPENERS.get(first.suffix.lower(), ZarrAdapter.from_uris)(first.absolute().as_uri())
    except AppError as error:
        return Unreadable(str(error))
    except Exception as error:  # other people's parsers on other people's files
        return Unreadable(f"{first.name} cannot be opened ({str(error).splitlines()[0] if str(error) else error!r}).")
    if isinstance(getattr(adapter, "_metadata", None), dict):
        adapter._metadata = {**adapter._metadata, "version": _version(item.stamp)}
    return adapter


def _version(stamp: tuple[int, ...]) -> str:
    return "-".join(f"{number:x}" for number in stamp)


def list_folder(folder: Path, *, above: frozenset[Path] = frozenset()) -> dict[str, Item]:
    """What a folder offers, sorted by key. Hidden and unknown files are left out, and folders that lead back up."""
    singles: list[Item] = []
    numbered: dict[tuple[str, str], list[tuple[int, os.DirEntry[str]]]] = defaultdict(list)
    for entry in _scan(folder):
        match = NUMBERED.fullmatch(entry.name)
        if match and entry.is_file():
            numbered[match[1], match[3].lower()].append((int(match[2]), entry))
        elif item := _single(entry, above):
            singles.append(item)
    found = [(item.paths[0].name if item.is_folder else item.paths[0].stem, item) for item in singles]
    for (prefix, _), entries in numbered.items():
        found += _sequence(prefix, [entry for _, entry in sorted(entries, key=lambda e: (e[0], e[1].name))])
    return _unique(found)


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError:
        return []  # removed or closed to us since its parent was listed


def _single(entry: os.DirEntry[str], above: frozenset[Path]) -> Item | None:
    path = Path(entry.path)
    suffix = path.suffix.lower()
    if entry.is_dir():
        if suffix == ".zarr" or any((path / marker).exists() for marker in ZARR_MARKERS):
            return Item((path,), False, _stamp([entry]))
        return None if path.resolve() in above else Item((path,), True, ())
    if suffix in TIFF or suffix in PICTURES or suffix in OPENERS:
        return Item((path,), False, _stamp([entry]))
    return None


def _sequence(prefix: str, entries: list[os.DirEntry[str]]) -> list[tuple[str, Item]]:
    """One item when the numbered files make up a stack, else an item for each."""
    paths = tuple(Path(entry.path) for entry in entries)
    if len(paths) > 1 and _make_a_stack(paths):
        return [(prefix or "_unnamed", Item(paths, False, _stamp(entries)))]
    return [(p.stem, Item((p,), False, _stamp([e]))) for p, e in zip(paths, entries, strict=True)]


def _make_a_stack(paths: tuple[Path, ...]) -> bool:
    """True when the files looked at have one page each, all of one size and type."""
    step = max(1, len(paths) // CHECKED_FILES)
    try:
        looks = {_looks(path) for path in (*paths[::step], paths[-1])}
    except (AppError, OSError):
        return False
    return len(looks) == 1 and looks.pop()[0] == 1


def _looks(path: Path) -> tuple[Any, ...]:
    """Pages first, then what must be alike in a stack."""
    if path.suffix.lower() in PICTURES:
        return (1, *look_of(path))
    layout = current_layout(path)
    return layout.pages, layout.frame, layout.dtype


def _stamp(entries: list[os.DirEntry[str]]) -> tuple[int, ...]:
    stats = [entry.stat() for entry in entries]
    return (len(stats), max(s.st_mtime_ns for s in stats), sum(s.st_size for s in stats))


def _unique(found: list[tuple[str, Item]]) -> dict[str, Item]:
    """Sorted by key; of two equal keys the second gets its whole file name."""
    unique: dict[str, Item] = {}
    for key, item in found:
        unique[item.paths[0].name if key in unique else key] = item
    return dict(sorted(unique.items()))
