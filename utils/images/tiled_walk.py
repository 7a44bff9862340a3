"""Looking for the volumes below a container of a Tiled server, and telling of them while the rest is being looked for.

What a node is as a volume is decided in `tiled_nodes.py`; `TiledCatalog` gives out what is found here.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from core.errors import AppError, NotFoundError, UnavailableError, UnsupportedImageError
from core.images.volumes import CatalogEntry, Listing
from utils.images.tiled_nodes import describe, find_among, image_of
from utils.images.tiled_reader import Node, TiledReader

SETTING = "DATA_TILED"
WALKERS = 4  # requests at a time while walking
AHEAD = 4 * WALKERS  # containers taken on at a time: what ends the program waits for no more than these
MAX_DEPTH = 8
MAX_CONTAINERS = 2000  # a facility's server may hold millions of nodes
UNSEEN = (
    f"Not looked into: it lies deeper than {MAX_DEPTH} levels, or there are more than {MAX_CONTAINERS} folders. "
    f"Point {SETTING}_URI at it."
)


Found = tuple[list[CatalogEntry], list[Node]]
"""Rows, and containers to look into next."""


class Walk:
    """One walk of the containers below the start of a reader, level by level."""

    def __init__(self, reader: TiledReader) -> None:
        self._reader, self._start = reader, reader.start

    def __iter__(self) -> Iterator[Sequence[CatalogEntry]]:
        """Rows as they are found.

        Raises
        ------
        UnavailableError
            If the server does not answer, refuses the key, or has no such container.
        """
        root = self._root()
        if root.family == "array":
            yield [self._entry(root, root.path.rpartition("/")[2])]
            return
        level, seen = [root], 0
        with ThreadPoolExecutor(WALKERS) as pool:
            while level:
                seen += len(level)
                depth = MAX_DEPTH if seen <= MAX_CONTAINERS else 0
                yield [self._unseen(container) for container in level if self._depth(container) >= depth]
                near = [container for container in level if self._depth(container) < depth]
                level = []
                for rows, deeper in self._look_into_all(near, pool):
                    level += deeper
                    yield rows

    def _look_into_all(self, containers: Sequence[Node], pool: ThreadPoolExecutor) -> Iterator[Found]:
        """Several at a time; of one alone each page as it comes."""
        if len(containers) == 1:
            yield from self._look_into(containers[0])
            return
        for first in range(0, len(containers), AHEAD):
            for found in pool.map(lambda one: list(self._look_into(one)), containers[first : first + AHEAD]):
                yield from found

    def _root(self) -> Node:
        try:
            return self._reader.node(self._start)
        except NotFoundError as error:
            message = f"There is nothing at {self._reader.uri_of(self._start)}."
            raise UnavailableError(message, f"Check {SETTING}_URI.") from error

    def _look_into(self, container: Node) -> Iterator[Found]:
        """What is in a container, a page at a time; a container that is an image itself is one row."""
        try:
            pages = self._reader.pages(container)
            first = next(pages)
            image = self._image_of(container, first) if container.path != self._start else None
            if image is not None:
                yield [self._entry(image, self._below(container), container)], []
                return
            for page in chain([first], pages):
                yield self._sorted_out(page)
        except AppError as error:  # one broken file must not hide the others
            if container.path == self._start:
                raise
            yield [CatalogEntry(self._below(container), None, str(error))], []

    def _sorted_out(self, children: Sequence[Node]) -> Found:
        """Rows for images; containers whose contents have come along are looked into at once."""
        containers = [child for child in children if child.family == "container"]
        arrays = [child for child in children if child.family == "array"]
        images = [child for child in arrays if len(child.structure.get("shape", ())) >= 2]
        wanted = images if images or containers else arrays  # angles and spectra beside images are not worth a row
        rows = [self._entry(child, self._below(child)) for child in wanted]
        deeper: list[Node] = []
        for container in containers:
            if container.children is None or self._depth(container) >= MAX_DEPTH:
                deeper.append(container)
                continue
            for more_rows, more_deeper in self._look_into(container):
                rows += more_rows
                deeper += more_deeper
        return rows, deeper

    def _unseen(self, container: Node) -> CatalogEntry:
        return CatalogEntry(self._below(container), None, UNSEEN)

    def _depth(self, container: Node) -> int:
        """Levels below the start."""
        below = self._below(container)
        return below.count("/") + 1 if below else 0

    def _image_of(self, container: Node, children: Sequence[Node]) -> Node | None:
        return image_of(lambda path: find_among(children, path) or self._reader.node(path), container, children)

    def _below(self, node: Node) -> str:
        """The path of a node counted from the catalog's container."""
        return node.path.removeprefix(self._start).lstrip("/")

    def _entry(self, array: Node, path: str, container: Node | None = None) -> CatalogEntry:
        """A row; its version is left empty, since finding it may take further requests."""
        try:
            info = describe(self._reader, array, path=path, version="", container=container)
        except UnsupportedImageError as error:
            return CatalogEntry(path, None, str(error))
        return CatalogEntry(path, info)


class GrowingListing:
    """A list of volumes that a thread of its own fills.

    rows : found one batch after the other. known : of the list before, shown until the new one is whole.
    """

    def __init__(self, rows: Iterable[Sequence[CatalogEntry]], known: Sequence[CatalogEntry] = ()) -> None:
        self._known = known
        self._found: list[CatalogEntry] = []
        self._failure: Exception | None = None
        self._ended = threading.Event()
        self._ended_at = float("inf")
        threading.Thread(target=self._fill, args=(rows,), name="looking for volumes", daemon=True).start()

    @property
    def entries(self) -> tuple[CatalogEntry, ...]:
        """What is known by now."""
        if self._ended.is_set():
            return _sorted(self._found)
        return _sorted({entry.path: entry for entry in (*self._known, *self._found)}.values())

    def wait(self, timeout_s: float | None) -> Listing:
        """The list when it is whole, or as far as it is after a while. Raises what ended the search."""
        is_complete = self._ended.wait(timeout_s)
        if self._failure is not None:
            raise self._failure
        return Listing(self.entries, is_complete)

    def is_older_than(self, age_s: float) -> bool:
        """Whether the list has been whole for so long."""
        return time.monotonic() - self._ended_at > age_s

    def _fill(self, rows: Iterable[Sequence[CatalogEntry]]) -> None:
        try:
            for batch in rows:
                self._found += batch
        except Exception as error:  # those who wait are told
            self._failure = error
        finally:
            self._ended_at = time.monotonic()
            self._ended.set()


def _sorted(entries: Iterable[CatalogEntry]) -> tuple[CatalogEntry, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.path))
