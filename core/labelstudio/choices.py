"""Choices of Label Studio as a label table: a row for each annotated task, a class for each choice.

A choice that was made is 1, one of the same tag that was not is 0, and a tag nobody answered says nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from core.errors import LabelFileError
from core.labelstudio.config import read_config
from core.labelstudio.tasks import Task, chosen_annotation, spot_of
from core.learning.curation.table import NO_TAG, Item, LabelTable

Result = Sequence[Mapping[str, Any]]


def table_of(tasks: Iterable[Task], config: str, annotator: str = "") -> LabelTable:
    """The choices of a project.

    Parameters
    ----------
    tasks : as the server tells them.
    config : the label configuration, XML.

    Raises
    ------
    LabelFileError
        If the project offers no choices.
    """
    groups = offered(config)
    classes = list(dict.fromkeys(name for names in groups.values() for name in names))
    items, tags = [], []
    for task in tasks:
        annotation = chosen_annotation(task, annotator)
        if annotation is not None:
            items.append(_item(task))
            made = tags_of(annotation.get("result") or (), groups)
            tags.append([made.get(name, NO_TAG) for name in classes])
    table = LabelTable.of(items, classes)
    known = np.array(tags, np.int8).reshape(len(items), len(classes))
    return LabelTable(table.items, table.classes, known, table.validation, table.exclude, table.subsets)


def offered(config: str) -> dict[str, list[str]]:
    """{name of a tag: its choices}. Raises LabelFileError if the project offers none."""
    tags = [each for each in read_config(config).controls if each.kind == "choices" and each.labels]
    if not tags:
        raise LabelFileError("The project offers no choices.", "Add <Choices> to its configuration.")
    return {tag.name: [label.name for label in tag.labels] for tag in tags}


def tags_of(result: Result, groups: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """{choice: 1 made, 0 another of its tag was}; without those of tags that nobody answered."""
    found: dict[str, int] = {}
    for row in result:
        if row.get("type") == "choices":
            made = row.get("value", {}).get("choices", ())
            found |= {name: int(name in made) for name in groups.get(str(row.get("from_name")), ())}
    return found


def _item(task: Task) -> Item:
    spot = spot_of(task)
    if spot is None:
        return Item(f"task {task['id']}", filename=_picture(task))
    return Item(f"task {task['id']}", spot.volume, spot.file_name)


def _picture(task: Task) -> str:
    addresses = [value for value in task.get("data", {}).values() if isinstance(value, str)]
    return addresses[0].rsplit("/", 1)[-1] if addresses else f"task {task['id']}"
