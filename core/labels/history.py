"""What happened to the labels of a volume, told in words: one record an edit, and names for moments.

The store keeps `kind` and `detail` of each edit (`utils/labels/label_writes.py` writes them); `sentence` reads them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import InvalidInputError
from core.labels.classes import LabelClass
from core.labels.spans import LIVE

MAX_SNAPSHOT_NAME = 80
MAX_NAMES = 3  # of classes in one sentence
MOST_NAMED = 4  # objects of an edit told by id


@dataclass(frozen=True)
class EditRecord:
    """One edit. `revision` names the moment right after it; `at` is POSIX seconds.

    taken_back : an undo has taken it back. tiles : how many it changed, on `slices` slices from `first` to `last`
        (both -1 when it changed none).
    """

    revision: int
    user: str
    at: float
    kind: str
    detail: Mapping[str, Any]
    taken_back: bool = False
    tiles: int = 0
    slices: int = 0
    first: int = -1
    last: int = -1


@dataclass(frozen=True)
class Snapshot:
    """A moment that has a name."""

    name: str
    revision: int
    user: str
    at: float


def check_snapshot_name(name: str) -> str:
    """`name` without spaces around it. Raises InvalidInputError when nothing is left, or it is too long."""
    name = name.strip()
    if not name or len(name) > MAX_SNAPSHOT_NAME or not name.isprintable():
        raise InvalidInputError(
            f"{name[:20]!r} is no name for a moment.", f"Use 1 to {MAX_SNAPSHOT_NAME} letters, digits and signs."
        )
    return name


def table_changes(before: Sequence[LabelClass], after: Sequence[LabelClass]) -> dict[str, Any]:
    """The detail of a change of the class table: each changed row as it was and is; None where it was not.

    >>> a = LabelClass(1, "pore", "#E69F00")
    >>> [row["name"] for row in table_changes([a], [LabelClass(1, "void", "#E69F00")])["rows"][0]]
    ['pore', 'void']
    """
    old, new = {c.id: c for c in before}, {c.id: c for c in after}
    changed = [key for key in sorted(old | new) if old.get(key) != new.get(key)]
    return {"rows": [[_row(old.get(key)), _row(new.get(key))] for key in changed]}


def sentence(record: EditRecord, classes: Mapping[int, str], clock: Callable[[float], str]) -> str:
    """What an edit did, in a few words.

    Parameters
    ----------
    record : the edit.
    classes : names of the classes that exist.
    clock : words for a time.

    >>> painted = EditRecord(1, "ann", 0.0, "paint", {"labels": [2], "overwrite": "empty"})
    >>> sentence(painted, {2: "bead"}, str)
    'Painted bead, only unlabelled pixels'
    """
    return _tell(record.kind, record.detail, classes, clock)


def slices_text(record: EditRecord) -> str:
    """Where an edit changed pixels; slices are counted from 1.

    >>> slices_text(EditRecord(1, "ann", 0.0, "import", {}, tiles=9, slices=3, first=4, last=8))
    '3 slices, 5 to 9'
    """
    if not record.tiles:
        return ""
    if record.slices == 1:
        return f"slice {record.first + 1}"
    return f"{record.slices} slices, {record.first + 1} to {record.last + 1}"


def _tell(kind: str, detail: Mapping[str, Any], classes: Mapping[int, str], clock: Callable[[float], str]) -> str:
    if kind in ("undo", "redo"):
        word = "Took back" if kind == "undo" else "Did again"
        of = detail.get("of")
        return f"{word}: {_lower(_tell(of['kind'], of['detail'], classes, clock))}" if of else word
    if kind == "paint":
        return _paint(detail, classes)
    if kind == LIVE:
        return f"Took the live prediction as labels: {_names(list(dict.fromkeys(detail['labels'])), classes)}"
    if kind == "classes":
        return "; ".join(_class_change(before, after) for before, after in detail["rows"])
    if kind == "delete_class":
        return f"Deleted the class {detail['class']['name']} with its pixels"
    if kind == "restore":
        return f"Restored the labels of {clock(detail['at'])}"
    told = _TOLD.get(kind)
    return told(detail, classes) if told else kind.replace("_", " ").capitalize()


def _paint(detail: Mapping[str, Any], classes: Mapping[int, str]) -> str:
    labels = detail.get("labels", [detail.get("label", 0)])  # a program before overwrite modes wrote one label
    painted = [label for label in dict.fromkeys(labels) if label]
    told = f"Painted {_names(painted, classes)}" if painted else "Erased"
    overwrite = detail.get("overwrite", "all")
    if overwrite == "empty":
        return f"{told}, only unlabelled pixels"
    return told if overwrite == "all" else f"{told}, only over {classes.get(overwrite, f'class {overwrite}')}"


def _accept(detail: Mapping[str, Any], classes: Mapping[int, str]) -> str:
    of = _names(detail.get("classes", []), classes)
    return f"Accepted {detail.get('name') or 'a result'}{f': {of}' if of else ''}"


def _import(detail: Mapping[str, Any], _classes: Mapping[int, str]) -> str:
    return f"Imported {detail.get('file') or 'a file'}"


def _instance(detail: Mapping[str, Any], classes: Mapping[int, str]) -> str:
    what = f"{_objects(detail['ids'])} of {_names([detail['from']], classes)}"
    return f"Gave {what} the class {_names([detail['to']], classes)}" if detail["to"] else f"Deleted {what}"


def _merge(detail: Mapping[str, Any], classes: Mapping[int, str]) -> str:
    return f"Merged {_objects(detail['ids'])} of {_names([detail['class']], classes)}"


def _cut(detail: Mapping[str, Any], classes: Mapping[int, str]) -> str:
    return f"Split {_objects(detail['ids'])} of {_names([detail['class']], classes)}"


def _objects(ids: Sequence[int]) -> str:
    """Some objects in words; many by their number.

    >>> _objects([3]), _objects([3, 7, 9]), _objects([1, 2, 3, 4, 5])
    ('object 3', 'objects 3, 7 and 9', '5 objects')
    """
    if len(ids) == 1:
        return f"object {ids[0]}"
    if len(ids) > MOST_NAMED:
        return f"{len(ids)} objects"
    return f"objects {', '.join(map(str, ids[:-1]))} and {ids[-1]}"


_TOLD: Mapping[str, Callable[[Mapping[str, Any], Mapping[int, str]], str]] = {
    "accept": _accept,
    "import": _import,
    "instance": _instance,
    "merge": _merge,
    "cut": _cut,
    "fill_stack": lambda _detail, _classes: "Filled through the stack",
    "follow": lambda _detail, _classes: "Filled the slices between painted ones, along the image",
    "interpolate": lambda _detail, _classes: "Filled the slices between painted ones",
    "propagate": lambda _detail, _classes: "Carried labels onwards through the stack",
}


def _names(ids: Sequence[int], classes: Mapping[int, str]) -> str:
    """Of several classes in words; of many only how many they are."""
    names = [classes.get(class_id, f"class {class_id}") for class_id in ids]
    return " and ".join(names) if len(names) <= MAX_NAMES else f"{len(names)} classes"


def _class_change(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    if before is None or after is None:
        return f"Added the class {after['name']}" if after else f"Removed the class {(before or {}).get('name')}"
    if before["name"] != after["name"]:
        return f"Renamed {before['name']} to {after['name']}"
    if before["color"] != after["color"]:
        return f"Gave {after['name']} another colour"
    if before["visible"] != after["visible"]:
        return f"{'Showed' if after['visible'] else 'Hid'} {after['name']}"
    return f"{'Locked' if after['locked'] else 'Unlocked'} {after['name']}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _row(label_class: LabelClass | None) -> dict[str, Any] | None:
    return asdict(label_class) if label_class else None
