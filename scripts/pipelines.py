"""Reading ahead and writing behind: while one slice is computed, the next ones come and the last ones go.

Memory holds a few slices, however many there are.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

AHEAD = 2  # slices; more would not be faster than the slowest of the three
Item = TypeVar("Item")
Read = TypeVar("Read")
Made = TypeVar("Made")


def read_ahead(items: Iterable[Item], read: Callable[[Item], Read]) -> Iterator[tuple[Item, Read]]:
    """Each item with `read(item)`, in order; while somebody works on one, a thread reads the next ones.

    The first error is raised here; what has not been read by then is not read any more.
    """
    with ThreadPoolExecutor(1) as reader:
        coming: deque[tuple[Item, Future[Read]]] = deque()
        try:
            for item in items:
                coming.append((item, reader.submit(read, item)))
                if len(coming) > AHEAD:
                    yield _first_of(coming)
            while coming:
                yield _first_of(coming)
        finally:
            for _, arriving in coming:
                arriving.cancel()


def pipelined(
    items: Iterable[Item],
    *,
    read: Callable[[Item], Read],
    work: Callable[[Read], Made],
    write: Callable[[Item, Made], None],
) -> None:
    """`write(item, work(read(item)))` for each item in order; `work` in this thread, the others in one each.

    The first error of any of them ends it and is raised here; so does what a signal raises in this thread. What is
    computed by then is still written.
    """
    with ThreadPoolExecutor(1) as writer:
        going: deque[Future[None]] = deque()
        for item, seen in read_ahead(items, read):
            going.append(writer.submit(write, item, work(seen)))
            while len(going) > AHEAD:
                going.popleft().result()
        while going:
            going.popleft().result()


def _first_of(coming: deque[tuple[Item, Future[Read]]]) -> tuple[Item, Read]:
    item, arriving = coming.popleft()
    return item, arriving.result()
