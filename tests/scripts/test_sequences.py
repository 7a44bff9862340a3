"""Random sequences of edits, undo, redo and restore equal the numpy model; and a store that errs is found out."""

import numpy as np
import pytest

from core.labels.store import Receipt
from scripts.benchmarks.label_checks import MismatchError
from scripts.benchmarks.sequences import ACTS, CANVAS, SHARES, walk
from scripts.benchmarks.steps import there_and_back
from utils.labels.label_db import SqlLabelStore

IN_MEMORY, ON_DISK = 170, 10  # sequences; scripts/benchmark.py does 10,000


def test_random_sequences_leave_the_pixels_counts_and_moments_of_the_model():
    store = SqlLabelStore("sqlite://")
    acts = walk(store, range(IN_MEMORY))
    store.close()
    assert acts.total() == ACTS * IN_MEMORY
    assert acts.keys() == SHARES.keys()


def test_they_do_so_on_the_disk_too(tmp_path):
    store = SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    walk(store, range(IN_MEMORY, IN_MEMORY + ON_DISK))
    store.close()


class ForgetsWhatOthersPainted(SqlLabelStore):
    """Undo restores the moment before the last edit, as a simpler history would."""

    def undo(self, volume: str, *, edit_id: str, user: str) -> Receipt:
        if self.revision(volume) == 0 or self.history(volume, user=user).undo == 0:
            return super().undo(volume, edit_id=edit_id, user=user)
        return self.restore(volume, self.revision(volume) - 1, edit_id=edit_id, user=user)


def test_a_store_that_errs_is_found_out():
    store = ForgetsWhatOthersPainted("sqlite://")
    with pytest.raises(MismatchError, match="Repeat it with --first"):
        walk(store, range(20))
    store.close()


def test_every_step_can_be_taken_back_after_a_restart_and_done_again(tmp_path):
    lines = list(there_and_back(f"sqlite:///{tmp_path / 'labels.db'}", edits=60, seed=1, canvas=CANVAS))
    assert [line.split("|")[1].strip() for line in lines][1:] == ["60 x undo", "60 x redo"]
    assert np.all([line.count(" ms") == 3 for line in lines])
