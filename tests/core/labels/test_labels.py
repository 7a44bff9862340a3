"""Spans, edits, classes and publishing: rules that hold for every input."""

import uuid

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from core.errors import InvalidInputError, NotFoundError
from core.images.geometry import TILE_PX
from core.labels.classes import (
    DEFAULT_CLASSES,
    MAX_CLASSES,
    PALETTE,
    LabelClass,
    add_class,
    check_classes,
    recolor_class,
    remove_class,
    rename_class,
    restore_class,
    suggest_color,
)
from core.labels.edits import count_changes, pack, paint, take_back, unpack
from core.labels.publishing import class_table, classes_of, fingerprint, labels_of, places_of
from core.labels.rules import PaintRule
from core.labels.spans import LIVE, EditBody, clip, decode_edit, encode_edit, tile_masks

SHAPE = (600, 1100)

spans = st.lists(
    st.tuples(st.integers(0, 700), st.integers(0, 1200), st.integers(1, 1200)).filter(lambda s: s[1] < s[2]),
    max_size=30,
).map(lambda rows: np.array(rows, np.int32).reshape(-1, 3))
small = npst.arrays(np.uint8, (4, 5), elements=st.integers(0, 4))


def by_definition(rows: np.ndarray) -> np.ndarray:
    """The pixels of spans, one by one."""
    mask = np.zeros(SHAPE, bool)
    for y, start, stop in rows:
        if y < SHAPE[0]:
            mask[y, start:stop] = True
    return mask


# Spans


@given(spans)
@settings(max_examples=60)
def test_tiles_together_hold_exactly_the_pixels_of_the_spans(rows):
    found = np.zeros((2 * TILE_PX, 3 * TILE_PX), bool)
    for (ty, tx), mask in tile_masks(clip(rows, SHAPE)):
        assert mask.any()
        found[ty * TILE_PX : (ty + 1) * TILE_PX, tx * TILE_PX : (tx + 1) * TILE_PX] = mask
    np.testing.assert_array_equal(found[: SHAPE[0], : SHAPE[1]], by_definition(rows))
    assert found.sum() == by_definition(rows).sum()


@given(spans, st.integers(0, 5000), st.integers(0, 127), st.uuids())
def test_an_edit_arrives_as_it_was_sent(rows, z, label, identity):
    arrived = decode_edit(encode_edit(EditBody(str(identity), z, label, rows)))
    assert (arrived.id, arrived.index, arrived.label) == (str(identity), z, label)
    np.testing.assert_array_equal(arrived.spans, rows)


@given(spans, st.data())
@settings(max_examples=40)
def test_parts_and_rule_of_an_edit_arrive_as_they_were_sent(rows, data):
    cut = data.draw(st.integers(0, len(rows)))
    rule = PaintRule(data.draw(st.sampled_from(["all", "empty", 3])), tuple(data.draw(st.lists(st.integers(1, 127)))))
    source = data.draw(st.sampled_from(["", LIVE]))
    sent = EditBody(str(uuid.uuid4()), 0, 0, rows, parts=((2, cut), (0, len(rows) - cut)), rule=rule, source=source)
    arrived = decode_edit(encode_edit(sent))
    assert (arrived.parts, arrived.rule, arrived.source) == (sent.parts, rule, source)


def test_a_source_that_nobody_knows_is_refused():
    with pytest.raises(InvalidInputError, match="source"):
        decode_edit(encode_edit(EditBody(str(uuid.uuid4()), 0, 1, np.array([[0, 0, 1]], np.int32), source="moon")))


@pytest.mark.parametrize("parts", [((1, 2),), ((1, -1), (1, 2)), ((True, 1),), (1,)])
def test_parts_that_do_not_account_for_each_span_are_refused(parts):
    with pytest.raises(InvalidInputError, match="parts"):
        decode_edit(encode_edit(EditBody(str(uuid.uuid4()), 0, 0, np.array([[0, 0, 1]], np.int32), parts=parts)))


@pytest.mark.parametrize("rule", [PaintRule("most"), PaintRule(0), PaintRule(protect=(300,))])
def test_a_rule_that_means_nothing_is_refused(rule):
    with pytest.raises(InvalidInputError, match="not"):
        decode_edit(encode_edit(EditBody(str(uuid.uuid4()), 0, 1, np.array([[0, 0, 1]], np.int32), rule=rule)))


@given(st.binary(max_size=200))
def test_no_garbage_passes_for_an_edit(body):
    with pytest.raises(InvalidInputError):
        decode_edit(body)


@given(spans, st.integers(0, 400))
def test_an_edit_that_was_cut_off_is_never_half_an_edit(rows, missing):
    body = encode_edit(EditBody(str(uuid.uuid4()), 0, 1, rows))
    with pytest.raises(InvalidInputError):
        decode_edit(body[: max(0, len(body) - 1 - missing)])


# Edits


