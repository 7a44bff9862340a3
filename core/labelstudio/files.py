"""Annotations of a project as a file of labels, so that they come in as every other file does: report, then one edit.

It reads what Label Studio exports as JSON, a list of tasks, and what we fetch of a project, the same list with the
label configuration beside it. Slices are painted when somebody iterates; a slice may be several tasks, a region each.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError
from core.labels.exchange.archives import read_json_file
from core.labels.exchange.facts import MAX_CLASS_VALUE, Facts, FileClass, LabelFile, Shape
from core.labelstudio.config import read_config
from core.labelstudio.results import labels_in, painted
from core.labelstudio.tasks import Region, Spot, Task, chosen_annotation, guessed_slice, spot_of

HEAD = "labelstudio"
MAX_REASONS = 4
Result = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Drawn:
    """An annotation and where it belongs."""

    spot: Spot
    result: Result


@dataclass
class Notes:
    """What somebody should know of an import. left_out : reasons, with how many regions had them."""

    fixed: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    choices: Counter[str] = field(default_factory=Counter)

    def told(self) -> list[str]:
        """A sentence each."""
        many = [f"{reason} ({times} left out)" for reason, times in self.left_out.most_common(MAX_REASONS)]
        chosen = ", ".join(f"{name} ({times})" for name, times in sorted(self.choices.items()))
        return [*self.fixed, *many, *([f"Choices for whole pictures stay out: {chosen}."] if chosen else [])]


def holds_tasks(content: Any) -> bool:
    """Whether JSON is of Label Studio: our own file, or its list of tasks."""
    if isinstance(content, Mapping):
        return HEAD in content
    return isinstance(content, list) and all(isinstance(row, Mapping) and "data" in row for row in content[:1])


def as_file(tasks: Sequence[Task], config: str, *, project: str, annotator: str = "") -> dict[str, Any]:
    """What is kept of a project until it is imported; `open_file` reads it."""
    head = {"version": 1, "label_config": config, "project": project, "annotator": annotator}
    return {HEAD: head, "tasks": list(tasks)}


def open_file(path: Path, shape: Shape) -> LabelFile:
    """Annotations for a volume of `shape`. Raises LabelFileError, KeyError when it is another kind of JSON."""
    content = read_json_file(path)
    if not holds_tasks(content):
        raise KeyError("tasks")
    head = content[HEAD] if isinstance(content, Mapping) else {}
    tasks = content["tasks"] if isinstance(content, Mapping) else content
    notes = Notes()
    drawn = list(_drawn(tasks, str(head.get("annotator", "")), shape, notes))
    _check_volumes(drawn)
    classes = _classes(head.get("label_config", ""), drawn)
    facts = Facts(shape, tuple(sorted({each.spot.z for each in drawn})), classes, name=str(head.get("project", "")))
    return LabelFile(facts, lambda: _painted(drawn, facts, notes), notes.told)


def _drawn(tasks: Sequence[Task], annotator: str, shape: Shape, notes: Notes) -> Iterator[Drawn]:
    """The annotation that counts of each task that has one, and a place."""
    several = nowhere = 0
    for task in tasks:
        annotation = chosen_annotation(task, annotator)
        if annotation is None:
            continue
        several += len(task.get("annotations") or ()) > 1
        result = annotation.get("result") or []
        spot = spot_of(task) or _guessed(task, shape)
        if spot is None or not spot.region.lies_in(shape[1:]):
            nowhere += 1
            continue
        yield Drawn(spot, result)
    if several:
        notes.fixed.append(f"Tasks with several annotations: {several}. The ground truth counts, else the newest.")
    if nowhere:
        notes.fixed.append(f"Tasks that show no part of this volume: {nowhere}. They stay out.")


def _guessed(task: Task, shape: Shape) -> Spot | None:
    """Of a task that is not ours: a whole slice, by the number in the name of its picture."""
    names = [value for value in task.get("data", {}).values() if isinstance(value, str)]
    slices = [z for z in map(guessed_slice, [*names, str(task.get("file_upload", ""))]) if z is not None]
    return Spot("", slices[0], Region.whole(shape[1:])) if slices else None


def _check_volumes(drawn: Sequence[Drawn]) -> None:
    volumes = sorted({each.spot.volume for each in drawn})
    if len(volumes) > 1:
        raise LabelFileError(
            f"The tasks are of several volumes: {', '.join(volumes[:3])}.",
            "Open one of them and import the project from Label Studio directly.",
        )


def _classes(config: str, drawn: Sequence[Drawn]) -> tuple[FileClass, ...]:
    """Of the project's configuration; of the labels that are used when there is none."""
    listed = read_config(config).classes if config else ()
    known = {each.name.casefold() for each in listed}
    used = {name.casefold(): name for each in drawn for name in labels_in(each.result)}
    more = [] if config else [name for key, name in used.items() if key not in known]
    found = (*listed, *(FileClass(value, name) for value, name in enumerate(more, start=len(listed) + 1)))
    if len(found) > MAX_CLASS_VALUE:
        raise LabelFileError(f"The project has {len(found)} labels.", f"Use at most {MAX_CLASS_VALUE}.")
    return found


def _painted(drawn: Sequence[Drawn], facts: Facts, notes: Notes) -> Iterator[NDArray[np.uint8]]:
    values = {each.name.casefold(): each.value for each in facts.classes}
    by_slice: dict[int, list[Drawn]] = defaultdict(list)
    for each in drawn:
        by_slice[each.spot.z].append(each)
    notes.left_out.clear()
    notes.choices.clear()
    for z in facts.slices:
        yield _slice(by_slice[z], values, facts.shape[1:], notes)


def _slice(
    drawn: Sequence[Drawn], values: Mapping[str, int], shape: tuple[int, int], notes: Notes
) -> NDArray[np.uint8]:
    pixels = np.zeros(shape, np.uint8)
    for each in drawn:
        found = painted(each.result, values, each.spot.region.shape)
        pixels[each.spot.region.slices] = np.where(found.labels, found.labels, pixels[each.spot.region.slices])
        notes.left_out.update(found.left_out)
        notes.choices.update(found.choices)
    return pixels
