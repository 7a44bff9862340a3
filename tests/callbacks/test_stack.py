"""Filling slices through the stack as one edit, over real tiles and a real label database."""

from types import SimpleNamespace

import numpy as np
import pytest

from callbacks.stack import fill_slices
from core.errors import InvalidInputError
from core.images.memory import ArrayVolume
from core.images.volumes import CatalogEntry
from core.labels.slices import read_slice
from core.labels.spans import Spans
from core.labels.store import Paint
from core.labels.tools.regions import spans_of
from core.labels.tools.scene import Frame
from tests.core.labels.test_through import disc, image, iou
from tests.tile_server import tile_server
from utils.label_db import SqlLabelStore

PATH, SHAPE = "stack", (7, 200, 240)


@pytest.fixture
def services(tmp_path):
    volume = ArrayVolume(np.stack([image(z) for z in range(7)]).astype(np.uint16), PATH)
    catalog = SimpleNamespace(open=lambda _: volume, list_entries=lambda: [CatalogEntry(PATH, volume.info)])
    store = SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    yield SimpleNamespace(tiles=tile_server(catalog), labels=store, current_user=lambda: "ann")
    store.close()


def spans(mask) -> Spans:
    return spans_of(mask, Frame(0, 0, *mask.shape))


def paint(services, z, mask, *, label=1, edit="6f9619ff-8b86-4011-b42d-00c04fc964f"):
    services.labels.paint(Paint(f"{edit}{z}", PATH, z, label, spans(mask), "ann"), shape=SHAPE)


def labels(services, z) -> np.ndarray:
    return read_slice(services.labels, PATH, z, SHAPE[1:])


def test_slices_between_two_painted_ones_are_filled_as_one_step_that_undo_takes_back(services):
    paint(services, 0, disc(0))
    paint(services, 6, disc(6))
    assert fill_slices(services, PATH, "interpolate", (None, None), 3) == "Filled slices 2 to 6. Undo takes them back."
    assert all(iou(labels(services, z) == 1, disc(z)) > 0.9 for z in range(7))
    services.labels.undo(PATH, edit_id="6f9619ff-8b86-4011-b42d-00c04fc964ff", user="ann")
    assert services.labels.annotated_slices(PATH) == [0, 6]


def test_labels_are_carried_down_the_stack_and_leave_what_is_painted(services):
    paint(services, 6, disc(6))
    own = np.zeros(SHAPE[1:], bool)
    own[80:90, 90:100] = True
    paint(services, 4, own, label=2)
    fill_slices(services, PATH, "propagate", (6, 4), 0)
    assert (labels(services, 4)[own] == 2).all()
    assert iou((labels(services, 4) > 0), disc(4) | own) > 0.9
    assert not labels(services, 3).any()


@pytest.mark.parametrize(
    ("method", "ends", "words"),
    [
        ("interpolate", (None, None), "no painted slice on both sides"),
        ("interpolate", (0, 6), "Fewer than two slices"),
        ("propagate", (0, 0), "no range"),
        ("propagate", (0, 7), "no range"),
        ("propagate", (2, 3), "Slice 3 has no label"),
    ],
)
def test_what_cannot_be_filled_is_told_in_words(services, method, ends, words):
    with pytest.raises(InvalidInputError, match=words):
        fill_slices(services, PATH, method, ends, 3)
