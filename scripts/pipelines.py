"""Reading ahead and writing behind: while one slice is computed, the next ones come and the last ones go.

Memory holds a few slices, however many there are.
"""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

AHEAD = 2  # slices; more would not be faster than the slowest of the three
Item = TypeVar("Item")
Read = TypeVar("Read")
Made = TypeVar("Made")


def pipelined(
    items: Iterable[Item],
    *,
    read: Callable[[Item], Read],
    work: Callable[[Read], Made],
    write: Callable[[Item, Made], None],
) -> None:
    """`write(item, work(read(item)))` for each item in order; `work` in this thread, the others in one each.

    The first error of any of them ends it and is raised here; so does what a signal raises in this thread.
    """
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        coming: deque[tuple[Item, Future[Read]]] = deque()
        going: deque[Future[None]] = deque()

        def finish_one() -> None:
            item, arriving = coming.popleft()
            going.append(writer.submit(write, item, work(arriving.result())))
            while len(going) > AHEAD:
                going.popleft().result()

        try:
            for item in items:
                coming.append((item, reader.submit(read, item)))
                if len(coming) > AHEAD:
                    finish_one()
            while coming:
                finish_one()
            while going:
                going.popleft().result()
        finally:
            for _, arriving in coming:  # what is computed already is still written
                arriving.cancel()
