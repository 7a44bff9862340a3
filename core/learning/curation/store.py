"""The port behind which tables of items are kept: what was said of each item, by whom, and who looks at which one now.

An item is a slice, a tile of a slice, or an image of its own; the originals are only ever read. Whatever is said is
an act: several marks at once, with a person and a time, that undo takes back. People who swipe hold leases, so that
no item is asked twice. `utils/curation/curation_db.py` implements it, and `tests/contracts/test_curation_store.py`
says what it must do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from core.errors import InvalidInputError
from core.learning.curation.table import check_class_names

Verdict = Literal["accept", "reject", "unsure"]
Kind = Literal["swipe", "tag", "import", "late", "undo", "redo"]

UNSURE = 2  # beside 0 (it is not) and 1 (it is): a person has looked and could not say
VALUE_OF: Mapping[str, int] = {"accept": 1, "reject": 0, "unsure": UNSURE}
EXCLUDE, VALIDATION = "exclude", "validation"
FLAGS = (EXCLUDE, VALIDATION)
MAX_CLASSES = 32
LEASE_S = 90.0  # how long an item waits for somebody who has gone without a word
DEFAULT_BATCH = 20
MAX_LEASES = 64  # of one browser window


@dataclass(frozen=True)
class Item:
    """What is looked at.

    number : its place in the table, from 0. box : (y0, x0, y1, x1) in pixels of the slice, half-open; None: all of it.
    subset : where it comes from, in free words; "" for nowhere in particular.
    """

    number: int
    volume: str
    z: int = 0
    box: tuple[int, int, int, int] | None = None
    subset: str = ""

    @property
    def name(self) -> str:
        """A name that no other item of the table has.

        >>> Item(0, "scans/bead", z=4, box=(0, 256, 128, 384)).name
        'scans/bead#z=5,y=0-128,x=256-384'
        """
        if self.box is None:
            return f"{self.volume}#z={self.z + 1}"
        y0, x0, y1, x1 = self.box
        return f"{self.volume}#z={self.z + 1},y={y0}-{y1},x={x0}-{x1}"


@dataclass(frozen=True)
class Row:
    """An item with what has been said of it.

    values : class name -> 0, 1 or UNSURE; a class nobody has judged is left out.
    """

    item: Item
    values: Mapping[str, int]
    exclude: bool = False
    validation: bool = False


@dataclass(frozen=True)
class Table:
    """The facts of a table. at : POSIX seconds. count : items. revision : grows with every act."""

    id: str
    name: str
    classes: tuple[str, ...]
    count: int
    user: str
    at: float
    revision: int = 0


@dataclass(frozen=True)
class Mark:
    """One thing said of one item. field : a class, "exclude" or "validation". value : 0, 1, UNSURE; None is nothing."""

    item: int
    field: str
    value: int | None


@dataclass(frozen=True)
class Act:
    """Marks made at once. id : a UUID of the one who asks; the same id twice changes nothing. seconds : it took."""

    id: str
    user: str
    marks: Sequence[Mark]
    kind: Kind = "tag"
    seconds: float = 0.0


@dataclass(frozen=True)
class Steps:
    """How many acts of one person can be taken back and forth."""

    undo: int
    redo: int


@dataclass(frozen=True)
class Receipt:
    """What an act has come to. items : those it has changed. late : somebody else had answered before."""

    items: tuple[int, ...]
    steps: Steps
    late: bool = False


@dataclass(frozen=True)
class Queue:
    """Items to be asked about, in their order.

    asks : the class. items : None is the whole table. again : also items that were left unsure before the queue was
    made. batch : how many a person is asked before a pause.
    """

    id: str
    asks: str
    items: tuple[int, ...] | None = None
    again: bool = False
    batch: int = DEFAULT_BATCH
    at: float = 0.0


@dataclass(frozen=True)
class Decision:
    """An answer to a queue's question about one item. owner : the browser window that has it on lease."""

    id: str
    item: int
    verdict: Verdict
    user: str
    owner: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Lease:
    """Items that nobody else is asked about until `expires`, POSIX seconds."""

    owner: str
    items: tuple[Item, ...]
    expires: float


