"""Reading the past of a volume from the label database: its edits, its tiles at a revision, its named moments."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Subquery, delete, func, select

from core.images.planes import PlaneAxis
from core.labels.history import EditRecord, Snapshot
from utils.labels.label_tables import edits, snapshots, tile_versions


def read_edits(conn: Connection, volume: int, *, before: int | None, limit: int) -> tuple[EditRecord, ...]:
    """Newest first."""
    newest = select(edits).where(edits.c.volume == volume).order_by(edits.c.revision.desc()).limit(limit)
    rows = conn.execute(newest if before is None else newest.where(edits.c.revision < before)).all()
    reach = _reach(conn, volume, [row.revision for row in rows])
    return tuple(_record(row, reach.get(row.revision, (0, 0, -1, -1))) for row in rows)


def read_snapshots(conn: Connection, volume: int) -> tuple[Snapshot, ...]:
    """The latest moment first."""
    rows = conn.execute(select(snapshots).where(snapshots.c.volume == volume).order_by(snapshots.c.revision.desc()))
    return tuple(Snapshot(row.name, row.revision, row.user, row.at) for row in rows)


def drop_snapshot(conn: Connection, volume: int, name: str) -> None:
    """Take a name from its moment, if it has one."""
    conn.execute(delete(snapshots).where(snapshots.c.volume == volume, snapshots.c.name == name))


def versions_at(conn: Connection, volume: int, z: int, revision: int) -> dict[tuple[int, int], int]:
    """{(ty, tx): version} of the tiles of a slice at a revision; tiles wiped by then count."""
    version = tile_versions.c
    here = version.volume == volume, version.z == z, version.revision <= revision
    newest = select(version.ty, version.tx, func.max(version.revision)).where(*here).group_by(version.ty, version.tx)
    return {(ty, tx): at for ty, tx, at in conn.execute(newest)}


def versions_across_at(
    conn: Connection, volume: int, axis: PlaneAxis, place: int, revision: int
) -> dict[tuple[int, int], int]:
    """`LabelStore.tile_versions_across` at a revision."""
    version = tile_versions.c
    fixed, other = (version.ty, version.tx) if axis == "y" else (version.tx, version.ty)
    here = version.volume == volume, fixed == place, version.revision <= revision
    newest = select(version.z, other, func.max(version.revision)).where(*here).group_by(version.z, other)
    return {(z, at): newest_at for z, at, newest_at in conn.execute(newest)}


def first_tile(conn: Connection, volume: int, revision: int) -> tuple[int, int, int] | None:
    """(z, ty, tx) of the first tile that an edit changed."""
    version = tile_versions.c
    place = version.z, version.ty, version.tx
    here = version.volume == volume, version.revision == revision
    row = conn.execute(select(*place).where(*here).order_by(*place).limit(1)).one_or_none()
    return None if row is None else (row.z, row.ty, row.tx)


def tiles_by_kind(conn: Connection, volume: int, kind: str) -> dict[tuple[int, int, int], tuple[int, ...]]:
    """{(z, ty, tx): revisions, ascending} of the tiles that edits of a kind have changed."""
    version = tile_versions.c
    of_kind = edits.c.volume == volume, edits.c.kind == kind, version.volume == volume
    query = select(version.z, version.ty, version.tx, version.revision).where(*of_kind)
    found: dict[tuple[int, int, int], tuple[int, ...]] = {}
    for z, ty, tx, revision in conn.execute(
        query.where(version.revision == edits.c.revision).order_by(version.revision)
    ):
        found[z, ty, tx] = (*found.get((z, ty, tx), ()), revision)
    return found


def tiles_between(conn: Connection, volume: int, since: int, until: int) -> tuple[tuple[int, int, int], ...]:
    """(z, ty, tx) of the tiles that edits after `since`, up to `until`, have changed."""
    version = tile_versions.c
    place = version.z, version.ty, version.tx
    here = version.volume == volume, version.revision > since, version.revision <= until
    return tuple((z, ty, tx) for z, ty, tx in conn.execute(select(*place).where(*here).distinct().order_by(*place)))


def _reach(conn: Connection, volume: int, revisions: Sequence[int]) -> dict[int, tuple[int, int, int, int]]:
    """{revision: (tiles, slices, first slice, last slice)} of edits that changed any."""
    slices = _slices(volume, revisions)
    many = func.sum(slices.c.tiles), func.count(), func.min(slices.c.z), func.max(slices.c.z)
    rows = conn.execute(select(slices.c.revision, *many).group_by(slices.c.revision))
    return {revision: (int(tiles), count, first, last) for revision, tiles, count, first, last in rows}


def _slices(volume: int, revisions: Sequence[int]) -> Subquery:
    version = tile_versions.c
    here = version.volume == volume, version.revision.in_(revisions)
    columns = version.revision, version.z, func.count().label("tiles")
    return select(*columns).where(*here).group_by(version.revision, version.z).subquery()


def _record(row: Row[Any], reach: tuple[int, int, int, int]) -> EditRecord:
    what = {"kind": row.kind, "detail": json.loads(row.detail), "taken_back": row.state == "undone"}
    tiles, slices, first, last = reach
    return EditRecord(row.revision, row.user, row.at, **what, tiles=tiles, slices=slices, first=first, last=last)
