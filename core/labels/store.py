"""The port behind which label tiles live: what an edit is, what it leaves, and how to go back.

Truth is a table of versioned 512 x 512 tiles of class ids (uint8, 0 = unlabelled). An edit paints spans of one class;
it is applied to whatever stands there when it arrives, so two people never conflict. Every edit writes a new version
of each tile it touches in one transaction; undo writes yet another version. `utils/labels/label_db.py` implements the
port with SQLAlchemy, `tests/contracts/test_label_store*.py` say what each implementation must do.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.images.planes import PlaneAxis
from core.labels.classes import LabelClass
from core.labels.corrections import Correction, InstanceSet
from core.labels.history import EditRecord, Snapshot
from core.labels.rules import PaintRule
from core.labels.spans import Parts, Spans

TileIndex = tuple[int, int, int]
"""(z, ty, tx)"""


ClassChange = Callable[[tuple[LabelClass, ...]], tuple[LabelClass, ...]]
"""Makes a new class table of the present one."""


@dataclass(frozen=True)
class Paint:
    """One committed stroke, shape or erasure.

    id : made by the browser; a second arrival of the same id changes nothing.
    volume : path of the volume.
    index : of the slice, or of the XZ or YZ plane that `axis` names.
    label : class id, 0 erases.
    spans : (N, 3) int32 of (row, start, stop), half-open, clipped by the store to the plane.
    parts : classes for the spans where they have several; then `label` means nothing. Later parts paint over earlier.
    rule : which pixels may change, judged by what stands there before the edit.
    source : LIVE where the live prediction gave the pixels, which teach it nothing then.
    """

    id: str
    volume: str
    index: int
    label: int
    spans: NDArray[np.int32]
    user: str
    axis: PlaneAxis = "z"
    parts: Parts = ()
    rule: PaintRule = field(default_factory=PaintRule)
    source: str = ""

    @property
    def kind(self) -> str:
        """What the history calls it."""
        return self.source or "paint"

    def pieces(self) -> list[tuple[int, Spans]]:
        """(class id, spans) of each part.

        >>> spans = np.array([[0, 0, 9], [1, 0, 9]], np.int32)
        >>> [(label, len(s)) for label, s in Paint("", "", 0, 7, spans, "").pieces()]
        [(7, 2)]
        """
        if not self.parts:
            return [(self.label, self.spans)]
        stops = np.cumsum([count for _, count in self.parts])[:-1]
        cut = np.split(self.spans, stops)
        return [(label, spans) for (label, _), spans in zip(self.parts, cut, strict=True)]


TileChange = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""Makes a tile's new pixels, in a new array, of those that stand there: (512, 512) uint8 class ids both."""


@dataclass(frozen=True)
class Rewrite:
    """One committed change of any pixels of any slices: an accepted prediction, an import, a moment restored.

    id, volume, user : as for `Paint`.
    kind : what it was, in at most 12 letters, for the history: "accept", "import", ...
    tiles : each tile at most once, with what becomes of it; taken one after the other, so it may be a generator.
    detail : what the history tells beside it, as JSON.
    classes : a change of the class table that comes first, in the same transaction; undo of the edit leaves it.
    """

    id: str
    volume: str
    kind: str
    tiles: Iterable[tuple[TileIndex, TileChange]]
    user: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    classes: ClassChange | None = None


@dataclass(frozen=True)
class Receipt:
    """What an edit did. `changed` lists the tiles that have a new version; empty when nothing changed.

    revision : grows by one with every edit of the volume. The first one is a large number, so that a database made anew
        never repeats the tile versions that browsers keep of its predecessor.
    duplicate : True when the id had been applied before.
    of : the kind of the edit that an undo or redo concerned; "" when there was none, and for everything else.
    """

    revision: int
    changed: tuple[TileIndex, ...]
    duplicate: bool = False
    of: str = ""


@dataclass(frozen=True)
class Changes:
    """What happened to a volume since a revision."""

    revision: int
    changed: tuple[TileIndex, ...]
    classes_changed: bool


@dataclass(frozen=True)
class History:
    """How many steps one user can take back and forth. An edit that changed nothing is no step."""

    undo: int
    redo: int


