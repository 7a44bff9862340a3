"""A cache bounded by bytes: image slices, predicted slices and reduced label tiles are kept in one each."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CacheUse:
    """How a cache is used: bytes kept, of how many at most; values asked for that were kept, and that were not."""

    nbytes: int
    max_bytes: int
    hits: int
    misses: int


class ByteCache:
    """Values by key, the least recently used ones dropped when their bytes exceed the limit. Safe for threads.

    A value is loaded once however many threads ask; a failure reaches all who wait and is not kept.
    """

    def __init__(self, max_bytes: int, size: Callable[[Any], int]) -> None:
        self._max_bytes, self._size = max_bytes, size
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._loading: dict[Hashable, Future[Any]] = {}
        self._bytes = self._hits = self._misses = 0

    @property
    def nbytes(self) -> int:
        return self._bytes

    def use(self) -> CacheUse:
        """How it is used so far; whoever waits for a value that is being loaded counts as a hit."""
        with self._lock:
            return CacheUse(self._bytes, self._max_bytes, self._hits, self._misses)

    def peek(self, key: Hashable) -> Any:
        """The value if it is kept, else None."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def get(self, key: Hashable, load: Callable[[], Any]) -> Any:
        """The value of `key`, loaded by `load` when it is not kept. Raises what `load` raises."""
        with self._lock:
            if key in self._kept:
                self._hits += 1
                self._kept.move_to_end(key)
                return self._kept[key]
            waiting = self._loading.get(key)
            if waiting is None:
                self._misses += 1
                mine = self._loading[key] = Future()
            else:
                self._hits += 1
        if waiting is not None:
            return waiting.result()
        return self._load(key, load, mine)

    def _load(self, key: Hashable, load: Callable[[], Any], future: Future[Any]) -> Any:
        try:
            value = load()
        except BaseException as error:
            self._settle(key)
            future.set_exception(error)
            raise
        self._settle(key, value)
        future.set_result(value)
        return value

    def _settle(self, key: Hashable, value: Any = None) -> None:
        with self._lock:
            del self._loading[key]
            if value is None or self._size(value) > self._max_bytes:
                return
            self._kept[key] = value
            self._bytes += self._size(value)
            while self._bytes > self._max_bytes:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= self._size(dropped)
