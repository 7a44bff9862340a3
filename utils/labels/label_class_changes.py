"""A change of the class table, inside a transaction that holds the volume's lock.

`label_db.py` opens transactions; `label_writes.py` is what a write may do.
"""

import logging
import uuid

from sqlalchemy import Connection

from core.labels.classes import is_step
from core.labels.history import table_changes
from core.labels.store import ClassChange
from utils.labels.label_rows import VolumeRow, lock_volume, read_rows
from utils.labels.label_steps import DONE
from utils.labels.label_writes import PAST, WriteTransaction

log = logging.getLogger(__name__)


def change_classes(conn: Connection, volume: str, change: ClassChange, *, user: str, step: bool = True) -> VolumeRow:
    """Replace the class table and record it, if it becomes another; returns the volume as it is then.

    step : False for a change that belongs to another edit, which is the step.
    """
    write = WriteTransaction(conn, lock_volume(conn, volume))
    write.change_classes(change)
    if not write.changes_classes:
        return write.volume
    log.info("%s changed the classes of %s", user, volume)
    write.detail = table_changes(write.volume.classes, write.classes)
    write.state = DONE if step and is_step(read_rows(write.detail["rows"])) else PAST
    write.record(kind="classes", edit_id=str(uuid.uuid4()), user=user)
    return lock_volume(conn, volume)
