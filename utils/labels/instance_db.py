"""What is remembered of instances, in the label database: implements `core.labels.instance_memory.InstanceMemory`.

Its tables stand beside those of the labels and name volumes by path: labels know nothing of instances.
"""

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Delete,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from core.labels.corrections import InstanceSet
from core.labels.fragments import Runs
from core.labels.store import TileIndex
from utils.labels.label_connections import LabelConnections

metadata = MetaData()

sets = Table(
    "label_instance_sets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("volume", Text, nullable=False),
    Column("class_id", Integer, nullable=False),
    Column("dims", Integer, nullable=False),
    Column("next_id", BigInteger, nullable=False),
    UniqueConstraint("volume", "class_id", "dims"),
)

tiles = Table(
    "label_instance_tiles",
    metadata,
    Column("set_id", ForeignKey("label_instance_sets.id"), primary_key=True),
    Column("z", Integer, primary_key=True),
    Column("ty", Integer, primary_key=True),
    Column("tx", Integer, primary_key=True),
    Column("runs", LargeBinary, nullable=False),
)


class SqlInstanceMemory:
    """The instance memory of the app. Nothing is connected before the first question; the tables are made then.

    Parameters
    ----------
    url : SQLAlchemy URL of the label database.
    """

    def __init__(self, url: str) -> None:
        self._connections = LabelConnections(url, metadata.create_all)
        self._transaction = self._connections.transaction

    def close(self) -> None:
        """Close the connections; the next question opens new ones."""
        self._connections.close()

    def runs(self, chosen: InstanceSet, tiles: Iterable[TileIndex]) -> dict[TileIndex, Runs]:
        wanted = set(tiles)
        with self._transaction() as conn:
            set_id = _id_of(conn, chosen)
            slices = sorted({index[0] for index in wanted})
            found = [(index, runs) for z in slices for index, runs in _slice(conn, set_id, z)]
        return {index: _unpack(blob) for index, blob in found if index in wanted}

    def next_id(self, chosen: InstanceSet) -> int:
        with self._transaction() as conn:
            return conn.execute(select(sets.c.next_id).where(*_is(chosen))).scalar() or 1

    def keep(self, chosen: InstanceSet, runs: Mapping[TileIndex, Runs], *, next_id: int) -> None:
        if not runs:
            return
        with self._transaction(writes=True) as conn:
            set_id = _make_set(conn, chosen)
            conn.execute(update(sets).where(sets.c.id == set_id).values(next_id=next_id))
            places = [{"in_set": set_id, "at_z": z, "at_ty": ty, "at_tx": tx} for z, ty, tx in runs]
            conn.execute(_delete_tile(), places)
            conn.execute(insert(tiles), [_row(set_id, index, kept) for index, kept in runs.items()])


def _is(chosen: InstanceSet) -> tuple[Any, ...]:
    return sets.c.volume == chosen.volume, sets.c.class_id == chosen.class_id, sets.c.dims == chosen.dims


def _id_of(conn: Connection, chosen: InstanceSet) -> int:
    """0 for a set nobody has asked for."""
    return conn.execute(select(sets.c.id).where(*_is(chosen))).scalar() or 0


def _make_set(conn: Connection, chosen: InstanceSet) -> int:
    found = _id_of(conn, chosen)
    if found:
        return found
    values = {"volume": chosen.volume, "class_id": chosen.class_id, "dims": chosen.dims, "next_id": 1}
    made: int = conn.execute(insert(sets).values(**values)).inserted_primary_key[0]
    return made


def _slice(conn: Connection, set_id: int, z: int) -> list[tuple[TileIndex, bytes]]:
    here = select(tiles.c.ty, tiles.c.tx, tiles.c.runs).where(tiles.c.set_id == set_id, tiles.c.z == z)
    return [((z, ty, tx), runs) for ty, tx, runs in conn.execute(here)]


def _delete_tile() -> Delete:
    """Of one place; given many, the database is asked once for each, and Python once for all."""
    here = tiles.c.set_id == bindparam("in_set"), tiles.c.z == bindparam("at_z")
    return delete(tiles).where(*here, tiles.c.ty == bindparam("at_ty"), tiles.c.tx == bindparam("at_tx"))


def _row(set_id: int, index: TileIndex, runs: Runs) -> dict[str, Any]:
    z, ty, tx = index
    return {"set_id": set_id, "z": z, "ty": ty, "tx": tx, "runs": _pack(runs)}


def _pack(runs: Runs) -> bytes:
    return zlib.compress(np.ascontiguousarray(runs, "<i4").tobytes(), level=1)


def _unpack(blob: bytes) -> Runs:
    return np.frombuffer(zlib.decompress(blob), "<i4").reshape(-1, 4)
