"""Between what is kept of a table (`store.py`) and the label table that strategies and files know (`table.py`)."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from core.errors import InvalidInputError
from core.learning.curation.store import EXCLUDE, UNSURE, VALIDATION, Mark, Row, Table
from core.learning.curation.table import NO_TAG, Item, LabelTable


def label_table(table: Table, rows: Sequence[Row]) -> LabelTable:
    """The rows as a label table, one a row in their order. Unsure is no tag: nothing can be learned from it."""
    items = tuple(Item(str(row.item.number), row.item.volume, row.item.name) for row in rows)
    tags = np.array([[_tag(row, name) for name in table.classes] for row in rows], np.int8)
    return LabelTable(
        items,
        table.classes,
        tags.reshape(len(rows), len(table.classes)),
        np.array([row.validation for row in rows], bool),
        np.array([row.exclude for row in rows], bool),
        tuple(row.item.subset for row in rows),
    )


def marks_of_file(table: Table, rows: Sequence[Row], read: LabelTable) -> list[Mark]:
    """What a file says of the items of a table, found by name; a class it lacks is left as it is.

    Raises
    ------
    InvalidInputError
        If it names no item of the table, or has a class that the table lacks.
    """
    unknown = [name for name in read.classes if name not in table.classes]
    if unknown:
        raise InvalidInputError(f"The table has no class {unknown[0]!r}.", "Add it first, or take it out of the file.")
    places = {row.item.name: row for row in rows}
    found = [(at, places[item.filename]) for at, item in enumerate(read.items) if item.filename in places]
    if not found:
        raise InvalidInputError("The file names no item of this table.", "The column filepath must hold their names.")
    return [mark for at, row in found for mark in _marks(read, at, row)]


def subsets_of_file(rows: Sequence[Row], read: LabelTable) -> dict[int, str]:
    """Where items come from, of those the file says it of, where that is news."""
    said = {item.filename: subset for item, subset in zip(read.items, read.subsets, strict=True) if subset}
    new = ((row.item.number, said.get(row.item.name, ""), row.item.subset) for row in rows)
    return {number: subset for number, subset, known in new if subset and subset != known}


def _marks(read: LabelTable, at: int, row: Row) -> Iterator[Mark]:
    number = row.item.number
    for place, name in enumerate(read.classes):
        tag = int(read.tags[at, place])
        is_unsure = tag == NO_TAG and row.values.get(name) == UNSURE  # a file cannot say it
        if not is_unsure:
            yield Mark(number, name, None if tag == NO_TAG else tag)
    flags: Mapping[str, bool] = {EXCLUDE: bool(read.exclude[at]), VALIDATION: bool(read.validation[at])}
    for name, flag in flags.items():
        yield Mark(number, name, 1 if flag else None)


def _tag(row: Row, name: str) -> int:
    value = row.values.get(name, NO_TAG)
    return NO_TAG if value == UNSURE else value
