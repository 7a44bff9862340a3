"""What every instance memory must do, on SQLite and PostgreSQL."""

import numpy as np
import pytest

from core.labels.corrections import InstanceSet
from utils.labels.instance_db import SqlInstanceMemory

CHOSEN = InstanceSet("folder/stack", 1, 2)
OTHER = InstanceSet("folder/stack", 1, 3)
RUNS = np.array([[0, 2, 9, 4], [1, 2, 9, 4]], np.int32)


@pytest.fixture
def memory(url):
    memory = SqlInstanceMemory(url)
    yield memory
    memory.close()


def test_runs_are_kept_by_set_and_tile_and_replaced(memory, url):
    memory.keep(CHOSEN, {(0, 0, 1): RUNS, (3, 1, 0): RUNS[:1]}, next_id=5)
    memory.keep(CHOSEN, {(3, 1, 0): RUNS[1:]}, next_id=6)
    again = SqlInstanceMemory(url)
    kept = again.runs(CHOSEN, [(0, 0, 1), (3, 1, 0), (9, 0, 0)])
    again.close()
    assert {index: runs.tolist() for index, runs in kept.items()} == {
        (0, 0, 1): RUNS.tolist(),
        (3, 1, 0): RUNS[1:].tolist(),
    }
    assert (memory.next_id(CHOSEN), memory.next_id(OTHER)) == (6, 1)
    assert memory.runs(OTHER, [(0, 0, 1)]) == {}
