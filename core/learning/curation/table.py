"""The label table: what people say of whole images, slices or tiles, one row an item and one tag a class.

A tag is None (nobody has said), 0 (does not contain the class) or 1 (contains it); classes do not exclude each other,
and a row may know some of them only. The table is a value: every change gives a new one. `table_csv.py` writes it to a
file, `filters.py` and `sampling.py` choose rows of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError, NotFoundError

RESERVED = ("id", "source", "filepath", "viewpath", "exclude", "validation", "subset")  # columns that are no class
CHANCE = "chance: "  # before a class: the column of what a model says of it
NO_TAG = -1
MAX_NAME_LENGTH = 80
RULE = f"Use 1 to {MAX_NAME_LENGTH} printable characters, and no space at the ends."
Rows = NDArray[np.intp]
Bools = NDArray[np.bool_]
Tags = NDArray[np.int8]
Chances = NDArray[np.float32]


@dataclass(frozen=True)
class Item:
    """What a row is about. id : unique in its table. source : a volume or a folder. filename : of an image, or a slice
    or tile of the source, as people read it. view : another picture to show in its place, or empty.
    """

    id: str
    source: str = ""
    filename: str = ""
    view: str = ""


@dataclass(frozen=True)
class Counts:
    """Rows that have a tag of one class, those that are excluded left out; validation apart from the rest."""

    negative: int
    positive: int
    validation_negative: int
    validation_positive: int


@dataclass(frozen=True, eq=False)
class LabelTable:
    """n items and C classes.

    tags : (n, C) int8, -1 for none. validation : (n,) bool, kept out of training to test on. exclude : (n,) bool, seen
    and not usable. subsets : where each comes from, free text. chances : (n, C) float32 in 0..1 of the last model, NaN
    where it said nothing; None before there is one. Arrays are kept read-only, not copied.
    """

    items: tuple[Item, ...]
    classes: tuple[str, ...]
    tags: Tags
    validation: Bools
    exclude: Bools
    subsets: tuple[str, ...]
    chances: Chances | None = None

    def __post_init__(self) -> None:
        check_class_names(self.classes)
        _check_unique([item.id for item in self.items])
        _check_shapes(self)
        for array in (self.tags, self.validation, self.exclude, self.chances):
            if array is not None:
                array.flags.writeable = False

    @classmethod
    def of(cls, items: Iterable[Item], classes: Iterable[str] = ()) -> "LabelTable":
        """Nothing is known yet. Raises InvalidInputError for ids or classes that are there twice."""
        rows, names = tuple(items), tuple(classes)
        return cls(rows, names, _no_tags(len(rows), len(names)), *_flags(len(rows)), ("",) * len(rows))

    def __len__(self) -> int:
        return len(self.items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LabelTable):
            return NotImplemented
        words = (self.items, self.classes, self.subsets) == (other.items, other.classes, other.subsets)
        return words and all(map(_same, _arrays(self), _arrays(other)))

    __hash__ = None  # type: ignore[assignment]  # arrays have none

    @property
    def ids(self) -> tuple[str, ...]:
        """In the order of the rows."""
        return tuple(item.id for item in self.items)

    @property
    def training(self) -> Bools:
        """(n,) whether a row may teach: it has a tag, is not held out and not excluded."""
        return self.has_tag & ~self.validation & ~self.exclude

    @property
    def testing(self) -> Bools:
        """(n,) whether a row tests: it has a tag, is held out and not excluded."""
        return self.has_tag & self.validation & ~self.exclude

    @property
    def has_tag(self) -> Bools:
        """(n,) whether anybody has said anything of a row."""
        return np.asarray((self.tags != NO_TAG).any(axis=1))

    def place(self, name: str) -> int:
        """The column of a class. Raises NotFoundError."""
        if name not in self.classes:
            raise NotFoundError(f"There is no class {name!r} in this table.", f"It has {_listed(self.classes)}.")
        return self.classes.index(name)

    def rows(self, ids: Iterable[str]) -> Rows:
        """Of these ids, in their order. Raises NotFoundError."""
        places = {item.id: row for row, item in enumerate(self.items)}
        wanted = list(ids)
        missing = next((each for each in wanted if each not in places), None)
        if missing is not None:
            raise NotFoundError(f"There is no item {missing!r} in this table.", "Reload the table.")
        return np.array([places[each] for each in wanted], np.intp)

    def tag(self, row: int, name: str) -> int | None:
        """Of one class: None, 0 or 1. Raises NotFoundError."""
        value = int(self.tags[row, self.place(name)])
        return None if value == NO_TAG else value

    def tagged(self, rows: ArrayLike, name: str, value: int | None) -> "LabelTable":
        """These rows (indices, or a bool a row) with another tag. Raises NotFoundError, InvalidInputError."""
        if value not in (None, 0, 1):
            raise InvalidInputError(f"{value!r} is no tag.", "Use None, 0 or 1.")
        tags, column = self.tags.copy(), self.place(name)
        tags[_picked(rows), column] = NO_TAG if value is None else value
        return replace(self, tags=tags)

    def held_out(self, rows: ArrayLike, *, validation: bool = True) -> "LabelTable":
        """These rows to test on, or to learn from again."""
        return replace(self, validation=_set(self.validation, rows, validation))

    def excluded(self, rows: ArrayLike, *, exclude: bool = True) -> "LabelTable":
        """These rows marked as not usable, or usable again; their tags stay."""
        return replace(self, exclude=_set(self.exclude, rows, exclude))

    def from_subset(self, rows: ArrayLike, subset: str) -> "LabelTable":
        """These rows with the name of where they come from."""
        chosen = _set(np.zeros(len(self), bool), rows, True)
        pairs = zip(self.subsets, chosen.tolist(), strict=True)
        return replace(self, subsets=tuple(subset if new else old for old, new in pairs))

    def with_class(self, name: str) -> "LabelTable":
        """One class more, of which nobody has said anything; chances, which do not know it, get NaN."""
        tags = np.concatenate([self.tags, _no_tags(len(self), 1)], axis=1)
        unsaid = np.full((len(self), 1), np.nan, np.float32)
        chances = None if self.chances is None else np.concatenate([self.chances, unsaid], axis=1)
        return replace(self, classes=(*self.classes, name), tags=tags, chances=chances)

    def renamed(self, name: str, new: str) -> "LabelTable":
        """A class under another name. Raises NotFoundError, InvalidInputError."""
        column = self.place(name)
        return replace(self, classes=(*self.classes[:column], new, *self.classes[column + 1 :]))

    def without_class(self, name: str) -> "LabelTable":
        """Raises NotFoundError."""
        column = self.place(name)
        chances = None if self.chances is None else np.delete(self.chances, column, axis=1)
        left = (*self.classes[:column], *self.classes[column + 1 :])
        return replace(self, classes=left, tags=np.delete(self.tags, column, axis=1), chances=chances)

    def with_chances(self, chances: Chances | None) -> "LabelTable":
        """What a model says of every row and class; None where there is no model."""
        return replace(self, chances=chances)

    def with_items(self, items: Iterable[Item]) -> "LabelTable":
        """These appended, of which nothing is known; ids that are there already are left as they are."""
        known = set(self.ids)
        new = LabelTable.of((item for item in items if item.id not in known), self.classes)
        return self.joined(new)

    def joined(self, other: "LabelTable") -> "LabelTable":
        """The rows of both, which have the same classes. Raises InvalidInputError."""
        if self.classes != other.classes:
            raise InvalidInputError("The tables have different classes.", "Give both the same classes, in one order.")
        chances = None
        if self.chances is not None or other.chances is not None:
            chances = np.concatenate([_said(self), _said(other)])
        return LabelTable(
            (*self.items, *other.items),
            self.classes,
            np.concatenate([self.tags, other.tags]),
            np.concatenate([self.validation, other.validation]),
            np.concatenate([self.exclude, other.exclude]),
            (*self.subsets, *other.subsets),
            chances,
        )

    def taken(self, rows: ArrayLike) -> "LabelTable":
        """These rows alone, in the order given."""
        among = np.arange(len(self))[_picked(rows)]
        return LabelTable(
            tuple(self.items[row] for row in among),
            self.classes,
            self.tags[among],
            self.validation[among],
            self.exclude[among],
            tuple(self.subsets[row] for row in among),
            None if self.chances is None else self.chances[among],
        )

    def counts(self) -> dict[str, Counts]:
        """How many tags each class has."""
        parts = (~self.exclude & ~self.validation, ~self.exclude & self.validation)
        found = [[(self.tags[part] == value).sum(axis=0) for value in (0, 1)] for part in parts]
        columns = np.concatenate(found).T.tolist()
        return {name: Counts(*counts) for name, counts in zip(self.classes, columns, strict=True)}


def check_class_names(names: Sequence[str]) -> None:
    """Raise InvalidInputError unless they are unique, readable, and none is the name of another column."""
    for name in names:
        if not name.strip() or name != name.strip() or len(name) > MAX_NAME_LENGTH or not name.isprintable():
            raise InvalidInputError(f"{name!r} is no name of a class.", RULE)
        if name in RESERVED or name.startswith(CHANCE):
            raise InvalidInputError(f"{name!r} is a column of its own, not a class.", "Choose another name.")
    _check_unique(names)


def _check_unique(names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidInputError(f"{name!r} is there twice.", "Give each row and each class a name of its own.")
        seen.add(name)


def _check_shapes(table: LabelTable) -> None:
    count, width = len(table.items), len(table.classes)
    fits = table.tags.shape == (count, width) and len(table.subsets) == count
    fits = fits and table.validation.shape == table.exclude.shape == (count,)
    if not fits or (table.chances is not None and table.chances.shape != (count, width)):
        raise InvalidInputError(f"The columns do not fit {count} items and {width} classes.", "Give every item a row.")


def _arrays(table: LabelTable) -> tuple[NDArray[np.generic] | None, ...]:
    return table.tags, table.validation, table.exclude, table.chances


def _same(one: NDArray[np.generic] | None, other: NDArray[np.generic] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def _no_tags(rows: int, classes: int) -> Tags:
    return np.full((rows, classes), NO_TAG, np.int8)


def _flags(rows: int) -> tuple[Bools, Bools]:
    return np.zeros(rows, bool), np.zeros(rows, bool)


def _picked(rows: ArrayLike) -> Rows | Bools:
    """An empty list is no row; numpy would take it for numbers with a fraction."""
    picked = np.asarray(rows)
    return picked if picked.dtype == bool else picked.astype(np.intp)


def _set(flags: Bools, rows: ArrayLike, value: bool) -> Bools:
    changed = flags.copy()
    changed[_picked(rows)] = value
    return changed


def _said(table: LabelTable) -> Chances:
    return np.full(table.tags.shape, np.nan, np.float32) if table.chances is None else table.chances


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "no class yet"
