"""A label table as CSV, in the columns of patchwork: filepath, exclude, validation, subset, viewpath, and one a class.

A tag is empty, 0 or 1. `id` and `source` are written where they say more than the filepath does, `chance: <class>`
where a model has spoken. What is written is read back as the same table.
"""

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np

from core.errors import LabelFileError
from core.learning.curation.table import CHANCE, NO_TAG, RESERVED, Chances, Item, LabelTable, check_class_names

_TAGS = {"": NO_TAG, "nan": NO_TAG, "none": NO_TAG, "0": 0, "0.0": 0, "false": 0, "1": 1, "1.0": 1, "true": 1}
_FLAGS = {"": False, "nan": False, "false": False, "0": False, "0.0": False, "true": True, "1": True, "1.0": True}
_TEXT = {NO_TAG: "", 0: "0", 1: "1"}
Row = Mapping[str, str]


def write_csv(table: LabelTable) -> str:
    """The whole file; lines end as RFC 4180 has it."""
    columns = _columns(table)
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return lines.getvalue()


def read_csv(text: str) -> LabelTable:
    """A file of ours or of patchwork; every column that is not one of `RESERVED` is a class.

    Raises
    ------
    LabelFileError
        If there is no column filepath, a row is longer than the head, or a value is no tag; the line is named.
    InvalidInputError
        If an item or a class is there twice.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    head = reader.fieldnames or ()
    if "filepath" not in head:
        raise LabelFileError("The table has no column filepath.", "Name the column of the images filepath.")
    classes = [name for name in head if name not in RESERVED and not name.startswith(CHANCE)]
    check_class_names(classes)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise LabelFileError(f"Line {reader.line_num} of the table cannot be read: {error}.", "Mend it.") from error
    _check_lengths(rows)
    return _table(rows, classes, head)


def _columns(table: LabelTable) -> dict[str, list[str]]:
    """By name, in the order of the file; those that say nothing are left out."""
    columns = {
        "filepath": [item.filename for item in table.items],
        "id": [item.id for item in table.items],
        "source": [item.source for item in table.items],
        "viewpath": [item.view for item in table.items],
        "exclude": [str(flag) for flag in table.exclude.tolist()],
        "validation": [str(flag) for flag in table.validation.tolist()],
        "subset": list(table.subsets),
    }
    if columns["id"] == columns["filepath"]:
        del columns["id"]
    for name in ("source", "viewpath", "subset"):
        if not any(columns[name]):
            del columns[name]
    return {**columns, **_tag_columns(table), **_chance_columns(table)}


def _tag_columns(table: LabelTable) -> dict[str, list[str]]:
    return {name: [_TEXT[tag] for tag in table.tags[:, at].tolist()] for at, name in enumerate(table.classes)}


def _chance_columns(table: LabelTable) -> dict[str, list[str]]:
    if table.chances is None:
        return {}
    return {
        f"{CHANCE}{name}": ["" if np.isnan(value) else str(value) for value in table.chances[:, at]]
        for at, name in enumerate(table.classes)
    }


def _check_lengths(rows: Sequence[Row]) -> None:
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise LabelFileError(f"Row {line} of the table has another length than its head.", "Mend the row.")


def _table(rows: Sequence[Row], classes: Sequence[str], head: Sequence[str]) -> LabelTable:
    items = tuple(_item(row) for row in rows)
    tags = np.array([_column(rows, name, _TAGS) for name in classes], np.int8).reshape(len(classes), len(rows)).T
    validation, exclude = (np.array(_column(rows, name, _FLAGS), bool) for name in ("validation", "exclude"))
    subsets = tuple(row.get("subset", "") for row in rows)
    chances = None
    if any(name.startswith(CHANCE) for name in head):
        chances = _chances(rows, classes)
    return LabelTable(items, tuple(classes), np.ascontiguousarray(tags), validation, exclude, subsets, chances)


def _item(row: Row) -> Item:
    filename = row["filepath"]
    return Item(row.get("id", filename), row.get("source", ""), filename, row.get("viewpath", ""))


def _chances(rows: Sequence[Row], classes: Sequence[str]) -> Chances:
    said = [[_number(line, row.get(f"{CHANCE}{name}", "")) for name in classes] for line, row in enumerate(rows, 2)]
    return np.array(said, np.float32).reshape(len(rows), len(classes))


def _number(line: int, text: str) -> float:
    try:
        return float(text or "nan")
    except ValueError as error:
        raise LabelFileError(f"{text!r} in row {line} is no chance.", "Use a number from 0 to 1.") from error


def _column(rows: Sequence[Row], name: str, values: Mapping[str, int | bool]) -> list[int | bool]:
    found = [values.get(row.get(name, "").strip().lower()) for row in rows]
    if None in found:
        line = found.index(None)
        told = f"{rows[line][name]!r} in row {line + 2} of column {name} is neither empty, 0 nor 1."
        raise LabelFileError(told, "Mend the value, or leave it empty.")
    return [value for value in found if value is not None]
