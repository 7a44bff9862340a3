"""Choices of Label Studio into a label table of a volume: told first, written as one act, and nothing twice."""

import numpy as np
import pytest

from core.errors import InvalidInputError
from core.images.memory import ArrayVolume
from core.labelstudio.port import Project
from core.labelstudio.tagging import planned, write
from core.labelstudio.tasks import Region, Spot, data_of
from core.learning.curation.store import Item, Table
from utils.curation.curation_db import SqlCurationStore

INFO = ArrayVolume(np.zeros((4, 48, 64), np.uint8), "a/stack").info
WHOLE, TILE = Region(0, 0, 48, 64), Region(0, 32, 48, 64)
CONFIG = (
    '<View><Image name="i" value="$image"/><Choices name="c" toName="i"><Choice value="good"/><Choice value="bad"/>'
    '</Choices><Choices name="d" toName="i"><Choice value="Sharp"/></Choices></View>'
)
PROJECT = Project(3, "Quality", CONFIG, 4, "http://studio/projects/3/data")


class Studio:
    """Has these tasks."""

    def __init__(self, *tasks):
        self._tasks = tasks

    def tasks(self, _project):
        return iter(self._tasks)


def a_task(z: int, *choices: str, region: Region = WHOLE, volume: str = "a/stack") -> dict:
    made = {"type": "choices", "from_name": "c", "to_name": "i", "value": {"choices": list(choices)}}
    annotations = [{"result": [made], "updated_at": "2026-01-01"}] if choices else []
    return {"id": z, "data": data_of(Spot(volume, z, region), (0, 1)), "annotations": annotations}


STUDIO = Studio(a_task(2, "bad"), a_task(0, "good"), a_task(1), a_task(3, "good", region=TILE),
                a_task(0, "good", volume="other"))  # fmt: skip


@pytest.fixture
def curation(tmp_path):
    store = SqlCurationStore(f"sqlite:///{tmp_path / 'labels.db'}")
    yield store
    store.close()


def plan(curation, table: str = "", studio: Studio = STUDIO):
    return planned(studio, curation, PROJECT, INFO, table=table, user="anna")


def said(curation, table: str) -> dict:
    return {row.item.name: dict(row.values) for row in curation.rows(table)}


def test_choices_make_the_projects_own_table_and_a_second_time_change_nothing(curation):
    first = plan(curation)
    assert curation.tables() == ()  # a report writes nothing
    assert first.told() == [
        "The table 'Quality' of 4 items would be made; 6 labels would be new or another.",
        "good: 2 yes, 1 no.",
        "bad: 1 yes, 2 no.",
        "Sharp: 0 yes, 0 no.",
        "1 answered task of other volumes: left out.",
    ]
    assert write(curation, first, user="anna") == 6
    table = first.table.id
    assert said(curation, table) == {
        "a/stack#z=1": {"good": 1, "bad": 0},
        "a/stack#z=2": {},
        "a/stack#z=3": {"good": 0, "bad": 1},
        "a/stack#z=4,y=0-48,x=32-64": {"good": 1, "bad": 0},
    }
    again = plan(curation)
    assert (again.is_new, again.marks) == (False, ())
    curation.undo(table, act_id="back", user="anna")
    assert not any(said(curation, table).values())


def test_choices_go_into_a_table_that_is_there_with_the_classes_it_lacks(curation):
    items = [Item(0, "a/stack", 2), Item(1, "a/stack", 1)]
    curation.create(Table("mine", "Mine", ("Bad", "Else"), 0, "anna", 0.0), items)
    there = plan(curation, "mine")
    assert there.told()[-2] == "2 answered tasks without an item in this table: left out."
    assert write(curation, there, user="anna") == 2
    assert curation.table("mine").classes == ("Bad", "Else", "good", "Sharp")
    assert said(curation, "mine") == {"a/stack#z=3": {"Bad": 1, "good": 0}, "a/stack#z=2": {}}


def test_a_project_that_shows_another_volume_alone_is_one_sentence(curation):
    with pytest.raises(InvalidInputError, match="No task of Quality shows a/stack"):
        plan(curation, studio=Studio(a_task(0, "good", volume="other")))
