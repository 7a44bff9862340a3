"""People on the Swipe page of a running app label what the command line asks about; both share the database."""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.learning.curation.store import UNSURE, CurationStore, Queue, Table
from core.learning.curation.store import Item as StoreItem
from core.learning.curation.table import Item
from scripts.active_learning.labellers import Answers

POLL_S = 2.0


@dataclass(frozen=True)
class BySwipe:
    """People on the Swipe page of a running app, which shares the database.

    name : of the table they see. asks : the class. prefix : path of the folder below the data root of Tiled.
    batch : how many are asked before a pause. tell : called with a sentence now and then.
    """

    store: CurationStore
    name: str
    asks: str
    prefix: str
    batch: int
    tell: Callable[[str], None]

    def ask(self, items: Sequence[Item]) -> Answers:
        """Waits until all are answered; what was answered before an interruption is not asked again."""
        key = uuid.uuid5(uuid.NAMESPACE_OID, "\n".join([self.name, self.asks, *(item.id for item in items)])).hex
        asked = [StoreItem(number, volume_of(self.prefix, item)) for number, item in enumerate(items)]
        self.store.create(Table(key, self.name, (self.asks,), len(items), "active_label", time.time()), asked)
        queue = self.store.make_queue(key, Queue(key, self.asks, batch=self.batch))
        self.tell(f"Label {len(items)} images at /swipe/{key}?queue={queue.id}")
        while (left := self.store.progress(key, queue.id).open) > 0:
            self.tell(f"{left} images left")
            time.sleep(POLL_S)
        said = [row.values.get(self.asks, UNSURE) for row in self.store.rows(key)]
        return {item.id: None if value == UNSURE else value for item, value in zip(items, said, strict=True)}


def volume_of(prefix: str, item: Item) -> str:
    """The path under which Tiled serves a file of a folder: without the ending.

    >>> volume_of("scans/cells", Item("a/b.png"))
    'scans/cells/a/b'
    """
    return str(PurePosixPath(prefix) / PurePosixPath(item.id).with_suffix(""))
