"""Label classes: a table of ids, names and colours, the rules a table keeps, and the ways to change one.

Every operation is pure: it takes a table and returns a new one that keeps the rules. `LabelStore.change_classes`
applies one while nobody else can write; `LabelStore.delete_class` also erases the pixels.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from core.errors import InvalidInputError, NotFoundError

MAX_CLASSES = 127  # published masks are int8 with -1 for unlabelled
MAX_NAME_LENGTH = 80
RESERVED_NAMES = ("unlabeled", "unlabelled")  # the meaning of 0

# Okabe & Ito (2008), "Color Universal Design", orange first as it stands out most on grey; black is left out.
OKABE_ITO = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")

# Then, one after the other, the colour whose CIEDE2000 distance to all before it and to black, grey and white is
# greatest (Glasbey et al. 2007, doi:10.1002/col.20327), among those with L* of 35 to 85 and a chroma above 28.
_GLASBEY = """
7800D2 A50F3C 4B5A00 00F04B FFB4A5 87961E D2C3FF 87E1D2 784B2D 8778FF FF2D4B 785A87 00695A E100F0 B4D296
A5875A 1E8796 C30F00 008700 B40087 B47869 3C4BA5 E187FF FFB4D2 00E1FF 876900 5AB44B F0965A E1C387 F00078
A55A69 00B4B4 00D296 69875A 96D200 87A5FF FF8796 A587C3 00692D 965AC3 3C5AFF FF785A FF1E00 1E87FF C3B43C
C37800 6978B4 A54B00 A58700 FF3CC3 78B487 96693C 697800 873C5A FFB4FF FFC396 A5A569 2D8778 783C96 D26978
A51EFF C35A3C 965A4B 00A5C3 C34B96 D21E3C FF87D2 F0C300 002DFF FF5A96 C369D2 96E1B4 B496FF 00874B 96B44B
0087B4 784B00 D2A578 D2D278 87874B 695A1E 96D2FF 695AA5 D2A5D2 963C1E C3784B 96E178 1E5A96 5A961E A500B4
A569A5 873C3C FF4BFF C30F69 FF691E B45AFF F08700 4B693C 873C78 694BD2 FFB45A 3C785A C3A55A 0096E1 3CD269
D200B4 A56987 3CB496 D28796 B4C3FF 9696D2 87A569 00E1E1 2D69D2 2D6900 5AC3D2 00B469 009696 007878 0FF096
"""
PALETTE = (*OKABE_ITO, *(f"#{code}" for code in _GLASBEY.split()))

_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


@dataclass(frozen=True)
class LabelClass:
    """One class. `id` is the pixel value, 1 to 127, never used again after deletion; `color` is "#RRGGBB".

    locked : strokes leave its pixels as they are.
    """

    id: int
    name: str
    color: str
    visible: bool = True
    locked: bool = False


DEFAULT_CLASSES = (LabelClass(1, "Class 1", OKABE_ITO[0]), LabelClass(2, "Class 2", OKABE_ITO[1]))


def check_classes(classes: Sequence[LabelClass]) -> None:
    """Raise InvalidInputError unless ids, names and colours are unique and well-formed."""
    if not classes:
        raise InvalidInputError("A volume needs at least one class.", "Add another class before you delete this one.")
    for label_class in classes:
        _check_class(label_class)
    _check_unique((c.id for c in classes), "The id {} is used twice.", "Reload the page and try again.")
    _check_unique((c.name.casefold() for c in classes), "The name {!r} is used twice.", "Choose another name.")
    _check_unique((c.color.upper() for c in classes), "The color {} is used twice.", "Choose another color.")


def add_class(
    classes: Sequence[LabelClass], *, class_id: int, name: str = "", color: str = ""
) -> tuple[LabelClass, ...]:
    """Append a class; an empty name or color is chosen by `suggest_name` and `suggest_color`.

    Parameters
    ----------
    class_id : an id never used before in this volume: `LabelStore.next_class_id`.

    Raises
    ------
    InvalidInputError
        If the ids are used up, or name or color break a rule.
    """
    if class_id > MAX_CLASSES:
        raise InvalidInputError(
            f"All {MAX_CLASSES} class ids of this volume are used, and ids of deleted classes do not come back.",
            "Rename a class that is no longer needed.",
        )
    new = LabelClass(class_id, name.strip() or suggest_name(classes), color.upper() or suggest_color(classes))
    return _checked((*classes, new))


def rename_class(classes: Sequence[LabelClass], class_id: int, name: str) -> tuple[LabelClass, ...]:
    """Give a class another name. Raises NotFoundError, or InvalidInputError for a bad or taken name."""
    return _checked(_replaced(classes, class_id, name=name.strip()))


def recolor_class(classes: Sequence[LabelClass], class_id: int, color: str) -> tuple[LabelClass, ...]:
    """Give a class another color. Raises NotFoundError, or InvalidInputError for a bad or taken color."""
    return _checked(_replaced(classes, class_id, color=color.upper()))


def show_class(classes: Sequence[LabelClass], class_id: int, *, visible: bool) -> tuple[LabelClass, ...]:
    """Show or hide a class. Raises NotFoundError."""
    return _replaced(classes, class_id, visible=visible)


def lock_class(classes: Sequence[LabelClass], class_id: int, *, locked: bool) -> tuple[LabelClass, ...]:
    """Keep strokes from changing the pixels of a class, or let them. Raises NotFoundError."""
    return _replaced(classes, class_id, locked=locked)


def remove_class(classes: Sequence[LabelClass], class_id: int) -> tuple[LabelClass, ...]:
    """Drop a class from the table. Raises NotFoundError, or InvalidInputError for the last one.

    >>> [c.name for c in remove_class(DEFAULT_CLASSES, 1)]
    ['Class 2']
    """
    find_class(classes, class_id)
    return _checked(tuple(c for c in classes if c.id != class_id))


def restore_class(classes: Sequence[LabelClass], label_class: LabelClass, *, place: int) -> tuple[LabelClass, ...]:
    """Put a removed class back at its place; what others took meanwhile, its name or color, is chosen anew.

    Nothing happens if the class is there already.
    """
    if any(c.id == label_class.id for c in classes):
        return tuple(classes)
    names, colors = {c.name.casefold() for c in classes}, {c.color.upper() for c in classes}
    name = label_class.name if label_class.name.casefold() not in names else suggest_name(classes)
    color = label_class.color if label_class.color.upper() not in colors else suggest_color(classes)
    return (*classes[:place], replace(label_class, name=name, color=color), *classes[place:])


ClassRows = Iterable[tuple[LabelClass | None, LabelClass | None]]
"""What a change has done to a table: each class as it was and as it is; None where it was not, or is not."""


def is_step(rows: ClassRows) -> bool:
    """Whether undo takes a change back: of names, colours or the classes there are, not of locks and what is hidden."""
    return any(before is None or after is None or _identity(before) != _identity(after) for before, after in rows)


def turn_back(classes: Sequence[LabelClass], rows: ClassRows, *, used: Callable[[int], bool]) -> tuple[LabelClass, ...]:
    """A table in which a change is taken back where it still stands.

    A class that was added stays while it has pixels, which `used` tells, and while it is the only one. A name or a
    colour that was changed since, or that another class has taken, stays.
    """
    table = tuple(classes)
    for before, after in rows:
        if before is None and after is not None:
            table = _without_unused(table, after.id, used)
        elif before is not None and after is None:
            table = restore_class(table, before, place=len(table))
        elif before is not None and after is not None:
            table = _as_before(table, before, after)
    return table


def _without_unused(
    classes: tuple[LabelClass, ...], class_id: int, used: Callable[[int], bool]
) -> tuple[LabelClass, ...]:
    left = tuple(c for c in classes if c.id != class_id)
    return classes if not left or used(class_id) else left


def _as_before(classes: tuple[LabelClass, ...], before: LabelClass, after: LabelClass) -> tuple[LabelClass, ...]:
    others = [c for c in classes if c.id != after.id]
    if len(others) == len(classes):
        return classes
    now = find_class(classes, after.id)
    names, colors = {c.name.casefold() for c in others}, {c.color.upper() for c in others}
    name = before.name if now.name == after.name and before.name.casefold() not in names else now.name
    color = before.color if now.color == after.color and before.color.upper() not in colors else now.color
    return _replaced(classes, after.id, name=name, color=color)


def _identity(label_class: LabelClass) -> tuple[str, str]:
    return label_class.name, label_class.color


def find_class(classes: Sequence[LabelClass], class_id: int) -> LabelClass:
    """The class of an id. Raises NotFoundError."""
    for label_class in classes:
        if label_class.id == class_id:
            return label_class
    raise NotFoundError(f"Class {class_id} does not exist (any more).", "Choose a class from the list.")


def suggest_name(classes: Sequence[LabelClass]) -> str:
    """The first "Class n" that is free.

    >>> suggest_name(DEFAULT_CLASSES)
    'Class 3'
    """
    taken = {c.name.casefold() for c in classes}
    return next(
        name for n in range(len(classes) + 1, 2 * len(classes) + 2) if (name := f"Class {n}").casefold() not in taken
    )


def suggest_color(classes: Sequence[LabelClass]) -> str:
    """The first color of the palette that is free.

    >>> suggest_color(DEFAULT_CLASSES)
    '#009E73'
    """
    taken = {c.color.upper() for c in classes}
    return next(color for color in PALETTE if color not in taken)


def _replaced(classes: Sequence[LabelClass], class_id: int, **values: object) -> tuple[LabelClass, ...]:
    changed = replace(find_class(classes, class_id), **values)  # type: ignore[arg-type]  # three names, three types
    return tuple(changed if c.id == class_id else c for c in classes)


def _checked(classes: tuple[LabelClass, ...]) -> tuple[LabelClass, ...]:
    check_classes(classes)
    return classes


def _check_class(label_class: LabelClass) -> None:
    if not 1 <= label_class.id <= MAX_CLASSES:
        raise InvalidInputError(f"{label_class.id} is no class id; ids are 1 to {MAX_CLASSES}.", "Reload the page.")
    _check_name(label_class.name)
    if not _COLOR.fullmatch(label_class.color):
        raise InvalidInputError(f"{label_class.color!r} is no color.", "Write it as #RRGGBB, for example #E69F00.")


def _check_name(name: str) -> None:
    if not name.strip():
        raise InvalidInputError("The class has no name.", "Type one.")
    if len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidInputError(
            f"The name {name[:20]!r}... is too long or holds unprintable characters.",
            f"Use at most {MAX_NAME_LENGTH} letters, digits and signs.",
        )
    if name.strip().casefold() in RESERVED_NAMES:
        raise InvalidInputError(f"{name!r} means pixels without a class.", "Choose another name.")


def _check_unique(values: Iterable[object], message: str, hint: str) -> None:
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise InvalidInputError(message.format(value), hint)
        seen.add(value)
