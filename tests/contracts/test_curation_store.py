"""What every curation store must do, on SQLite and PostgreSQL."""

import threading
import uuid
from collections import Counter

import pytest

from core.errors import InvalidInputError, NotFoundError
from core.learning.curation.store import UNSURE, Act, Decision, Item, Mark, Queue, Steps, Table
from utils.curation.curation_db import SqlCurationStore

T = "table"
ITEMS = [Item(n, "scans/bead", z=n // 4, box=(0, 64 * (n % 4), 64, 64 * (n % 4) + 64)) for n in range(12)]


def new_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def store(url):
    store = SqlCurationStore(url)
    store.create(Table(T, "beads", ("pore", "crack"), 0, "ann", 0.0), ITEMS)
    yield store
    store.close()


def tag(store, *marks: tuple[int, str, int | None], user: str = "ann", act_id: str = ""):
    return store.act(T, Act(act_id or new_id(), user, [Mark(*mark) for mark in marks]))


def decide(store, item: int, verdict: str, *, user: str = "ann", queue: str = "", act_id: str = ""):
    return store.decide(T, queue, Decision(act_id or new_id(), item, verdict, user, f"{user}-tab"))


def lease(store, user: str, count: int, *, queue: str = "", lasts_s: float = 60.0) -> list[int]:
    got = store.lease(T, queue, owner=f"{user}-tab", user=user, count=count, lasts_s=lasts_s)
    return [item.number for item in got.items]


def values(store) -> dict[int, dict[str, int]]:
    return {row.item.number: dict(row.values) for row in store.rows(T) if row.values}


def test_a_table_comes_back_as_it_was_made_and_is_made_once(store, url):
    again = SqlCurationStore(url)
    again.create(Table(T, "other", ("other",), 0, "ben", 0.0), ITEMS[:2])
    assert [row.item for row in again.rows(T)] == ITEMS
    assert (again.table(T).name, again.table(T).classes, again.table(T).count) == ("beads", ("pore", "crack"), 12)
    again.close()


def test_marks_are_kept_undone_and_done_again_by_person(store):
    tag(store, (0, "pore", 1), (1, "pore", 1), (1, "crack", 0))
    tag(store, (1, "pore", 0), user="ben")
    tag(store, (2, "exclude", 1))
    assert values(store) == {0: {"pore": 1}, 1: {"pore": 0, "crack": 0}}
    assert [row.item.number for row in store.rows(T) if row.exclude] == [2]
    store.undo(T, act_id=new_id(), user="ann")
    receipt = store.undo(T, act_id=new_id(), user="ann")
    assert values(store) == {1: {"pore": 0}}, "what Ben has said since stays"
    assert (receipt.items, receipt.steps) == ((0, 1), Steps(0, 2))
    store.redo(T, act_id=new_id(), user="ann")
    assert values(store) == {0: {"pore": 1}, 1: {"pore": 0, "crack": 0}}
    tag(store, (5, "pore", None), (6, "pore", UNSURE))
    assert store.steps(T, user="ann") == Steps(2, 0)
    assert store.steps(T, user="ben") == Steps(1, 0)


def test_the_same_act_twice_changes_nothing(store):
    once, undo = new_id(), new_id()
    tag(store, (0, "pore", 1), act_id=once)
    tag(store, (1, "pore", 1))
    for _ in range(2):
        store.undo(T, act_id=undo, user="ann")
        tag(store, (0, "pore", 0), act_id=once)
    assert values(store) == {0: {"pore": 1}}
    revision = store.table(T).revision
    decide(store, 3, "accept", act_id=undo)
    assert store.table(T).revision == revision


def test_leases_keep_items_apart_until_they_are_answered_given_back_or_expired(store):
    assert lease(store, "ann", 3) == [0, 1, 2]
    assert lease(store, "ben", 2) == [3, 4]
    decide(store, 1, "reject")
    assert lease(store, "ann", 3) == [0, 2, 5], "its own are renewed, and filled up"
    store.release(T, owner="ann-tab", items=[0])
    assert sorted(lease(store, "ben", 3)) == [0, 3, 4]
    store.release(T, owner="ann-tab")
    assert lease(store, "eve", 2, lasts_s=0.0) == [2, 5]
    assert lease(store, "kim", 2) == [2, 5], "what has expired is free"
    progress = store.progress(T, "")
    assert (progress.total, progress.open, progress.rejected, progress.leased) == (12, 11, 1, 5)
    assert progress.people == {"ann": 1}


def test_a_late_answer_is_noted_and_does_not_overwrite(store):
    lease(store, "ann", 1, lasts_s=0.0)
    assert lease(store, "ben", 1) == [0]
    decide(store, 0, "accept", user="ben")
    late = decide(store, 0, "reject", user="ann")
    assert (late.late, values(store), store.steps(T, user="ann")) == (True, {0: {"pore": 1}}, Steps(0, 0))


def test_an_answer_taken_back_returns_to_the_window_it_came_from(store):
    lease(store, "ann", 1)
    act = new_id()
    decide(store, 0, "accept", act_id=act)
    decide(store, 1, "accept")
    receipt = store.undo(T, act_id=new_id(), user="ann", of=act)
    store.hold(T, "", receipt.items, owner="ann-tab", user="ann")
    assert receipt.items == (0,)
    assert lease(store, "ben", 1) == [2]
    assert lease(store, "ann", 1) == [0]


def test_a_queue_asks_in_its_order_about_its_class_and_never_about_what_is_excluded(store):
    queue = store.make_queue(T, Queue(new_id(), "crack", (7, 3, 9, 3), batch=5))
    tag(store, (3, "exclude", 1), (7, "pore", 1))
    assert lease(store, "ann", 9, queue=queue.id) == [7, 9]
    decide(store, 9, "accept", queue=queue.id)
    assert values(store) == {7: {"pore": 1}, 9: {"crack": 1}}
    progress = store.progress(T, queue.id)
    assert (progress.total, progress.open, progress.accepted) == (3, 1, 1)


def test_what_was_left_unsure_can_be_asked_again_once(store):
    decide(store, 4, "unsure")
    decide(store, 5, "accept")
    again = store.make_queue(T, Queue(new_id(), "pore", (4, 5), again=True))
    assert lease(store, "ben", 5, queue=again.id) == [4]
    decide(store, 4, "unsure", user="ben", queue=again.id)
    assert lease(store, "ben", 5, queue=again.id) == []


def test_classes_are_renamed_and_added_without_touching_labels(store):
    tag(store, (0, "pore", 1), (0, "crack", 0))
    store.name_classes(T, ("void", "crack", "dust"))
    assert values(store) == {0: {"void": 1, "crack": 0}}
    with pytest.raises(InvalidInputError):
        store.name_classes(T, ("void",))
    with pytest.raises(InvalidInputError):
        tag(store, (0, "pore", 1))


@pytest.mark.parametrize(
    "mark", [(12, "pore", 1), (-1, "pore", 1), (0, "nothing", 1), (0, "pore", 3), (0, "exclude", 2)]
)
def test_a_mark_that_breaks_a_rule_changes_nothing(store, mark):
    with pytest.raises(InvalidInputError):
        tag(store, (1, "pore", 1), mark)
    assert values(store) == {}


def test_subsets_are_kept_and_a_dropped_table_is_gone(store):
    store.set_subsets(T, {1: "site A"})
    assert [row.item.subset for row in store.rows(T)][:2] == ["", "site A"]
    tag(store, (0, "pore", 1))
    store.make_queue(T, Queue(new_id(), "pore", (1,)))
    store.drop(T)
    assert store.tables() == ()
    with pytest.raises(NotFoundError):
        store.rows(T)


def test_eight_people_at_once_answer_each_item_exactly_once(store, url):
    items = [Item(n, "many") for n in range(60)]
    store.create(Table("many", "many", ("yes",), 0, "ann", 0.0), items)
    answered: list[int] = []

    def person(number: int) -> None:
        mine = SqlCurationStore(url)
        while got := mine.lease("many", "", owner=f"tab{number}", user=f"p{number}", count=3).items:
            for item in got:
                decision = Decision(new_id(), item.number, "accept", f"p{number}", f"tab{number}")
                assert not mine.decide("many", "", decision).late
                answered.append(item.number)
        mine.close()

    people = [threading.Thread(target=person, args=(number,)) for number in range(8)]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert Counter(answered) == Counter(range(60))
    assert sum(store.progress("many", "").people.values()) == 60
