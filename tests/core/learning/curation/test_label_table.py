"""The label table: tags, exclusion and validation as values, and a file that gives back the same table."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInputError, LabelFileError, NotFoundError
from core.learning.curation.filters import EXCLUDE_STATUSES, LABEL_STATUSES, Filters, subset_choices
from core.learning.curation.table import Item, LabelTable
from core.learning.curation.table_csv import read_csv, write_csv

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
NAMES = ("pore", "crack, wide", 'a "ring"')


@st.composite
def tables(draw):
    """Any table of up to 12 rows and three classes, with or without chances."""
    ids = draw(st.lists(TEXT, unique=True, max_size=12))
    count, classes = len(ids), NAMES[: draw(st.integers(0, 3))]
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    shape = (count, len(classes))
    chances = rng.random(shape, np.float32) if draw(st.booleans()) and classes else None
    if chances is not None:
        chances[rng.random(shape) < 0.3] = np.nan
    flags = rng.random((2, count)) < 0.3
    items = tuple(Item(each, draw(TEXT), draw(TEXT), draw(TEXT)) for each in ids)
    subsets = tuple(draw(st.lists(TEXT, min_size=count, max_size=count)))
    return LabelTable(items, classes, rng.integers(-1, 2, shape, np.int8), *flags, subsets, chances)


@given(tables())
@settings(max_examples=60, deadline=None)
def test_a_table_read_from_its_file_is_the_same_table(table):
    assert read_csv(write_csv(table)) == table


def test_a_table_of_patchwork_is_read_and_written_as_it_was():
    text = "filepath,exclude,validation,subset,cat,dog\r\na/1.png,False,True,siteA,1,\r\nb/1.png,True,False,,0,0\r\n"
    table = read_csv(text)
    assert write_csv(table) == text
    assert (table.tag(0, "cat"), table.tag(0, "dog"), table.tag(1, "dog")) == (1, None, 0)
    assert read_csv(text.replace(",1,", ",1.0,").replace(",0,0", ",0.0,0.0").replace("\r\n", "\n")) == table


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("file,cat\na,1\n", "filepath"),
        ("filepath,cat\na,2\n", "'2' in row 2 of column cat"),
        ("filepath,cat\na,1,3\n", "Row 2"),
        ("filepath,cat\na\n", "Row 2"),
        ("filepath,exclude\na,perhaps\n", "perhaps"),
        ("filepath,cat,chance: cat\na,1,much\n", "much"),
    ],
)
def test_a_table_that_cannot_be_read_names_the_value_and_the_row(text, told):
    with pytest.raises(LabelFileError, match=told):
        read_csv(text)


def test_a_class_more_or_another_name_leaves_the_tags_there_are():
    table = LabelTable.of([Item("a"), Item("b")], ["pore"]).tagged([0], "pore", 1)
    more = table.with_class("crack").renamed("pore", "void")
    assert more.classes == ("void", "crack")
    assert (more.tag(0, "void"), more.tag(1, "void"), more.tag(0, "crack")) == (1, None, None)
    assert more.without_class("crack").renamed("void", "pore") == table


def test_changes_leave_the_table_they_came_from():
    table = LabelTable.of([Item("a"), Item("b")], ["pore"])
    table.tagged([1], "pore", 0), table.held_out([0]), table.excluded([1])
    assert table == LabelTable.of([Item("a"), Item("b")], ["pore"])
    with pytest.raises(ValueError, match="read-only"):
        table.tags[0, 0] = 1


def test_no_row_in_validation_or_excluded_teaches_or_counts_as_teaching():
    table = LabelTable.of([Item(name) for name in "abcd"], ["pore"]).tagged([0, 1, 2], "pore", 1)
    table = table.held_out([1]).excluded([2])
    assert table.training.tolist() == [True, False, False, False]
    assert table.testing.tolist() == [False, True, False, False]
    counts = table.counts()["pore"]
    assert (counts.positive, counts.validation_positive, counts.negative) == (1, 1, 0)


def test_tables_of_the_same_classes_join_and_known_items_are_not_doubled():
    table = LabelTable.of([Item("a")], ["pore"]).tagged([0], "pore", 1).with_chances(np.array([[0.5]], np.float32))
    both = table.with_items([Item("a"), Item("b")])
    assert (both.ids, both.tag(0, "pore"), both.tag(1, "pore")) == (("a", "b"), 1, None)
    assert both.chances is not None and np.isnan(both.chances[1, 0])
    assert both.taken([0]) == table


def test_what_is_not_in_the_table_is_named():
    table = LabelTable.of([Item("a")], ["pore"])
    with pytest.raises(NotFoundError, match="'b'"):
        table.rows(["a", "b"])
    with pytest.raises(NotFoundError, match="crack"):
        table.tagged([0], "crack", 1)
    for name in ("", "subset", "chance: x", "pore"):
        with pytest.raises(InvalidInputError):
            table.with_class(name)
    with pytest.raises(InvalidInputError, match="twice"):
        LabelTable.of([Item("a"), Item("a")])


def passes(table, row, status, exclusion, subset):
    """The same filters, a row at a time, in the words of the definition."""
    tags = [table.tag(row, name) for name in table.classes]
    known = sum(tag is not None for tag in tags)
    of_status = {
        "unlabeled": known == 0,
        "labeled": known == len(tags),
        "partial": 0 < known < len(tags),
        "all": True,
    }[status]
    of_exclusion = {
        "not excluded": not table.exclude[row],
        "excluded": table.exclude[row],
        "validation": table.validation[row],
        "all": True,
    }[exclusion]
    kind, _, name = subset.partition(": ")
    if kind == "subset":
        return of_status and of_exclusion and table.subsets[row] == name
    wanted = {"unlabeled": None, "contains": 1, "doesn't contain": 0}
    return of_status and of_exclusion and (kind == "all" or table.tag(row, name) == wanted[kind])


@given(tables())
@settings(max_examples=30, deadline=None)
def test_filters_pass_the_rows_that_their_definition_passes(table):
    for status in LABEL_STATUSES:
        for exclusion in EXCLUDE_STATUSES:
            for subset in subset_choices(table):
                expected = [passes(table, row, status, exclusion, subset) for row in range(len(table))]
                assert Filters(status, exclusion, subset).mask(table).tolist() == expected


def test_filters_that_there_are_not_are_refused():
    table = LabelTable.of([Item("a")], ["pore"])
    for wrong in (
        Filters("done"),
        Filters(exclude_status="gone"),
        Filters(subset="of the best"),
        Filters(subset="x: y"),
    ):
        with pytest.raises(InvalidInputError, match="is no"):
            wrong.mask(table)
