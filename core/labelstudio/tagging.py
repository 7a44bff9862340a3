"""Choices of Label Studio for a label table of a volume: first what would change, then one act that undo takes back.

A task is the item that shows the same pixels. A project has a table of its own for each volume, which is made of its
tasks; its choices can go into any other table of the volume as well.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.errors import InvalidInputError
from core.images.volumes import VolumeInfo
from core.labelstudio.choices import offered, tags_of
from core.labelstudio.port import LabelStudio, Project
from core.labelstudio.tasks import Region, Spot, Task, chosen_annotation, spot_of
from core.learning.curation.sources import numbered
from core.learning.curation.store import Act, CurationStore, Item, Mark, Row, Table

Said = Mapping[str, int]
"""{class: 1 chosen, 0 not}"""


@dataclass(frozen=True)
class Chosen:
    """What the tasks of a project say of a volume.

    items : of all tasks that show a part of it. said : {name of an item: its choices}, where somebody has made any.
    elsewhere : answered tasks that show no part of it.
    """

    classes: tuple[str, ...]
    items: tuple[Item, ...]
    said: Mapping[str, Said]
    elsewhere: int = 0


@dataclass(frozen=True)
class Plan:
    """What would become of a table.

    table : as it is, or as it would be made, of `items`. lacking : answered tasks that it has no item for.
    """

    table: Table
    is_new: bool
    chosen: Chosen
    marks: tuple[Mark, ...]
    lacking: int = 0
    items: tuple[Item, ...] = field(default=())

    def told(self) -> list[str]:
        """A sentence each."""
        what = f"The table {self.table.name!r} of {_count(self.table.count, 'item')}"
        changes = f"{_count(len(self.marks), 'label')} would be new or another."
        counts = [_class_told(name, self.chosen.said.values()) for name in self.chosen.classes]
        out = [f"{_count(self.lacking, 'answered task')} without an item in this table: left out."] * bool(self.lacking)
        away = [f"{_count(self.chosen.elsewhere, 'answered task')} of other volumes: left out."]
        verb = "would be made" if self.is_new else "is there"
        return [f"{what} {verb}; {changes}", *counts, *out, *away * bool(self.chosen.elsewhere)]


def table_id(project: Project, volume: str) -> str:
    """Of the table that is the project's own, the same each time."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{project.url}#{volume}"))


def own_table(curation: CurationStore, project: Project, volume: str) -> str:
    """The id of the project's own table; "" while nobody has made it."""
    own = table_id(project, volume)
    return own if any(each.id == own for each in curation.tables(volume=volume)) else ""


def planned(
    studio: LabelStudio, curation: CurationStore, project: Project, volume: VolumeInfo, *, table: str, user: str
) -> Plan:
    """What the choices of a project would change.

    Parameters
    ----------
    table : id of a table that is there; "" for the project's own.

    Raises
    ------
    LabelFileError
        If the project offers no choices.
    InvalidInputError
        If no task shows the volume.
    NotFoundError
        If the table is not there any more.
    """
    chosen = chosen_in(studio.tasks(project.id), project.config, volume)
    if not chosen.items:
        raise InvalidInputError(f"No task of {project.title} shows {volume.path}.", "Send slices to it first.")
    if known := table or own_table(curation, project, volume.path):
        return plan_for(curation, known, chosen)
    rows = [Row(item, {}) for item in chosen.items]
    made = Table(table_id(project, volume.path), project.title, chosen.classes, len(rows), user, 0.0)
    return Plan(made, True, chosen, tuple(_marks(chosen, rows)), items=chosen.items)


def plan_for(curation: CurationStore, table: str, chosen: Chosen) -> Plan:
    """For a table that is there; classes it lacks are added. Raises NotFoundError."""
    facts, rows = curation.table(table), curation.rows(table)
    spelt = _spelt(chosen, facts.classes)
    known = {row.item.name for row in rows}
    return Plan(facts, False, spelt, tuple(_marks(spelt, rows)), lacking=len(set(spelt.said) - known))


def write(curation: CurationStore, plan: Plan, *, user: str) -> int:
    """Do it; returns how many labels are new or another. Raises InvalidInputError for too many classes."""
    table = plan.table.id
    if plan.is_new:
        curation.create(plan.table, plan.items)
    missing = [name for name in plan.chosen.classes if name not in plan.table.classes]
    if missing:
        curation.name_classes(table, (*plan.table.classes, *missing))
    if plan.marks:
        curation.act(table, Act(str(uuid.uuid4()), user, plan.marks, "import"))
    return len(plan.marks)


def chosen_in(tasks: Iterable[Task], config: str, volume: VolumeInfo) -> Chosen:
    """Raises LabelFileError if the project offers no choices."""
    groups = offered(config)
    items: dict[str, Item] = {}
    said: dict[str, Said] = {}
    elsewhere = 0
    for task in tasks:
        spot, made = spot_of(task), _said(task, groups)
        if spot is None or not _is_in(spot, volume):
            elsewhere += bool(made)
            continue
        item = _item(spot, volume)
        items[item.name] = item
        said |= {item.name: made} if made else {}
    classes = tuple(dict.fromkeys(_plain(name) for names in groups.values() for name in names))
    ordered = sorted(items.values(), key=lambda item: (item.z, item.box or ()))
    return Chosen(classes, tuple(numbered(ordered)), said, elsewhere)


def _said(task: Task, groups: Mapping[str, Sequence[str]]) -> Said:
    annotation = chosen_annotation(task)
    made = tags_of((annotation or {}).get("result") or (), groups)
    return {_plain(name): value for name, value in made.items()}


def _plain(name: str) -> str:
    """As tables keep names."""
    return " ".join(name.split())


def _spelt(chosen: Chosen, classes: Sequence[str]) -> Chosen:
    """The choices in the spelling of a table, for which case tells no classes apart."""
    known = {name.casefold(): name for name in classes}

    def spell(name: str) -> str:
        return known.get(name.casefold(), name)

    said = {item: {spell(name): value for name, value in made.items()} for item, made in chosen.said.items()}
    return replace(chosen, classes=tuple(dict.fromkeys(map(spell, chosen.classes))), said=said)


def _is_in(spot: Spot, volume: VolumeInfo) -> bool:
    depth, height, width = volume.shape
    return spot.volume == volume.path and 0 <= spot.z < depth and spot.region.lies_in((height, width))


def _item(spot: Spot, volume: VolumeInfo) -> Item:
    """Of a whole slice or of a tile, as Curate makes them."""
    part = spot.region
    is_whole = part == Region.whole((volume.shape[1], volume.shape[2]))
    return Item(0, spot.volume, spot.z, None if is_whole else (part.y0, part.x0, part.y1, part.x1))


def _marks(chosen: Chosen, rows: Iterable[Row]) -> Iterable[Mark]:
    """Where the table says something else, or nothing."""
    for row in rows:
        for name, value in chosen.said.get(row.item.name, {}).items():
            if row.values.get(name) != value:
                yield Mark(row.item.number, name, value)


def _class_told(name: str, said: Iterable[Said]) -> str:
    values = [each[name] for each in said if name in each]
    return f"{name}: {values.count(1)} yes, {values.count(0)} no."


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
