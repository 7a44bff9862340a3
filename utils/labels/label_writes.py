"""One write to the label database, inside a transaction that holds the volume's lock.

An edit reads the newest version of each tile it touches and adds another. Undo takes back the newest of a user's
steps: it compares the tile versions before and after it with what stands now. `label_db.py` opens transactions.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from core.errors import InvalidInputError, NotFoundError
from core.labels import edits as pixels
from core.labels.classes import (
    ClassRows,
    LabelClass,
    check_classes,
    find_class,
    remove_class,
    restore_class,
    turn_back,
)
from core.labels.corrections import Correction, InstanceSet
from core.labels.edits import Tile
from core.labels.rules import PaintRule
from core.labels.spans import Spans, part_masks
from core.labels.store import ClassChange, History, TileChange, TileIndex
from utils.labels.label_corrections import KINDS, add_correction, restore_corrections, take_back_corrections
from utils.labels.label_rows import VolumeRow, classes_of, read_rows, tiles_of, to_json
from utils.labels.label_steps import DONE, UNDONE, keep_steps
from utils.labels.label_tables import class_pixels, edits, tile_versions, tiles, volumes

# Where an edit stands in its user's history: undo takes the newest DONE, redo the oldest UNDONE, which was undone last.
PAST = "past"  # never a step (undo, redo, an edit that changed nothing), or none any more


@dataclass
class WriteTransaction:
    """What one write changes. Tiles are written at once; the rest by `record` (an edit) or `finish` (anything else).

    changed : tiles with a new version. won : pixels by (z, class id). classes : the table as it will be.
    moved_to : the state that an undo or redo gave a step.
    """

    conn: Connection
    volume: VolumeRow
    changed: list[TileIndex] = field(default_factory=list)
    won: Counter[tuple[int, int]] = field(default_factory=Counter)
    state: str = PAST
    moved_to: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.revision = self.volume.revision + 1
        self.classes = self.volume.classes

    @property
    def changes_classes(self) -> bool:
        return self.classes != self.volume.classes

    def paint(self, z: int, parts: Sequence[tuple[int, Spans]], rule: PaintRule) -> None:
        """Give the pixels of clipped spans their class, or 0, where `rule` allows it."""
        for (ty, tx), masks in part_masks(parts).items():
            before = after = self._tile((z, ty, tx))
            allowed = rule.allows(before)
            for label, mask in masks:
                after = pixels.paint(after, mask & allowed, label)
            self._put((z, ty, tx), before, after)
        self.state = DONE if self.changed else PAST

    def rewrite(self, changes: Iterable[tuple[TileIndex, TileChange]]) -> None:
        """Give each tile the pixels that its change makes of the present ones."""
        known = {c.id for c in self.classes}
        for index, change in changes:
            before = self._tile(index)
            after = change(before)
            unknown = pixels.count_changes(before, after).keys() - known
            if unknown:
                raise InvalidInputError(f"Class {min(unknown)} does not exist (any more).", "Choose another class.")
            self._put(index, before, after)
        self.state = DONE if self.changed else PAST

    def change_classes(self, change: ClassChange) -> None:
        """Replace the class table by rules: no painted class is lost, no id comes back."""
        classes = tuple(change(self.classes))
        check_classes(classes)
        self._check_ids({c.id for c in classes})
        self.classes = classes

    def delete_class(self, class_id: int) -> None:
        """Drop a class from the table and its pixels from every slice."""
        label_class = find_class(self.classes, class_id)
        self.detail = {"class": asdict(label_class), "place": self.classes.index(label_class)}
        self.classes = remove_class(self.classes, class_id)
        for index in self._tiles_that_may_hold(class_id):
            before = self._tile(index)
            self._put(index, before, pixels.paint(before, before == class_id, 0))

    def restore(self, revision: int) -> None:
        """Give every tile the pixels it had at `revision`, and bring back the classes deleted since."""
        at = self._time_of(revision)
        for index in self._changed_since(revision):
            self._put(index, self._tile(index), self._tile(index, until=revision))
        self.detail = {"to": revision, "at": at, "classes": self._missing_at(revision)}
        self._bring_back(self.detail["classes"])
        corrected = restore_corrections(self.conn, self.volume.id, revision, revision=self.revision)
        self.state = DONE if self.changed or self.changes_classes or corrected else PAST

    def correct(self, chosen: InstanceSet, correction: Correction) -> None:
        """Let a merge or a cut of instances stand; pixels stay as they are."""
        find_class(self.classes, chosen.class_id)
        add_correction(self.conn, self.volume.id, chosen, correction, revision=self.revision)
        self.detail = {"class": chosen.class_id, "dims": chosen.dims, "ids": list(correction.ids)}
        self.state = DONE

    def undo(self, user: str) -> None:
        """Take back the newest step of `user`, if there is one."""
        step = self._step(user, DONE)
        if step is None:
            return
        if step.kind == "delete_class":
            detail = json.loads(step.detail)
            self.classes = restore_class(self.classes, LabelClass(**detail["class"]), place=detail["place"])
        if step.kind == "classes":
            self._turn_back(read_rows(json.loads(step.detail)["rows"]))
        self._take_back(step)
        if step.kind == "restore":
            self._drop_unused(json.loads(step.detail)["classes"])
        self._move(step, UNDONE, detail=step.detail)
        self._tell_of(step)

    def redo(self, user: str) -> None:
        """Do again what the last undo of `user` took back, if there is something."""
        step = self._step(user, UNDONE)
        if step is None:
            return
        if step.kind == "delete_class":
            self._delete_again(json.loads(step.detail)["class"]["id"])
        else:
            if step.kind == "restore":
                self._bring_back(json.loads(step.detail)["classes"])
            if step.kind == "classes":
                self._turn_back([(after, before) for before, after in read_rows(json.loads(step.detail)["rows"])])
            self._take_back(step)
        self._move(step, DONE, detail=json.dumps(self.detail) if self.detail else step.detail)
        self._tell_of(step)

    def record(self, *, kind: str, edit_id: str, user: str) -> None:
        """Write down that the edit has happened. A new step ends what could be redone."""
        mine = edits.c.volume == self.volume.id, edits.c.user == user
        if self.state == DONE:
            self.conn.execute(update(edits).where(*mine, edits.c.state == UNDONE).values(state=PAST))
        origin = {"volume": self.volume.id, "edit_id": edit_id, "user": user, "at": time.time(), "kind": kind}
        effect = {"revision": self.revision, "state": self.state, "step": self.revision}
        self.conn.execute(insert(edits).values(**origin, **effect, detail=json.dumps(self.detail)))
        keep_steps(self.conn, self.volume.id, user, self._count_step)
        self.finish()

    def finish(self) -> None:
        """Write the counts, the class table and the revision."""
        for (z, class_id), won in sorted(self.won.items()):
            self._count(z, class_id, won)
        values: dict[str, Any] = {"revision": self.revision}
        if self.changes_classes:
            highest = max(self.volume.highest_class_id, *(c.id for c in self.classes))
            values |= {"classes": to_json(self.classes), "classes_revision": self.revision}
            values |= {"highest_class_id": highest}
        self.conn.execute(update(volumes).where(volumes.c.id == self.volume.id).values(**values))

    def _tell_of(self, step: Row[Any]) -> None:
        """Let the history say what an undo or redo was of."""
        self.detail = {"of": {"kind": step.kind, "detail": json.loads(step.detail)}}

    def _time_of(self, revision: int) -> float:
        """When the labels came to be what they were at `revision`."""
        earlier = edits.c.volume == self.volume.id, edits.c.revision <= revision
        newest = select(edits.c.at).where(*earlier).order_by(edits.c.revision.desc()).limit(1)
        at = self.conn.execute(newest).scalar()
        if at is None or revision > self.volume.revision:
            raise NotFoundError(f"There is no moment {revision} of these labels.", "Choose one from the history.")
        return float(at)

    def _changed_since(self, revision: int) -> list[TileIndex]:
        place = tiles.c.z, tiles.c.ty, tiles.c.tx
        later = tiles.c.volume == self.volume.id, tiles.c.revision > revision
        return [tuple(row) for row in self.conn.execute(select(*place).where(*later).order_by(*place))]

    def _missing_at(self, revision: int) -> list[dict[str, Any]]:
        """Details of classes that are not there: those deleted after `revision`, and those whose pixels it brings back.

        A deletion that was undone and done again is as late as that; `step` tells.
        """
        of_classes = edits.c.volume == self.volume.id, edits.c.kind.in_(("delete_class", "classes"))
        query = select(edits.c.kind, edits.c.detail, edits.c.step).where(*of_classes).order_by(edits.c.number)
        here, missing = {c.id for c in self.classes}, {}
        for kind, detail, step in self.conn.execute(query):
            for told, gone in classes_of(kind, json.loads(detail)):
                class_id = told["class"]["id"]
                if class_id not in here and ((gone and step > revision) or self._pixels_of(class_id)):
                    missing[class_id] = told
        return list(missing.values())

    def _bring_back(self, deleted: Iterable[Mapping[str, Any]]) -> None:
        for detail in reversed(list(deleted)):
            self.classes = restore_class(self.classes, LabelClass(**detail["class"]), place=detail["place"])

    def _turn_back(self, rows: ClassRows) -> None:
        self.classes = turn_back(self.classes, rows, used=lambda class_id: self._pixels_of(class_id) > 0)

    def _drop_unused(self, deleted: Iterable[Mapping[str, Any]]) -> None:
        """Take classes out of the table again, unless somebody has painted with them since."""
        for detail in deleted:
            class_id = detail["class"]["id"]
            if any(c.id == class_id for c in self.classes) and not self._pixels_of(class_id):
                self.classes = remove_class(self.classes, class_id)

    def _pixels_of(self, class_id: int) -> int:
        """Of all slices, with what this write has won."""
        mine = class_pixels.c.volume == self.volume.id, class_pixels.c.class_id == class_id
        before = self.conn.execute(select(func.sum(class_pixels.c.pixels)).where(*mine)).scalar() or 0
        return int(before) + sum(won for (_, label), won in self.won.items() if label == class_id)

    def _check_ids(self, ids: set[int]) -> None:
        known = {c.id for c in self.volume.classes}
        for class_id in sorted(ids - known):
            if class_id <= self.volume.highest_class_id:
                raise InvalidInputError(f"Class {class_id} has been deleted.", "Reload the page to see the classes.")
        for class_id in sorted(known - ids):
            if self.conn.execute(self._slices_with(class_id).limit(1)).first():
                name = find_class(self.volume.classes, class_id).name
                raise InvalidInputError(f"The class {name!r} still has pixels.", "Delete it together with them.")

    def _step(self, user: str, state: str) -> Row[Any] | None:
        order = edits.c.number.desc() if state == DONE else edits.c.number
        mine = edits.c.volume == self.volume.id, edits.c.user == user, edits.c.state == state
        return self.conn.execute(select(edits).where(*mine).order_by(order).limit(1)).one_or_none()

    def _count_step(self, known: History) -> History:
        """The counts of the user's steps after this edit."""
        if self.state == DONE:
            return History(known.undo + 1, 0)
        back = {UNDONE: 1, DONE: -1}.get(self.moved_to, 0)
        return History(known.undo - back, known.redo + back)

    def _move(self, step: Row[Any], state: str, *, detail: str) -> None:
        values = {"state": state, "step": self.revision, "detail": detail}
        self.conn.execute(update(edits).where(edits.c.number == step.number).values(**values))
        self.moved_to = state

    def _delete_again(self, class_id: int) -> None:
        """Delete afresh: others may have painted with the class since, and no pixel may be left without one."""
        if any(c.id == class_id for c in self.classes):
            self.delete_class(class_id)

    def _take_back(self, step: Row[Any]) -> None:
        class_ids, revision = [c.id for c in self.classes], step.step
        for index in tiles_of(self.conn, self.volume.id, revision):
            before, after = self._tile(index, until=revision - 1), self._tile(index, until=revision)
            now = self._tile(index)
            self._put(index, now, pixels.take_back(now, before=before, after=after, class_ids=class_ids))
        if step.kind in KINDS:
            take_back_corrections(self.conn, self.volume.id, revision, revision=self.revision)

    def _put(self, index: TileIndex, before: Tile, after: Tile) -> None:
        if np.array_equal(before, after):
            return
        place = dict(zip(("z", "ty", "tx"), index, strict=True)) | {"volume": self.volume.id}
        labelled = int(np.count_nonzero(after))
        self.conn.execute(insert(tile_versions).values(**place, revision=self.revision, pixels=pixels.pack(after)))
        self.conn.execute(delete(tiles).where(*(tiles.c[name] == value for name, value in place.items())))
        self.conn.execute(insert(tiles).values(**place, revision=self.revision, labelled=labelled))
        self.changed.append(index)
        for class_id, won in pixels.count_changes(before, after).items():
            self.won[index[0], class_id] += won

    def _tile(self, index: TileIndex, *, until: int | None = None) -> Tile:
        """A tile as it is, or as it was at revision `until`."""
        version, (z, ty, tx) = tile_versions.c, index
        here = version.volume == self.volume.id, version.z == z, version.ty == ty, version.tx == tx
        query = select(version.pixels).where(*here).order_by(version.revision.desc()).limit(1)
        blob = self.conn.execute(query if until is None else query.where(version.revision <= until)).scalar()
        return pixels.empty_tile() if blob is None else pixels.unpack(blob)

    def _tiles_that_may_hold(self, class_id: int) -> list[TileIndex]:
        place = tiles.c.z, tiles.c.ty, tiles.c.tx
        here = tiles.c.volume == self.volume.id, tiles.c.labelled > 0, tiles.c.z.in_(self._slices_with(class_id))
        return [tuple(row) for row in self.conn.execute(select(*place).where(*here).order_by(*place))]

    def _slices_with(self, class_id: int) -> Select[tuple[int]]:
        pixel = class_pixels.c
        return select(pixel.z).where(pixel.volume == self.volume.id, pixel.class_id == class_id, pixel.pixels > 0)

    def _count(self, z: int, class_id: int, won: int) -> None:
        row = {"volume": self.volume.id, "z": z, "class_id": class_id}
        here = [class_pixels.c[name] == value for name, value in row.items()]
        counted = self.conn.execute(update(class_pixels).where(*here).values(pixels=class_pixels.c.pixels + won))
        if counted.rowcount == 0:
            self.conn.execute(insert(class_pixels).values(**row, pixels=won))
