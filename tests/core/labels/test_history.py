"""Every kind of edit is told in words that a person would use."""

import pytest

from core.labels.history import EditRecord, sentence

CLASSES = {1: "pore", 2: "bead", 3: "binder", 4: "crack"}
INSTANCES = {"ids": [3, 7], "from": 2, "to": 1}
TOLD = [
    ("paint", {"labels": [2, 0, 1, 2]}, "Painted bead and pore"),
    ("paint", {"labels": [1, 2, 3, 4]}, "Painted 4 classes"),
    ("paint", {"labels": [0]}, "Erased"),
    ("paint", {"labels": [1], "overwrite": 2}, "Painted pore, only over bead"),
    ("live", {"labels": [1, 2]}, "Took the live prediction as labels: pore and bead"),
    ("accept", {"name": "U-Net, calm fox", "classes": [1, 2]}, "Accepted U-Net, calm fox: pore and bead"),
    ("accept", {}, "Accepted a result"),
    ("import", {"file": "masks.tif"}, "Imported masks.tif"),
    ("instance", INSTANCES, "Gave objects 3 and 7 of bead the class pore"),
    ("instance", INSTANCES | {"ids": [3], "to": 0}, "Deleted object 3 of bead"),
    ("interpolate", {}, "Filled the slices between painted ones"),
    ("propagate", {}, "Carried labels onwards through the stack"),
    ("restore", {"at": 0.0}, "Restored the labels of then"),
    ("undo", {"of": {"kind": "accept", "detail": {}}}, "Took back: accepted a result"),
    ("undo", {}, "Took back"),
    ("redo", {"of": {"kind": "import", "detail": {}}}, "Did again: imported a file"),
    ("classes", {"rows": [[None, {"name": "void"}]]}, "Added the class void"),
    ("delete_class", {"class": {"name": "void"}}, "Deleted the class void with its pixels"),
    ("of_tomorrow", {}, "Of tomorrow"),
]


@pytest.mark.parametrize(("kind", "detail", "words"), TOLD, ids=[words for *_, words in TOLD])
def test_an_edit_is_told_in_words(kind, detail, words):
    assert sentence(EditRecord(1, "ann", 0.0, kind, detail), CLASSES, lambda _: "then") == words
