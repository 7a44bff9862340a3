"""Heads over embeddings: taught by known tags alone, never by what is held out or excluded, and honestly scored."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score, roc_auc_score

from core.errors import InvalidInputError, NotEnoughLabelsError
from core.learning.curation import heads
from core.learning.curation.heads import KINDS, HeadSettings, held_out_rows, teaching_rows, train_heads
from core.learning.curation.scores import accuracy_interval, histogram, score, score_answers
from core.learning.curation.table import Item, LabelTable


def random_table(seed, count=40):
    rng = np.random.default_rng(seed)
    tags = rng.integers(-1, 2, (count, 2)).astype(np.int8)
    items = tuple(Item(str(row)) for row in range(count))
    flags = rng.random((2, count)) < 0.3
    return LabelTable(items, ("pore", "crack"), tags, *flags, ("",) * count)


class Listener:
    """A head that only remembers what it was taught."""

    taught: list = []

    def __init__(self, _):
        pass

    def fit(self, points, truth):
        Listener.taught.append((points, truth))
        return self


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_no_row_held_out_excluded_or_without_a_tag_ever_teaches(seed):
    table, Listener.taught = random_table(seed), []
    numbers = np.arange(len(table), dtype=np.float32)[:, None]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heads, "KINDS", {"forest": Listener})
        patch.setattr(heads, "_scaled", lambda head: head)
        try:
            trained = train_heads(table, numbers)
        except NotEnoughLabelsError:
            return
    assert len(Listener.taught) == len(trained.classes)
    for name, (points, truth) in zip(trained.classes, Listener.taught, strict=True):
        rows, column = points[:, 0].astype(int), table.place(name)
        allowed = [
            row
            for row in range(len(table))
            if table.tags[row, column] >= 0 and not table.validation[row] and not table.exclude[row]
        ]
        assert rows.tolist() == allowed
        assert truth.tolist() == table.tags[allowed, column].tolist()
        assert not set(rows.tolist()) & set(held_out_rows(table, name).tolist())


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_head_learns_classes_that_overlap_from_partial_tags(kind):
    rng = np.random.default_rng(0)
    points = rng.standard_normal((200, 5)).astype(np.float32)
    truth = np.stack([points[:, 0] > 0, points[:, 1] > 0.8], axis=1).astype(np.int8)
    known = rng.random(truth.shape) < 0.6
    items, unheld = tuple(Item(str(row)) for row in range(200)), np.zeros(200, bool)
    table = LabelTable(
        items, ("a", "b"), np.where(known, truth, -1).astype(np.int8), unheld, unheld.copy(), ("",) * 200
    )
    table = table.held_out(np.arange(150, 200))
    chances = train_heads(table, points, HeadSettings(kind)).chances(points)
    again = train_heads(table, points, HeadSettings(kind)).chances(points)
    assert np.array_equal(chances, again)
    for name in table.classes:
        assert score(table, chances, name).auc > 0.85
        assert score(table, chances, name, validation=False).count == len(teaching_rows(table, name))


def test_a_class_that_has_only_positives_gets_no_chances_and_none_at_all_is_refused():
    table = LabelTable.of([Item(str(row)) for row in range(4)], ["a", "b"])
    with pytest.raises(NotEnoughLabelsError, match="negative"):
        train_heads(table, np.eye(4, dtype=np.float32))
    table = table.tagged([0, 1], "a", 1).tagged([2, 3], "a", 0).tagged([0, 1], "b", 1)
    chances = train_heads(table, np.eye(4, dtype=np.float32)).chances(np.eye(4, dtype=np.float32))
    assert not np.isnan(chances[:, 0]).any() and np.isnan(chances[:, 1]).all()
    with pytest.raises(InvalidInputError, match="oracle"):
        train_heads(table, np.eye(4, dtype=np.float32), HeadSettings("oracle"))


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(2)
    truth, said = rng.random(80) < 0.4, rng.random(80)
    found, answers = score_answers(truth, said), said >= 0.5
    assert found.auc == pytest.approx(roc_auc_score(truth, said))
    assert found.accuracy == pytest.approx(accuracy_score(truth, answers))
    assert found.precision == pytest.approx(precision_score(truth, answers))
    assert found.recall == pytest.approx(recall_score(truth, answers))
    assert found.f1 == pytest.approx(f1_score(truth, answers))
    assert np.isnan(score_answers(truth[:0], said[:0]).accuracy)
    assert histogram(np.array([0, 0.5, 1, np.nan])).sum() == 3


@pytest.mark.parametrize(("right", "count"), [(0, 0), (9, 10), (480, 500)])
def test_the_interval_holds_nine_tenths_of_the_beta_distribution(right, count):
    low, high = accuracy_interval(right, count)
    posterior = beta(right + 5, count - right + 5)
    assert posterior.cdf(high) - posterior.cdf(low) == pytest.approx(0.9)
    assert posterior.cdf(low) == pytest.approx(0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_as_plain_arrays_says_the_same_as_what_was_taught(kind):
    table = random_table(11, 120)
    points = np.random.default_rng(1).standard_normal((120, 5)).astype(np.float32)
    trained = train_heads(table, points, HeadSettings(kind=kind))
    assert np.allclose(trained.portable().chances(points), trained.chances(points), atol=1e-6)