@given(small, npst.arrays(bool, (4, 5)), st.integers(0, 4))
def test_taking_back_a_stroke_nobody_painted_over_restores_every_pixel(before, mask, label):
    after = paint(before, mask, label)
    np.testing.assert_array_equal(take_back(after, before=before, after=after, class_ids=range(1, 5)), before)
    undone = take_back(after, before=before, after=after, class_ids=range(1, 5))
    np.testing.assert_array_equal(take_back(undone, before=after, after=before, class_ids=range(1, 5)), after)


@given(small, npst.arrays(bool, (4, 5)), npst.arrays(bool, (4, 5)))
def test_taking_back_leaves_what_was_painted_later(before, first, later):
    after = paint(before, first, 1)
    now = paint(after, later, 2)
    taken = take_back(now, before=before, after=after, class_ids=range(1, 5))
    np.testing.assert_array_equal(taken[later], now[later])
    np.testing.assert_array_equal(taken[~later], before[~later])


@given(small, small)
def test_changes_are_counted_as_the_difference_of_the_counts(before, after):
    counted = count_changes(before, after)
    for class_id in range(1, 5):
        assert counted[class_id] == int((after == class_id).sum()) - int((before == class_id).sum())
    assert 0 not in counted


def test_a_packed_tile_comes_back():
    tile = np.random.default_rng(0).integers(0, 128, (TILE_PX, TILE_PX)).astype(np.uint8)
    np.testing.assert_array_equal(unpack(pack(tile)), tile)


# Classes


def test_all_suggested_colors_differ():
    table = DEFAULT_CLASSES
    for class_id in range(3, MAX_CLASSES + 1):
        table = add_class(table, class_id=class_id)
    check_classes(table)
    assert len({row.color for row in table}) == MAX_CLASSES <= len(PALETTE)
    with pytest.raises(InvalidInputError, match="class ids of this volume are used"):
        add_class(table, class_id=MAX_CLASSES + 1)


@pytest.mark.parametrize("name", ["", "   ", "Class 1", "class 1", "Unlabelled", "a\nb", "x" * 81])
def test_a_bad_name_is_refused(name):
    with pytest.raises(InvalidInputError):
        rename_class(DEFAULT_CLASSES, 2, name)


@pytest.mark.parametrize("color", ["", "red", "#12345", "#1234567", "#GGGGGG", DEFAULT_CLASSES[0].color.lower()])
def test_a_bad_color_is_refused(color):
    with pytest.raises(InvalidInputError):
        recolor_class(DEFAULT_CLASSES, 2, color)


def test_the_last_class_cannot_be_removed_nor_one_that_is_not_there():
    with pytest.raises(InvalidInputError, match="at least one class"):
        remove_class(DEFAULT_CLASSES[:1], 1)
    with pytest.raises(NotFoundError):
        remove_class(DEFAULT_CLASSES, 9)


def test_a_restored_class_takes_its_place_and_a_free_name():
    without = remove_class(DEFAULT_CLASSES, 1)
    renamed = rename_class(without, 2, "Class 1")
    table = restore_class(renamed, DEFAULT_CLASSES[0], place=0)
    assert [row.id for row in table] == [1, 2]
    assert table[0].name != "Class 1"
    assert restore_class(table, DEFAULT_CLASSES[0], place=0) == table


def test_a_suggested_color_is_free():
    assert suggest_color(DEFAULT_CLASSES) not in {row.color for row in DEFAULT_CLASSES}


# Publishing


@given(npst.arrays(np.uint8, (3, 4), elements=st.sampled_from([0, 2, 5, 127])))
def test_labels_survive_the_way_through_places(labels):
    ids = [127, 2, 5]
    places = places_of(labels, ids)
    assert places.dtype == np.int8
    assert set(np.unique(places)) <= {-1, 0, 1, 2}
    np.testing.assert_array_equal(labels_of(places, ids), labels)


def test_the_class_table_comes_back_and_old_masks_without_ids_are_read():
    table = (LabelClass(7, "pore", "#E69F00"), LabelClass(3, "bead", "#56B4E9"))
    assert classes_of({"classes": class_table(table)}) == table
    old = {"classes": {"1": {"label": "b", "color": None}, "0": {"label": "a", "color": "#112233"}}}
    assert [(row.id, row.name) for row in classes_of(old)] == [(1, "a"), (2, "b")]


@pytest.mark.parametrize(
    "metadata", [{}, {"classes": None}, {"classes": {"x": {"label": "a"}}}, {"classes": {"0": {}}}]
)
def test_a_mask_without_a_class_table_is_refused(metadata):
    with pytest.raises(InvalidInputError, match="no class table"):
        classes_of(metadata)


def test_the_fingerprint_knows_pixels_and_metadata():
    first = fingerprint({"a": 1, "b": 2}, [b"xy"])
    assert first == fingerprint({"b": 2, "a": 1}, [b"xy"])
    assert len({first, fingerprint({"a": 1, "b": 3}, [b"xy"]), fingerprint({"a": 1, "b": 2}, [b"xz"])}) == 3