class LabelStore(Protocol):
    """Every method is safe to call from several threads and processes at once.

    Methods raise UnavailableError when the database does not answer.
    """

    def classes(self, volume: str) -> tuple[LabelClass, ...]:
        """The class table in display order; the default table for a volume never touched."""
        ...

    def set_classes(self, volume: str, classes: Sequence[LabelClass], *, user: str) -> int:
        """Replace the class table (rename, recolour, hide, add, reorder) and return the new revision.

        A change of names, colours or the classes there are is a step that undo takes back, where it still stands.

        Raises InvalidInputError for a class id dropped while it still has pixels (use `delete_class`), and for an id
        of a deleted class.
        """
        ...

    def change_classes(self, volume: str, change: ClassChange, *, user: str) -> int:
        """`set_classes` to what `change` makes of the table as it stands, while nobody else can write."""
        ...

    def next_class_id(self, volume: str) -> int:
        """An id that no class of the volume, deleted ones included, ever had; 128 when none is left."""
        ...

    def delete_class(self, volume: str, class_id: int, *, edit_id: str, user: str) -> Receipt:
        """Erase the class's pixels on every slice and drop it from the table, as one edit that undo takes back.

        Raises NotFoundError for a class that does not exist, InvalidInputError for the last one.
        """
        ...

    def paint(self, edit: Paint, *, shape: tuple[int, int, int]) -> Receipt:
        """Apply `edit` to a volume of `shape` (Z, Y, X); durable when this returns.

        Raises InvalidInputError if the label is not a class of the volume, or the plane lies outside.
        """
        ...

    def rewrite(self, edit: Rewrite) -> Receipt:
        """Apply `edit` as one step that undo takes back; durable when this returns.

        Raises InvalidInputError if it leaves a pixel of a class that the volume does not have. Nothing is changed then,
        nor when the tiles or the change of classes raise: that is how to stop one.
        """
        ...

    def correct(self, chosen: InstanceSet, correction: Correction, *, edit_id: str, user: str) -> Receipt:
        """Merge or cut instances as one step that undo takes back; no pixel changes. Durable when this returns.

        Raises NotFoundError for a class that does not exist.
        """
        ...

    def corrections(self, chosen: InstanceSet) -> list[Correction]:
        """Merges and cuts that stand, in the order they were made."""
        ...

    def receipt(self, volume: str, edit_id: str) -> Receipt | None:
        """What an edit did when it came first; None if it never came."""
        ...

    def undo(self, volume: str, *, edit_id: str, user: str) -> Receipt:
        """Take back this user's last edit where its pixels still stand; others' later pixels stay.

        Pixels whose class has been deleted since become unlabelled. An empty `of` means there was nothing to undo.
        `edit_id` makes a retry harmless.
        """
        ...

    def redo(self, volume: str, *, edit_id: str, user: str) -> Receipt:
        """Put back what this user's last undo took, in the same spirit."""
        ...

    def history(self, volume: str, *, user: str) -> History: ...

    def revision(self, volume: str) -> int: ...

    def tile_versions(self, volume: str, z: int) -> dict[tuple[int, int], int]:
        """{(ty, tx): version} of the tiles of slice `z` that hold any label."""
        ...

    def tile_versions_across(
        self, volume: str, axis: PlaneAxis, place: int, *, revision: int | None = None
    ) -> dict[tuple[int, int], int]:
        """Versions of the tiles ever painted that meet the XZ ("y") or YZ ("x") planes of one row of tiles.

        place : ty for "y", tx for "x". The answer is {(z, the other one): version}; tiles that were wiped count, so
        that the newest version tells whether anything has changed. revision : of a moment, None for now.
        """
        ...

    def tile(self, volume: str, index: TileIndex) -> NDArray[np.uint8] | None:
        """The newest (512, 512) version of a tile; None when nothing was ever painted there."""
        ...

    def edits(self, volume: str, *, before: int | None = None, limit: int = 50) -> tuple[EditRecord, ...]:
        """What happened, newest first; `before` a revision to go on from."""
        ...

    def tile_at(self, volume: str, index: TileIndex, revision: int) -> NDArray[np.uint8] | None:
        """`tile` as it was at a revision."""
        ...

    def tile_versions_at(self, volume: str, z: int, revision: int) -> dict[tuple[int, int], int]:
        """Versions of the tiles of a slice at a revision; tiles that had been wiped by then count."""
        ...

    def changed_by(self, volume: str, revision: int) -> TileIndex | None:
        """The first tile that the edit of `revision` changed, None when it changed none."""
        ...

    def changed_by_kind(self, volume: str, kind: str) -> dict[TileIndex, tuple[int, ...]]:
        """The tiles that edits of a kind have changed, each with the revisions of these edits, ascending."""
        ...

    def changed_between(self, volume: str, *, since: int, until: int) -> tuple[TileIndex, ...]:
        """The tiles with a version after the moment `since` and not after `until`, by slice."""
        ...

    def restore(self, volume: str, revision: int, *, edit_id: str, user: str) -> Receipt:
        """Make all labels what they were at `revision`, as one step that undo takes back; deleted classes come back.

        Raises NotFoundError if there is no such moment.
        """
        ...

    def snapshots(self, volume: str) -> tuple[Snapshot, ...]:
        """Moments with a name, the latest first."""
        ...

    def keep_snapshot(self, volume: str, name: str, revision: int, *, user: str) -> None:
        """Give a moment a name; the same name then no longer means another.

        Raises InvalidInputError for a bad name, NotFoundError if there is no such moment.
        """
        ...

    def drop_snapshot(self, volume: str, name: str) -> None:
        """Take a name away; the moment stays."""
        ...

    def changes(self, volume: str, *, since: int) -> Changes:
        """What has changed since a revision; everything when `since` is not of this database's past."""
        ...

    def annotated_slices(self, volume: str) -> list[int]:
        """Slices that hold at least one labelled pixel, ascending."""
        ...

    def class_pixels(self, volume: str) -> dict[int, int]:
        """{class id: how many pixels it has on all slices}, of classes that have any."""
        ...