@dataclass(frozen=True)
class Progress:
    """How far a queue is. judged : answers by kind. leased : on somebody's screen. people : answers by name."""

    total: int
    open: int
    accepted: int
    rejected: int
    unsure: int
    leased: int
    people: Mapping[str, int] = field(default_factory=dict)


class CurationStore(Protocol):
    """Every method is safe to call from several threads and processes.

    Methods raise NotFoundError for what is not there, InvalidInputError for what breaks a rule, and UnavailableError
    when the database does not answer.
    """

    def tables(self, *, volume: str | None = None) -> tuple[Table, ...]:
        """Newest first; those alone that have an item of a volume, where one is named."""
        ...

    def table(self, table: str) -> Table: ...

    def create(self, table: Table, items: Sequence[Item]) -> Table:
        """Make a table; one that is there already under this id stays as it is."""
        ...

    def drop(self, table: str) -> None:
        """Forget a table and all that was said in it. The images are not touched."""
        ...

    def name_classes(self, table: str, classes: Sequence[str]) -> Table:
        """Give the classes these names, in their order; more names than before add classes, with no label."""
        ...

    def rows(self, table: str) -> tuple[Row, ...]:
        """All, by number."""
        ...

    def act(self, table: str, act: Act) -> Receipt: ...

    def set_subsets(self, table: str, subsets: Mapping[int, str]) -> None:
        """Where items come from, by number."""
        ...

    def undo(self, table: str, *, act_id: str, user: str, of: str = "") -> Receipt:
        """Take back the newest act of a person, or the one called `of`. What others have said since stays."""
        ...

    def redo(self, table: str, *, act_id: str, user: str) -> Receipt: ...

    def steps(self, table: str, *, user: str) -> Steps: ...

    def make_queue(self, table: str, queue: Queue) -> Queue:
        """Keep a queue; one that is there already under this id stays as it is."""
        ...

    def queue(self, table: str, queue: str) -> Queue:
        """ "" is the whole table, asked about its first class."""
        ...

    def lease(self, table: str, queue: str, *, owner: str, user: str, count: int, lasts_s: float = LEASE_S) -> Lease:
        """Up to `count` open items for one browser window: those it has, renewed, and the next free ones."""
        ...

    def release(self, table: str, *, owner: str, items: Sequence[int] | None = None) -> None:
        """Give items back, or all that a window holds."""
        ...

    def hold(self, table: str, queue: str, items: Sequence[int], *, owner: str, user: str) -> None:
        """Lease items to the window that has taken its answers back, unless another holds them."""
        ...

    def decide(self, table: str, queue: str, decision: Decision) -> Receipt:
        """Keep an answer, unless somebody else has given one before: then it is only noted, as late."""
        ...

    def progress(self, table: str, queue: str) -> Progress: ...


def check_classes(names: Sequence[str]) -> tuple[str, ...]:
    """Names of classes as they are kept.

    Raises
    ------
    InvalidInputError
        If there is none, or too many, or one is empty, too long, there twice, or means something else in a file.

    >>> check_classes([" pore ", "grain"])
    ('pore', 'grain')
    """
    kept = tuple(" ".join(name.split()) for name in names)
    if not 1 <= len(kept) <= MAX_CLASSES:
        raise InvalidInputError(f"A table has 1 to {MAX_CLASSES} classes, not {len(kept)}.", "Name at least one.")
    check_class_names(kept)
    if len({name.casefold() for name in kept}) < len(kept):
        raise InvalidInputError("Two classes have the same name.", "Give each a name of its own.")
    return kept


def check_mark(mark: Mark, table: Table) -> None:
    """Raises InvalidInputError unless the table has such an item and field, and the field may hold the value."""
    if not 0 <= mark.item < table.count:
        raise InvalidInputError(f"Item {mark.item} does not exist; the table has 0 to {table.count - 1}.")
    if mark.field not in (*FLAGS, *table.classes):
        raise InvalidInputError(f"{mark.field!r} is no class of the table.", "Reload the page.")
    allowed = (0, 1, None) if mark.field in FLAGS else (0, 1, UNSURE, None)
    if mark.value not in allowed:
        raise InvalidInputError(f"{mark.value!r} is no label.", "A label is 0, 1, or nothing.")
