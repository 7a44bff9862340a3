"""What an import reports before it does anything, and the one edit it is."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import LabelFileError
from core.labels.classes import LabelClass
from core.labels.exchange import FORMATS, open_labels
from core.labels.exchange.exporting import export
from core.labels.exchange.facts import Facts, FileClass
from core.labels.exchange.importing import Target, apply, place, report_on
from core.labels.slices import read_slice
from utils.labels.label_db import SqlLabelStore

VOLUME, SHAPE = "stack", (3, 40, 700)
CLASSES = (LabelClass(1, "Pore", "#E69F00"), LabelClass(2, "bead", "#56B4E9"))
TARGET = Target(SHAPE, CLASSES, (1.0, 1.0, 1.0))


@pytest.fixture
def store(tmp_path):
    store = SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    store.set_classes(VOLUME, CLASSES, user="somebody")
    yield store
    store.close()


def a_file(folder: Path, labels: np.ndarray, *classes: FileClass, kind: str = "tiff", voxel=(1.0, 1.0, 1.0)) -> Path:
    facts = Facts(labels.shape, tuple(range(len(labels))), classes, voxel)
    return export(FORMATS[kind], folder, facts, lambda z: labels[z], told=lambda _: None)


def brought(store: SqlLabelStore, path: Path, policy: str = "over", **target) -> None:
    file = open_labels(path, SHAPE)
    report = report_on(file, Target(SHAPE, store.classes(VOLUME)))
    apply(store, VOLUME, file, report, policy, user="anna", told=lambda _: None)


def pixels(store: SqlLabelStore) -> np.ndarray:
    return np.stack([read_slice(store, VOLUME, z, SHAPE[1:]) for z in range(SHAPE[0])])


def stripes(*values: int) -> np.ndarray:
    """A stripe of rows for each value, over all columns."""
    labels = np.zeros(SHAPE, np.uint8)
    for place_, value in enumerate(values):
        labels[:, 5 * place_ : 5 * place_ + 5] = value
    return labels


def test_classes_are_matched_by_name_whatever_their_case_and_number(tmp_path, store):
    path = a_file(tmp_path, stripes(9, 4), FileClass(9, "PORE", "#111111"), FileClass(4, "Bead", "#222222"))
    report = report_on(open_labels(path, SHAPE), TARGET)
    assert [(m.name, m.class_id, m.pixels) for m in report.matches] == [("PORE", 1, 10500), ("Bead", 2, 10500)]
    assert (report.fits, report.new, report.notes) == (True, (), ())
    brought(store, path)
    np.testing.assert_array_equal(pixels(store), stripes(1, 2))


def test_a_class_the_volume_lacks_is_reported_and_then_made_in_its_colour(tmp_path, store):
    path = a_file(tmp_path, stripes(1, 2), FileClass(1, "pore", "#E69F00"), FileClass(2, "crack", "#ABCDEF"))
    assert [m.name for m in report_on(open_labels(path, SHAPE), TARGET).new] == ["crack"]
    brought(store, path)
    crack = store.classes(VOLUME)[-1]
    assert (crack.name, crack.color) == ("crack", "#ABCDEF")
    np.testing.assert_array_equal(pixels(store), stripes(1, crack.id))


def test_values_without_a_class_are_reported_and_stay_out(tmp_path, store):
    path = a_file(tmp_path, stripes(1, 77), FileClass(1, "pore", "#E69F00"))
    report = report_on(open_labels(path, SHAPE), TARGET)
    assert report.notes == ("The value 77 has no class in the file; its 10,500 pixels stay out.",)
    brought(store, path)
    np.testing.assert_array_equal(pixels(store), stripes(1, 0))


def test_a_file_of_another_size_does_not_fit_and_is_not_decoded(tmp_path, store):
    path = a_file(tmp_path, np.ones((5, 41, 700), np.uint8), FileClass(1, "pore", "#E69F00"))
    file = open_labels(path, SHAPE)
    report = report_on(file, TARGET)
    assert report.obstacles == (
        "Slices of the file are 700 x 41 pixels, those of the volume 700 x 40.",
        "The file reaches slice 5; the volume has 3.",
    )
    with pytest.raises(LabelFileError, match="700 x 41"):
        apply(store, VOLUME, file, report, "over", user="anna", told=lambda _: None)


def test_a_file_that_does_not_say_its_slices_goes_where_it_is_put(tmp_path):
    np.save(tmp_path / "one.npy", np.ones(SHAPE[1:], np.uint8))
    file = open_labels(tmp_path / "one.npy", SHAPE)
    assert [z for z, _ in place(file, TARGET, 2)] == [2]
    assert report_on(place(file, TARGET, 2), TARGET).fits
    assert not report_on(place(file, TARGET, 3), TARGET).fits


def test_another_voxel_size_is_noted(tmp_path):
    path = a_file(tmp_path, stripes(1), FileClass(1, "pore", "#E69F00"), voxel=(2.0, 1.0, 1.0))
    assert report_on(open_labels(path, SHAPE), TARGET).notes == (
        "Voxels of the file are 2 x 1 x 1 micrometres (z, y, x), those of the volume 1 x 1 x 1.",
    )


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("unlabelled", stripes(1, 1, 2)), ("over", stripes(2, 1, 2)), ("replace", stripes(2, 0, 2))],
)
def test_a_policy_says_what_happens_where_labels_meet(policy, expected, tmp_path, store):
    names = (FileClass(1, "pore", "#E69F00"), FileClass(2, "bead", "#56B4E9"))
    (tmp_path / "new").mkdir()
    brought(store, a_file(tmp_path, stripes(1, 1), *names))
    brought(store, a_file(tmp_path / "new", stripes(2, 0, 2), *names), policy)
    np.testing.assert_array_equal(pixels(store), expected)


def test_an_import_is_one_step_that_undo_takes_back(tmp_path, store):
    brought(store, a_file(tmp_path, stripes(1, 2), FileClass(1, "pore", ""), FileClass(2, "bead", ""), kind="npz"))
    assert store.history(VOLUME, user="anna").undo == 1
    store.undo(VOLUME, edit_id="0" * 32, user="anna")
    assert not pixels(store).any()


def test_pixels_of_a_locked_class_stay(tmp_path, store):
    names = (FileClass(1, "pore", "#E69F00"), FileClass(2, "bead", "#56B4E9"))
    (tmp_path / "new").mkdir()
    brought(store, a_file(tmp_path, stripes(1), *names))
    store.set_classes(VOLUME, [LabelClass(1, "Pore", "#E69F00", locked=True), CLASSES[1]], user="anna")
    brought(store, a_file(tmp_path / "new", stripes(2, 2), *names), "replace")
    np.testing.assert_array_equal(pixels(store), stripes(1, 2))
